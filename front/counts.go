package front

import (
	"sync/atomic"

	"github.com/parlorhq/parlor/internal/metrics"
)

// Why a packet was given up.
const (
	dropFull       = "udp_queue_full" // the kernel takes no more, and the queue is full
	dropUnsendable = "udp_unsendable" // the kernel refused it: no route, too large, forbidden
	dropClosed     = "udp_closed"     // it was still queued when the socket had to end
	dropTruncated  = "udp_truncated"  // it came in, but was larger than its reader takes
)

// counts are what the UDP sockets of a server did.
type counts struct {
	packetsOut, callsOut, packetsIn, callsIn atomic.Uint64

	metrics *metrics.Metrics
}

func newCounts(m *metrics.Metrics) *counts {
	c := &counts{metrics: m}
	counter := func(name, help string, v *atomic.Uint64) {
		m.Counter(name, help, func() float64 { return float64(v.Load()) })
	}
	counter("parlor_udp_packets_out_total", "UDP packets given to the kernel.", &c.packetsOut)
	counter("parlor_udp_calls_out_total", "Calls that gave them.", &c.callsOut)
	counter("parlor_udp_packets_in_total", "UDP packets taken from the kernel.", &c.packetsIn)
	counter("parlor_udp_calls_in_total", "Calls that took them.", &c.callsIn)
	return c
}

// dropped counts n packets given up.
func (c *counts) dropped(reason string, n int) {
	for range n {
		c.metrics.Dropped(reason)
	}
}
