package signaling

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/parlorhq/parlor/auth"
	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/room"
)

var (
	errTooLarge = errors.New("the frame is too large")
	errEncoded  = errors.New("the body has a content encoding, and none is taken")
)

// routeHTTP adds what is below /v1/sessions.
func (h *Handler) routeHTTP() {
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request) error{
		"POST /v1/sessions":             h.serveEntrance,
		"POST /v1/sessions/{sid}":       h.servePost,
		"GET /v1/sessions/{sid}/events": h.serveDown(datachannel.SSE),
		"GET /v1/sessions/{sid}/poll":   h.serveDown(datachannel.Poll),
		"GET /v1/sessions/probe":        h.serveProbe,
		"/v1/sessions":                  serveNothing,
		"/v1/sessions/{path...}":        serveNothing,
	} {
		h.mux.HandleFunc(pattern, h.request(serve))
	}
	h.mux.HandleFunc("OPTIONS /v1/sessions", h.servePreflight)
	h.mux.HandleFunc("OPTIONS /v1/sessions/{path...}", h.servePreflight)
}

var errNoResource = errors.New("there is nothing here that takes this method")

func serveNothing(http.ResponseWriter, *http.Request) error { return errNoResource }

// request makes an http.HandlerFunc of what may fail: the origin must be allowed, and each request counts as a
// connection as long as it lasts.
func (h *Handler) request(serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !h.cors(w, r) {
			return
		}
		ip := remoteIP(r)
		err := h.admit(ip)
		if err == nil {
			defer h.release(ip)
			if err = errNoResource; r.Method != http.MethodHead { // which the mux takes for a GET
				err = patiently(w, r, serve)
			}
		}
		switch {
		case err == nil, r.Context().Err() != nil && errors.Is(err, context.Canceled): // there is nobody to be told
		default:
			h.refuseRequest(w, err)
		}
	}
}

// patiently lifts the server's own deadlines, which are for requests that do not wait: those here set theirs as they
// go. That of reading stays while there is a body, since the server reads to its end what nobody has read.
func patiently(w http.ResponseWriter, r *http.Request, serve func(http.ResponseWriter, *http.Request) error) error {
	c := http.NewResponseController(w)
	if r.Body == http.NoBody {
		_ = c.SetReadDeadline(time.Time{}) // an error says that the response is in memory
	}
	_ = c.SetWriteDeadline(time.Time{})
	defer func() { _ = c.SetWriteDeadline(time.Now().Add(writeTimeout)) }()
	return serve(w, r)
}

// refuseRequest answers with what went wrong.
func (h *Handler) refuseRequest(w http.ResponseWriter, err error) {
	word, message := code(err)
	h.note(word, err)
	w.Header().Set("Cache-Control", "no-store")
	status := statusOf(word)
	switch {
	case errors.Is(err, errNoResource):
		status = http.StatusNotFound
	case errors.Is(err, errEncoded):
		status = http.StatusUnsupportedMediaType
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	}
	problem(w, status, word, message)
}

