package sfu

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/internal/metrics"
)

func TestRealOffersAreAnswered(t *testing.T) {
	h := newHouse(t, Limits{})
	for name, offer := range realOffers(t) {
		t.Run(name, func(t *testing.T) {
			told := &recorder{}
			p, err := h.engine.NewPeer(PeerConfig{ID: "p", Log: zerolog.Nop(), Publish: true, Subscribe: true, Handler: told})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			answer, err := p.Answer(t.Context(), offer)
			if err != nil {
				t.Fatal(err)
			}
			if d := directions(answer); d != "recvonly recvonly sendonly sendonly sendonly sendonly" &&
				d != "recvonly recvonly sendonly sendonly sendonly sendonly sendrecv" {
				t.Errorf("directions %s", d)
			}
			for _, want := range []string{
				"a=ice-lite", "a=setup:passive", "a=group:BUNDLE 0 1 2 3 4 5 6", "a=max-message-size:65536",
				"nack pli", "transport-cc", "rtx/90000", "opus/48000/2", "VP8/90000", "a=sctp-port:5000",
			} {
				if !strings.Contains(answer, want) {
					t.Errorf("no %q in the answer", want)
				}
			}
			if strings.HasPrefix(name, "chromium") && !strings.Contains(answer, "H264/90000") {
				t.Error("no H264 in the answer")
			}
			for line := range strings.SplitSeq(answer, "\r\n") {
				if strings.HasPrefix(line, "a=candidate:") && (!strings.Contains(line, " udp ") || !strings.Contains(line, " 127.0.0.1 ")) {
					t.Errorf("announces %q", line)
				}
				if strings.HasPrefix(line, "m=") && strings.Contains(line, " 0 UDP") {
					t.Errorf("rejects %q", line)
				}
			}
			if strings.HasSuffix(name, "simulcast") && !strings.Contains(answer, "a=simulcast:recv q;h;f") {
				t.Error("no simulcast in the answer")
			}
			rev, slots := p.Slots()
			if rev == 0 || len(slots) != 4 || slots[0].Kind != Audio || slots[3].Kind != Video || slots[3].Mid != "5" {
				t.Errorf("slots %d: %+v", rev, slots)
			}
			// The same browser once more, with a line it does not use any more.
			again := strings.Replace(offer, "a=mid:5\r\n", "a=mid:5\r\na=inactive\r\n", 1)
			i := strings.Index(again, "a=mid:5")
			again = again[:i] + strings.Replace(again[i:], "a=recvonly\r\n", "", 1)
			if answer, err = p.Answer(t.Context(), again); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(directions(answer), "inactive") {
				t.Errorf("directions %s", directions(answer))
			}
			if _, slots := p.Slots(); len(slots) != 3 {
				t.Errorf("%d slots are left", len(slots))
			}
		})
	}
}

func TestGrantsAreAnswered(t *testing.T) {
	h := newHouse(t, Limits{})
	offer := realOffers(t)["chromium"]
	for _, c := range []struct {
		publish, subscribe bool
		want               string
		slots              int
	}{
		{false, true, "inactive inactive sendonly sendonly sendonly sendonly", 4},
		{true, false, "recvonly recvonly inactive inactive inactive inactive", 0},
	} {
		p, err := h.engine.NewPeer(PeerConfig{Log: zerolog.Nop(), Publish: c.publish, Subscribe: c.subscribe, Handler: &recorder{}})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := p.Answer(t.Context(), offer)
		if err != nil {
			t.Fatal(err)
		}
		if d := directions(answer); !strings.HasPrefix(d, c.want) {
			t.Errorf("publish %v, subscribe %v: %s", c.publish, c.subscribe, d)
		}
		if _, slots := p.Slots(); len(slots) != c.slots {
			t.Errorf("%d slots", len(slots))
		}
		p.Close()
	}
}

