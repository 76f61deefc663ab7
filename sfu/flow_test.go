package sfu

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
)

func TestSlotSwitchesBetweenEncodings(t *testing.T) {
	c, w := newSimulcast(), &tape{}
	s := boundSlot(Video, w)
	c.play(100*time.Millisecond, 0, 1, 2)
	c.report()
	s.aim(c.of(0), c.now)
	c.play(500*time.Millisecond, 0, 1, 2)
	if f := s.flows(); f != c.of(0) {
		t.Fatalf("%v flows", f)
	}
	// Up: the former flows on until the key frame comes.
	n := len(w.packets)
	s.aim(c.of(2), c.now)
	for range 3 {
		c.frame(0, false)
		c.frame(2, false)
		c.now = c.now.Add(33 * time.Millisecond)
	}
	if got := len(w.packets) - n; got != 6 || w.parts() != "q" {
		t.Fatalf("%d packets while it waits for a key frame, of %s", got, w.parts())
	}
	c.frame(0, false)
	c.frame(2, true)
	c.now = c.now.Add(33 * time.Millisecond)
	if f := s.flows(); f != c.of(2) {
		t.Fatalf("%v flows", f)
	}
	if c.layers[0].watched() || !c.layers[2].watched() {
		t.Error("what flowed before is still attended to, or what flows is not")
	}
	c.play(300*time.Millisecond, 0, 1, 2)
	// Down, and up again before that has begun.
	s.aim(c.of(0), c.now)
	s.aim(c.of(1), c.now)
	if c.layers[0].watched() {
		t.Error("waits for what it has turned away from")
	}
	c.play(300*time.Millisecond, 0, 1, 2)
	s.aim(c.of(0), c.now)
	s.aim(c.of(1), c.now)
	c.play(300*time.Millisecond, 0, 1, 2)
	if got := w.parts(); got != "qfh" {
		t.Errorf("came %s", got)
	}
	if n := s.counts.switches.Load(); n != 2 {
		t.Errorf("%d switches are counted", n)
	}
	continuous(t, w.packets)
	for i := 1; i < len(w.packets); i++ {
		_, a, _ := parseVP8(w.packets[i-1].Payload)
		shape, b, _ := parseVP8(w.packets[i].Payload)
		if d := b.pictureID - a.pictureID; d > 1 || b.tl0-a.tl0 != byte(d) {
			t.Errorf("packet %d: picture %d after %d, tl0 %d after %d", i, b.pictureID, a.pictureID, b.tl0, a.tl0)
		}
		if w.packets[i].Payload[6] != w.packets[i-1].Payload[6] && !shape.start {
			t.Errorf("packet %d: another encoding begins without a key frame", i)
		}
		// By the publisher's clocks: a frame is 33 ms after the one before, or the same picture in another encoding.
		if step := w.packets[i].Timestamp - w.packets[i-1].Timestamp; step > 1 && (step < 2969 || step > 2971) {
			t.Errorf("packet %d: a step of %d", i, step)
		}
	}
}

func TestSlotPauses(t *testing.T) {
	c, w := newSimulcast(), &tape{}
	s := boundSlot(Video, w)
	c.play(100*time.Millisecond, 0)
	s.aim(c.of(0), c.now)
	c.play(200*time.Millisecond, 0)
	n := len(w.packets)
	s.aim(target{}, c.now)
	c.play(200*time.Millisecond, 0)
	if n == 0 || len(w.packets) != n || c.layers[0].watched() || s.flows() != (target{}) {
		t.Errorf("%d packets, then %d, watched: %v", n, len(w.packets), c.layers[0].watched())
	}
	s.aim(c.of(0), c.now)
	c.play(200*time.Millisecond, 0)
	if len(w.packets) == n {
		t.Error("it does not go on")
	}
	continuous(t, w.packets)
}

// An encoding that its publisher had switched off is waited for, and begins with its first key frame.
func TestSlotWaitsForAnEncodingThatIsOff(t *testing.T) {
	c, w := newSimulcast(), &tape{}
	s := boundSlot(Video, w)
	c.play(100*time.Millisecond, 0)
	s.aim(c.of(0), c.now)
	c.play(100*time.Millisecond, 0)
	s.aim(c.of(2), c.now)
	c.play(3*time.Second, 0)
	if len(c.asked["f"]) != 0 {
		t.Error("a key frame was asked of what does not come")
	}
	if !c.layers[2].watched() || w.parts() != "q" {
		t.Fatalf("%s came", w.parts())
	}
	c.frames[2] = 1 // it does not begin with a key frame
	c.play(100*time.Millisecond, 0, 2)
	if len(c.asked["f"]) != 1 || w.parts() != "qf" {
		t.Errorf("asked %v, came %s", c.asked, w.parts())
	}
	continuous(t, w.packets)
}

