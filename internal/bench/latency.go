package bench

import (
	"math/bits"
	"time"
)

// latency counts durations in buckets that are at most 1.6 % wide, so that millions cost a few kilobytes. The zero value
// is empty.
type latency struct {
	count   uint64
	buckets []uint64
}

// Within each power of two of microseconds there are this many buckets.
const (
	bucketBits = 6
	perOctave  = 1 << bucketBits
)

func bucket(d time.Duration) int {
	us := uint64(max(d, 0) / time.Microsecond)
	if us < perOctave {
		return int(us)
	}
	octave := bits.Len64(us) - 1 - bucketBits
	return octave*perOctave + int(us>>octave)
}

// middle is the duration that a bucket stands for.
func middle(i int) time.Duration {
	if i < 2*perOctave {
		return time.Duration(i) * time.Microsecond
	}
	octave := i/perOctave - 1
	low := uint64(i-octave*perOctave) << octave
	return time.Duration(low+1<<octave/2) * time.Microsecond
}

func (l *latency) add(d time.Duration) {
	i := bucket(d)
	for len(l.buckets) <= i {
		l.buckets = append(l.buckets, make([]uint64, perOctave)...)
	}
	l.buckets[i]++
	l.count++
}

func (l *latency) merge(o *latency) {
	for i, n := range o.buckets {
		for len(l.buckets) <= i {
			l.buckets = append(l.buckets, make([]uint64, perOctave)...)
		}
		l.buckets[i] += n
	}
	l.count += o.count
}

// quantile is the duration that a share q of all are not above.
func (l *latency) quantile(q float64) time.Duration {
	rest := uint64(q * float64(l.count))
	for i, n := range l.buckets {
		if rest < n {
			return middle(i)
		}
		rest -= n
	}
	return 0
}
