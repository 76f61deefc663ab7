package bandwidth

import "time"

// delay is how long packets take: to the browser and back, and what part of the way there they wait in a queue.
//
// The clocks of both ends differ by an unknown amount, so nothing is known of the way there but its changes: what it
// takes beyond the least of the last seconds is taken for a queue.
type delay struct {
	least  lowest
	recent [delayRecent]time.Duration // the last arrivals; one that was late by itself is no queue
	n      int
	waits  time.Duration
	before time.Duration // waits at the report before
	queued time.Duration // the last report at which it did not build
	usual  time.Duration // smoothed: a radio makes packets wait without any queue

	trip     time.Duration // smoothed
	shortest lowest
	nearest  time.Duration // of the report being read; 0: none
}

const (
	delayRecent = 4
	leastFor    = 10 * time.Second
	queueLeast  = 20 * time.Millisecond
	queueSlack  = 5 * time.Millisecond
	queueStands = 100 * time.Millisecond
	// firstTrip is taken for the round trip before one was measured.
	firstTrip = 200 * time.Millisecond
)

// begin is called before a report is read.
func (d *delay) begin() { d.nearest = 0 }

// add takes an arrival and returns how long it waited. Only the newest of all tells of the round trip: others were
// reported late.
func (d *delay) add(sent, arrived, at time.Duration, newest bool) (waited time.Duration) {
	way := arrived - sent
	d.least.add(way, at)
	d.recent[d.n%delayRecent] = way
	d.n++
	if newest {
		d.nearest = max(at-sent, time.Microsecond)
	}
	return way - d.least.now()
}

// end is called after a report was read.
func (d *delay) end(at time.Duration) {
	if d.nearest > 0 {
		if d.trip == 0 {
			d.trip = d.nearest
		}
		d.trip += (d.nearest - d.trip) / 8
		d.shortest.add(d.nearest, at)
	}
	if d.n >= delayRecent {
		way := d.recent[0]
		for _, other := range d.recent[1:] {
			way = min(way, other)
		}
		d.before, d.waits = d.waits, max(way-d.least.now(), 0)
	}
	if !d.builds() {
		d.queued = at
	}
	d.usual += (d.waits - d.usual) / 32
}

// builds tells whether there is a queue, and it does not drain.
func (d *delay) builds() bool { return d.waits >= d.usual+queueLeast && d.waits >= d.before-queueSlack }

// stands tells whether the queue is there for longer than a burst takes.
func (d *delay) stands(at time.Duration) bool { return at-d.queued >= queueStands }

func (d *delay) queue() time.Duration { return d.waits }

func (d *delay) roundTrip() time.Duration {
	if d.trip == 0 {
		return firstTrip
	}
	return d.trip
}

// lowest is the least of the last one to two spans.
type lowest struct {
	before, current time.Duration
	since           time.Duration
	started         bool
}

func (l *lowest) add(v, at time.Duration) {
	switch {
	case !l.started:
		*l = lowest{before: v, current: v, since: at, started: true}
	case at-l.since >= leastFor:
		l.before, l.current, l.since = l.current, v, at
	default:
		l.current = min(l.current, v)
	}
}

func (l *lowest) now() time.Duration { return min(l.before, l.current) }
