package metrics

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCountsAreServed(t *testing.T) {
	m := New()
	m.Refused("too_large")
	m.Refused("too_large")
	m.Dropped("queue_full")
	m.Gauge("parlor_rooms", "Rooms.", func() float64 { return 3 })
	if got := m.RefusedCount("too_large"); got != 2 {
		t.Errorf("refused = %v, want 2", got)
	}
	if got := m.DroppedCount("queue_full"); got != 1 {
		t.Errorf("dropped = %v, want 1", got)
	}
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	body, _ := io.ReadAll(rec.Body)
	for _, want := range []string{`parlor_refused_total{code="too_large"} 2`, `parlor_dropped_total{reason="queue_full"} 1`, "parlor_rooms 3"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("no %q in what is served", want)
		}
	}
}

func TestNilCountsNothing(t *testing.T) {
	var m *Metrics
	m.Refused("x")
	m.Dropped("x")
	m.Gauge("a", "b", nil)
	m.Counter("a", "b", nil)
	if m.RefusedCount("x") != 0 || m.DroppedCount("x") != 0 {
		t.Error("a nil Metrics counted")
	}
}
