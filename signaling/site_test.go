package signaling

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlorhq/parlor/room"
)

// site is a door behind an http.Server in memory, with the deadlines of a real one.
type site struct {
	t      *testing.T
	h      *Handler
	client *http.Client
	dial   func() (net.Conn, error)
}

// testLimits are those of a server, but for what a test changes.
func testLimits() Limits {
	return Limits{
		FrameBytes: 256 << 10, SignalRate: 50, SignalBurst: 100, OfferRate: 5, OfferBurst: 5,
		Connections: 100, ConnectionsPerIP: 100, FirstMessage: 5 * time.Second, UpgradeTimeout: 10 * time.Second,
		LostAfter: 12 * time.Second, ResumeWindow: 2 * time.Minute,
	}
}

// bubble runs a test in a bubble, over HTTP/1.1 and over HTTP/2. What is left running when it ends fails it.
func bubble(t *testing.T, cfg Config, test func(t *testing.T, s *site)) {
	t.Helper()
	for _, version := range []string{"HTTP/1.1", "HTTP/2"} {
		t.Run(version, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, newSite(t, cfg, version == "HTTP/2")) })
		})
	}
}

func newSite(t *testing.T, cfg Config, two bool) *site {
	t.Helper()
	if cfg.Limits.FrameBytes == 0 {
		cfg.Limits = testLimits()
	}
	h := newTestHandler(t, cfg)
	h.cfg.Rooms = room.NewRooms(room.Config{
		Encode: EncodeEvent, EmptyTimeout: time.Minute,
		Limits: room.Limits{Rooms: 10, Participants: 10, Tracks: 1, RoomBytes: 64, NameBytes: 64, IdentityBytes: 64},
	})
	l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 2 * time.Minute,
		IdleTimeout: 75 * time.Second, Protocols: new(http.Protocols),
	}
	transport := &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return l.dial() },
		Protocols:   new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true)
	if two {
		server.Protocols.SetUnencryptedHTTP2(true)
		transport.Protocols.SetUnencryptedHTTP2(true)
	} else {
		transport.Protocols.SetHTTP1(true)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() {
		h.cfg.Rooms.Drain()
		h.Close()
		h.cfg.Rooms.Close()
		transport.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Errorf("requests are open after Close: %v", err)
			_ = server.Close()
		}
	})
	return &site{t, h, &http.Client{Transport: transport}, l.dial}
}

// pipes is a listener in memory.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) dial() (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// answer is a response that was read to its end.
type answer struct {
	status int
	code   string // of a problem
	body   []byte
	header http.Header
}

func (s *site) do(ctx context.Context, method, path, key, body string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://parlor.example"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	return s.client.Do(r)
}

func (s *site) ask(method, path, key, body string) answer {
	s.t.Helper()
	response, err := s.do(context.Background(), method, path, key, body)
	if err != nil {
		s.t.Errorf("%s %s: %v", method, path, err)
		return answer{}
	}
	defer func() { _ = response.Body.Close() }()
	return s.read(response)
}

func (s *site) read(response *http.Response) answer {
	s.t.Helper()
	a := answer{status: response.StatusCode, header: response.Header}
	var err error
	if a.body, err = io.ReadAll(response.Body); err != nil {
		s.t.Errorf("body: %v", err)
	}
	if a.status >= 300 {
		var problem struct {
			Code, Title, Detail string
			Status              int
		}
		if response.Header.Get("Content-Type") != "application/problem+json" || json.Unmarshal(a.body, &problem) != nil ||
			problem.Status != a.status || problem.Title == "" || problem.Detail == "" {
			s.t.Errorf("%d is no problem: %s", a.status, a.body)
		}
		a.code = problem.Code
	}
	return a
}

func (a answer) want(t *testing.T, status int, code string) {
	t.Helper()
	if a.status != status || a.code != code {
		t.Errorf("answered %d %s, want %d %s: %s", a.status, a.code, status, code, a.body)
	}
}

// visitor is a client over HTTP.
type visitor struct {
	*site
	sid, rt, link, epoch, id string
	position                 uint64
}

func (s *site) join(via, name string) *visitor {
	s.t.Helper()
	return s.joinWith(via, `{"t":"join","room":"demo","name":"`+name+`"}`)
}

func (s *site) joinWith(via, body string) *visitor {
	s.t.Helper()
	a := s.ask("POST", "/v1/sessions?via="+via, "", body)
	a.want(s.t, http.StatusCreated, "")
	var in joinedReply
	if err := json.Unmarshal(a.body, &in); err != nil || in.T != "joined" || in.Link == "" {
		s.t.Fatalf("joined with %s: %v", a.body, err)
	}
	return &visitor{s, in.ID, in.Token, in.Link, in.Epoch, in.You.ID, in.Position}
}

// resume moves on to a link of another kind.
func (v *visitor) resume(via string) {
	v.t.Helper()
	a := v.ask("POST", "/v1/sessions?via="+via, "", `{"t":"resume","sid":"`+v.sid+`","rt":"`+v.rt+`"}`)
	a.want(v.t, http.StatusCreated, "")
	var out resumedReply
	if err := json.Unmarshal(a.body, &out); err != nil || out.T != "resumed" || out.Link == "" {
		v.t.Fatalf("resumed with %s: %v", a.body, err)
	}
	v.rt, v.link = out.Token, out.Link
}

func (v *visitor) path() string { return "/v1/sessions/" + v.sid }

func (v *visitor) post(frame string) answer {
	v.t.Helper()
	return v.ask("POST", v.path(), v.link, frame)
}

func (v *visitor) say(frame string) {
	v.t.Helper()
	v.post(frame).want(v.t, http.StatusNoContent, "")
}

// poll asks for response n and gives its frames.
func (v *visitor) poll(n int) (answer, []string) {
	v.t.Helper()
	a := v.ask("GET", v.path()+"/poll?r="+strconv.Itoa(n), v.link, "")
	if a.status != http.StatusOK {
		return a, nil
	}
	return a, parseEvents(v.t, bytes.NewReader(a.body), nil)
}

// watch opens the stream. What came is there when the bubble rests.
func (v *visitor) watch() *watched {
	v.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	response, err := v.do(ctx, "GET", v.path()+"/events", v.link, "")
	if err != nil {
		v.t.Fatal(err)
	}
	w := &watched{status: response.StatusCode, header: response.Header, close: cancel, ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		defer func() { _ = response.Body.Close() }()
		parseEvents(v.t, response.Body, func(frame string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.frames = append(w.frames, frame)
			w.at = append(w.at, time.Now())
		})
	}()
	v.t.Cleanup(cancel)
	return w
}

// watched is an open stream.
type watched struct {
	status int
	header http.Header
	close  func()
	ended  chan struct{}

	mu     sync.Mutex
	frames []string
	at     []time.Time
}

// rest is what came until nothing more does.
func (w *watched) rest() string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.frames, "\n")
}

// parseEvents reads server-sent events as a browser does.
func parseEvents(t *testing.T, r io.Reader, came func(string)) (all []string) {
	t.Helper()
	lines := bufio.NewReader(r)
	var data []string
	event := ""
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return all
		}
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case field == "data":
			data = append(data, value)
		case field == "event":
			event = value
		case line == "\n" && data != nil:
			frame := strings.Join(data, "\n")
			if event == "b" {
				raw, err := base64.StdEncoding.DecodeString(frame)
				if err != nil {
					t.Errorf("binary event: %v", err)
				}
				frame = "binary:" + string(raw)
			}
			all = append(all, frame)
			if came != nil {
				came(frame)
			}
			data, event = nil, ""
		}
	}
}
