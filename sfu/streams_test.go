package sfu

import (
	"testing"
	"time"

	"github.com/pion/rtcp"

	"github.com/parlorhq/parlor/internal/metrics"
)

// A compound packet comes once for each SSRC that it speaks of, and counts once; said again it counts again.
func TestCompoundPacketCountsOnce(t *testing.T) {
	p := &Peer{engine: &Engine{metrics: metrics.New()}, wake: make(chan struct{}, 1)}
	p.line = newLine(&p.engine.counts, p.dropped)
	s := newStreams(p, 10)
	l := testLayer(Video, "video/VP8")
	slot := boundSlot(Video, &discard{})
	slot.show(l)
	s.addSlot(slot, 77)
	asked := func(now time.Time) bool {
		ask, _ := l.keyframeDue(now)
		return ask
	}
	now := time.Unix(1000, 0)
	asked(now) // for what it begins with
	b, err := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 1}, &rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: 77}})
	if err != nil {
		t.Fatal(err)
	}
	for i, tt := range []struct {
		later time.Duration
		asks  bool
	}{{time.Second, true}, {0, false}, {sameControl / 2, false}, {time.Second, true}} {
		now = now.Add(tt.later)
		s.control(b, now)
		l.mu.Lock()
		wanted := l.keyframes.wanted
		l.keyframes.wanted = false
		l.mu.Unlock()
		if wanted != tt.asks {
			t.Errorf("time %d: a key frame is wanted: %v", i, wanted)
		}
	}
}
