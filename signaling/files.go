package signaling

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/parlorhq/parlor/auth"
	"github.com/parlorhq/parlor/files"
	"github.com/parlorhq/parlor/room"
)

// How patient we are with slow lines: so long without a byte, and so many bytes per second from start to end.
const (
	fileIdle     = 15 * time.Second
	fileSlowest  = 4 << 10
	filesAtOnce  = 3 // of one participant, on their way here
	fileSwallow  = 10 * time.Second
	fileCacheFor = 24 * time.Hour
)

var (
	errNoLength     = errors.New("how long the file is must be said")
	errFileLate     = errors.New("the file did not come in time")
	errFilesRefused = errors.New("no files are taken")
)

// routeFiles adds where files are put and had.
func (h *Handler) routeFiles() {
	h.mux.HandleFunc("POST /v1/sessions/{sid}/files", h.request(h.serveUpload))
	h.mux.HandleFunc("GET /v1/files/{id}", h.request(h.serveFile))
	h.mux.HandleFunc("/v1/files/{path...}", h.request(serveNothing))
	h.mux.HandleFunc("OPTIONS /v1/files/{path...}", h.servePreflight)
}

// uploads bound what one participant puts here.
type uploads struct {
	rate *rate.Limiter

	mu  sync.Mutex
	now int // on their way
}

func newUploads(perMinute int) *uploads {
	return &uploads{rate: rate.NewLimiter(rate.Limit(perMinute)/60, perMinute)}
}

// begin counts an upload in, unless there are too many.
func (u *uploads) begin(now time.Time) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.now >= filesAtOnce {
		return fmt.Errorf("%w: at most %d files at once", errTooManyRequests, filesAtOnce)
	}
	if !u.rate.AllowN(now, 1) {
		return fmt.Errorf("%w: too many files", errTooManyRequests)
	}
	u.now++
	return nil
}

func (u *uploads) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.now--
}

// serveUpload takes a file from somebody in a room. What of one is refused is read nevertheless, if it is not too much:
// browsers and proxies that cannot send on do not look for an answer, and say that the line broke.
func (h *Handler) serveUpload(w http.ResponseWriter, r *http.Request) error {
	err := h.takeFile(w, r)
	if err != nil && h.ctx.Err() == nil && r.Header.Get("Expect") == "" {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(fileSwallow)) // or in memory
		_, _ = io.CopyN(io.Discard, r.Body, h.cfg.Files.Largest()+swallowMore)
	}
	return err
}

// swallowMore is how much larger than the largest file something is that is still worth an answer.
const swallowMore = 1 << 20

func (h *Handler) takeFile(w http.ResponseWriter, r *http.Request) error {
	c, err := h.uploader(r)
	if err != nil {
		return err
	}
	switch {
	case r.Header.Get("Content-Encoding") != "":
		return errEncoded
	case r.ContentLength < 0:
		return fmt.Errorf("%w: %w", errBadMessage, errNoLength)
	}
	if err := c.uploads.begin(time.Now()); err != nil {
		return err
	}
	defer c.uploads.end()
	in := &fileReader{r: r.Body, c: http.NewResponseController(w), start: time.Now()}
	// A server that goes, and a session that ends, wait for no file.
	stop := context.AfterFunc(c.ctx, in.cut)
	defer stop()
	f, err := h.cfg.Files.Put(c.participant.Room(), r.URL.Query().Get("name"), r.Header.Get("Content-Type"), r.ContentLength, in)
	switch {
	case err == nil:
	case h.ctx.Err() != nil:
		return room.ErrDraining
	case c.ctx.Err() != nil:
		return errNoSession
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: %w", errBadMessage, errFileLate)
	default:
		return err
	}
	c.log.Debug().Str("type", f.Type).Int64("bytes", f.Size).Msg("file taken")
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", "/v1/files/"+f.ID)
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(marshal(fileReply{ID: f.ID, Name: f.Name, Type: f.Type, Size: f.Size})) // a client that left asks again
	return nil
}

// fileReply says what became of a file.
type fileReply struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"`
}

// uploader finds who wants to put a file here, and may.
func (h *Handler) uploader(r *http.Request) (*client, error) {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, fmt.Errorf("%w: the key for files is missing", auth.ErrUnauthorized)
	}
	c := h.sessions.find(r.PathValue("sid"))
	switch {
	case c == nil || c.ctx.Err() != nil:
		return nil, errNoSession
	case c.fileKey == "" || !equal(key, c.fileKey):
		return nil, fmt.Errorf("%w: this is not the key for files", auth.ErrUnauthorized)
	case h.cfg.Files.Largest() == 0:
		return nil, fmt.Errorf("%w: %w", room.ErrNotAllowed, errFilesRefused)
	case !c.participant.Grant.MaySay():
		return nil, fmt.Errorf("%w: you may not send files", room.ErrNotAllowed)
	}
	return c, nil
}

// fileReader reads a body whose sender may be slow but not silent.
type fileReader struct {
	r     io.Reader
	c     *http.ResponseController
	start time.Time
	bytes int64

	mu  sync.Mutex
	off bool // nothing is waited for any more
}

func (f *fileReader) Read(p []byte) (int, error) {
	f.wait(fileDeadline(f.start, time.Now(), f.bytes))
	n, err := f.r.Read(p)
	f.bytes += int64(n)
	return n, err
}

func (f *fileReader) wait(until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.off {
		_ = f.c.SetReadDeadline(until) // or in memory
	}
}

func (f *fileReader) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.off = true
	_ = f.c.SetReadDeadline(time.Now())
}

// fileDeadline is until when the next bytes must have gone, of a file of which so many have since start.
func fileDeadline(start, now time.Time, bytes int64) time.Time {
	idle := now.Add(fileIdle)
	slowest := start.Add(fileIdle + time.Duration(bytes)*time.Second/fileSlowest)
	if slowest.Before(idle) {
		return slowest
	}
	return idle
}

// serveFile gives a file to whoever knows its id. Whatever is in it, a browser runs none of it: pictures that run nothing are
// shown, all else is to be saved.
func (h *Handler) serveFile(w http.ResponseWriter, r *http.Request) error {
	f, content, err := h.cfg.Files.Get(r.PathValue("id"))
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	header := w.Header()
	mediaType, disposition := files.Any, "attachment"
	if files.IsPicture(f.Type) {
		mediaType, disposition = f.Type, "inline"
	}
	header.Set("Content-Type", mediaType)
	header.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": f.Name}))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", h.resourcePolicy())
	header.Set("Cache-Control", fmt.Sprintf("private, max-age=%d, immutable", int(fileCacheFor.Seconds())))
	header.Set("ETag", `"`+f.ID+`"`)
	http.ServeContent(&fileWriter{ResponseWriter: w, c: http.NewResponseController(w), start: time.Now()}, r, "", time.Time{}, content)
	return nil
}

// resourcePolicy says whether pages from elsewhere may show files: if any may use this server at all.
func (h *Handler) resourcePolicy() string {
	if len(h.cfg.Origins) > 0 {
		return "cross-origin"
	}
	return "same-origin"
}

// fileWriter writes to somebody who may be slow but not silent.
type fileWriter struct {
	http.ResponseWriter
	c     *http.ResponseController
	start time.Time
	bytes int64
}

func (f *fileWriter) Write(p []byte) (int, error) {
	_ = f.c.SetWriteDeadline(fileDeadline(f.start, time.Now(), f.bytes)) // or in memory
	n, err := f.ResponseWriter.Write(p)
	f.bytes += int64(n)
	return n, err
}
