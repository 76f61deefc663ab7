package front

import (
	"testing"
	"time"
)

// A frame is burst packets to each of some places, one after the other as a track is forwarded. It counts who waits.
func frame(p *pace, now time.Duration, destinations, burst int) (waits int) {
	for range burst {
		for d := range destinations {
			if p.waits(d, now) {
				waits++
			}
			now += time.Microsecond
		}
	}
	return waits
}

func TestPace(t *testing.T) {
	const second = time.Second
	for _, tt := range []struct {
		name                string
		destinations, burst int
		first, later        int // who waits of the first frame, and of one after others
	}{
		{"one packet", 1, 1, 0, 0},
		{"one packet to each of many", 200, 1, 0, 0},
		{"a burst to one", 1, 20, 0, 0},
		{"bursts to a few", 6, 5, 0, 0},
		{"pairs to many", 60, 2, 60 - payingRepeats + 1, 60},
		{"bursts to many", 60, 5, 4*60 - payingRepeats + 1, 5 * 60},
	} {
		p := new(pace)
		now := second
		if got := frame(p, now, tt.destinations, tt.burst); got != tt.first {
			t.Errorf("%s: %d of the first frame wait, want %d", tt.name, got, tt.first)
		}
		for range 10 {
			now += second / 30
			frame(p, now, tt.destinations, tt.burst)
		}
		now += second / 30
		if got := frame(p, now, tt.destinations, tt.burst); got != tt.later {
			t.Errorf("%s: %d of a later frame wait, want %d", tt.name, got, tt.later)
		}
		if p.waits(places-1, now) {
			t.Errorf("%s: a single packet to somebody else waits", tt.name)
		}
		now += second
		if got := frame(p, now, tt.destinations, tt.burst); got != tt.first {
			t.Errorf("%s: %d wait after a while, want %d", tt.name, got, tt.first)
		}
	}
}
