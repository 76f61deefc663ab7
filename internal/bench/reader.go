package bench

import (
	"sync"
	"sync/atomic"
	"time"
)

// reader is one whose messages count. receive is called from one goroutine at a time.
type reader struct {
	run   *run
	seat  Seat
	total atomic.Uint64

	mu sync.Mutex
	// Guarded by mu: between receive and the report.
	tallies []tally
	latency latency
	wrong   uint64
}

// receive takes a message of somebody.
func (rd *reader) receive(message []byte) {
	now := time.Now().UnixNano()
	id, n, at, err := readStamp(message)
	rd.mu.Lock()
	defer rd.mu.Unlock()
	if err != nil || int(id) >= len(rd.tallies) {
		rd.wrong++
		return
	}
	if !rd.tallies[id].add(n) {
		return
	}
	rd.total.Add(1)
	if rd.run.measures(at) {
		rd.latency.add(time.Duration(now - at))
	}
	if s := rd.run.senders[id]; s.room != nil {
		i := n % uint64(len(s.arrived))
		if s.arrived[i].Add(1) == int32(len(rd.run.readers)) {
			s.arrived[i].Store(0)
			s.room <- struct{}{} // there is a place: it was this message's
		}
	}
}
