package bandwidth

import "time"

const (
	tickEvery = 200 * time.Millisecond
	tickFull  = 50 * time.Millisecond
	// silentAfter is how long a browser may say nothing of what it was sent. Reports come every 50 to 250 ms.
	silentAfter = time.Second
	// What is lost while packets wait for longer than quietQueue may be what did not fit into a queue.
	quietQueue = 50 * time.Millisecond
	// repeatMost of the estimate is put aside for what is sent again: a burst of losses does not take the picture away.
	repeatMost = 0.2
	// What waits for longer than plainQueue, while much less is carried than is sent, needs no trend to be seen.
	plainQueue = 80 * time.Millisecond
	plainShare = 0.75

	// The line is full when it is seen to be overused and a packet would wait for longer than fullAbove; it is until
	// that is below fullBelow, which is gone when a key frame that is asked for then comes. It is not for longer than
	// fullMost: what only looks like a queue does not drain.
	fullAbove = 150 * time.Millisecond
	fullBelow = 250 * time.Millisecond
	fullMost  = 2 * time.Second
)

// Line is what is known of the way to one browser.
type Line struct {
	// Static after New.
	start time.Time

	history    history
	clock      clock
	groups     groups
	trend      trend
	throughput throughput
	delay      delay
	losses     losses
	rate       rate
	prober     prober
	opinion    opinion
	pace       pace
	sent       [kinds]meter

	firstAt   time.Duration // the first packet
	heard     bool          // a report has come
	heardAt   time.Duration // the last one
	silenceAt time.Duration // when the estimate fell for silence
	movedAt   time.Duration // it is another way since
	overuseAt time.Duration
	overused  bool
	wanting   bool // more than is shown
	full      bool
	fullSince time.Duration
	counts    counts
}

type counts struct {
	overuses, probes, raised, silences, stray uint64
}

// New returns a line of which nothing is known.
func New(c Config, now time.Time) *Line {
	c = c.withDefaults()
	l := &Line{
		start:      now,
		trend:      newTrend(),
		rate:       newRate(float64(c.Start), float64(c.Least), float64(c.Most)),
		prober:     newProber(float64(c.Most)),
		throughput: newThroughput(),
	}
	for i := range l.sent {
		l.sent[i] = newMeter(time.Second)
	}
	return l
}

// Sent takes note of a packet that goes out now and returns its transport-wide number. Size is that of the RTP packet
// with its header.
func (l *Line) Sent(size int, kind Kind, now time.Time) uint16 {
	at := now.Sub(l.start)
	if kind >= kinds {
		kind = Video
	}
	if l.history.next == 0 {
		l.firstAt = at
	}
	l.sent[kind].add(size, at)
	number := l.history.add(size, at, l.prober.cluster())
	l.prober.sent(size, number, at)
	if kind == Video || kind == Repeat {
		l.pace.sent(size, l.rate.bits, at)
	}
	return uint16(number)
}

// Wait is how long the next packet of a picture should wait before it is sent, at most a quarter of a second: 0 on a line
// that has room, and on one of which nothing is heard. Audio and padding do not wait.
func (l *Line) Wait(now time.Time) time.Duration {
	at := now.Sub(l.start)
	if l.rate.bits >= roomy && !l.wanting || !l.heard && at-l.firstAt > silentAfter {
		return 0
	}
	return l.pace.wait(at)
}

// Move says that packets go by another way from now on, which may be longer or shorter: what was on its way on the former says
// nothing about this one, and that this one takes longer is no queue. How much it carries is taken to be as before until it shows.
func (l *Line) Move(now time.Time) {
	at := now.Sub(l.start)
	l.movedAt, l.full, l.overused = at, false, false
	l.groups, l.trend, l.delay = groups{}, newTrend(), delay{}
	l.losses.forget()
	l.prober.open(at)
}

// Feedback takes the browser's report, an RTCP packet that Cut has cut off. It is true if the estimate fell, so that what is
// shown should be divided anew without waiting for the next tick.
func (l *Line) Feedback(report []byte, now time.Time) (fell bool) {
	at := now.Sub(l.start)
	if !l.read(report, at) {
		return false
	}
	if l.heard && at-l.heardAt > silentAfter {
		// The line was gone, and what was lost meanwhile says nothing about how wide it is now.
		l.losses.forget()
		l.prober.open(at)
	}
	l.heard, l.heardAt = true, at
	before := l.rate.bits
	acked := l.throughput.rate()
	usage := l.usage(at)
	if usage == overusing {
		l.overuseAt, l.overused = at, true
		acked = l.throughput.carried()
	}
	if l.losses.close(at, l.sentRate(at), usage == overusing || l.delay.queue() > quietQueue) {
		l.rate.lose(l.losses.excess(), acked, l.delay.roundTrip(), at)
	}
	if l.rate.update(usage, acked, l.sentRate(at), l.delay.roundTrip(), l.losses.grows(), at) {
		l.counts.overuses++
		l.prober.fell(at)
		if !l.full && l.waiting(at) > fullAbove {
			l.full, l.fullSince = true, at
		}
	}
	l.drain(at)
	if measured, sent, ok := l.prober.result(l.history.reported, at); ok {
		if l.prober.learn(measured, sent, l.rate.bits, at) {
			l.counts.raised++
		}
		l.rate.measured(measured, acked, measured < sent)
	}
	return l.rate.bits < before
}

