package sfu

import (
	"testing"
	"time"
)

// Who comes soon after a key picture begins with that one, and costs none.
func TestNewcomerBeginsWithAKeptKeyPicture(t *testing.T) {
	c, first, second, third := newSimulcast(), &tape{}, &tape{}, &tape{}
	boundSlot(Video, first).aim(c.of(0), c.now)
	c.play(400*time.Millisecond, 0)
	asked := len(c.asked["q"])
	late := boundSlot(Video, second)
	late.aim(c.of(0), c.now)
	c.play(33*time.Millisecond, 0)
	if len(c.asked["q"]) != asked {
		t.Error("a key frame was asked for")
	}
	since := first.packets[2:] // the second picture is one that was asked for
	if len(second.packets) != len(since) {
		t.Fatalf("%d packets of %d since the key picture", len(second.packets), len(since))
	}
	continuous(t, second.packets)
	for i, p := range second.packets {
		shape, counters, _ := parseVP8(p.Payload)
		_, of, _ := parseVP8(since[i].Payload)
		if shape.start != (i == 0) || counters.pictureID != of.pictureID {
			t.Errorf("packet %d is of picture %d, begins %v", i, counters.pictureID, shape.start)
		}
	}
	// It is played at once, not as slowly as it was captured; and what comes then, as it was.
	n := len(second.packets)
	if took := second.packets[n-1].Timestamp - second.packets[0].Timestamp; took == 0 || took > ticks(10*time.Millisecond, videoClock) {
		t.Errorf("it takes %d ticks", took)
	}
	c.play(300*time.Millisecond, 0)
	if step := second.packets[n+2].Timestamp - second.packets[n].Timestamp; step < 2969 || step > 2971 {
		t.Errorf("then a step of %d", step)
	}
	// A while later a new one is less.
	boundSlot(Video, third).aim(c.of(0), c.now)
	c.play(33*time.Millisecond, 0)
	if len(c.asked["q"]) != asked+1 {
		t.Error("no key frame was asked for")
	}
	if shape, _, _ := parseVP8(third.packets[0].Payload); !shape.start || len(third.packets) != 2 {
		t.Errorf("%d packets", len(third.packets))
	}
}

// Who was stopped for want of a line is not sent half a second of pictures at once.
func TestWhoComesBackWaitsForAKeyFrame(t *testing.T) {
	c, w := newSimulcast(), &tape{}
	boundSlot(Video, &tape{}).aim(c.of(0), c.now)
	s := boundSlot(Video, w)
	s.aim(c.of(0), c.now)
	c.play(100*time.Millisecond, 0)
	s.aim(target{}, c.now)
	c.play(100*time.Millisecond, 0)
	n := len(w.packets)
	s.aim(c.of(0), c.now)
	c.play(200*time.Millisecond, 0)
	if n == 0 || len(w.packets) != n {
		t.Errorf("%d packets, then %d", n, len(w.packets)-n)
	}
	c.play(time.Second, 0)
	if shape, _, _ := parseVP8(w.packets[n].Payload); len(w.packets) == n || !shape.start {
		t.Error("it does not go on with a key frame")
	}
	// Another track in its place is new again.
	s.leave()
	n = len(w.packets)
	c.frame(0, true)
	s.aim(c.of(0), c.now)
	c.frame(0, false)
	if len(w.packets) != n+4 {
		t.Errorf("%d packets of what is new", len(w.packets)-n)
	}
	continuous(t, w.packets)
}

// What was not kept, or is too much, is asked for.
func TestKeyPictureIsGoodForAWhile(t *testing.T) {
	now := time.Unix(1000, 0)
	var k keyPicture
	if k.good(0, now) {
		t.Error("there was none")
	}
	k.begins(65530, now)
	for _, c := range []struct {
		sequence uint16
		after    time.Duration
		good     bool
	}{
		{65530, 0, true},
		{10, keptFor - 1, true},
		{10, keptFor, false},
		{65529, 0, false},
		{249, 0, true},
		{250, 0, false},
	} {
		if k.good(c.sequence, now.Add(c.after)) != c.good {
			t.Errorf("%d after %v is not %v", c.sequence, c.after, c.good)
		}
	}
}
