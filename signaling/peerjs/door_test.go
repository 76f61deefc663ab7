package peerjs

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/parlorhq/parlor/auth"
	"github.com/parlorhq/parlor/internal/metrics"
)

// house is a server with this door alone.
type house struct {
	*httptest.Server
	t       *testing.T
	door    *Door
	counts  *metrics.Metrics
	in, out atomic.Int64 // connections
}

func serve(t *testing.T, change func(*Config)) *house {
	h := &house{t: t, counts: metrics.New()}
	c := Config{
		Key: "peerjs", Clients: 10, Metrics: h.counts,
		Admit:   func(string) error { h.in.Add(1); return nil },
		Release: func(string) { h.out.Add(1) },
		Allowed: func(r *http.Request) bool { o := r.Header.Get("Origin"); return o == "" || o == "https://good.example" },
	}
	if change != nil {
		change(&c)
	}
	h.door = New(c)
	h.Server = httptest.NewServer(h.door)
	t.Cleanup(func() {
		h.door.Close()
		h.Close()
	})
	return h
}

// dial is a client's WebSocket, or the response that it got instead.
func (h *house) dial(path string, query map[string]string, origin string) (*websocket.Conn, *http.Response) {
	h.t.Helper()
	values := url.Values{}
	for k, v := range query {
		values.Set(k, v)
	}
	header := http.Header{}
	if origin != "" {
		header.Set("Origin", origin)
	}
	ws, response, err := websocket.DefaultDialer.Dial(strings.Replace(h.URL, "http", "ws", 1)+path+"?"+values.Encode(), header)
	if err != nil && response == nil {
		h.t.Fatal(err)
	}
	_ = response.Body.Close()
	if ws != nil {
		h.t.Cleanup(func() { _ = ws.Close() })
	}
	return ws, response
}

func (h *house) enter(id, token string) *websocket.Conn {
	h.t.Helper()
	ws, _ := h.dial("/peerjs", map[string]string{"key": "peerjs", "id": id, "token": token, "version": "1.5.5"}, "")
	h.reads(ws, open)
	return ws
}

// reads fails unless the next frames are these.
func (h *house) reads(ws *websocket.Conn, frames ...string) {
	h.t.Helper()
	for _, want := range frames {
		if err := ws.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			h.t.Fatal(err)
		}
		_, got, err := ws.ReadMessage()
		if err != nil || string(got) != want {
			h.t.Fatalf("read %s %v, want %s", got, err, want)
		}
	}
}

func (h *house) says(ws *websocket.Conn, frame string) {
	h.t.Helper()
	if err := ws.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
		h.t.Fatal(err)
	}
}

// ends fails unless the connection is closed without a status, as PeerServer closes.
func (h *house) ends(ws *websocket.Conn) {
	h.t.Helper()
	_ = ws.SetReadDeadline(time.Now().Add(20 * time.Second))
	_, got, err := ws.ReadMessage()
	if !websocket.IsCloseError(err, websocket.CloseNoStatusReceived) {
		h.t.Errorf("read %s %v, want an end without a status", got, err)
	}
}

// What PeerServer answers over HTTP, to the byte.
func TestAnswers(t *testing.T) {
	const name = `{"name":"PeerJS Server","description":"A server side element to broker connections between PeerJS clients.","website":"https://peerjs.com/"}`
	const id = `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`
	for _, discovery := range []bool{false, true} {
		h := serve(t, func(c *Config) { c.Discovery = discovery })
		status, peers := http.StatusUnauthorized, "Unauthorized"
		if discovery {
			status, peers = http.StatusOK, `\[\]`
		}
		for _, tt := range []struct {
			path   string
			status int
			mime   string
			body   string // a pattern
		}{
			{"/peerjs", 200, "application/json", regexp.QuoteMeta(name)},
			{"/peerjs/", 200, "application/json", regexp.QuoteMeta(name)},
			{"/peerjs/id?ts=1&version=1.5.5", 200, "text/html", id},
			{"/peerjs/peerjs/id", 200, "text/html", id},
			{"/peerjs/any-key-will-do/id", 200, "text/html", id},
			{"/peerjs/peers", status, "", peers},
			{"/peerjs/peerjs/peers", status, "", peers},
			{"/peerjs/peerjs/nothing", 404, "", ""},
		} {
			for origin, allowed := range map[string]string{"": "", "https://good.example": "https://good.example", "https://evil.example": ""} {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+tt.path, nil)
				if err != nil {
					t.Fatal(err)
				}
				if origin != "" {
					r.Header.Set("Origin", origin)
				}
				response, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(response.Body)
				_ = response.Body.Close()
				if response.StatusCode != tt.status {
					t.Errorf("%s: %d, want %d", tt.path, response.StatusCode, tt.status)
				}
				if tt.status == 404 {
					continue
				}
				if !strings.HasPrefix(response.Header.Get("Content-Type"), tt.mime) || !regexp.MustCompile("^"+tt.body+"$").Match(body) {
					t.Errorf("%s: %s %s", tt.path, response.Header.Get("Content-Type"), body)
				}
				if got := response.Header.Get("Access-Control-Allow-Origin"); got != allowed || response.Header.Get("Vary") != "Origin" {
					t.Errorf("%s from %q: allowed for %q, vary %q", tt.path, origin, got, response.Header.Get("Vary"))
				}
			}
		}
	}
}

