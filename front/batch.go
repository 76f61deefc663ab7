package front

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

const (
	// batchPackets and batchBytes are what a batch holds: a frame of five packets to more than a hundred people.
	batchPackets = 1024
	batchBytes   = 1 << 20

	// maxSegments and maxRunBytes are what the kernel takes for one send that it cuts up itself (UDP_MAX_SEGMENTS, and the
	// largest IP packet less its headers).
	maxSegments = 64
	maxRunBytes = 65_000

	// places are where what is known of destinations is kept. Two that share one do each other no harm but some speed.
	places = 1024
)

// place is where something is kept about a destination.
func place(to netip.AddrPort) int {
	ip := to.Addr().As16()
	h := binary.LittleEndian.Uint64(ip[:8]) ^ binary.LittleEndian.Uint64(ip[8:]) ^ uint64(to.Port())<<48
	return int(h * 0x9E3779B97F4A7C15 >> 54)
}

// batch is packets that go to the kernel together, in as few messages as they may. It is pure: no socket, no lock.
type batch struct {
	bytes    []byte
	packets  []packet
	messages []message // the plan; see plan
	order    []int32   // packets in the order of messages

	last [places]int32 // the last packet to a destination of this place, + 1
}

// packet is one in a batch.
type packet struct {
	to         netip.AddrPort
	begin, end int32
	next       int32 // the packet after it in its run, + 1
	follows    bool  // it is in the run of one before it
}

// message is packets order[begin:end] of a batch: to one destination, all of the size of the first but for the last,
// which may be smaller. So the kernel can cut them out of one piece.
type message struct {
	begin, end int32
}

// newBatch has its bytes in memory.
func newBatch(memory []byte) *batch {
	return &batch{bytes: memory[:0]}
}

// fits says whether there is room for a packet of this size.
func (b *batch) fits(size int) bool {
	return len(b.packets) < batchPackets && size <= cap(b.bytes)-len(b.bytes)
}

// add copies a packet that fits into the batch.
func (b *batch) add(p []byte, to netip.AddrPort) {
	i := int32(len(b.packets))
	begin := int32(len(b.bytes))
	b.bytes = append(b.bytes, p...)
	b.packets = append(b.packets, packet{to: to, begin: begin, end: int32(len(b.bytes))})
	at := &b.last[place(to)]
	if *at > 0 && b.packets[*at-1].to == to {
		b.packets[*at-1].next = i + 1
		b.packets[i].follows = true
	}
	*at = i + 1
}

// data is what packet i has in it.
func (b *batch) data(i int32) []byte {
	p := &b.packets[i]
	return b.bytes[p.begin:p.end]
}

// holds says whether there are packets to a destination of this place.
func (b *batch) holds(place int) bool {
	return b.last[place] > 0
}

func (p *packet) size() int {
	return int(p.end - p.begin)
}

func (b *batch) empty() bool {
	return len(b.packets) == 0
}

func (b *batch) reset() {
	b.bytes, b.packets, b.messages, b.order = b.bytes[:0], b.packets[:0], b.messages[:0], b.order[:0]
	clear(b.last[:])
}

// plan makes messages of the packets, of at most so many each. Packets to one destination keep their order; those to
// others may come before them.
func (b *batch) plan(segments int) {
	b.messages, b.order = b.messages[:0], b.order[:0]
	if segments <= 1 {
		for i := range b.packets {
			b.order = append(b.order, int32(i))
			b.messages = append(b.messages, message{int32(i), int32(i) + 1})
		}
		return
	}
	for i := range b.packets {
		if !b.packets[i].follows {
			b.planRun(int32(i), segments)
		}
	}
}

// planRun makes messages of the run that begins with packet i.
func (b *batch) planRun(i int32, segments int) {
	for {
		m := message{begin: int32(len(b.order))}
		size, total := b.packets[i].size(), 0
		for {
			p := &b.packets[i]
			b.order = append(b.order, i)
			total += p.size()
			i = p.next - 1
			if i < 0 {
				break
			}
			next := b.packets[i].size()
			if p.size() < size || next > size || next == 0 || total+next > maxRunBytes || len(b.order)-int(m.begin) == segments {
				break
			}
		}
		m.end = int32(len(b.order))
		b.messages = append(b.messages, m)
		if i < 0 {
			return
		}
	}
}

// split makes a message of each packet of message i, for a kernel that refused them as one.
func (b *batch) split(i int) {
	m := b.messages[i]
	more := int(m.end-m.begin) - 1
	b.messages = slices.Grow(b.messages, more)[:len(b.messages)+more]
	copy(b.messages[i+1+more:], b.messages[i+1:])
	for k := range int32(more + 1) {
		b.messages[i+int(k)] = message{m.begin + k, m.begin + k + 1}
	}
}