// usage is what the trend says, but for what is plain to see.
func (l *Line) usage(at time.Duration) usage {
	switch {
	case l.plain(at):
		return overusing
	case l.trend.usage != overusing:
		return l.trend.usage
	case !l.delay.builds():
		return underusing // it was overused, and the queue drains
	case !l.delay.stands(at):
		return normal // perhaps only a burst, of this browser's or another's
	default:
		return overusing
	}
}

// waiting is how long a packet that is sent now would wait on the line: for all that has not arrived, but for what
// would be on its way anyway.
func (l *Line) waiting(at time.Duration) time.Duration {
	carried := l.throughput.carried()
	if carried <= 0 {
		return 0
	}
	all := time.Duration(float64(l.history.inFlight()*8) / carried * float64(time.Second))
	return all - (at - l.heardAt) - l.delay.shortest.now()
}

// drain ends being full.
func (l *Line) drain(at time.Duration) {
	if l.full && (l.waiting(at) < fullBelow || at-l.fullSince > fullMost) {
		l.full = false
	}
}

// plain tells whether much less is carried than is sent, without a doubt.
func (l *Line) plain(at time.Duration) bool {
	return l.delay.builds() && l.delay.queue() > plainQueue && l.throughput.carried() < plainShare*l.sentRate(at)
}

// read goes through a report. It is false if that says nothing new.
func (l *Line) read(report []byte, at time.Duration) (news bool) {
	r, ok := read(report)
	if !ok {
		l.counts.stray++
		return false
	}
	reference := l.clock.read(r.reference)
	first := l.history.number(r.first)
	l.delay.begin()
	for r.next() {
		number := first + int64(r.offset)
		if number >= l.history.next {
			l.counts.stray++ // never sent
			break
		}
		p, is := l.history.report(number, r.arrived)
		if is == known {
			continue
		}
		news = true
		if p.at < l.movedAt {
			continue
		}
		if is == missed {
			l.losses.add(true, p.at)
			continue
		}
		arrived := reference + r.at
		if is == late {
			l.losses.found()
		} else {
			l.losses.add(false, p.at)
		}
		waited := l.delay.add(p.at, arrived, at, number == l.history.reported)
		l.throughput.add(int(p.size), arrived, waited)
		if p.cluster != 0 {
			// Bursts that were sent to see whether they queue say nothing about the rest.
			l.prober.arrived(p.cluster, int(p.size), p.at, arrived)
			continue
		}
		if d, ok := l.groups.add(p.at, arrived, at); ok {
			l.trend.add(d)
		}
	}
	l.delay.end(at)
	return news
}

// Tick says what to do now. Want is what Share found that pictures would take together, or 0 if nothing is missing.
func (l *Line) Tick(now time.Time, want int) Advice {
	at := now.Sub(l.start)
	silent := l.silence(at)
	l.drain(at)
	l.prober.expire(l.delay.roundTrip(), at)
	aside := l.sent[Audio].rate(at) + min(l.sent[Repeat].rate(at), repeatMost*l.rate.bits)
	all := float64(want)
	l.wanting = want > 0
	if l.wanting {
		all += aside
	}
	calm := l.heard && silent < silentAfter && l.losses.grows() && (!l.overused || at-l.overuseAt >= calmFor)
	if calm && l.prober.begin(l.rate.bits, all, at) {
		l.counts.probes++
	}
	padding, again := l.prober.padding(at)
	if l.full {
		again = min(again, tickFull)
	}
	quality := l.opinion.update(signs{
		heard: l.heard, silent: silent, loss: l.losses.recent(), roundTrip: l.delay.roundTrip(),
		queue: l.delay.queue(), estimate: l.rate.bits, want: all,
	}, at)
	return Advice{
		Video: int(max(l.rate.bits-aside, 0)), Full: l.full,
		Padding: padding, Again: again, Quality: quality,
	}
}

// silence is for how long packets have been sent of which the browser says nothing. While that goes on the estimate falls:
// nobody knows what is still there of the line.
func (l *Line) silence(at time.Duration) time.Duration {
	oldest, newest, flying := l.history.unreported()
	if !l.heard || !flying {
		return 0
	}
	silent := newest - max(oldest, l.heardAt)
	if silent >= silentAfter+l.delay.roundTrip() && at-l.silenceAt >= silentAfter {
		l.silenceAt = at
		l.counts.silences++
		l.rate.halve(at)
	}
	return max(silent, 0)
}

func (l *Line) sentRate(at time.Duration) (bits float64) {
	for i := range l.sent {
		bits += l.sent[i].rate(at)
	}
	return bits
}

// Figures are those of now.
func (l *Line) Figures() Figures {
	return Figures{
		Estimate: int(l.rate.bits), Acked: int(l.throughput.rate()), Loss: l.losses.recent(), Own: l.losses.own,
		RoundTrip: l.delay.roundTrip(), Queue: l.delay.queue(), Usage: l.trend.usage.String(), Full: l.full,
		InFlight: l.history.inFlight(),
		Overuses: l.counts.overuses, Probes: l.counts.probes, Raised: l.counts.raised,
		Silences: l.counts.silences, Stray: l.counts.stray, Forgotten: l.history.forgotten, Padding: l.sent[Padding].total,
	}
}
