package signaling

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/auth"
	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/files"
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
	FilesPerMinute   int           // of one participant
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
	// ICEServers are given to a participant of this id who reached us as host; nil: none.
	ICEServers func(id, host string) []ICEServer
	// Keeper writes sessions down, so that they outlive the server; nil: they do not.
	Keeper *datachannel.Keeper
	// Files are where people in rooms put files; nil: none are taken.
	Files   *files.Store
	Log     zerolog.Logger
	Metrics *metrics.Metrics
}

// Handler is the door: an http.Handler for /v1/ws, /v1/sessions and below, /v1/files, /healthz and /readyz.
type Handler struct {
	// Static after New.
	cfg      Config
	mux      *http.ServeMux
	upgrader websocket.Upgrader
	ctx      context.Context //nolint:containedctx // the door's life
	cancel   context.CancelFunc

	sessions sessions
	sockets  atomic.Int64 // WebSockets open now
	clients  sync.WaitGroup
	requests sync.WaitGroup

	// mu guards the counts of open connections: WebSockets, and requests of sessions over HTTP.
	mu      sync.Mutex
	open    int
	perIP   map[string]int
	closing bool // there are no new clients
	closed  bool // there are no new requests either
}

var errTooManyConnections = errors.New("too many connections")

// New returns a door to cfg.Rooms.
func New(cfg Config) *Handler {
	h := &Handler{cfg: cfg, mux: http.NewServeMux(), perIP: make(map[string]int)}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.upgrader = websocket.Upgrader{
		HandshakeTimeout: cfg.Limits.UpgradeTimeout,
		ReadBufferSize:   4096,
		// A frame of a message or two is copied behind its header and goes in one call; a larger one goes from where it is.
		// A pool of larger buffers cost an allocation and two locks for each frame.
		WriteBufferSize: 1 << 10,
		CheckOrigin:     h.checkOrigin,
		Error:           h.refuseUpgrade,
	}
	h.mux.HandleFunc("GET /v1/ws", h.serveWebSocket)
	h.routeHTTP()
	h.routeFiles()
	h.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	h.mux.HandleFunc("GET /readyz", h.serveReady)
	cfg.Metrics.Gauge("parlor_websockets", "WebSockets open now.", func() float64 { return float64(h.sockets.Load()) })
	cfg.Metrics.Gauge("parlor_sessions", "Sessions there are now, those among them whose clients are expected back.", func() float64 {
		return float64(h.sessions.len())
	})
	cfg.Metrics.Gauge("parlor_connections", "WebSockets, and requests of sessions over HTTP, open now.", func() float64 {
		h.mu.Lock()
		defer h.mu.Unlock()
		return float64(h.open)
	})
	return h
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// Close ends every session, saying that the server is shutting down, and waits for them. Until they have ended, requests
// may come to hear it.
func (h *Handler) Close() {
	h.mu.Lock()
	h.closing = true
	h.mu.Unlock()
	h.cancel()
	h.clients.Wait()
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.requests.Wait()
}

// start runs a client that has joined, unless it came too late.
func (h *Handler) start(c *client) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closing {
		return false
	}
	h.clients.Go(c.run)
	return true
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

// Allowed says whether the page that a request comes from may use this server: for doors beside this one.
func (h *Handler) Allowed(r *http.Request) bool { return h.checkOrigin(r) }

// Admit counts a connection from an address in, until Release, if there may be another one: doors beside this one have their
// share of the same caps.
func (h *Handler) Admit(ip string) error {
	err := h.admit(ip)
	if err == nil && h.ctx.Err() != nil {
		h.release(ip)
		return room.ErrDraining
	}
	return err
}

// Release counts out what Admit counted in.
func (h *Handler) Release(ip string) { h.release(ip) }

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

// note counts and logs that somebody was not let in or had a request refused.
func (h *Handler) note(word string, err error) {
	h.count(word, err)
	if word == "internal" {
		h.cfg.Log.Error().Err(err).Msg("request failed")
	} else {
		h.cfg.Log.Info().Str("code", word).Msg("refused")
	}
}

// admit counts a connection in, if there may be another one.
func (h *Handler) admit(ip string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return room.ErrDraining
	}
	if h.open >= h.cfg.Limits.Connections || h.perIP[ip] >= h.cfg.Limits.ConnectionsPerIP {
		return errTooManyConnections
	}
	h.open++
	h.perIP[ip]++
	h.requests.Add(1)
	return nil
}

func (h *Handler) release(ip string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open--
	if h.perIP[ip]--; h.perIP[ip] == 0 {
		delete(h.perIP, ip)
	}
	h.requests.Done()
}

func remoteIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
