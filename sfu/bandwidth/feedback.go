package bandwidth

import (
	"time"

	"github.com/pion/rtcp"
)

// reader goes through the packets that a report speaks of. It does not trust it: what is said of more packets than there is
// room for in a number, or of arrivals without times, ends it.
type reader struct {
	fb *rtcp.TransportLayerCC

	chunk, within int // the next status
	deltas        int // read
	count         int

	// Of the packet that next has gone to.
	offset  int // from the first
	arrived bool
	at      time.Duration // since the report's reference time
}

// next goes to the next packet of which something is said.
func (r *reader) next() bool {
	for r.count < int(r.fb.PacketStatusCount) {
		symbol, ok := r.symbol()
		if !ok {
			return false
		}
		r.offset = r.count
		r.count++
		switch symbol {
		case rtcp.TypeTCCPacketNotReceived:
			r.arrived = false
			return true
		case rtcp.TypeTCCPacketReceivedSmallDelta, rtcp.TypeTCCPacketReceivedLargeDelta:
			if r.deltas >= len(r.fb.RecvDeltas) || r.fb.RecvDeltas[r.deltas] == nil {
				return false
			}
			r.at += time.Duration(r.fb.RecvDeltas[r.deltas].Delta) * time.Microsecond
			r.deltas++
			r.arrived = true
			return true
		}
	}
	return false
}

func (r *reader) symbol() (symbol uint16, ok bool) {
	for r.chunk < len(r.fb.PacketChunks) {
		switch c := r.fb.PacketChunks[r.chunk].(type) {
		case *rtcp.RunLengthChunk:
			if c != nil && r.within < int(c.RunLength) {
				r.within++
				return c.PacketStatusSymbol, true
			}
		case *rtcp.StatusVectorChunk:
			if c != nil && r.within < len(c.SymbolList) {
				r.within++
				return c.SymbolList[r.within-1], true
			}
		}
		r.chunk, r.within = r.chunk+1, 0
	}
	return 0, false
}

// clock is the browser's: reports count from a reference of 24 bits in units of 64 ms.
type clock struct {
	last    uint32
	now     time.Duration
	started bool
}

const referenceUnit = 64 * time.Millisecond

// read is the reference on a line of time that does not wrap.
func (c *clock) read(reference uint32) time.Duration {
	if c.started {
		c.now += time.Duration(int32((reference-c.last)<<8)>>8) * referenceUnit
	}
	c.last, c.started = reference, true
	return c.now
}
