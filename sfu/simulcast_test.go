package sfu

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/parlorhq/parlor/internal/simnet"
)

// caster is what a browser sends in a line with several encodings. Like a browser it sends only those that it was told
// somebody is shown, and begins with a key frame whenever it was asked for one or has paused.
type caster struct {
	t           *testing.T
	b           *browser
	transceiver *webrtc.RTPTransceiver
	tracks      []*webrtc.TrackLocalStaticRTP
	ids         map[string]uint8

	mu   sync.Mutex
	plis map[string]int
	sent map[string]int  // frames
	off  map[string]bool // stopped by the browser itself
}

const (
	midURI = "urn:ietf:params:rtp-hdrext:sdes:mid"
	ridURI = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
)

// simulcastOptions are those of a browser that sends several encodings.
func simulcastOptions(o browserOptions) browserOptions {
	o.codecs = func(m *webrtc.MediaEngine) error {
		for _, uri := range []string{midURI, ridURI} {
			if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeVideo); err != nil {
				return err
			}
		}
		return m.RegisterDefaultCodecs()
	}
	return o
}

// simulcast adds a sending line with encodings.
func (b *browser) simulcast(rids ...string) *caster {
	b.t.Helper()
	c := &caster{t: b.t, b: b, plis: map[string]int{}, sent: map[string]int{}, off: map[string]bool{}, ids: map[string]uint8{}}
	for i, rid := range rids {
		track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: vp8Mime}, "cam", "cam", webrtc.WithRTPStreamID(rid))
		if err != nil {
			b.t.Fatal(err)
		}
		if c.tracks = append(c.tracks, track); i > 0 {
			if err := c.transceiver.Sender().AddEncoding(track); err != nil {
				b.t.Fatal(err)
			}
		} else if c.transceiver, err = b.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{
			Direction: webrtc.RTPTransceiverDirectionSendonly,
		}); err != nil {
			b.t.Fatal(err)
		}
	}
	return c
}

// stream sends every 33 ms until the test ends or stop is called. To be called after joining.
func (c *caster) stream() (stop func()) {
	for _, e := range c.transceiver.Sender().GetParameters().HeaderExtensions {
		c.ids[e.URI] = uint8(e.ID)
	}
	quit, done := make(chan struct{}), sync.WaitGroup{}
	for i, track := range c.tracks {
		go c.control(track.RID())
		done.Go(func() { c.send(i, track, quit) })
	}
	var once sync.Once
	stop = func() { once.Do(func() { close(quit); done.Wait() }) }
	c.t.Cleanup(stop)
	return stop
}

func (c *caster) control(rid string) {
	for {
		packets, _, err := c.transceiver.Sender().ReadSimulcastRTCP(rid)
		if err != nil {
			return
		}
		for _, p := range packets {
			if _, ok := p.(*rtcp.PictureLossIndication); ok {
				c.mu.Lock()
				c.plis[rid]++
				c.mu.Unlock()
			}
		}
	}
}

func (c *caster) send(i int, track *webrtc.TrackLocalStaticRTP, quit chan struct{}) {
	tick := time.NewTicker(33 * time.Millisecond)
	defer tick.Stop()
	sequence, picture, answered, paused := uint16(i*1000), uint16(0), 0, true
	for n := 0; ; n++ {
		if !c.wanted(track.RID()) {
			paused = true
		} else {
			c.mu.Lock()
			asked := c.plis[track.RID()]
			c.sent[track.RID()]++
			c.mu.Unlock()
			key := asked != answered || paused
			answered, paused = asked, false
			packets := 1 << i
			for k := range packets {
				sequence++
				p := &rtp.Packet{
					Header:  rtp.Header{Version: 2, SequenceNumber: sequence, Timestamp: uint32(n) * 2970, Marker: k == packets-1},
					Payload: append(vp8Descriptor(k == 0, picture, byte(picture), key), fmt.Sprintf("%s %0700d", track.RID(), n)...),
				}
				if n < 10 { // as browsers do; and pion's client would say it of retransmissions too, where it is another name
					_ = p.SetExtension(c.ids[midURI], []byte(c.transceiver.Mid()))
					_ = p.SetExtension(c.ids[ridURI], []byte(track.RID()))
				}
				_ = track.WriteRTP(p)
			}
			picture++
		}
		select {
		case <-tick.C:
		case <-quit:
			return
		}
	}
}

// told is what the browser was told last to send; ok is false if that was nothing yet.
func (c *caster) told() (rids []string, ok bool) {
	c.b.told.mu.Lock()
	defer c.b.told.mu.Unlock()
	for _, rids := range c.b.told.layers {
		return rids, true
	}
	return nil, false
}

func (c *caster) wanted(rid string) bool {
	rids, ok := c.told()
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.off[rid] && (!ok || slices.Contains(rids, rid))
}

// cut stops an encoding, as a browser does whose line does not carry it.
func (c *caster) cut(rid string, off bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off[rid] = off
}

func (c *caster) frames(rid string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent[rid]
}

