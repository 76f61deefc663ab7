package web

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func built() fstest.MapFS {
	const page = "<!doctype html>" + "<p>hello hello hello hello hello hello hello hello hello hello</p>"
	script := []byte(strings.Repeat("export const x = 1\n", 100))
	return fstest.MapFS{
		".keep":                {},
		"index.html":           {Data: []byte(page)},
		brotliName(page):       {Data: []byte("brotli")},
		"sdk/parlor.js.00.br":  {Data: []byte("of an older build")},
		"assets/page-1a2b.js":  {Data: script},
		"assets/tone-1a2b.mp3": {Data: []byte{1, 2, 3}},
		"sdk/parlor.js":        {Data: script},
		"manifest.webmanifest": {Data: []byte("{}")},
		"icons/192.png":        {Data: []byte{1, 2, 3}},

		"assets/background.worker-1a2b.js":    {Data: script},
		"assets/vision-1a2b.wasm.0011aabb.br": {Data: []byte("brotli")},
		"sdk/parlor.d.ts":                     {Data: []byte("export declare const x: number\n")},
	}
}

func brotliName(page string) string {
	sum := sha256.Sum256([]byte(page))
	return "index.html." + hex.EncodeToString(sum[:8]) + ".br"
}

func get(t *testing.T, h http.Handler, method, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestRoutes(t *testing.T) {
	h := handler(built(), nil)
	for _, tt := range []struct {
		path   string
		status int
		mime   string
		cache  string
		cors   string
	}{
		{"/", 200, "text/html; charset=utf-8", "no-cache", ""},
		{"/index.html", 200, "text/html; charset=utf-8", "no-cache", ""},
		{"/r/demo", 200, "text/html; charset=utf-8", "no-cache", ""},
		{"/r/caf%C3%A9%20%2F%20x", 200, "text/html; charset=utf-8", "no-cache", ""},
		{"/doctor", 200, "text/html; charset=utf-8", "no-cache", ""},
		{"/doctor/x", 404, "", "", ""},
		{"/embed/demo", 200, "text/html; charset=utf-8", "no-cache", ""},
		{"/embed/", 404, "", "", ""},
		{"/r/", 404, "", "", ""},
		{"/r/demo/x", 404, "", "", ""},
		{"/watch/demo", 200, "text/html; charset=utf-8", "no-cache", ""},
		{"/watch/", 404, "", "", ""},
		{"/assets/page-1a2b.js", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", ""},
		{"/assets/tone-1a2b.mp3", 200, "audio/mpeg", "public, max-age=31536000, immutable", ""},
		{"/assets/", 404, "", "", ""},
		{"/sdk/parlor.js", 200, "text/javascript; charset=utf-8", "no-cache", "*"},
		{"/sdk/parlor.d.ts", 200, "text/plain; charset=utf-8", "no-cache", "*"},
		{"/manifest.webmanifest", 200, "application/manifest+json", "no-cache", ""},
		{"/icons/192.png", 200, "image/png", "no-cache", ""},
		{"/.keep", 404, "", "", ""},
		{"/sdk/parlor.js.00.br", 404, "", "", ""},
		{"/../web.go", 404, "", "", ""},
		{"/nothing", 404, "", "", ""},
	} {
		res := get(t, h, "GET", tt.path)
		if res.StatusCode != tt.status {
			t.Errorf("%s: status %d, want %d", tt.path, res.StatusCode, tt.status)
		}
		if got := res.Header.Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s: X-Content-Type-Options %q", tt.path, got)
		}
		if tt.status != 200 {
			continue
		}
		for name, want := range map[string]string{
			"Content-Type": tt.mime, "Cache-Control": tt.cache, "Access-Control-Allow-Origin": tt.cors,
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s %q, want %q", tt.path, name, got, want)
			}
		}
	}
}

