package bandwidth

import (
	"encoding/binary"
	"time"
)

// A report is an RTCP packet of transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01): the number
// of the first packet it speaks of and how many there are, a reference time, then what became of each in chunks of two
// bytes, then how long after the one before each came that did.
const (
	rtcpHeader    = 4
	reportHeader  = 20
	transportType = 205 // RTPFB
	reportFormat  = 15
	referenceUnit = 64 * time.Millisecond
	deltaUnit     = 250 * time.Microsecond

	notReceived = 0
	smallDelta  = 1 // in one byte
	largeDelta  = 2 // in two
)

// Cut takes the first packet off a compound RTCP packet, and tells whether it is for Feedback. The rest of what is no
// RTCP is empty.
func Cut(compound []byte) (packet, rest []byte, feedback bool) {
	if len(compound) < rtcpHeader {
		return compound, nil, false
	}
	n := rtcpHeader * (int(binary.BigEndian.Uint16(compound[2:])) + 1)
	if n > len(compound) {
		return compound, nil, false
	}
	return compound[:n], compound[n:], compound[0]&0x1f == reportFormat && compound[1] == transportType
}

// reader goes through the packets that a report speaks of, without trusting it: what is said of arrivals without times
// ends it.
type reader struct {
	first     uint16
	reference uint32 // in 24 bits

	chunks []byte
	deltas []byte
	left   int    // packets
	chunk  uint16 // the present one
	run    int    // packets left in it

	// Of the packet that next has gone to.
	offset  int // from the first
	arrived bool
	at      time.Duration // since the reference
}

// read is false for what is no report.
func read(b []byte) (r reader, ok bool) {
	if len(b) < reportHeader || b[0]>>6 != 2 || b[0]&0x1f != reportFormat || b[1] != transportType {
		return r, false
	}
	r = reader{
		first:     binary.BigEndian.Uint16(b[12:]),
		left:      int(binary.BigEndian.Uint16(b[14:])),
		reference: binary.BigEndian.Uint32(b[16:]) >> 8,
		offset:    -1,
	}
	body := b[reportHeader:]
	n := 0
	for packets := 0; packets < r.left && n+2 <= len(body); n += 2 {
		packets += length(binary.BigEndian.Uint16(body[n:]))
	}
	r.chunks, r.deltas = body[:n], body[n:]
	return r, true
}

// length is how many packets a chunk speaks of.
func length(chunk uint16) int {
	switch chunk >> 14 {
	case 0, 1:
		return int(chunk & 0x1fff) // all the same
	case 2:
		return 14
	default:
		return 7
	}
}

// next goes to the next packet of which something is said.
func (r *reader) next() bool {
	for r.left > 0 {
		for r.run == 0 {
			if len(r.chunks) < 2 {
				return false
			}
			r.chunk, r.chunks = binary.BigEndian.Uint16(r.chunks), r.chunks[2:]
			r.run = length(r.chunk)
		}
		symbol := r.symbol()
		r.left--
		r.offset++
		switch {
		case symbol == notReceived:
			r.arrived = false
			return true
		case symbol == smallDelta && len(r.deltas) >= 1:
			r.at += time.Duration(r.deltas[0]) * deltaUnit
			r.deltas = r.deltas[1:]
			r.arrived = true
			return true
		case symbol == largeDelta && len(r.deltas) >= 2:
			r.at += time.Duration(int16(binary.BigEndian.Uint16(r.deltas))) * deltaUnit
			r.deltas = r.deltas[2:]
			r.arrived = true
			return true
		case symbol <= largeDelta:
			return false
		}
	}
	return false
}

// symbol is what the present chunk says of its next packet.
func (r *reader) symbol() uint16 {
	r.run--
	switch r.chunk >> 14 {
	case 0, 1:
		return r.chunk >> 13 & 3
	case 2:
		return r.chunk >> r.run & 1
	default:
		return r.chunk >> (2 * r.run) & 3
	}
}

// clock is the browser's, on a line of time that does not wrap.
type clock struct {
	last    uint32
	now     time.Duration
	started bool
}

func (c *clock) read(reference uint32) time.Duration {
	if c.started {
		c.now += time.Duration(int32((reference-c.last)<<8)>>8) * referenceUnit
	}
	c.last, c.started = reference, true
	return c.now
}
