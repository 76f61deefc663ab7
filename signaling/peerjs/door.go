package peerjs

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"github.com/parlorhq/parlor/auth"
	"github.com/parlorhq/parlor/internal/metrics"
)

const (
	// sweepEvery is how often it is looked for what waited too long.
	sweepEvery = time.Second
	// expiry is how long a message waits for who is not here: PeerServer's, after which the client says peer-unavailable.
	expiry = 5 * time.Second
	// silence is how long a client may be without a heartbeat, of which it sends one every 5 s. A page in the background
	// sends one a minute.
	silence = 90 * time.Second

	// frameBytes is the largest message: an offer must fit.
	frameBytes = 256 << 10
	// idBytes is the longest id.
	idBytes = 256

	// waitingMessages and waitingBytes may wait for one who is not here, waitingTotal for all such together.
	waitingMessages = 128
	waitingBytes    = 512 << 10
	waitingTotal    = 32 << 20

	// messageRate and messageBurst are messages per second of one client; who is faster is read more slowly.
	messageRate  = 50
	messageBurst = 200

	upgradeTimeout = 10 * time.Second
)

// TokenRoom is the room that a token must be for whose bearer keeps its id by it.
const TokenRoom = "peerjs"

// Config of a Door.
type Config struct {
	// Key is what clients must say that they know: the client's option `key`.
	Key string
	// Clients are how many there may be at a time.
	Clients int
	// Discovery lets everybody see the ids of all.
	Discovery bool
	// Verifier has clients show a token of ours, as their option `token`, for TokenRoom and with their id as its identity; nil: an
	// id belongs to who was first to come with it, for as long as it is there.
	Verifier *auth.Verifier

	// Admit counts a connection from an address in, if there may be another one, and Release out.
	Admit   func(ip string) error
	Release func(ip string)
	// Allowed says whether the page that a request comes from may use this server.
	Allowed func(r *http.Request) bool
	Metrics *metrics.Metrics
}

// Door is an http.Handler for /peerjs and below.
type Door struct {
	// Static after New.
	cfg      Config
	mux      *http.ServeMux
	upgrader websocket.Upgrader
	ctx      context.Context //nolint:containedctx // the door's life
	cancel   context.CancelFunc

	clients sync.WaitGroup

	mu sync.Mutex
	// Guarded by mu.
	broker  *broker
	sockets map[*socket]struct{}
	closed  bool
}

// New opens the door. The caller closes it.
func New(cfg Config) *Door {
	d := &Door{cfg: cfg, mux: http.NewServeMux(), sockets: map[*socket]struct{}{}}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.broker = newBroker(limits{
		clients: cfg.Clients, silence: silence, expiry: expiry,
		waiting: waitingMessages, bytes: waitingBytes, totalBytes: waitingTotal,
	}, cfg.Metrics.Dropped)
	d.upgrader = websocket.Upgrader{HandshakeTimeout: upgradeTimeout, CheckOrigin: cfg.Allowed}
	d.route()
	cfg.Metrics.Gauge("parlor_peerjs_clients", "Clients of PeerJS that have their id now.", func() float64 {
		d.mu.Lock()
		defer d.mu.Unlock()
		return float64(len(d.broker.members))
	})
	d.clients.Go(d.sweep)
	return d
}

// route has the paths of clients with the option path "/" and of those with "/peerjs".
func (d *Door) route() {
	d.mux.HandleFunc("GET /peerjs", d.serveClient)
	d.mux.HandleFunc("GET /peerjs/peerjs", d.serveClient)
	d.mux.HandleFunc("GET /peerjs/{$}", d.serveName)
	for _, prefix := range []string{"/peerjs", "/peerjs/{key}"} {
		d.mux.HandleFunc("GET "+prefix+"/id", d.serveID)
		d.mux.HandleFunc("GET "+prefix+"/peers", d.servePeers)
	}
	d.mux.HandleFunc("OPTIONS /peerjs/", d.servePreflight)
	d.mux.HandleFunc("/peerjs/", http.NotFound)
}

// ServeHTTP implements http.Handler.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.mux.ServeHTTP(w, r) }

// Close lets go of all clients and waits for them.
func (d *Door) Close() {
	d.cancel()
	d.mu.Lock()
	d.closed = true
	for s := range d.sockets {
		s.end()
	}
	d.mu.Unlock()
	d.clients.Wait()
}

func (d *Door) sweep() {
	every := time.NewTicker(sweepEvery)
	defer every.Stop()
	for {
		select {
		case now := <-every.C:
			d.mu.Lock()
			d.broker.sweep(now)
			d.mu.Unlock()
		case <-d.ctx.Done():
			return
		}
	}
}

func (d *Door) cors(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); origin != "" && d.cfg.Allowed(r) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
	}
}

