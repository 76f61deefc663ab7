package sfu

import (
	"encoding/binary"
	"time"

	"github.com/pion/rtp"

	"github.com/parlorhq/parlor/sfu/bandwidth"
)

// queue holds packets of pictures that wait for their turn on a line, in order. It is bounded in packets and bytes, and
// what a line does not carry in time is sent late rather than kept, so it fills only with more than waitMost of pictures.
// Memory is taken as it fills and then used again. Not safe for concurrent use.
type queue struct {
	ring  []queued // a power of two
	first uint
	count int
	bytes int
	used  time.Time // when something was put in last
}

// queued is a packet as it is to go out, but for its number.
type queued struct {
	outgoing
	since  time.Time
	leaves bool // it is being written
	header int  // bytes of data that are the header; the rest is the payload
	data   []byte
}

const (
	queuePackets = 512
	queueBytes   = 512 << 10
	// waitMost is how long a packet waits at most: a picture is of no use later.
	waitMost = 250 * time.Millisecond
	// queueIdle is after how long without use memory is given back.
	queueIdle = 10 * time.Second
)

func (q *queue) len() int { return q.count }

// push puts a copy of a packet at the end; false if there is no room.
func (q *queue) push(p *outgoing, header *rtp.Header, payload []byte, now time.Time) bool {
	if q.count == queuePackets || q.bytes+p.size > queueBytes {
		return false
	}
	if q.count == len(q.ring) {
		q.grow()
	}
	w := &q.ring[(q.first+uint(q.count))&uint(len(q.ring)-1)]
	n := header.MarshalSize()
	if cap(w.data) < n+len(payload) {
		w.data = make([]byte, 0, packetBytes)
	}
	w.data = w.data[:n]
	if _, err := header.MarshalTo(w.data); err != nil {
		return false
	}
	w.data = append(w.data, payload...)
	w.outgoing, w.since, w.header, w.leaves = *p, now, n, false
	q.count++
	q.bytes += p.size
	q.used = now
	return true
}

func (q *queue) grow() {
	ring := make([]queued, max(2*len(q.ring), 16))
	for i := range q.count {
		ring[i] = q.ring[(q.first+uint(i))&uint(len(q.ring)-1)]
	}
	q.ring, q.first = ring, 0
}

// head is the packet that has waited longest; nil if there is none. It is good until pop.
func (q *queue) head() *queued {
	if q.count == 0 {
		return nil
	}
	return &q.ring[q.first]
}

func (q *queue) pop() {
	w := &q.ring[q.first]
	q.bytes -= w.size
	w.outgoing = outgoing{}
	q.first = (q.first + 1) & uint(len(q.ring)-1)
	q.count--
}

// cut takes out what waits of a slot, but for what is being written. It counts those that have the last numbers given.
func (q *queue) cut(s *slot, last uint16) (packets int) {
	at := func(i int) *queued { return &q.ring[(q.first+uint(i))&uint(len(q.ring)-1)] }
	for i := q.count - 1; i >= 0; i-- {
		if w := at(i); w.slot == s && !w.leaves && w.kind == bandwidth.Video && w.sequence == last-uint16(packets) {
			packets++
		}
	}
	kept := 0
	for i := range q.count {
		w := at(i)
		if w.slot == s && !w.leaves {
			q.bytes -= w.size
			w.outgoing = outgoing{}
			continue
		}
		if kept != i {
			*at(kept), *w = *w, *at(kept) // each has memory of its own
		}
		kept++
	}
	q.count = kept
	return packets
}

// idle tells whether its memory may be given back.
func (q *queue) idle(now time.Time) bool {
	return q.ring != nil && q.count == 0 && now.Sub(q.used) > queueIdle
}

// unpack reads the packet into memory of the caller's, and writes its number into it. What it returns is in w.
func (w *queued) unpack(o *scratch, number uint16) (payload []byte, ok bool) {
	if _, err := o.header.Unmarshal(w.data[:w.header]); err != nil {
		return nil, false
	}
	if at := o.header.GetExtension(w.number); len(at) == numberBytes {
		binary.BigEndian.PutUint16(at, number)
	}
	return w.data[w.header:], true
}
