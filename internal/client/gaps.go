package client

import (
	"slices"
	"time"

	"github.com/pion/rtcp"
)

// gaps is what is missing in one slot. pion's own generator is of no use here: it does not see what comes on the
// retransmission stream and asks for it again for seconds. Pure.
type gaps struct {
	started bool
	head    uint16
	missing []gap // oldest first, at most maxGaps
}

type gap struct {
	sequence uint16
	next     time.Time
	tries    int
}

const (
	maxGaps  = 256
	gapRetry = 150 * time.Millisecond
	gapTries = 8
)

// has tells whether a packet has come before: what is sent to measure a line is what was sent already.
func (g *gaps) has(sequence uint16) bool {
	if ahead := int16(sequence - g.head); !g.started || ahead > 0 || ahead < -maxGaps {
		return false
	}
	return !slices.ContainsFunc(g.missing, func(m gap) bool { return m.sequence == sequence })
}

// add notes a packet and returns the numbers to ask for now.
func (g *gaps) add(sequence uint16, now time.Time) (ask []uint16) {
	ahead := int16(sequence - g.head)
	switch {
	case !g.started, ahead > maxGaps, ahead < -maxGaps: // the first, or another stream
		*g = gaps{started: true, head: sequence, missing: g.missing[:0]}
	case ahead > 0:
		for n := g.head + 1; n != sequence; n++ {
			g.missing = append(g.missing, gap{sequence: n, next: now})
		}
		if over := len(g.missing) - maxGaps; over > 0 {
			g.missing = append(g.missing[:0], g.missing[over:]...)
		}
		g.head = sequence
	default:
		for i, m := range g.missing {
			if m.sequence == sequence {
				g.missing = append(g.missing[:i], g.missing[i+1:]...)
				break
			}
		}
	}
	kept := g.missing[:0]
	for _, m := range g.missing {
		if !now.Before(m.next) {
			ask = append(ask, m.sequence)
			m.tries, m.next = m.tries+1, now.Add(gapRetry)
		}
		if m.tries < gapTries {
			kept = append(kept, m)
		}
	}
	g.missing = kept
	return ask
}

// nack asks for packets again.
func nack(ssrc uint32, sequences []uint16) []rtcp.Packet {
	return []rtcp.Packet{&rtcp.TransportLayerNack{MediaSSRC: ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(sequences)}}
}