func TestSlotAsksForFewKeyFrames(t *testing.T) {
	c, w := newSimulcast(), &tape{}
	s := boundSlot(Video, w)
	c.play(100*time.Millisecond, 0, 1)
	s.aim(c.of(0), c.now)
	c.play(2*time.Second, 0, 1)
	before := len(c.asked["q"]) + len(c.asked["h"])
	for i := range 40 { // nine seconds of somebody who cannot decide
		s.aim(c.of(1-i%2), c.now)
		c.play(200*time.Millisecond, 0, 1)
	}
	if n := len(c.asked["q"]) + len(c.asked["h"]) - before; n != 3 {
		t.Errorf("%d key frames in nine seconds", n)
	}
	continuous(t, w.packets)
}

func TestSlotFollowsWhatEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		aims []int // one after the other; what flows is the first
		ends int
		want int
	}{
		{"what flows", []int{2}, 2, 0},
		{"what flows, while it waits for another", []int{2, 1}, 2, 1},
		{"what it waits for", []int{1, 2}, 2, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			sc, w := newSimulcast(), &tape{}
			s := boundSlot(Video, w)
			sc.play(100*time.Millisecond, 0, 1, 2)
			s.aim(sc.of(c.aims[0]), sc.now)
			sc.play(100*time.Millisecond, 0, 1, 2)
			for _, to := range c.aims[1:] {
				s.aim(sc.of(to), sc.now)
			}
			if sc.track.drop(sc.layers[c.ends]) {
				t.Fatal("there are others")
			}
			var rest []int
			for i := range rids {
				if i != c.ends {
					rest = append(rest, i)
				}
			}
			sc.play(2*time.Second, rest...)
			if f := s.flows(); f != sc.of(c.want) && c.name != "what it waits for" {
				t.Errorf("%v flows", f)
			}
			for _, i := range rest {
				if sc.layers[i].watched() != (s.flows().layer == sc.layers[i]) {
					t.Errorf("%s is attended to: %v", rids[i], sc.layers[i].watched())
				}
			}
			continuous(t, w.packets)
		})
	}
}

// A stream that comes anew under the name of another takes its place.
func TestEncodingComesAnew(t *testing.T) {
	c, w := newSimulcast(), &tape{}
	s := boundSlot(Video, w)
	c.play(100*time.Millisecond, 0, 1, 2)
	s.aim(c.of(2), c.now)
	c.play(100*time.Millisecond, 0, 1, 2)
	l := newLayer(c.track, c, 9, 100, extensionIDs{})
	l.rid = "f"
	if !c.track.add(l, 3) {
		t.Fatal("it was refused")
	}
	former := c.layers[2]
	c.layers[2], c.frames[2], c.next[2] = l, 0, 5
	c.play(time.Second, 0, 1, 2)
	if s.flows().layer != l || former.watched() || len(c.track.all()) != 3 {
		t.Errorf("%v flows", s.flows())
	}
	if c.track.drop(former) || s.flows().layer != l {
		t.Error("the end of the former was the end of the latter")
	}
	continuous(t, w.packets)
}

// What somebody waits for before it has come at all.
func TestAwaitedEncoding(t *testing.T) {
	track := newTrack("0", Video, "video/VP8", "")
	track.announce(&nobody{}, rids)
	s := boundSlot(Video, &tape{})
	awaited := track.all()[2]
	s.aim(target{awaited, maxSpatial, maxTemporal}, time.Now())
	if !awaited.watched() || track.best() != nil {
		t.Fatal("it does not wait")
	}
	l := newLayer(track, &nobody{}, 5, 100, extensionIDs{})
	l.rid = "f"
	track.add(l, 3)
	l.take(vp8Packet(1, 1, 10, true), time.Now())
	if s.flows().layer != l || len(track.all()) != 3 || track.best() != l {
		t.Errorf("%v flows", s.flows())
	}
	if !track.drop(l) || len(track.all()) != 0 {
		t.Error("a track of which nothing comes goes on")
	}
}