// asked is how often a key frame was asked of each encoding.
func (c *caster) asked() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.plis)
}

// encodings are those that came in a line, one after the other.
func (b *browser) encodings(mid string) (parts []string) {
	for _, p := range b.got(mid) {
		rid, _, _ := strings.Cut(string(p.Payload[6:]), " ")
		if len(parts) == 0 || parts[len(parts)-1] != rid {
			parts = append(parts, rid)
		}
	}
	return parts
}

// watch shows the browser tracks in places of this height.
func (b *browser) watch(height int, tracks ...*Track) {
	wishes := wish(tracks...)
	for i := range wishes {
		wishes[i].Height = height
	}
	b.peer.Show(wishes)
	rev, _ := b.peer.Slots()
	b.peer.Confirm(rev)
}

// clean checks that what came in a line is one stream that a decoder can follow.
func (b *browser) clean(mid string) {
	b.t.Helper()
	packets := b.got(mid)
	continuous(b.t, packets)
	for i := 1; i < len(packets); i++ {
		_, before := parseVP8(packets[i-1].Payload)
		shape, now := parseVP8(packets[i].Payload)
		if d := (now.pictureID - before.pictureID) & 0x7fff; d > 1 || now.tl0-before.tl0 != byte(d) {
			b.t.Errorf("packet %d: picture %d after %d, tl0 %d after %d", i, now.pictureID, before.pictureID, now.tl0, before.tl0)
		}
		if packets[i].Payload[6] != packets[i-1].Payload[6] && !shape.start {
			b.t.Errorf("packet %d: another encoding begins without a key frame", i)
		}
	}
}

func TestBubbleTilesGetWhatFitsThem(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		ada := h.browser(simulcastOptions(browserOptions{net: n.Host(adaIP)}))
		cam := ada.simulcast(rids...)
		ada.join()
		defer cam.stream()()
		eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
		track := ada.told.tracks()[0]
		track.Describe(1280, 720, []Encoding{{"q", 4}, {"h", 2}, {"f", 1}})
		ben, cy := h.browser(browserOptions{net: n.Host(benIP)}), h.browser(browserOptions{net: n.Host("10.0.0.4")})
		for b, height := range map[*browser]int{ben: 150, cy: 700} {
			b.pool(webrtc.RTPCodecTypeVideo, 1)
			b.join()
			b.watch(height, track)
		}
		end := func(b *browser, rid string) func() bool {
			return func() bool { parts := b.encodings("0"); return len(parts) > 0 && parts[len(parts)-1] == rid }
		}
		eventually(t, "the small one", end(ben, "q"))
		eventually(t, "the large one", end(cy, "f"))
		time.Sleep(3 * time.Second)
		if rids, _ := cam.told(); !slices.Equal(rids, []string{"q", "f"}) {
			t.Errorf("the publisher was told %v", rids)
		}
		sent := cam.frames("h")
		time.Sleep(2 * time.Second)
		if more := cam.frames("h") - sent; more != 0 {
			t.Errorf("%d frames that nobody watches", more)
		}

		// Ben makes his larger, while packets flow: h has to be switched on for that.
		start := time.Now()
		ben.watch(360, track)
		eventually(t, "the middle one", end(ben, "h"))
		if took := time.Since(start); took > time.Second {
			t.Errorf("it took %v", took)
		}
		time.Sleep(3 * time.Second)
		if rids, _ := cam.told(); !slices.Equal(rids, []string{"h", "f"}) {
			t.Errorf("the publisher was told %v", rids)
		}
		ben.watch(1080, track)
		eventually(t, "the large one", end(ben, "f"))
		cy.watch(90, track)
		eventually(t, "the small one", end(cy, "q"))
		time.Sleep(time.Second)
		if got := strings.Join(ben.encodings("0"), " "); got != "q h f" {
			t.Errorf("ben got %s", got)
		}
		if got := cy.encodings("0"); !slices.Equal(got[len(got)-2:], []string{"f", "q"}) {
			t.Errorf("cy got %v", got)
		}
		ben.clean("0")
		cy.clean("0")
		t.Logf("key frames asked for: %v", cam.asked())
	})
}

func TestBubbleWhatNobodyWatchesIsNotSent(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		ada := h.browser(simulcastOptions(browserOptions{net: n.Host(adaIP)}))
		cam := ada.simulcast(rids...)
		ada.join()
		start := time.Now()
		defer cam.stream()()
		eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
		track := ada.told.tracks()[0]
		eventually(t, "nothing is wanted", func() bool { rids, ok := cam.told(); return ok && len(rids) == 0 })
		if took := time.Since(start); took < restAfter || took > restAfter+500*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		time.Sleep(time.Minute)
		ben := h.browser(browserOptions{net: n.Host(benIP)})
		ben.pool(webrtc.RTPCodecTypeVideo, 1)
		ben.join()
		for range 3 {
			came := len(ben.got("0"))
			start = time.Now()
			ben.watch(360, track)
			eventually(t, "it comes back", func() bool { return len(ben.got("0")) > came })
			if took := time.Since(start); took > 300*time.Millisecond {
				t.Errorf("it came back after %v", took)
			}
			eventually(t, "only what is watched", func() bool { rids, _ := cam.told(); return slices.Equal(rids, []string{"h"}) })
			start = time.Now()
			ben.watch(0)
			eventually(t, "nothing is wanted", func() bool { rids, _ := cam.told(); return len(rids) == 0 })
			if took := time.Since(start); took < restAfter || took > restAfter+500*time.Millisecond {
				t.Errorf("it took %v", took)
			}
			time.Sleep(10 * time.Second)
		}
		if got := strings.Join(ben.encodings("0"), " "); got != "h" {
			t.Errorf("ben got %s", got)
		}
		ben.clean("0")
		for _, l := range track.all() {
			if l.ring.entries != nil {
				t.Errorf("%s holds memory", l.rid)
			}
		}
	})
}

