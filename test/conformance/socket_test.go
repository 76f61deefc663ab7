package conformance

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// patience is how long an answer may take on a busy machine.
const patience = 20 * time.Second

type object = map[string]any

// socket is a WebSocket and what came over it.
type socket struct {
	t       *testing.T
	ws      *websocket.Conn
	came    chan object // one object each
	ended   chan error  // why reading ended
	skipped []object    // what expect went past, for failures
	writing sync.Mutex
}

func dial(t *testing.T, url string) *socket {
	t.Helper()
	ws, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(url, "http")+"/v1/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	s := &socket{t: t, ws: ws, came: make(chan object, 4096), ended: make(chan error, 1)}
	go s.read(s.came)
	t.Cleanup(func() { _ = ws.Close() })
	return s
}

func (s *socket) read(came chan<- object) {
	defer close(came)
	for {
		_, frame, err := s.ws.ReadMessage()
		if err != nil {
			s.ended <- err
			return
		}
		if frame[0] != '[' {
			frame = append(append([]byte{'['}, frame...), ']')
		}
		var all []object
		decoder := json.NewDecoder(strings.NewReader(string(frame)))
		decoder.UseNumber()
		if err := decoder.Decode(&all); err != nil {
			s.ended <- err
			return
		}
		for _, m := range all {
			came <- m
		}
	}
}

// say sends an object, or text as it is.
func (s *socket) say(v any) {
	s.t.Helper()
	text, ok := v.(string)
	if !ok {
		b, err := json.Marshal(v)
		if err != nil {
			s.t.Fatal(err)
		}
		text = string(b)
	}
	s.writing.Lock()
	err := s.ws.WriteMessage(websocket.TextMessage, []byte(text))
	s.writing.Unlock()
	if err != nil {
		s.t.Fatal(err)
	}
}

// shout sends text that the server may refuse to read to its end.
func (s *socket) shout(text string) {
	_ = s.ws.WriteMessage(websocket.TextMessage, []byte(text))
}

// expect reads on to the next object of a kind.
func (s *socket) expect(kind string) object {
	s.t.Helper()
	late := time.After(patience)
	for {
		select {
		case m, ok := <-s.came:
			if !ok {
				s.t.Fatalf("no %s came, but: %v", kind, s.skipped)
			}
			if m["t"] == kind {
				return m
			}
			s.skipped = append(s.skipped, m)
		case <-late:
			s.t.Fatalf("no %s came in %s, but: %v", kind, patience, s.skipped)
		}
	}
}

// expectError reads on to an error and looks at its code.
func (s *socket) expectError(re, code string) object {
	s.t.Helper()
	m := s.expect("error")
	if m["code"] != code || m["re"] != re && !(re == "" && m["re"] == nil) {
		s.t.Errorf("error %v, want %q of %q", m, code, re)
	}
	if text, _ := m["message"].(string); text == "" {
		s.t.Errorf("error without a message: %v", m)
	}
	return m
}

// expectClosed reads on to closed and the close of the WebSocket.
func (s *socket) expectClosed(code string) {
	s.t.Helper()
	if m := s.expect("closed"); m["code"] != code {
		s.t.Errorf("%v, want the code %s", m, code)
	}
	s.expectClose(websocket.CloseNormalClosure)
}

// expectClose waits for the close of the WebSocket.
func (s *socket) expectClose(want int) {
	s.t.Helper()
	late := time.After(patience)
	for {
		select {
		case m, ok := <-s.came:
			if ok {
				s.skipped = append(s.skipped, m)
				continue
			}
			err := <-s.ended
			s.ended <- err
			closed, is := errors.AsType[*websocket.CloseError](err)
			if !is || closed.Code != want {
				s.t.Errorf("ended with %v, want close code %d; came %v", err, want, s.skipped)
			}
			return
		case <-late:
			s.t.Fatalf("not closed in %s; came %v", patience, s.skipped)
		}
	}
}

// expectEntry reads on to a log entry that matches.
func (s *socket) expectEntry(what string, match func(object) bool) object {
	s.t.Helper()
	for {
		m := s.expect("log")
		entries, _ := m["entries"].([]any)
		var found object
		for _, e := range entries {
			if e := e.(object); found == nil && match(e) {
				found = e
			}
		}
		if found != nil {
			return found
		}
		s.skipped = append(s.skipped, m)
		if len(s.skipped) > 10_000 {
			s.t.Fatalf("no %s came", what)
		}
	}
}

// sync waits until everything said so far was handled.
func (s *socket) sync() {
	s.t.Helper()
	s.say(object{"t": "ping", "id": 4711})
	for num(s.expect("pong")["id"]) != 4711 {
		continue
	}
}

// member is a socket that has joined.
type member struct {
	*socket
	room string
	id   string
	in   object // joined
}

func join(t *testing.T, url, room, name string) *member {
	t.Helper()
	s := dial(t, url)
	s.say(object{"t": "join", "room": room, "name": name})
	in := s.expect("joined")
	return &member{socket: s, room: room, id: in["you"].(object)["id"].(string), in: in}
}

// aRoom is the name of a room that nobody is in.
func aRoom() string { return "conformance-" + rand.Text()[:12] }

// num is a number of a message.
func num(v any) uint64 {
	n, _ := v.(json.Number)
	i, _ := n.Int64()
	return uint64(i)
}

func get(t *testing.T, url string, header http.Header) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(request.Header, header)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}