func TestWhoIsNotLetIn(t *testing.T) {
	h := serve(t, func(c *Config) { c.Clients = 1 })
	good := map[string]string{"key": "peerjs", "id": "ada", "token": "t"}
	with := func(k, v string) map[string]string {
		all := map[string]string{}
		maps.Copy(all, good)
		if all[k] = v; v == "" {
			delete(all, k)
		}
		return all
	}
	h.enter("ada", "t")
	for _, tt := range []struct {
		query map[string]string
		want  string
	}{
		{with("id", ""), `{"type":"ERROR","payload":{"msg":"No id, token, or key supplied to websocket server"}}`},
		{with("token", ""), `{"type":"ERROR","payload":{"msg":"No id, token, or key supplied to websocket server"}}`},
		{with("key", ""), `{"type":"ERROR","payload":{"msg":"No id, token, or key supplied to websocket server"}}`},
		{with("id", strings.Repeat("a", idBytes+1)), `{"type":"ERROR","payload":{"msg":"No id, token, or key supplied to websocket server"}}`},
		{with("key", "another"), `{"type":"ERROR","payload":{"msg":"Invalid key provided"}}`},
		{with("token", "another"), `{"type":"ID-TAKEN","payload":{"msg":"ID is taken"}}`},
		{with("id", "ben"), `{"type":"ERROR","payload":{"msg":"Server has reached its concurrent user limit"}}`},
	} {
		for _, path := range []string{"/peerjs", "/peerjs/peerjs"} {
			ws, _ := h.dial(path, tt.query, "")
			h.says(ws, `{"type":"OFFER","dst":"ada"}`) // of somebody who is nobody
			h.reads(ws, tt.want)
			h.ends(ws)
		}
	}
	if _, response := h.dial("/peerjs", good, "https://evil.example"); response.StatusCode != http.StatusForbidden {
		t.Errorf("a page that is not allowed: %d", response.StatusCode)
	}
}

func TestConnectionsAreCounted(t *testing.T) {
	full := errors.New("full")
	h := serve(t, nil)
	ws := h.enter("ada", "t")
	h.says(ws, `{"type":"LEAVE"}`)
	h.ends(ws)
	h.door.Close()
	if in, out := h.in.Load(), h.out.Load(); in != 1 || out != 1 {
		t.Errorf("%d came, %d left", in, out)
	}
	h = serve(t, func(c *Config) { c.Admit = func(string) error { return full } })
	if _, response := h.dial("/peerjs", map[string]string{"key": "peerjs", "id": "ada", "token": "t"}, ""); response.StatusCode != http.StatusTooManyRequests {
		t.Errorf("too many connections: %d", response.StatusCode)
	}
}

func TestTwoTalkByIt(t *testing.T) {
	h := serve(t, nil)
	ada, ben := h.enter("ada", "a"), h.enter("ben", "b")
	h.says(ada, "garbage")
	h.says(ada, `{"type":"HEARTBEAT"}`)
	h.says(ada, `{"type":"OFFER","dst":"ben","payload":{"sdp":{"sdp":"v=0\r\n"}}}`)
	h.reads(ben, `{"type":"OFFER","src":"ada","dst":"ben","payload":{"sdp":{"sdp":"v=0\r\n"}}}`)
	h.says(ben, `{"type":"ANSWER","dst":"ada"}`)
	h.reads(ada, `{"type":"ANSWER","src":"ben","dst":"ada"}`)

	again := h.enter("ben", "b")
	h.ends(ben)
	h.says(ada, `{"type":"CANDIDATE","dst":"ben"}`)
	h.reads(again, `{"type":"CANDIDATE","src":"ada","dst":"ben"}`)

	h.says(ada, `{"type":"OFFER","dst":"nobody"}`)
	h.reads(ada, `{"type":"EXPIRE","src":"nobody","dst":"ada"}`) // 5 s later
}

func TestTokensKeepIDs(t *testing.T) {
	secret := strings.Repeat("s", auth.MinSecretBytes)
	verifier, err := auth.NewVerifier(auth.Keys{"key": secret})
	if err != nil {
		t.Fatal(err)
	}
	token := func(room, identity string, age time.Duration) string {
		s, err := auth.Mint("key", secret, auth.Claims{Room: room, Identity: identity}, age, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	h := serve(t, func(c *Config) { c.Verifier = verifier })
	h.enter("ada", token(TokenRoom, "ada", time.Minute))
	h.enter("ada", token(TokenRoom, "ada", time.Hour)) // a newer one of hers
	for _, bad := range []string{"guess", token("another", "ada", time.Minute), token(TokenRoom, "eve", time.Minute)} {
		ws, _ := h.dial("/peerjs", map[string]string{"key": "peerjs", "id": "ada", "token": bad}, "")
		h.reads(ws, `{"type":"ERROR","payload":{"msg":"Invalid token provided"}}`)
		h.ends(ws)
	}
}

func TestAMessageIsBounded(t *testing.T) {
	h := serve(t, nil)
	ws := h.enter("ada", "t")
	h.says(ws, strings.Repeat("x", frameBytes+1))
	if _, _, err := ws.ReadMessage(); err == nil {
		t.Error("it was read")
	}
}
