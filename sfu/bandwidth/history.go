package bandwidth

import "time"

// history is what is remembered of packets until the browser has reported on them. It grows while they do not fit, up to
// mostPackets; of what is older nothing is known any more.
type history struct {
	ring     []packet // a power of two
	next     int64    // number of the next packet, extended beyond 16 bits
	reported int64    // the highest that was reported on; -1 before the first
	sum      uint32   // bytes ever sent, and wraps
	reached  uint32   // sum with the packet that is reported

	forgotten uint64 // packets of which nothing was ever heard, for want of room
}

// packet is 16 bytes: there may be thousands for each browser.
type packet struct {
	at      time.Duration
	sum     uint32 // of history, with this one
	size    uint16
	cluster uint8 // of the prober; 0: none
	fate    fate
}

type fate uint8

const (
	flying fate = iota
	missing
	arrived
)

const (
	fewPackets  = 256
	mostPackets = 4096
)

// add remembers a packet and returns its number.
func (h *history) add(size int, at time.Duration, cluster uint8) int64 {
	if h.ring == nil {
		h.ring, h.reported = make([]packet, fewPackets), -1
	}
	slot := &h.ring[h.next&int64(len(h.ring)-1)]
	if h.next >= int64(len(h.ring)) && slot.fate == flying {
		if len(h.ring) < mostPackets {
			h.grow()
			slot = &h.ring[h.next&int64(len(h.ring)-1)]
		} else {
			h.forgotten++
		}
	}
	h.sum += uint32(size)
	*slot = packet{at: at, sum: h.sum, size: uint16(min(size, 1<<16-1)), cluster: cluster}
	h.next++
	return h.next - 1
}

func (h *history) grow() {
	ring := make([]packet, 2*len(h.ring))
	for n := h.next - int64(len(h.ring)); n < h.next; n++ {
		ring[n&int64(len(ring)-1)] = h.ring[n&int64(len(h.ring)-1)]
	}
	h.ring = ring
}

// number is the one nearest to the last sent that looks like this on the wire.
func (h *history) number(wire uint16) int64 {
	last := h.next - 1
	return last + int64(int16(wire-uint16(last)))
}

// news is what a report says of a packet.
type news uint8

const (
	known  news = iota // nothing new
	missed             // for the first time: it has not arrived
	came               // it has
	late               // it has, after it was missed
)

// report takes what the browser says of one packet.
func (h *history) report(number int64, arrives bool) (packet, news) {
	p := h.find(number)
	if p == nil {
		return packet{}, known
	}
	if number > h.reported {
		h.reported, h.reached = number, p.sum
	}
	switch {
	case p.fate == arrived, p.fate == missing && !arrives:
		return *p, known
	case !arrives:
		p.fate = missing
		return *p, missed
	case p.fate == missing:
		p.fate = arrived
		return *p, late
	default:
		p.fate = arrived
		return *p, came
	}
}

// find is nil for what was never sent or is forgotten.
func (h *history) find(number int64) *packet {
	if number < 0 || number >= h.next || number < h.next-int64(len(h.ring)) {
		return nil
	}
	return &h.ring[number&int64(len(h.ring)-1)]
}

// inFlight is how many bytes were sent since the last that was reported on.
func (h *history) inFlight() int { return int(h.sum - h.reached) }

// unreported is when the first and the last packet were sent after the last that was reported on.
func (h *history) unreported() (first, last time.Duration, ok bool) {
	if h.ring == nil || h.reported+1 >= h.next {
		return 0, 0, false
	}
	oldest := max(h.reported+1, h.next-int64(len(h.ring)), 0)
	return h.find(oldest).at, h.find(h.next - 1).at, true
}
