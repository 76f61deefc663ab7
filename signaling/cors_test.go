package signaling

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCORS(t *testing.T) {
	h := newTestHandler(t, Config{Limits: testLimits(), Origins: []string{"https://app.example"}})
	const sessions, one = "/v1/sessions", "/v1/sessions/s_x"
	for _, c := range []struct {
		method, path, origin string
		status               int
		allowed              bool
	}{
		{"OPTIONS", sessions, "https://app.example", 204, true},
		{"OPTIONS", one, "https://app.example", 204, true},
		{"OPTIONS", one + "/events", "https://app.example", 204, true},
		{"OPTIONS", one + "/poll?r=1", "http://parlor.example", 204, true},
		{"OPTIONS", one, "https://evil.example", 403, false},
		{"OPTIONS", one, "null", 403, false},
		{"POST", one, "https://app.example", 401, true}, // a page may read why
		{"POST", one, "https://evil.example", 403, false},
		{"POST", sessions + "?via=sse", "https://evil.example", 403, false},
		{"GET", one + "/events", "https://evil.example", 403, false},
		{"GET", sessions + "/probe", "https://evil.example", 403, false},
		{"POST", one, "", 401, false}, // a program
	} {
		r := httptest.NewRequest(c.method, "http://parlor.example"+c.path, strings.NewReader("{}"))
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		header := rec.Header()
		if rec.Code != c.status || (header.Get("Access-Control-Allow-Origin") == c.origin) != (c.allowed || c.origin == "") {
			t.Errorf("%s %s from %q: %d %s", c.method, c.path, c.origin, rec.Code, header)
		}
		if header.Get("Vary") != "Origin" || header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s %s from %q: %s", c.method, c.path, c.origin, header)
		}
		preflight := c.method == "OPTIONS" && c.allowed
		if (header.Get("Access-Control-Max-Age") == "7200") != preflight ||
			(header.Get("Access-Control-Allow-Headers") == "authorization, content-type") != preflight ||
			(header.Get("Access-Control-Allow-Methods") == "GET, POST") != preflight {
			t.Errorf("%s %s from %q: %s", c.method, c.path, c.origin, header)
		}
	}
	if n := h.cfg.Metrics.RefusedCount("origin"); n != 6 {
		t.Errorf("counted %v times", n)
	}
	rec := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodHead, "http://parlor.example/v1/sessions/probe", nil)
	if h.ServeHTTP(rec, r); rec.Code != http.StatusNotFound {
		t.Errorf("HEAD is answered %d", rec.Code)
	}
}
