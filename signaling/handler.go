package signaling

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/auth"
	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/internal/metrics"
	"github.com/parlorhq/parlor/room"
)

// Limits bound what browsers may ask of this door. Rates are per second and participant.
type Limits struct {
	FrameBytes       int64 // of one WebSocket message; an offer must fit
	MediaLines       int
	SignalRate       int
	SignalBurst      int
	OfferRate        int
	OfferBurst       int
	Connections      int
	ConnectionsPerIP int
	UpgradeTimeout   time.Duration
	FirstMessage     time.Duration
	LostAfter        time.Duration // of silence until others see a participant leave
	ResumeWindow     time.Duration // of silence until the session ends
	Data             datachannel.Limits
}

// Config of a Handler.
type Config struct {
	Rooms *room.Rooms
	// Verifier checks tokens; nil lets everyone in, with everything granted.
	Verifier *auth.Verifier
	// Open lets those in who bring no token, even if there is a Verifier.
	Open bool
	// Origins may embed Parlor beside its own host, as "https://host" or "*".
	Origins []string
	Limits  Limits
	// History are the types of messages that are kept for newcomers.
	History []string
	// Keeper writes sessions down, so that they outlive the server; nil: they do not.
	Keeper  *datachannel.Keeper
	Log     zerolog.Logger
	Metrics *metrics.Metrics
}

// Handler is the door: an http.Handler for /v1/ws, /healthz and /readyz.
type Handler struct {
	// Static after New.
	cfg      Config
	mux      *http.ServeMux
	upgrader websocket.Upgrader
	ctx      context.Context //nolint:containedctx // the door's life
	cancel   context.CancelFunc

	sessions sessions
	running  sync.WaitGroup

	// mu guards the counts of open connections.
	mu    sync.Mutex
	open  int
	perIP map[string]int
}

var errTooManyConnections = errors.New("too many connections")

// New returns a door to cfg.Rooms.
func New(cfg Config) *Handler {
	h := &Handler{cfg: cfg, mux: http.NewServeMux(), perIP: make(map[string]int)}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.upgrader = websocket.Upgrader{
		HandshakeTimeout: cfg.Limits.UpgradeTimeout,
		ReadBufferSize:   4096,
		WriteBufferPool:  new(sync.Pool), // writers are idle most of the time
		WriteBufferSize:  4096,
		CheckOrigin:      h.checkOrigin,
		Error:            h.refuseUpgrade,
	}
	h.mux.HandleFunc("GET /v1/ws", h.serveWebSocket)
	h.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	h.mux.HandleFunc("GET /readyz", h.serveReady)
	cfg.Metrics.Gauge("parlor_websockets", "WebSockets open now.", func() float64 {
		h.mu.Lock()
		defer h.mu.Unlock()
		return float64(h.open)
	})
	return h
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// Close ends every session, saying that the server is shutting down, and waits for them.
func (h *Handler) Close() {
	h.cancel()
	h.running.Wait()
}

func (h *Handler) serveReady(w http.ResponseWriter, _ *http.Request) {
	if h.cfg.Rooms.Draining() {
		say(w, http.StatusServiceUnavailable, "draining")
		return
	}
	say(w, http.StatusOK, "ready")
}

func say(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(word + "\n")) // a client that left needs no answer
}

// checkOrigin lets a page talk to us that came from here or from where the operator said. Programs send no origin: they
// could send any, and there are no cookies a page could misuse.
func (h *Handler) checkOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	if strings.EqualFold(u.Host, r.Host) {
		return true
	}
	return slices.ContainsFunc(h.cfg.Origins, func(allowed string) bool {
		return allowed == "*" || strings.EqualFold(strings.TrimSuffix(allowed, "/"), origin)
	})
}

func (h *Handler) refuseUpgrade(w http.ResponseWriter, _ *http.Request, status int, reason error) {
	word := "bad_message"
	if status == http.StatusForbidden {
		word = "origin"
	}
	h.cfg.Metrics.Refused(word)
	problem(w, status, word, reason.Error())
}

// problem answers with RFC 9457 problem details.
func problem(w http.ResponseWriter, status int, word, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(marshal(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}{http.StatusText(status), status, word, detail})) // a client that left needs no answer
}

func (h *Handler) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	ip := remoteIP(r)
	if !h.admit(ip) {
		h.cfg.Metrics.Refused("overloaded")
		problem(w, http.StatusServiceUnavailable, "overloaded", errTooManyConnections.Error())
		return
	}
	defer h.release(ip)
	conn, err := h.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	s := newSocket(conn, h.cfg.Limits.FrameBytes)
	if err := h.enter(s); err != nil {
		h.refuse(s, err)
	}
}

// refuse says why somebody was not let in.
func (h *Handler) refuse(s *socket, err error) {
	closeCode := websocket.ClosePolicyViolation
	word, message := code(err)
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case isNet && timeout.Timeout():
		closeCode, word, message = closeFirstMessage, "bad_message", "the first message did not come in time"
	case errors.Is(err, websocket.ErrReadLimit):
		closeCode, word, message = websocket.CloseMessageTooBig, "too_large", "the first message is too large"
	case errors.Is(err, errBinary):
		closeCode, word, message = websocket.CloseUnsupportedData, "bad_message", errBinary.Error()
	case isGone(err):
		s.drain()
		return
	}
	h.count(word, err)
	if word == "internal" {
		h.cfg.Log.Error().Err(err).Msg("join failed")
	} else {
		h.cfg.Log.Info().Str("code", word).Msg("not let in")
	}
	reply := errorReply{T: "error", Code: word, Message: message}
	if refused, ok := errors.AsType[*refusal](err); ok {
		reply.Re = refused.kind
	}
	if s.WriteFrame(marshal(reply), false) == nil {
		_ = s.CloseConn(closeCode, word) // it is over either way
	}
	s.drain()
}

// isGone is true when there is nobody to be told anything: they left before they said a word.
func isGone(err error) bool {
	_, closed := errors.AsType[*websocket.CloseError](err)
	_, broken := errors.AsType[*net.OpError](err)
	return closed || broken || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// admit counts a connection in, if there may be another one.
func (h *Handler) admit(ip string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open >= h.cfg.Limits.Connections || h.perIP[ip] >= h.cfg.Limits.ConnectionsPerIP || h.ctx.Err() != nil {
		return false
	}
	h.open++
	h.perIP[ip]++
	h.running.Add(1)
	return true
}

func (h *Handler) release(ip string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open--
	if h.perIP[ip]--; h.perIP[ip] == 0 {
		delete(h.perIP, ip)
	}
	h.running.Done()
}

func remoteIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
