// Package web serves the page and the SDK. It knows their files, which are built into the binary, and how browsers are
// to treat them; it knows no rooms and no sessions.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// policy is what the page may do, but for who may have it in a frame. Nothing inline, nothing from elsewhere; sessions may
// be on another host that the page's author names.
const policy = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; media-src 'self' blob:; " +
	"style-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors "

// permissions are what the page may ask of a browser: what a call needs, and nothing else. In somebody else's page it has of
// these what that page passes on.
const permissions = "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), fullscreen=(self), " +
	"picture-in-picture=(self), screen-wake-lock=(self), clipboard-read=(self), clipboard-write=(self), " +
	"accelerometer=(), encrypted-media=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), local-fonts=(), " +
	"magnetometer=(), midi=(), payment=(), publickey-credentials-get=(), serial=(), usb=(), xr-spatial-tracking=()"

// workerPolicy is what the worker may do that blurs backgrounds: run the WebAssembly that it fetches from here.
const workerPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"

// file is one file as it is sent.
type file struct {
	name  string
	mime  string
	etag  string
	plain []byte        // nil where there is only br
	br    []byte        // nil where it would not be smaller
	gzip  func() []byte // likewise; nil where there is nothing to compress
}

// site is what there is to serve. It does not change once it is built.
type site struct {
	files map[string]*file
	index *file // nil when the page was not built

	// Who may have a room in a frame, as sources of a policy. Static.
	embedders string
}

// Handler serves the page and the SDK that were built into the binary: `/`, `/r/{room}`, `/watch/{room}`, `/embed/{room}`, `/doctor`,
// `/assets/…` and `/sdk/…`. They are read at the first request, and a file is compressed when the first client wants it so
// that takes no brotli. Pages of the origins named may have `/embed/{room}` in a frame, as those of this host may; all else
// only this host.
func Handler(embedders []string) http.Handler {
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // dist is a valid path
	}
	return handler(root, embedders)
}

func handler(root fs.FS, embedders []string) http.Handler {
	load := sync.OnceValues(func() (*site, error) { return newSite(root, embedders) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := load()
		if err != nil {
			http.Error(w, "the page cannot be read", http.StatusInternalServerError)
			return
		}
		s.serve(w, r)
	})
}

func newSite(root fs.FS, embedders []string) (*site, error) {
	s := &site{files: make(map[string]*file), embedders: strings.Join(append([]string{"'self'"}, embedders...), " ")}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		if path.Ext(name) == ".br" {
			return s.addBrotli(root, name)
		}
		f, err := newFile(root, name)
		if err != nil {
			return err
		}
		s.files[name] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	s.index = s.files["index.html"]
	return s, nil
}

// addBrotli adds a file of which the build has left only brotli: NAME.HASH.br. What has a plain file is read with that.
func (s *site) addBrotli(root fs.FS, compressed string) error {
	stem := strings.TrimSuffix(compressed, ".br")
	name, hash := strings.TrimSuffix(stem, path.Ext(stem)), strings.TrimPrefix(path.Ext(stem), ".")
	if path.Ext(name) != ".wasm" {
		return nil
	}
	if _, err := fs.Stat(root, name); err == nil {
		return nil
	}
	br, err := fs.ReadFile(root, compressed)
	if err != nil {
		return fmt.Errorf("file: %w", err)
	}
	s.files[name] = &file{name: name, mime: mimeType(name), etag: `"` + hash + `"`, br: br}
	return nil
}

func newFile(root fs.FS, name string) (*file, error) {
	plain, err := fs.ReadFile(root, name)
	if err != nil {
		return nil, fmt.Errorf("file: %w", err)
	}
	sum := sha256.Sum256(plain)
	f := &file{name: name, mime: mimeType(name), etag: `"` + hex.EncodeToString(sum[:8]) + `"`, plain: plain}
	if !compressible(f.mime) {
		return f, nil
	}
	f.gzip = sync.OnceValue(func() []byte { return gzipped(plain) })
	// The build leaves brotli beside the file; we have no encoder of our own. The hash in its name keeps one of an older
	// build from being taken.
	br, err := fs.ReadFile(root, name+"."+hex.EncodeToString(sum[:8])+".br")
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("file: %w", err)
	case len(br) < len(plain):
		f.br = br
	}
	return f, nil
}

