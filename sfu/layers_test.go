package sfu

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/parlorhq/parlor/internal/simnet"
)

func TestBubbleSimulcastIsOneTrack(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		ada := h.browser(browserOptions{net: n.Host(adaIP), codecs: func(m *webrtc.MediaEngine) error {
			for _, uri := range []string{"urn:ietf:params:rtp-hdrext:sdes:mid", "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"} {
				if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeVideo); err != nil {
					return err
				}
			}
			return m.RegisterDefaultCodecs()
		}})
		layer := func(rid string) *webrtc.TrackLocalStaticRTP {
			l, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: vp8Mime}, "cam", "cam", webrtc.WithRTPStreamID(rid))
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		layers := []*webrtc.TrackLocalStaticRTP{layer("q"), layer("h"), layer("f")}
		tr, err := ada.pc.AddTransceiverFromTrack(layers[0], webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range layers[1:] {
			if err := tr.Sender().AddEncoding(l); err != nil {
				t.Fatal(err)
			}
		}
		ada.join()
		ids := map[string]uint8{}
		for _, e := range tr.Sender().GetParameters().HeaderExtensions {
			ids[e.URI] = uint8(e.ID)
		}
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			for i := 0; ; i++ {
				for _, l := range layers {
					p := &rtp.Packet{
						Header:  rtp.Header{Version: 2, SequenceNumber: uint16(i), Timestamp: uint32(i) * 3000},
						Payload: append(vp8Descriptor(true, uint16(i), byte(i), true), l.RID()...),
					}
					_ = p.SetExtension(ids["urn:ietf:params:rtp-hdrext:sdes:mid"], []byte("0"))
					_ = p.SetExtension(ids["urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"], []byte(l.RID()))
					_ = l.WriteRTP(p)
				}
				select {
				case <-stop:
					return
				case <-time.After(30 * time.Millisecond):
				}
			}
		}()
		eventually(t, "all layers", func() bool { ts := ada.told.tracks(); return len(ts) == 1 && len(ts[0].all()) == 3 })
		ben := h.browser(browserOptions{net: n.Host(benIP)})
		ben.pool(webrtc.RTPCodecTypeVideo, 1)
		ben.join()
		ben.see(ada.told.tracks()...)
		eventually(t, "media", func() bool { return len(ben.got("0")) > 20 })
		packets := ben.got("0")
		continuous(t, packets)
		for _, p := range packets {
			if string(p.Payload) != string(append(p.Payload[:6:6], packets[0].Payload[6:]...)) {
				t.Fatalf("layers are mixed: %q and %q", p.Payload, packets[0].Payload)
			}
		}
	})
}

func TestTooManyLayersAreRefused(t *testing.T) {
	h := newHouse(t, Limits{Layers: 2})
	b := h.browser(browserOptions{})
	if _, err := b.peer.Answer(t.Context(), realOffers(t)["chromium-simulcast"]); !errors.Is(err, ErrTooManyMedia) {
		t.Errorf("error %v", err)
	}
	if n := h.metrics.RefusedCount("too_many_media"); n != 1 {
		t.Errorf("counted %v", n)
	}
	track := newTrack("0", Video, "video/VP8", "")
	for i := range 4 {
		if added := track.add(newLayer(track, &nobody{}, uint32(i+1), 96, extensionIDs{}), 2); added != (i < 2) {
			t.Errorf("layer %d added: %v", i, added)
		}
	}
}

// A browser that stops sending in a line and starts again later, both by offers.
func TestBubbleLineRestsAndGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		ada := h.browser(browserOptions{net: n.Host(adaIP)})
		cam := ada.publish(vp8Mime)
		ada.join()
		defer cam.stream("cam", 20*time.Millisecond)()
		eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
		for i := range 3 {
			offer, err := ada.pc.CreateOffer(nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ada.peer.Answer(context.Background(), strings.Replace(offer.SDP, "a=sendonly", "a=inactive", 1)); err != nil {
				t.Fatal(err)
			}
			eventually(t, "track ended", func() bool { return len(ada.told.gone()) == i+1 })
			if _, err := ada.peer.Answer(context.Background(), offer.SDP); err != nil {
				t.Fatal(err)
			}
			eventually(t, "a new track", func() bool { return len(ada.told.tracks()) == i+2 })
		}
		if ada.told.tracks()[1].ID() == ada.told.tracks()[0].ID() {
			t.Error("the new track has the old one's id")
		}
		ada.peer.streams.mu.Lock()
		defer ada.peer.streams.mu.Unlock()
		if n := len(ada.peer.streams.remote); n > 4 {
			t.Errorf("%d streams are counted", n)
		}
	})
}