func (d *Door) servePreflight(w http.ResponseWriter, r *http.Request) {
	d.cors(w, r)
	w.Header().Set("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE")
	w.WriteHeader(http.StatusNoContent)
}

func (d *Door) answer(w http.ResponseWriter, r *http.Request, status int, mime, body string) {
	d.cors(w, r)
	w.Header().Set("Content-Type", mime+"; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // a client that left needs no answer
}

func (d *Door) serveName(w http.ResponseWriter, r *http.Request) {
	d.answer(w, r, http.StatusOK, "application/json", `{"name":"PeerJS Server","description":"A server side element to broker connections between PeerJS clients.","website":"https://peerjs.com/"}`)
}

func (d *Door) serveID(w http.ResponseWriter, r *http.Request) {
	d.answer(w, r, http.StatusOK, "text/html", uuid.NewString())
}

func (d *Door) servePeers(w http.ResponseWriter, r *http.Request) {
	if !d.cfg.Discovery {
		d.answer(w, r, http.StatusUnauthorized, "text/plain", "Unauthorized")
		return
	}
	d.mu.Lock()
	ids := append([]string{}, d.broker.ids()...)
	d.mu.Unlock()
	body, err := json.Marshal(ids)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	d.answer(w, r, http.StatusOK, "application/json", string(body))
}

// serveClient is a client's WebSocket, or the server's name for who asks without one.
func (d *Door) serveClient(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		d.serveName(w, r)
		return
	}
	ip := address(r)
	if d.arrive(ip) != nil {
		d.cfg.Metrics.Refused("rate_limited")
		d.answer(w, r, http.StatusTooManyRequests, "text/plain", "Too Many Requests")
		return
	}
	defer d.depart(ip)
	conn, err := d.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	s := newSocket(conn)
	d.open(s)
	defer d.close(s)
	var writer sync.WaitGroup
	writer.Go(s.write)
	d.serve(s, r)
	close(s.over)
	writer.Wait()
}

// address is where a request comes from.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

var errClosed = errors.New("the server is shutting down")

// arrive counts a connection in, until depart, if there may be another one.
func (d *Door) arrive(ip string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return errClosed
	}
	if err := d.cfg.Admit(ip); err != nil {
		return err
	}
	d.clients.Add(1)
	return nil
}

func (d *Door) depart(ip string) {
	d.cfg.Release(ip)
	d.clients.Done()
}

// open notes where a connection is ended when the door closes, which may be now.
func (d *Door) open(s *socket) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sockets[s] = struct{}{}
	if d.closed {
		s.end()
	}
}

func (d *Door) close(s *socket) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.sockets, s)
}

// serve lets a client in and does what it says until its connection ends.
func (d *Door) serve(s *socket, r *http.Request) {
	m, why := d.enter(s, r)
	if m == nil {
		s.send(why)
		s.end()
	} else {
		defer d.leave(m)
	}
	s.conn.SetReadLimit(frameBytes)
	pace := rate.NewLimiter(messageRate, messageBurst)
	for {
		_, frame, err := s.conn.ReadMessage()
		if err != nil {
			return
		}
		if m == nil {
			continue // until it has gone
		}
		if pace.Wait(d.ctx) != nil {
			return
		}
		in, ok := decode(frame)
		if !ok {
			d.cfg.Metrics.Dropped("peerjs_garbage")
			continue
		}
		d.mu.Lock()
		d.broker.take(m, in, time.Now())
		d.mu.Unlock()
	}
}

// enter gives a client its id, or says why it does not get one.
func (d *Door) enter(s *socket, r *http.Request) (m *member, why []byte) {
	query := r.URL.Query()
	id, token, key := query.Get("id"), query.Get("token"), query.Get("key")
	switch {
	case id == "" || token == "" || key == "" || len(id) > idBytes || len(token) > auth.MaxTokenBytes:
		return d.refuse("bad_message", kindError, textParameters)
	case key != d.cfg.Key:
		return d.refuse("unauthorized", kindError, textKey)
	}
	proof := "by what it said: " + token
	if d.cfg.Verifier != nil {
		claims, err := d.cfg.Verifier.Verify(token, TokenRoom, time.Now())
		if err != nil || claims.Identity != id {
			return d.refuse("unauthorized", kindError, textToken)
		}
		proof = "by token" // of whatever age: it is for this id
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	m, err := d.broker.enter(id, proof, s, time.Now())
	switch {
	case errors.Is(err, errLimit):
		return d.refuse("room_full", kindError, textLimit)
	case errors.Is(err, errTaken):
		return d.refuse("identity_taken", kindTaken, textTaken)
	}
	return m, nil
}

func (d *Door) refuse(word string, k kind, text string) (*member, []byte) {
	d.cfg.Metrics.Refused(word)
	return nil, refusal(k, text)
}

func (d *Door) leave(m *member) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broker.leave(m)
}