// gzipped is plain, smaller, or nil.
func gzipped(plain []byte) []byte {
	var buf bytes.Buffer
	zw, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		panic(err) // it is a level
	}
	_, _ = zw.Write(plain) // a Buffer takes everything
	_ = zw.Close()
	if buf.Len() >= len(plain) {
		return nil
	}
	return buf.Bytes()
}

// mimeType does not ask the system's tables, which differ from machine to machine.
func mimeType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".ts", ".txt":
		return "text/plain; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json", ".map":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	case ".wasm":
		return "application/wasm"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func compressible(mimeType string) bool {
	return strings.HasPrefix(mimeType, "text/") || mimeType == "application/json" || mimeType == "application/manifest+json" || mimeType == "image/svg+xml" ||
		mimeType == "application/wasm"
}

func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	if isPage(strings.TrimPrefix(r.URL.EscapedPath(), "/")) {
		s.servePage(w, r)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	f := s.files[name]
	if f == nil {
		http.NotFound(w, r)
		return
	}
	if strings.HasPrefix(name, "assets/background.worker-") {
		h.Set("Content-Security-Policy", workerPolicy)
	}
	switch {
	case strings.HasPrefix(name, "assets/"):
		// Their names change with their content.
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	case strings.HasPrefix(name, "sdk/"):
		// Other people's pages import it.
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Cache-Control", "no-cache")
	default:
		h.Set("Cache-Control", "no-cache")
	}
	f.serve(w, r)
}

// isPage says whether the escaped path is one of the page's own: `/`, `/doctor`, or a room's, which the page reads.
func isPage(name string) bool {
	return name == "" || name == "index.html" || name == "doctor" || isRoom(name, "r/") || isRoom(name, "watch/") ||
		isEmbedded(name)
}

// isEmbedded says whether the escaped path is a room's as others may show it.
func isEmbedded(name string) bool { return isRoom(name, "embed/") }

func isRoom(name, prefix string) bool {
	room, ok := strings.CutPrefix(name, prefix)
	return ok && room != "" && !strings.Contains(room, "/")
}

func (s *site) servePage(w http.ResponseWriter, r *http.Request) {
	if s.index == nil {
		http.Error(w, "the page is not built: run make build", http.StatusServiceUnavailable)
		return
	}
	h := w.Header()
	ancestors := "'self'"
	if isEmbedded(strings.TrimPrefix(r.URL.EscapedPath(), "/")) {
		ancestors = s.embedders
	}
	h.Set("Content-Security-Policy", policy+ancestors)
	h.Set("Permissions-Policy", permissions)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache")
	s.index.serve(w, r)
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.mime)
	body, etag := f.plain, f.etag
	if f.gzip != nil || f.br != nil {
		h.Set("Vary", "Accept-Encoding")
		switch accepts := r.Header.Get("Accept-Encoding"); {
		case f.br != nil && accepted(accepts, "br"):
			body, etag = f.br, encodedTag(f.etag, "br")
			h.Set("Content-Encoding", "br")
		case f.gzip != nil && accepted(accepts, "gzip"):
			if small := f.gzip(); small != nil {
				body, etag = small, encodedTag(f.etag, "gz")
				h.Set("Content-Encoding", "gzip")
			}
		}
	}
	if body == nil {
		http.Error(w, "this is sent to those who take brotli", http.StatusNotAcceptable)
		return
	}
	h.Set("ETag", etag)
	if matches(r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // a client that left needs no answer
	}
}

func encodedTag(etag, encoding string) string {
	return strings.TrimSuffix(etag, `"`) + "-" + encoding + `"`
}

// accepted says whether a client takes this encoding: it names it, and not with a weight of zero.
func accepted(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		q, ok := strings.CutPrefix(strings.TrimSpace(weight), "q=")
		if !ok {
			return true
		}
		value, err := strconv.ParseFloat(q, 64)
		return err == nil && value > 0
	}
	return false
}

func matches(header, etag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		if tag := strings.TrimPrefix(strings.TrimSpace(part), "W/"); tag == etag || tag == "*" {
			return true
		}
	}
	return false
}
