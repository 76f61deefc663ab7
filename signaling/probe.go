package signaling

import (
	"net/http"
	"time"
)

// probeGap is what lies between the two events of a probe.
const probeGap = time.Second

// serveProbe tells a client whether the network lets a stream through as it comes: two events that arrive together
// were kept back by somebody.
func (h *Handler) serveProbe(w http.ResponseWriter, r *http.Request) error {
	event := appendEvent(nil, []byte(beat), false)
	response := newEvents(w)
	if response.write(event) != nil {
		return nil // the client is gone
	}
	timer := time.NewTimer(probeGap)
	defer timer.Stop()
	select {
	case <-timer.C:
		_ = response.write(event) // or the client is gone
	case <-r.Context().Done():
	case <-h.ctx.Done():
	}
	return nil
}
