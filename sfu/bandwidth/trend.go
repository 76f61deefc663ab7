package bandwidth

import "time"

// trend tells from the slope of the delay whether packets queue up on the line: a straight line through the last delays,
// and a threshold that gets used to what a line does anyway (draft-ietf-rmcat-gcc-02 with the line filter in place of
// Kalman's, as browsers have it).
type trend struct {
	usage usage

	points  [trendPoints]point
	n       int // ever added
	began   time.Duration
	delay   float64 // all differences so far, ms
	smooth  float64
	slope   float64
	limit   float64 // ms
	limitAt time.Duration

	over  float64 // for how long, ms; negative: not
	overs int
}

type point struct{ at, delay float64 }

type usage uint8

const (
	normal usage = iota
	overusing
	underusing
)

// String is for metrics.
func (u usage) String() string {
	switch u {
	case overusing:
		return "overuse"
	case underusing:
		return "underuse"
	default:
		return "normal"
	}
}

const (
	trendPoints    = 20
	trendSmoothing = 0.9
	trendGain      = 4
	trendFull      = 60 // steps until a slope has its whole weight

	limitStart = 12.5
	limitLeast = 6
	limitMost  = 600
	limitUp    = 0.0087
	limitDown  = 0.039
	limitLeap  = 15 // what is further above is an outlier for the threshold

	overFor = 10 // ms, until it counts
)

func newTrend() trend { return trend{limit: limitStart, over: -1} }

// add takes the next step of the groups.
func (t *trend) add(s step) {
	if t.n == 0 {
		t.began, t.limitAt = s.at, s.at
	}
	sent, came := milliseconds(s.sent), milliseconds(s.arrived)
	t.delay += came - sent
	t.smooth = trendSmoothing*t.smooth + (1-trendSmoothing)*t.delay
	t.points[t.n%trendPoints] = point{milliseconds(s.at - t.began), t.smooth}
	t.n++
	slope := t.slope
	if t.n >= trendPoints {
		slope = t.fit(slope)
	}
	t.detect(slope, sent, s.at)
}

// fit is the slope of the line with the least squares.
func (t *trend) fit(otherwise float64) float64 {
	var at, delay float64
	for _, p := range t.points {
		at += p.at
		delay += p.delay
	}
	at, delay = at/trendPoints, delay/trendPoints
	var up, across float64
	for _, p := range t.points {
		up += (p.at - at) * (p.delay - delay)
		across += (p.at - at) * (p.at - at)
	}
	if across == 0 {
		return otherwise
	}
	return up / across
}

func (t *trend) detect(slope, sent float64, at time.Duration) {
	weighed := float64(min(t.n, trendFull)) * slope * trendGain
	switch {
	case t.n < 2:
		t.usage = normal
	case weighed > t.limit:
		if t.over < 0 {
			t.over = sent / 2
		} else {
			t.over += sent
		}
		t.overs++
		if t.over > overFor && t.overs > 1 && slope >= t.slope {
			t.over, t.overs, t.usage = 0, 0, overusing
		}
	case weighed < -t.limit:
		t.over, t.overs, t.usage = -1, 0, underusing
	default:
		t.over, t.overs, t.usage = -1, 0, normal
	}
	t.slope = slope
	t.adapt(max(weighed, -weighed), at)
}

func (t *trend) adapt(weighed float64, at time.Duration) {
	passed := min(milliseconds(at-t.limitAt), 100)
	t.limitAt = at
	if weighed > t.limit+limitLeap || passed <= 0 {
		return
	}
	k := limitUp
	if weighed < t.limit {
		k = limitDown
	}
	t.limit = min(max(t.limit+k*(weighed-t.limit)*passed, limitLeast), limitMost)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
