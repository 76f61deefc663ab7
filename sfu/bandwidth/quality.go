package bandwidth

import "time"

// Quality is how well a line carries what it should.
type Quality uint8

// From nothing known to nothing heard.
const (
	Unknown Quality = iota
	Good
	Poor
	Lost
)

// String is for metrics.
func (q Quality) String() string {
	switch q {
	case Good:
		return "good"
	case Poor:
		return "poor"
	case Lost:
		return "lost"
	default:
		return "unknown"
	}
}

// opinion is how good a line seems. It does not change for what passes: people see it.
type opinion struct {
	said   Quality
	thinks Quality
	since  time.Duration
}

// signs are what an opinion is made of.
type signs struct {
	heard     bool          // the browser has reported anything yet
	silent    time.Duration // for how long it has not, though it was sent something
	loss      float64
	roundTrip time.Duration
	queue     time.Duration
	estimate  float64
	want      float64 // 0: everything is shown as it should be
}

const (
	lostAfter = 4 * time.Second
	poorAfter = 3 * time.Second
	goodAfter = 5 * time.Second

	poorLoss  = 0.05
	poorTrip  = 500 * time.Millisecond
	poorQueue = 200 * time.Millisecond
	poorShare = 0.4 // of what is wanted
)

func (s signs) judge() Quality {
	switch {
	case !s.heard:
		return Unknown
	case s.silent >= lostAfter:
		return Lost
	case s.loss >= poorLoss, s.roundTrip >= poorTrip, s.queue >= poorQueue, s.want > 0 && s.estimate < poorShare*s.want:
		return Poor
	default:
		return Good
	}
}

func (o *opinion) update(s signs, at time.Duration) Quality {
	q := s.judge()
	if q != o.thinks {
		o.thinks, o.since = q, at
	}
	wait := poorAfter
	switch {
	case q == Lost, o.said == Unknown:
		wait = 0 // the silence was the wait
	case o.said == Lost:
		o.said = Poor // whoever is back is not well at once
	case q == Good:
		wait = goodAfter
	}
	if at-o.since >= wait {
		o.said = q
	}
	return o.said
}