func TestAnswerRefusesAndCounts(t *testing.T) {
	h := newHouse(t, Limits{SDPBytes: 30_000, MediaLines: 4})
	p, err := h.engine.NewPeer(PeerConfig{Log: zerolog.Nop(), Publish: true, Subscribe: true, Handler: &recorder{}})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		offer string
		want  error
		code  string
	}{
		{offerOf("") + strings.Repeat("a=x\r\n", 6000), ErrTooLarge, "too_large"},
		{offerOf(make([]string, 5)...), ErrTooManyMedia, "too_many_media"},
		{"v=0\r\n", ErrBadOffer, "bad_offer"},
	}
	for i, c := range tests {
		if _, err := p.Answer(t.Context(), c.offer); !errors.Is(err, c.want) {
			t.Errorf("offer %d: %v", i, err)
		}
		if n := h.metrics.RefusedCount(c.code); n != 1 {
			t.Errorf("%s counted %v times", c.code, n)
		}
	}
	// The peer is as it was.
	good := offerOf("a=sendonly\r\n", "a=recvonly\r\n")
	if _, err := p.Answer(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	// Nothing we know how to send: pion finds out when it is too late to go back.
	bad := strings.ReplaceAll(offerOf("a=sendonly\r\n", "a=recvonly\r\n", "a=recvonly\r\n"), "opus", "speex")
	if p, err = h.engine.NewPeer(PeerConfig{Log: zerolog.Nop(), Publish: true, Subscribe: true, Handler: &recorder{}}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Answer(t.Context(), bad); !errors.Is(err, ErrBadOffer) {
		t.Errorf("an offer of nothing we know: %v", err)
	}
	select {
	case <-p.Done():
	case <-time.After(10 * time.Second):
		t.Error("an offer that pion cannot take did not end the peer")
	}
}

func TestTracksBeyondTheCapAreInactive(t *testing.T) {
	h := newHouse(t, Limits{Tracks: 1})
	p, err := h.engine.NewPeer(PeerConfig{Log: zerolog.Nop(), Publish: true, Subscribe: true, Handler: &recorder{}})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := p.Answer(t.Context(), realOffers(t)["firefox"])
	if err != nil {
		t.Fatal(err)
	}
	if d := directions(answer); !strings.HasPrefix(d, "recvonly inactive sendonly") {
		t.Errorf("directions %s", d)
	}
	if n := h.metrics.RefusedCount("tracks"); n != 1 {
		t.Errorf("counted %v", n)
	}
}

func TestExternalAddressIsAnnounced(t *testing.T) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEngine(Config{
		Sockets: []net.PacketConn{c}, ExternalIPs: []netip.Addr{netip.MustParseAddr("192.0.2.7")}, Log: zerolog.Nop(),
		Metrics: metrics.New(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	p, err := e.NewPeer(PeerConfig{Log: zerolog.Nop(), Publish: true, Subscribe: true, Handler: &recorder{}})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := p.Answer(t.Context(), realOffers(t)["chromium"])
	if err != nil {
		t.Fatal(err)
	}
	port := c.LocalAddr().(*net.UDPAddr).Port
	if !strings.Contains(answer, fmt.Sprintf(" 192.0.2.7 %d typ host", port)) || strings.Contains(answer, "127.0.0.1 "+fmt.Sprint(port)) {
		t.Errorf("answer announces otherwise:\n%s", answer)
	}
}

func TestEngineWantsSocketsWithAddresses(t *testing.T) {
	if _, err := NewEngine(Config{}); err == nil {
		t.Error("an engine without sockets")
	}
	c, err := net.ListenUDP("udp4", &net.UDPAddr{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := NewEngine(Config{Sockets: []net.PacketConn{c}}); err == nil {
		t.Error("an engine on an unspecified address")
	}
}

func TestClosedEngineTakesNobody(t *testing.T) {
	h := newHouse(t, Limits{})
	told := &recorder{}
	p, err := h.engine.NewPeer(PeerConfig{Log: zerolog.Nop(), Handler: told})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.engine.Close(); err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if told.state() != Closed {
		t.Errorf("state %v", told.state())
	}
	if _, err := p.Answer(context.Background(), realOffers(t)["chromium"]); !errors.Is(err, ErrClosed) {
		t.Errorf("answer of a closed peer: %v", err)
	}
	if _, err := h.engine.NewPeer(PeerConfig{Log: zerolog.Nop(), Handler: told}); !errors.Is(err, ErrClosed) {
		t.Errorf("new peer: %v", err)
	}
}

func TestPoolGrowsAndSecondTrackIsPublished(t *testing.T) {
	h := newHouse(t, Limits{})
	ada := h.browser(browserOptions{})
	cam := ada.publish(vp8Mime)
	ada.join()
	defer cam.stream("cam", 20*time.Millisecond)()
	eventually(t, "camera", func() bool { return len(ada.told.tracks()) == 1 })

	ben := h.browser(browserOptions{})
	ben.pool(webrtc.RTPCodecTypeVideo, 1)
	ben.join()
	ben.see(ada.told.tracks()...)
	eventually(t, "camera at ben's", func() bool { return len(ben.got("0")) > 10 })

	screen := ada.publish(vp8Mime)
	if err := ada.negotiate(nil); err != nil {
		t.Fatal(err)
	}
	defer screen.stream("screen", 20*time.Millisecond)()
	eventually(t, "screen", func() bool { return len(ada.told.tracks()) == 2 })

	ben.peer.Show(wish(ada.told.tracks()...)) // more than there is room for
	before, slots := ben.peer.Slots()
	if len(slots) != 1 || slots[0].Track != ada.told.tracks()[0] {
		t.Fatalf("slots %+v", slots)
	}
	ben.pool(webrtc.RTPCodecTypeVideo, 2)
	if err := ben.negotiate(nil); err != nil {
		t.Fatal(err)
	}
	rev, slots := ben.peer.Slots()
	if rev <= before || len(slots) != 3 || slots[0].Track != ada.told.tracks()[0] || slots[1].Track != ada.told.tracks()[1] {
		t.Fatalf("slots after growing: %d %+v", rev, slots)
	}
	ben.peer.Confirm(rev)
	mid := slots[1].Mid
	eventually(t, "screen at ben's", func() bool { return len(ben.got(mid)) > 10 })
	n := len(ben.got("0"))
	eventually(t, "camera goes on", func() bool { return len(ben.got("0")) > n })
	continuous(t, ben.got("0"))
	for _, p := range ben.got(mid) {
		if !strings.Contains(string(p.Payload), "screen") {
			t.Fatalf("%q in the screen's slot", p.Payload)
		}
	}
}

func TestICERestart(t *testing.T) {
	h := newHouse(t, Limits{})
	ada, ben := h.browser(browserOptions{}), h.browser(browserOptions{})
	cam := ada.publish(vp8Mime)
	ben.pool(webrtc.RTPCodecTypeVideo, 1)
	ada.join()
	ben.join()
	defer cam.stream("cam", 20*time.Millisecond)()
	eventually(t, "camera", func() bool { return len(ada.told.tracks()) == 1 })
	ben.see(ada.told.tracks()...)
	eventually(t, "media", func() bool { return len(ben.got("0")) > 10 })
	for _, b := range []*browser{ada, ben} {
		if err := b.negotiate(&webrtc.OfferOptions{ICERestart: true}); err != nil {
			t.Fatal(err)
		}
		n := len(ben.got("0"))
		eventually(t, "media after the restart", func() bool { return len(ben.got("0")) > n+30 })
	}
	if got := ada.told.tracks(); len(got) != 1 || len(ada.told.gone()) != 0 {
		t.Errorf("tracks %v, ended %v", got, ada.told.gone())
	}
}
