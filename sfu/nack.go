package sfu

import "time"

// losses watches the numbering of one layer: what is missing, what came late, what came twice, and what to ask the
// publisher for again. It is pure.
type losses struct {
	started bool
	head    uint16 // highest number seen
	headAt  time.Time
	seen    [lossWindow / 64]uint64
	missing []missing // oldest first, at most maxMissing
	stray   uint16    // a number from far behind; a second one after it means that the sender began anew
	strayed bool
}

type missing struct {
	sequence uint16
	since    time.Time
	next     time.Time // when to ask
	tries    int
}

const (
	lossWindow = 1024
	maxMissing = 256
	nackRetry  = 80 * time.Millisecond
	nackTries  = 6
	nackMaxAge = 800 * time.Millisecond
	// After a break this long with so many missing nobody has a use for them any more: it goes on with a key frame. Who got them
	// would show what comes later as late as these were. Fewer may be what a slow screen lost.
	breakAfter   = time.Second
	breakPackets = 12
)

// arrival is what a packet's number says of it.
type arrival uint8

const (
	fresh     arrival = iota // ahead of all before
	recovered                // missing until now
	duplicate                // seen before
	tooOld                   // from before the window
	restarted                // the numbering begins anew, or what is between is given up
)

// add notes that a packet came.
func (l *losses) add(sequence uint16, now time.Time) arrival {
	if !l.started {
		l.restart(sequence, now)
		return fresh
	}
	switch ahead := int(int16(sequence - l.head)); {
	case ahead >= lossWindow, ahead > breakPackets && now.Sub(l.headAt) > breakAfter:
		l.restart(sequence, now)
		return restarted
	case ahead > 0:
		for n := l.head + 1; n != sequence; n++ {
			l.mark(n, false)
			l.miss(n, now)
		}
		l.mark(sequence, true)
		l.head, l.headAt, l.strayed = sequence, now, false
		return fresh
	case -ahead < lossWindow:
		if l.seen[sequence%lossWindow/64]&(1<<(sequence%64)) != 0 {
			return duplicate
		}
		l.mark(sequence, true)
		l.found(sequence)
		return recovered
	case l.strayed && sequence == l.stray+1:
		l.restart(sequence, now)
		return restarted
	default:
		l.stray, l.strayed = sequence, true
		return tooOld
	}
}

// due appends the numbers to ask for now, in order.
func (l *losses) due(now time.Time, out []uint16) []uint16 {
	left := l.missing[:0]
	for _, m := range l.missing {
		if m.tries >= nackTries || now.Sub(m.since) > nackMaxAge {
			continue
		}
		if !now.Before(m.next) {
			out = append(out, m.sequence)
			m.tries++
			m.next = now.Add(nackRetry)
		}
		left = append(left, m)
	}
	l.missing = left
	return out
}

// pending tells whether something may have to be asked for (again) even if no more packets come.
func (l *losses) pending() bool { return len(l.missing) > 0 }

func (l *losses) restart(sequence uint16, now time.Time) {
	*l = losses{started: true, head: sequence, headAt: now, missing: l.missing[:0]}
	// What was before is of no interest: it counts as seen, so that it is neither asked for nor forwarded.
	for i := range l.seen {
		l.seen[i] = ^uint64(0)
	}
}

func (l *losses) mark(sequence uint16, seen bool) {
	bit := uint64(1) << (sequence % 64)
	if seen {
		l.seen[sequence%lossWindow/64] |= bit
	} else {
		l.seen[sequence%lossWindow/64] &^= bit
	}
}

func (l *losses) miss(sequence uint16, now time.Time) {
	if len(l.missing) == maxMissing {
		l.missing = append(l.missing[:0], l.missing[1:]...)
	}
	l.missing = append(l.missing, missing{sequence: sequence, since: now, next: now})
}

func (l *losses) found(sequence uint16) {
	for i, m := range l.missing {
		if m.sequence == sequence {
			l.missing = append(l.missing[:i], l.missing[i+1:]...)
			return
		}
	}
}