func TestPageIsConfined(t *testing.T) {
	res := get(t, handler(built(), nil), "GET", "/r/demo")
	csp := res.Header.Get("Content-Security-Policy")
	for _, want := range []string{
		"default-src 'self'", "connect-src 'self' ws: wss:", "style-src 'self'", "frame-ancestors 'self'",
		"img-src 'self' data: blob:", "media-src 'self' blob:",
	} {
		if !strings.Contains(csp, want) {
			t.Errorf("policy lacks %s: %s", want, csp)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("policy allows something unsafe: %s", csp)
	}
	for name, want := range map[string]string{
		"Permissions-Policy":         permissions,
		"Referrer-Policy":            "no-referrer",
		"Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestOnlyEmbeddersFrameRooms(t *testing.T) {
	h := handler(built(), []string{"https://school.example", "http://localhost:3000"})
	for path, want := range map[string]string{
		"/embed/demo": "frame-ancestors 'self' https://school.example http://localhost:3000",
		"/r/demo":     "frame-ancestors 'self'",
		"/r/embed":    "frame-ancestors 'self'",
		"/":           "frame-ancestors 'self'",
	} {
		csp := get(t, h, "GET", path).Header.Get("Content-Security-Policy")
		if !strings.HasSuffix(csp, "; "+want) {
			t.Errorf("%s: %s, want %s", path, csp, want)
		}
	}
}

func TestOnlyTheWorkerRunsWebAssembly(t *testing.T) {
	h := handler(built(), nil)
	csp := get(t, h, "GET", "/assets/background.worker-1a2b.js").Header.Get("Content-Security-Policy")
	if want := "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"; csp != want {
		t.Errorf("the worker's policy is %q, want %q", csp, want)
	}
	if csp := get(t, h, "GET", "/assets/page-1a2b.js").Header.Get("Content-Security-Policy"); csp != "" {
		t.Errorf("another script has the policy %q", csp)
	}
}

func TestOnlyBrotli(t *testing.T) {
	h := handler(built(), nil)
	res := get(t, h, "GET", "/assets/vision-1a2b.wasm", "Accept-Encoding", "gzip, br")
	for name, want := range map[string]string{
		"Content-Type": "application/wasm", "Content-Encoding": "br", "ETag": `"0011aabb-br"`, "Content-Length": "6",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if res := get(t, h, "GET", "/assets/vision-1a2b.wasm", "Accept-Encoding", "gzip"); res.StatusCode != http.StatusNotAcceptable {
		t.Errorf("without brotli: status %d", res.StatusCode)
	}
}

func TestCompression(t *testing.T) {
	h := handler(built(), nil)
	for _, tt := range []struct{ path, accepts, want string }{
		{"/sdk/parlor.js", "gzip, deflate, br", "gzip"},
		{"/sdk/parlor.js", "gzip;q=0, br", ""},
		{"/sdk/parlor.js", "", ""},
		{"/", "gzip, br", "br"},
		{"/", "gzip, br;q=0", "gzip"},
		{"/assets/tone-1a2b.mp3", "gzip, br", ""},
	} {
		res := get(t, h, "GET", tt.path, "Accept-Encoding", tt.accepts)
		if got := res.Header.Get("Content-Encoding"); got != tt.want {
			t.Errorf("%s with %q: encoding %q, want %q", tt.path, tt.accepts, got, tt.want)
		}
	}

	plain, err := io.ReadAll(get(t, h, "GET", "/sdk/parlor.js").Body)
	if err != nil {
		t.Fatal(err)
	}
	zr, err := gzip.NewReader(get(t, h, "GET", "/sdk/parlor.js", "Accept-Encoding", "gzip").Body)
	if err != nil {
		t.Fatal(err)
	}
	unzipped, err := io.ReadAll(zr)
	if err != nil || string(unzipped) != string(plain) {
		t.Errorf("compressed and plain differ (%v)", err)
	}
}

func TestNotModified(t *testing.T) {
	h := handler(built(), nil)
	first := get(t, h, "GET", "/sdk/parlor.js", "Accept-Encoding", "gzip")
	etag := first.Header.Get("ETag")
	if etag == "" {
		t.Fatal("no ETag")
	}
	res := get(t, h, "GET", "/sdk/parlor.js", "Accept-Encoding", "gzip", "If-None-Match", `"x", W/`+etag)
	if res.StatusCode != http.StatusNotModified {
		t.Errorf("status %d, want 304", res.StatusCode)
	}
	if res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("a 304 lost its CORS header")
	}
	if res := get(t, h, "GET", "/sdk/parlor.js", "If-None-Match", etag); res.StatusCode != http.StatusOK {
		t.Errorf("another encoding has another ETag, but status was %d", res.StatusCode)
	}
}

func TestMethods(t *testing.T) {
	h := handler(built(), nil)
	if res := get(t, h, "POST", "/"); res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", res.StatusCode)
	}
	res := get(t, h, "HEAD", "/sdk/parlor.js")
	body, err := io.ReadAll(res.Body)
	if err != nil || len(body) != 0 || res.Header.Get("Content-Length") == "" {
		t.Errorf("HEAD: %d bytes, length %q, %v", len(body), res.Header.Get("Content-Length"), err)
	}
}

func TestPageIsNotBuilt(t *testing.T) {
	files := built()
	delete(files, "index.html")
	res := get(t, handler(files, nil), "GET", "/r/demo")
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "make build") {
		t.Errorf("status %d, %q", res.StatusCode, body)
	}
	if res := get(t, handler(files, nil), "GET", "/sdk/parlor.js"); res.StatusCode != http.StatusOK {
		t.Errorf("the SDK needs no page, but status was %d", res.StatusCode)
	}
}

func TestEmbeddedFiles(t *testing.T) {
	res := get(t, Handler(nil), "GET", "/")
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d", res.StatusCode)
	}
}
