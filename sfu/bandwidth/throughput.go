package bandwidth

import "time"

// throughput is the rate at which packets arrive, by the browser's clock.
//
// While they wait in a queue the line is busy, and what arrives then is what it carries, known within a tenth of a second.
// At other times what arrives is only what was sent.
type throughput struct {
	all meter
	now time.Duration // the last arrival

	// The present time of being busy, in two halves, so that the older can be forgotten.
	before, current stretch
}

// stretch is what arrived after a moment.
type stretch struct {
	since time.Duration
	bytes int
	open  bool
}

const (
	throughputSpan = 500 * time.Millisecond
	busyAbove      = 10 * time.Millisecond // of waiting
	busyLeast      = 40 * time.Millisecond // to measure
	busyHalf       = 200 * time.Millisecond
)

func newThroughput() throughput { return throughput{all: newMeter(throughputSpan)} }

// add takes an arrival of a packet that waited so long.
func (t *throughput) add(size int, arrived, waited time.Duration) {
	t.all.add(size, arrived)
	t.now = arrived
	switch {
	case waited < busyAbove:
		t.before, t.current = stretch{}, stretch{since: arrived, open: true}
	case arrived < t.current.since || !t.current.open:
		t.before, t.current = stretch{}, stretch{since: arrived, open: true}
	case arrived-t.current.since > busyHalf:
		t.before, t.current = t.current, stretch{since: arrived, open: true}
		t.before.bytes += size
	default:
		t.current.bytes += size
	}
}

// rate is what arrives, in bits a second; 0 if nothing has yet.
func (t *throughput) rate() float64 {
	if t.all.total == 0 {
		return 0
	}
	return t.all.rate(t.now)
}

// carried is what the line carries, if it is busy; else what arrives.
func (t *throughput) carried() float64 {
	since, bytes := t.current.since, t.current.bytes
	if t.before.open {
		since, bytes = t.before.since, bytes+t.before.bytes
	}
	if span := t.now - since; t.current.open && span >= busyLeast {
		return float64(bytes) * 8 / span.Seconds()
	}
	return t.rate()
}

// meter is how much there was lately: a span of about eight slots.
type meter struct {
	slot  time.Duration // static
	total uint64        // bytes ever
	slots [meterSlots]uint32
	at    int64 // number of the slot that is being filled
}

const meterSlots = 8

func newMeter(span time.Duration) meter { return meter{slot: span / meterSlots} }

func (m *meter) add(size int, at time.Duration) {
	m.turn(at)
	m.slots[m.at&(meterSlots-1)] += uint32(size)
	m.total += uint64(size)
}

// turn empties the slots whose time has come again. What is a little late counts for now.
func (m *meter) turn(at time.Duration) {
	slot := int64(at / m.slot)
	if slot-m.at >= meterSlots || m.at-slot >= meterSlots {
		m.slots, m.at = [meterSlots]uint32{}, slot
	}
	for m.at < slot {
		m.at++
		m.slots[m.at&(meterSlots-1)] = 0
	}
}

// rate is in bits a second.
func (m *meter) rate(at time.Duration) float64 {
	m.turn(at)
	var bytes uint32
	for _, n := range m.slots {
		bytes += n
	}
	span := (meterSlots-1)*m.slot + max(at-time.Duration(m.at)*m.slot, 0)
	return float64(bytes) * 8 / span.Seconds()
}