// statusOf is the one place where words become statuses.
func statusOf(word string) int {
	switch word {
	case "unauthorized", "token_expired":
		return http.StatusUnauthorized
	case "not_allowed", "denied":
		return http.StatusForbidden
	case "room_not_found", "not_found":
		return http.StatusNotFound
	case "stale_link", "room_full", "room_locked", "lobby_full":
		return http.StatusConflict
	case "session_not_found", "room_closed", "removed":
		return http.StatusGone
	case "too_large":
		return http.StatusRequestEntityTooLarge
	case "rate_limited":
		return http.StatusTooManyRequests
	case "overloaded", "draining", "too_many_rooms":
		return http.StatusServiceUnavailable
	case "storage_full":
		return http.StatusInsufficientStorage
	case "internal":
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// serveEntrance takes the first message of a link, and answers with what a WebSocket would be told first.
func (h *Handler) serveEntrance(w http.ResponseWriter, r *http.Request) error {
	if h.ctx.Err() != nil {
		return room.ErrDraining
	}
	var kind datachannel.Kind
	switch via := r.URL.Query().Get("via"); via {
	case datachannel.SSE.String():
		kind = datachannel.SSE
	case datachannel.Poll.String():
		kind = datachannel.Poll
	default:
		return fmt.Errorf("%w: via must be sse or poll", errBadMessage)
	}
	raw, binary, err := h.body(w, r, h.cfg.Limits.FirstMessage)
	if err != nil {
		return err
	}
	if binary {
		return fmt.Errorf("%w: the first message is %w", errBadMessage, errBinary)
	}
	if err := r.Context().Err(); err != nil {
		return err // who gave up may have joined another way
	}
	key := rand.Text()
	a, err := h.enterPatiently(r.Context(), raw, caller{remoteIP(r), r.Host, key})
	if waits, ok := errors.AsType[*room.Waiting](err); ok {
		answerWait(w, waits.Knock)
		return nil
	}
	if err != nil {
		return err
	}
	if err := a.client.openLine(kind, key, a); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(a.hello) // a client that does not get it comes again
	return nil
}

// servePost takes a frame.
func (h *Handler) servePost(w http.ResponseWriter, r *http.Request) error {
	c, l, err := h.lineOf(r)
	if errors.Is(err, errStaleLink) && h.serveFarewell(w, r, c) {
		return nil
	}
	if err != nil {
		return err
	}
	err = l.carrier.post(r.Context(), func() ([]byte, bool, error) { return h.body(w, r, deadAfter) })
	if err != nil {
		return c.staleOr(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// serveFarewell takes a leave by the key of a link that has just broken: a page that is closed breaks its stream first.
func (h *Handler) serveFarewell(w http.ResponseWriter, r *http.Request, c *client) bool {
	key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !c.lines.brokeWith(key) || c.session.Signalled() { // by another link since
		return false
	}
	raw, binary, err := h.body(w, r, h.cfg.Limits.FirstMessage)
	if err != nil || binary {
		return false
	}
	if kind, err := kindOf(raw); err != nil || kind != kindLeave {
		return false
	}
	c.request(kindLeave, raw)
	w.WriteHeader(http.StatusNoContent)
	return true
}

// serveDown gives frames to a link of this kind.
func (h *Handler) serveDown(kind datachannel.Kind) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		c, l, err := h.lineOf(r)
		if err != nil {
			return err
		}
		if l.kind != kind {
			return fmt.Errorf("%w: this link is of another kind", errBadMessage)
		}
		if kind == datachannel.Poll {
			l.link.Heard()
		}
		return c.staleOr(l.carrier.get(w, r))
	}
}

// lineOf finds the link a request is for, and its client.
func (h *Handler) lineOf(r *http.Request) (*client, *line, error) {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, nil, fmt.Errorf("%w: the key of the link is missing", auth.ErrUnauthorized)
	}
	c := h.sessions.find(r.PathValue("sid"))
	if c == nil {
		return nil, nil, errNoSession
	}
	if l := c.lines.with(key); l != nil {
		return c, l, nil
	}
	return c, nil, c.staleOr(errStaleLink)
}

// body reads what a request has to say within a time. What is compressed is not: a few bytes could become any number.
func (h *Handler) body(w http.ResponseWriter, r *http.Request, within time.Duration) (frame []byte, binary bool, err error) {
	if r.Header.Get("Content-Encoding") != "" {
		return nil, false, errEncoded
	}
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Now().Add(within)) // or in memory
	stop := context.AfterFunc(h.ctx, func() { _ = c.SetReadDeadline(time.Now()) })
	defer func() {
		if stop() && err == nil {
			_ = c.SetReadDeadline(time.Time{}) // that the client is still there is seen by reading on
		}
	}()
	frame, err = io.ReadAll(http.MaxBytesReader(w, r.Body, h.cfg.Limits.FrameBytes))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, false, fmt.Errorf("%w: at most %d bytes are taken", errTooLarge, h.cfg.Limits.FrameBytes)
	}
	switch {
	case err == nil:
	case h.ctx.Err() != nil:
		return nil, false, room.ErrDraining
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, false, fmt.Errorf("%w: it did not come in time", errBadMessage)
	default:
		return nil, false, fmt.Errorf("%w: it did not come whole", errBadMessage)
	}
	mediaType, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return frame, strings.EqualFold(strings.TrimSpace(mediaType), "application/octet-stream"), nil
}
