package front

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/http"
	"sync"

	"github.com/parlorhq/parlor/internal/metrics"
)

// refusedWaiting: an HTTP connection was the oldest of too many that waited.
const refusedWaiting = "http_waiting"

// Waiting bounds the HTTP connections that have said what they speak and now wait: for the rest of a first request, or for
// another one. Of too many the oldest is closed. A browser opens it again when it has something to ask; who came only to
// hold connections holds few. Those that are answered do not count, however long it takes.
type Waiting struct {
	// Static.
	max     int
	metrics *metrics.Metrics

	mu sync.Mutex
	// Guarded by mu.
	conns *list.List // of net.Conn, oldest first
	at    map[net.Conn]*list.Element
}

// NewWaiting bounds them to so many, over all servers it is given to.
func NewWaiting(most int, m *metrics.Metrics) *Waiting {
	w := &Waiting{max: most, metrics: m, conns: list.New(), at: map[net.Conn]*list.Element{}}
	m.Gauge("parlor_http_waiting", "HTTP connections that wait for a request.", func() float64 {
		w.mu.Lock()
		defer w.mu.Unlock()
		return float64(w.conns.Len())
	})
	return w
}

// ConnState is what http.Server tells of its connections.
func (w *Waiting) ConnState(c net.Conn, s http.ConnState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e, ok := w.at[c]; ok {
		w.conns.Remove(e)
		delete(w.at, c)
	}
	if s != http.StateNew && s != http.StateIdle {
		return
	}
	if w.conns.Len() >= w.max {
		oldest := w.conns.Remove(w.conns.Front()).(net.Conn)
		delete(w.at, oldest)
		w.metrics.Refused(refusedWaiting)
		if secure, ok := oldest.(*tls.Conn); ok {
			oldest = secure.NetConn() // TLS would take leave first, for up to 5 s, and everybody would wait here
		}
		_ = oldest.Close()
	}
	w.at[c] = w.conns.PushBack(c)
}