// A publisher whose line does not carry its largest encoding stops it by itself: its viewers go on with the next, and
// back when it comes again.
func TestBubbleEncodingThatStopsByItself(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		ada := h.browser(simulcastOptions(browserOptions{net: n.Host(adaIP)}))
		cam := ada.simulcast(rids...)
		ada.join()
		defer cam.stream()()
		eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
		ben := h.browser(browserOptions{net: n.Host(benIP)})
		ben.pool(webrtc.RTPCodecTypeVideo, 1)
		ben.join()
		ben.watch(720, ada.told.tracks()[0])
		end := func(rid string) func() bool {
			return func() bool { parts := ben.encodings("0"); return len(parts) > 0 && parts[len(parts)-1] == rid }
		}
		eventually(t, "the large one", end("f"))
		time.Sleep(time.Second)
		for range 2 {
			cam.cut("f", true)
			start := time.Now()
			eventually(t, "the next one", end("h"))
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
			time.Sleep(5 * time.Second)
			cam.cut("f", false)
			start = time.Now()
			eventually(t, "the large one", end("f"))
			if took := time.Since(start); took > time.Second {
				t.Errorf("back after %v", took)
			}
			time.Sleep(5 * time.Second)
		}
		if got := strings.Join(ben.encodings("0"), " "); got != "f h f h f" {
			t.Errorf("ben got %s", got)
		}
		ben.clean("0")
	})
}

// Switches under loss: one stream still, and nothing twice. (pion's client cannot name its retransmissions of an encoding,
// so what is lost on the way in stays lost here.)
func TestBubbleSwitchesUnderLoss(t *testing.T) {
	for _, c := range []struct {
		name    string
		in, out float64
		missing float64
	}{
		{"from the publisher", 0.05, 0, 0.08},
		{"to the subscriber", 0, 0.05, 0.005},
	} {
		t.Run(c.name, func(t *testing.T) { bubble(t, switchesUnderLoss(c.in, c.out, c.missing)) })
	}
}

func switchesUnderLoss(in, out, most float64) func(*testing.T, *simnet.Network, *house) {
	return func(t *testing.T, n *simnet.Network, h *house) {
		for _, ip := range []string{serverIP, adaIP, benIP} {
			n.SetDelay(ip, 20*time.Millisecond)
		}
		ada := h.browser(simulcastOptions(browserOptions{net: n.Host(adaIP), nack: true}))
		cam := ada.simulcast(rids...)
		ada.join()
		stop := cam.stream()
		eventually(t, "all encodings", func() bool { return len(ada.told.tracks()) == 1 && cam.frames("f") > 20 })
		ben := h.browser(browserOptions{net: n.Host(benIP), nack: true})
		ben.pool(webrtc.RTPCodecTypeVideo, 1)
		ben.join()
		n.SetLoss(adaIP, serverIP, in)
		n.SetLoss(serverIP, benIP, out)
		for i := range 20 {
			ben.watch([]int{90, 360, 720}[i%3], ada.told.tracks()[0])
			time.Sleep(4 * time.Second)
		}
		n.SetLoss(adaIP, serverIP, 0)
		n.SetLoss(serverIP, benIP, 0)
		time.Sleep(2 * time.Second)
		stop()
		time.Sleep(time.Second)
		seen := map[uint16]string{}
		var first, last uint16
		for i, p := range ben.got("0") {
			if before, twice := seen[p.SequenceNumber]; twice && before != string(p.Payload) {
				t.Fatalf("number %d is two packets", p.SequenceNumber)
			}
			if i == 0 {
				first, last = p.SequenceNumber, p.SequenceNumber
			} else if int16(p.SequenceNumber-last) > 0 {
				last = p.SequenceNumber
			}
			seen[p.SequenceNumber] = string(p.Payload)
		}
		all := int(last-first) + 1
		missing := all - len(seen)
		if got := h.engine.counts.switches.Load(); got < 19 || float64(missing) > float64(all)*most {
			t.Errorf("%d switches, %d of %d missing", got, missing, all)
		}
		t.Logf("%d switches, %d of %d missing, key frames asked for: %v", h.engine.counts.switches.Load(), missing, all, cam.asked())
	}
}
