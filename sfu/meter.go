package sfu

import "time"

// meter measures what comes of one stream: how much of each of its tiers, and whether anything comes. It is pure.
type meter struct {
	started bool
	key     bool      // there was a key frame in the window
	skipped uint8     // windows, for that
	last    time.Time // when the newest packet came
	since   time.Time // when the window began
	bytes   [tierCount]uint32
	rates   [tierCount]float64 // bits a second, by layer, smoothed; of a stream at rest what they were
	windows [tierCount]uint8   // in which each was measured, up to meterWindows
	present tiers              // layers that came in the last windows
	absent  [tierCount]uint8   // windows since each came
	gap     time.Duration      // usual time between two pictures
	picture uint32             // timestamp of the newest picture
	shown   time.Time          // when that began
}

const (
	tierCount   = (maxSpatial + 1) * (maxTemporal + 1)
	meterWindow = 500 * time.Millisecond
	// Rates are those of about so many windows: over less, a key frame alone looks like a picture that no longer fits a line.
	meterWindows = 6
	// A stream is at rest after so many times the usual time between two pictures, but not before restLeast.
	restGaps  = 4
	restLeast = 700 * time.Millisecond
	restMost  = 5 * time.Second
	// A layer has ended when it was absent for so many windows.
	absentWindows = 6
)

// add notes a packet.
func (m *meter) add(s *shape, timestamp uint32, size int, now time.Time) {
	newer := !m.started || int32(timestamp-m.picture) > 0
	if newer {
		m.pace(now)
	}
	if !m.started || !m.live(now) {
		// It begins, or goes on after a rest: what was measured before holds until there is a new window.
		m.started, m.since, m.bytes = true, now, [tierCount]uint32{}
	}
	if age := now.Sub(m.since); age >= meterWindow {
		m.close(age)
		m.since = now
	}
	if newer {
		m.picture, m.shown = timestamp, now
	}
	m.last = now
	m.key = m.key || s.start
	m.bytes[tierOf(s.spatial, s.temporal)] += uint32(size)
}

// pace learns the time between two pictures. A long one counts at once: a screen that changes seldom is not at rest.
func (m *meter) pace(now time.Time) {
	gap := now.Sub(m.shown)
	switch {
	case !m.started, gap > restMost:
	case gap > m.gap:
		m.gap += (gap - m.gap) / 2
	default:
		m.gap += (gap - m.gap) / 8
	}
}

// close ends a window. Before enough is measured, one with a key frame says nothing; but there may be no other.
func (m *meter) close(age time.Duration) {
	skip := m.key && m.skipped < meterWindows/2
	if m.key = false; skip {
		m.skipped++
	}
	for t := range m.bytes {
		rate := float64(m.bytes[t]) * 8 / age.Seconds()
		m.bytes[t] = 0
		switch {
		case rate > 0:
			m.absent[t] = 0
			m.present.add(tier(t))
		case m.absent[t] < absentWindows:
			m.absent[t]++
		default:
			m.present &^= 1 << t
			m.rates[t], m.windows[t] = 0, 0
			continue
		}
		if skip || m.windows[t] == 0 && rate == 0 {
			continue
		}
		m.windows[t] = min(m.windows[t]+1, meterWindows)
		m.rates[t] += (rate - m.rates[t]) / float64(m.windows[t])
	}
}

// live tells whether the stream flows.
func (m *meter) live(now time.Time) bool {
	return m.started && now.Sub(m.last) < min(max(restGaps*m.gap, restLeast), restMost)
}

// rate is what all up to a tier take, in bits a second; 0: not measured.
func (m *meter) rate(t tier) float64 {
	sum := 0.0
	for of, rate := range m.rates {
		if of := tier(of); of.meet(t) == of {
			sum += rate
		}
	}
	return sum
}

// depth is how many spatial and temporal layers there are; one of each before it is measured.
func (m *meter) depth() (spatials, temporals uint8) {
	spatials, temporals = 1, 1
	for t := range tier(tierCount) {
		if m.present.has(t) {
			spatials, temporals = max(spatials, t.spatial()+1), max(temporals, t.temporal()+1)
		}
	}
	return spatials, temporals
}
