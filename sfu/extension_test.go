package sfu

import (
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/parlorhq/parlor/internal/simnet"
)

func TestExtensionIDs(t *testing.T) {
	var ids extensionIDs
	for _, c := range []struct {
		kind int
		id   int
		of   Kind
	}{
		{extensionLevel, 3, Audio},
		{extensionDependency, 14, Video},
		{extensionCapture, 7, Audio},
		{extensionOrientation, 15, Video},
		{extensionOrientation, 0, Video},
		{extensionOrientation, 4, Audio},
	} {
		uri, _ := extensionURI(c.kind)
		ids.set(uri, c.id, c.of)
	}
	ids.set("urn:other", 5, Video)
	if ids != (extensionIDs{extensionLevel: 3, extensionDependency: 14, extensionCapture: 7}) {
		t.Errorf("%v", ids)
	}
}

func TestExtend(t *testing.T) {
	long := make([]byte, 60)
	tests := []struct {
		name    string
		in      [extensionKinds][]byte
		ids     extensionIDs
		want    map[uint8]int // bytes by id
		profile uint16
	}{
		{"none", [extensionKinds][]byte{}, extensionIDs{1, 2, 3, 4}, nil, 0},
		{"not negotiated", [extensionKinds][]byte{{1}, {1}}, extensionIDs{}, nil, 0},
		{"short", [extensionKinds][]byte{{1}, nil, {1, 2, 3}}, extensionIDs{1, 2, 3, 4}, map[uint8]int{1: 1, 3: 3}, rtp.ExtensionProfileOneByte},
		{"a structure", [extensionKinds][]byte{nil, {1}, long}, extensionIDs{1, 2, 3, 4}, map[uint8]int{2: 1, 3: 60}, rtp.ExtensionProfileTwoByte},
		{"what is too long or nothing", [extensionKinds][]byte{long, {}, {1, 2, 3}}, extensionIDs{1, 2, 3, 4}, map[uint8]int{3: 3}, rtp.ExtensionProfileOneByte},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			o := newScratch()
			o.extend(&packet{extensions: c.in}, &c.ids, 0, &rewritten{frame: 0x1234})
			h := &o.header
			if h.Extension != (len(c.want) > 0) || len(h.Extensions) != len(c.want) || h.ExtensionProfile != c.profile {
				t.Fatalf("%+v", h)
			}
			for id, n := range c.want {
				b := h.GetExtension(id)
				if len(b) != n {
					t.Errorf("extension %d has %d bytes", id, len(b))
				}
				if id == c.ids[extensionDependency] && (b[1] != 0x12 || b[2] != 0x34) {
					t.Errorf("frame number in % x", b[:3])
				}
			}
			if len(c.in[extensionDependency]) > 0 && c.in[extensionDependency][1] == 0x12 {
				t.Error("the packet's own bytes were written to")
			}
		})
	}
}

// AV1 with spatial layers: the descriptors arrive, with the frame numbers of one stream, and what is left out is left out.
func TestBubbleDependencyDescriptorIsForwarded(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		codecs := func(m *webrtc.MediaEngine) error {
			for kind := range extensionKinds {
				if uri, of := extensionURI(kind); of == Video {
					if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeVideo); err != nil {
						return err
					}
				}
			}
			return m.RegisterDefaultCodecs()
		}
		ada := h.browser(browserOptions{net: n.Host(adaIP), codecs: codecs})
		cam := ada.publish(webrtc.MimeTypeAV1)
		ada.join()
		ben := h.browser(browserOptions{net: n.Host(benIP), codecs: codecs})
		ben.pool(webrtc.RTPCodecTypeVideo, 1)
		ben.join()
		var in, out extensionIDs
		for _, e := range cam.transceiver.Sender().GetParameters().HeaderExtensions {
			in.set(e.URI, e.ID, Video)
		}
		for _, e := range ben.pc.GetReceivers()[0].GetParameters().HeaderExtensions {
			out.set(e.URI, e.ID, Video)
		}
		if in[extensionDependency] == 0 || out[extensionDependency] == 0 || out[extensionOrientation] == 0 {
			t.Fatalf("not negotiated: %v, %v", in, out)
		}
		s, frame, sequence := l2t2(), uint16(65530), uint16(100)
		picture := 0
		send := func() {
			key := picture%30 == 0
			upper := picture % 2
			for spatial := range 2 {
				template := 1 + 2*spatial + upper // of S0T0, S0T1
				payload := []byte{0x10, 0x32, byte(spatial), byte(upper)}
				switch {
				case key && spatial == 0:
					template, payload[0] = 0, 0x18
				case spatial == 1:
					template = 4 + upper
				}
				p := &rtp.Packet{
					Header:  rtp.Header{Version: 2, SequenceNumber: sequence, Timestamp: uint32(picture) * 3000, Marker: spatial == 1},
					Payload: payload,
				}
				d := s.descriptor(true, true, template, frame, key && spatial == 0)
				p.Extension, p.ExtensionProfile = true, rtp.ExtensionProfileTwoByte
				if err := p.SetExtension(in[extensionDependency], d); err != nil {
					t.Fatal(err)
				}
				if err := p.SetExtension(in[extensionOrientation], []byte{1}); err != nil {
					t.Fatal(err)
				}
				if err := cam.track.WriteRTP(p); err != nil {
					t.Fatal(err)
				}
				sequence++
				frame++
			}
			picture++
			time.Sleep(33 * time.Millisecond)
		}
		send()
		eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
		ben.watch(720, ada.told.tracks()[0])
		for range 90 {
			send()
		}
		ben.watch(300, ada.told.tracks()[0])
		for range 90 {
			send()
		}
		time.Sleep(time.Second)
		packets := ben.got("0")
		continuous(t, packets)
		count := map[[2]byte]int{}
		last := uint16(0)
		for i, p := range packets {
			d := p.GetExtension(out[extensionDependency])
			number, ok := frameNumber(d)
			if !ok || len(p.GetExtension(out[extensionOrientation])) != 1 {
				t.Fatalf("packet %d has extensions %v", i, p.GetExtensionIDs())
			}
			if i == 0 && len(d) < 20 {
				t.Error("no structure with the first key frame")
			}
			if gap := number - last; i > 0 && (gap == 0 || gap > 2) {
				t.Errorf("frame %d after %d", number, last)
			}
			last = number
			if len(p.Payload) == 4 {
				count[[2]byte{p.Payload[2], p.Payload[3]}]++
			}
			if i > 0 && p.Timestamp == packets[i-1].Timestamp == packets[i-1].Marker {
				t.Errorf("packet %d: a picture does not end with its last frame", i)
			}
		}
		lower, upper := count[[2]byte{0, 0}]+count[[2]byte{0, 1}], count[[2]byte{1, 0}]+count[[2]byte{1, 1}]
		if lower < 150 || upper < 60 || upper > 100 {
			t.Errorf("%d frames of the lower layer, %d of the upper", lower, upper)
		}
	})
}