// Who is silenced sends nothing on, late or asked for again; who is let speak again begins anew.
func TestSilence(t *testing.T) {
	for _, kind := range []Kind{Audio, Video} {
		mime, w := "audio/opus", &tape{}
		if kind == Video {
			mime = "video/VP8"
		}
		l := testLayer(kind, mime)
		s := boundSlot(kind, w)
		s.show(l)
		now, sequence := time.Now(), uint16(10)
		send := func(key bool) {
			sequence++
			now = now.Add(20 * time.Millisecond)
			b := vp8Packet(sequence, uint32(sequence)*960, 10, key)
			if kind == Audio {
				p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 100, SequenceNumber: sequence, Timestamp: uint32(sequence) * 960, SSRC: 1}, Payload: []byte("opus")}
				if err := p.SetExtension(3, []byte{27}); err != nil {
					t.Fatal(err)
				}
				b, _ = p.Marshal()
			}
			l.take(b, now)
		}
		send(true)
		sequence++ // one is missing
		send(false)
		l.track.Silence(true)
		missing := sequence - 1
		l.take(vp8Packet(missing, 1, 10, false), now)
		for range 20 {
			send(false)
		}
		if len(w.packets) != 2 || l.track.Level() != 0 {
			t.Fatalf("%v: %d packets", kind, len(w.packets))
		}
		if s.repeat(w.packets[0].SequenceNumber+1, newRepeater(), now) {
			t.Error("sent again what came in silence")
		}
		l.track.Silence(false)
		send(false)
		send(true)
		send(false)
		want := 4
		if kind == Audio {
			want = 5
		}
		if len(w.packets) != want {
			t.Errorf("%v: %d packets after the silence", kind, len(w.packets))
		}
		if last := w.packets[2].SequenceNumber - w.packets[1].SequenceNumber; last != 1 {
			t.Errorf("%v: a gap of %d", kind, last)
		}
	}
}

// A key frame takes over while the slot is aimed back: whoever is last, it attends to what flows or is to, and to nothing
// else.
func TestSlotIsAimedBackWhileItSwitches(t *testing.T) {
	c := newSimulcast()
	s := boundSlot(Video, &discard{})
	s.aim(c.of(0), c.now)
	c.frame(0, true)
	packets := make(chan int)
	done := make(chan struct{})
	defer close(packets)
	go func() {
		for i := range packets {
			c.frame(i, true)
			done <- struct{}{}
		}
	}()
	for round := range 30_000 {
		from := slices.Index(c.layers, s.flows().layer)
		to := (from + 1) % 3
		s.aim(c.of(to), c.now)
		packets <- to
		for range round % 40 { // so that they meet at all places
			s.flows()
		}
		s.aim(c.of(from), c.now)
		<-done
		for i, l := range c.layers {
			s.mu.Lock()
			want := s.source == l || s.next == l
			s.mu.Unlock()
			if l.watched() != want {
				t.Fatalf("round %d: %s is attended to: %v, want %v", round, rids[i], l.watched(), want)
			}
		}
	}
	s.stop()
	for i, l := range c.layers {
		if l.watched() {
			t.Errorf("%s is attended to after the end", rids[i])
		}
	}
}

// The upper layers of one stream: they are left out at once, and come back by themselves.
func TestSlotLeavesLayersOut(t *testing.T) {
	l, w := testLayer(Video, "video/VP8"), &tape{}
	s := boundSlot(Video, w)
	s.show(l)
	now, sequence, picture := time.Now(), uint16(0), uint16(0)
	play := func(frames int) {
		for range frames {
			temporal := []byte{0, 2, 1, 2}[picture%4]
			sync := byte(0)
			if picture%4 == 2 || picture%4 == 1 {
				sync = 0x20
			}
			d := []byte{0x90, 0xe0, 0x80 | byte(picture>>8), byte(picture), byte(picture / 4), temporal<<6 | sync, 1}
			if picture == 0 {
				d[6] = 0
			}
			p := rtp.Packet{
				Header:  rtp.Header{Version: 2, PayloadType: 100, SequenceNumber: sequence, Timestamp: uint32(picture) * 3000, SSRC: 1, Marker: true},
				Payload: append(d, fmt.Sprint("T", temporal)...),
			}
			b, _ := p.Marshal()
			l.take(b, now)
			now, sequence, picture = now.Add(33*time.Millisecond), sequence+1, picture+1
		}
	}
	play(40)
	s.aim(target{l, maxSpatial, 0}, now)
	play(40)
	s.aim(target{l, maxSpatial, maxTemporal}, now)
	play(40)
	count := map[string]int{}
	for i, p := range w.packets {
		count[string(p.Payload[7:])]++
		if i > 0 {
			_, a, _ := parseVP8(w.packets[i-1].Payload)
			_, b, _ := parseVP8(p.Payload)
			if b.pictureID-a.pictureID != 1 || b.tl0-a.tl0 > 1 {
				t.Errorf("packet %d: picture %d after %d, tl0 %d after %d", i, b.pictureID, a.pictureID, b.tl0, a.tl0)
			}
		}
	}
	continuous(t, w.packets)
	if count["T0"] != 30 || count["T1"] != 20 || count["T2"] != 38 {
		t.Errorf("came %v", count)
	}
	if n := s.counts.above.Load(); n != 32 {
		t.Errorf("%d are counted as left out", n)
	}
}
