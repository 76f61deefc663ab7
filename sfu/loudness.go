package sfu

import (
	"math"
	"sync/atomic"
	"time"
)

// loudness is how loud a track is. One goroutine adds, anyone may ask.
type loudness struct {
	level atomic.Uint64 // bits of a float64
	heard atomic.Int64  // when that was, in nanoseconds since 1970; 0: never
}

const (
	loudnessTime = 200 * time.Millisecond // over which it is smoothed
	loudnessHold = 60 * time.Millisecond  // the longest packets of Opus
)

// add notes what the extension of one packet says (RFC 6464): decibels below the loudest.
func (l *loudness) add(extension byte, now time.Time) {
	loud, level := float64(127-extension&0x7f), 0.0
	if at := l.heard.Load(); at != 0 {
		level = math.Float64frombits(l.level.Load())
		level += (loud - level) * (1 - fade(now.Sub(time.Unix(0, at))))
	}
	l.level.Store(math.Float64bits(level))
	l.heard.Store(now.UnixNano())
}

// at is the loudness at a moment. It fades when nothing comes.
func (l *loudness) at(now time.Time) float64 {
	at := l.heard.Load()
	if at == 0 {
		return 0
	}
	return math.Float64frombits(l.level.Load()) * fade(now.Sub(time.Unix(0, at))-loudnessHold)
}

func fade(d time.Duration) float64 {
	return math.Exp(-max(d, 0).Seconds() / loudnessTime.Seconds())
}
