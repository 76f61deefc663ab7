package client

import (
	"time"

	"github.com/pion/rtcp"
)

// arrivals are what came of one stream, for the reports on it (RFC 3550, A.3). Pure.
type arrivals struct {
	started  bool
	base     uint32 // extended sequence number of the first packet
	highest  uint32 // extended
	received uint32

	priorExpected, priorReceived uint32

	clock   uint32 // the middle of the last sender report's time
	clockAt time.Time
}

// add notes a packet. One that is late does not move highest.
func (a *arrivals) add(sequence uint16) {
	if !a.started {
		a.started = true
		a.base = uint32(sequence) + 1<<16
		a.highest = a.base
	}
	if ahead := int16(sequence - uint16(a.highest)); ahead > 0 {
		a.highest += uint32(ahead)
	}
	a.received++
}

// report is the block on what came since the last one; ok is false if that is nothing.
func (a *arrivals) report(ssrc uint32, now time.Time) (block rtcp.ReceptionReport, ok bool) {
	if !a.started || a.received == a.priorReceived {
		return block, false
	}
	expected := a.highest - a.base + 1
	span, came := expected-a.priorExpected, a.received-a.priorReceived
	a.priorExpected, a.priorReceived = expected, a.received
	block = rtcp.ReceptionReport{SSRC: ssrc, LastSequenceNumber: a.highest}
	if expected > a.received {
		block.TotalLost = min(expected-a.received, 1<<23-1)
	}
	if span > came {
		block.FractionLost = uint8((span - came) << 8 / span)
	}
	if !a.clockAt.IsZero() {
		block.LastSenderReport = a.clock
		block.Delay = uint32(int64(now.Sub(a.clockAt)) << 16 / int64(time.Second))
	}
	return block, true
}
