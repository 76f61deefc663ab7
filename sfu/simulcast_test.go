package sfu

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/parlorhq/parlor/internal/simnet"
)

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
