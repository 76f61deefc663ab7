package sfu

import (
	"testing"
	"time"
)

func TestSenderClock(t *testing.T) {
	now := time.Unix(1000, 0)
	var none *senderClock
	a := &senderClock{ntp: ntpTime(now), rtp: 1 << 31, at: now.Add(time.Hour)}
	b := &senderClock{ntp: ntpTime(now.Add(1500 * time.Millisecond)), rtp: 700, at: now.Add(time.Hour + time.Second)}
	now = now.Add(time.Hour + 2*time.Second)
	// What b's clock shows as 700+90 was 1.501 s after a's report.
	if got, ok := a.translate(b, 790, videoClock, now); !ok || got != 1<<31+1501*90 {
		t.Errorf("%d, %v", got-1<<31, ok)
	}
	if got, ok := b.translate(a, 1<<31+1501*90, videoClock, now); !ok || got != 790 {
		t.Errorf("%d, %v", got, ok)
	}
	if got, ok := a.timestampAt(now, videoClock); !ok || got != 1<<31+2*90000 {
		t.Errorf("%d, %v", got-1<<31, ok)
	}
	for _, c := range [][2]*senderClock{{none, a}, {a, none}, {a, {}}} {
		if _, ok := c[0].translate(c[1], 0, videoClock, now); ok {
			t.Error("knows what nobody said")
		}
	}
	if _, ok := a.translate(b, 0, videoClock, now.Add(reportAge)); ok {
		t.Error("goes by an old report")
	}
}
