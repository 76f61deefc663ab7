package signaling

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/internal/metrics"
	"github.com/parlorhq/parlor/room"
)

func newTestHandler(t *testing.T, cfg Config) *Handler {
	t.Helper()
	cfg.Log, cfg.Metrics = zerolog.Nop(), metrics.New()
	cfg.Rooms = room.NewRooms(room.Config{Encode: EncodeEvent, Log: cfg.Log})
	h := New(cfg)
	t.Cleanup(h.Close)
	return h
}

func TestOrigins(t *testing.T) {
	h := newTestHandler(t, Config{Origins: []string{"https://app.example", "https://other.example:8443"}})
	for _, tt := range []struct {
		origin string
		want   bool
	}{
		{"", true}, // a program
		{"https://parlor.example", true},
		{"http://PARLOR.example", true},
		{"https://app.example", true},
		{"https://other.example:8443", true},
		{"https://other.example", false},
		{"http://app.example", false}, // the operator said https
		{"https://app.example.evil.com", false},
		{"https://evil.com", false},
		{"https://parlor.example.evil.com", false},
		{"https://parlor.example:444", false},
		{"null", false},
		{"file://", false},
		{"https://parlor.example@evil.com", false},
		{"%zz", false},
	} {
		r := httptest.NewRequest(http.MethodGet, "http://parlor.example/v1/ws", nil)
		if tt.origin != "" {
			r.Header.Set("Origin", tt.origin)
		}
		if got := h.checkOrigin(r); got != tt.want {
			t.Errorf("origin %q: %v", tt.origin, got)
		}
	}
}

func TestARefusedOriginIsAProblemAndCounted(t *testing.T) {
	h := newTestHandler(t, Config{Limits: Limits{Connections: 1, ConnectionsPerIP: 1}})
	r := httptest.NewRequest(http.MethodGet, "http://parlor.example/v1/ws", nil)
	for k, v := range map[string]string{
		"Origin": "https://evil.com", "Connection": "Upgrade", "Upgrade": "websocket",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		r.Header.Set(k, v)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	if rec.Code != http.StatusForbidden || rec.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s", rec.Code, rec.Header())
	}
	if n := h.cfg.Metrics.RefusedCount("origin"); n != 1 {
		t.Errorf("counted %v times", n)
	}
}

func TestConnectionCaps(t *testing.T) {
	h := newTestHandler(t, Config{Limits: Limits{Connections: 3, ConnectionsPerIP: 2}})
	for range 2 {
		if h.admit("a") != nil {
			t.Fatal("two of two")
		}
	}
	if h.admit("a") == nil {
		t.Error("a third from one address")
	}
	if h.admit("b") != nil {
		t.Error("another address")
	}
	if h.admit("c") == nil {
		t.Error("a fourth of three")
	}
	rec := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://parlor.example/v1/ws", nil)
	h.ServeHTTP(rec, r)
	if rec.Code != http.StatusServiceUnavailable || h.cfg.Metrics.RefusedCount("overloaded") != 1 {
		t.Errorf("%d, counted %v", rec.Code, h.cfg.Metrics.RefusedCount("overloaded"))
	}
	for _, ip := range []string{"a", "a", "b"} {
		h.release(ip)
	}
	if len(h.perIP) != 0 || h.open != 0 {
		t.Errorf("left: %v, %d", h.perIP, h.open)
	}
}

func TestProbes(t *testing.T) {
	h := newTestHandler(t, Config{})
	get := func(path string) int {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		return rec.Code
	}
	if get("/healthz") != 200 || get("/readyz") != 200 {
		t.Error("not ready at the start")
	}
	h.cfg.Rooms.Drain()
	if get("/healthz") != 200 || get("/readyz") != 503 {
		t.Error("draining must be alive and not ready")
	}
}

// Who comes back while the server goes is to come again later: its session may be there then.
func TestNobodyIsToldOfNoSessionWhileDraining(t *testing.T) {
	h := newTestHandler(t, Config{})
	h.cancel()
	for _, first := range []string{`{"t":"join","room":"demo"}`, `{"t":"resume","sid":"s_1","rt":"x"}`} {
		if _, err := h.enter([]byte(first), caller{}); !errors.Is(err, room.ErrDraining) {
			t.Errorf("%s: %v", first, err)
		}
	}
}
