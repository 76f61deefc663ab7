package conformance

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

func TestHTTPJoined(t *testing.T) {
	tt := server(t)
	for _, via := range []string{"sse", "poll"} {
		t.Run(via, func(t *testing.T) {
			room := aRoom()
			ben := join(t, tt.url, room, "Ben")
			ada := visit(t, tt.url, via, room, "Ada")
			for _, member := range []string{"room", "sid", "rt", "epoch", "position", "you", "grant", "participants", "iceServers", "limits", "link"} {
				if ada.in[member] == nil {
					t.Errorf("joined has no %s: %v", member, ada.in)
				}
			}
			if others := ada.in["participants"].([]any); len(others) != 1 || others[0].(object)["id"] != ben.id {
				t.Errorf("snapshot %v", others)
			}
			ada.say(object{"t": "ping", "id": 5})
			if pong := ada.expect("pong"); num(pong["id"]) != 5 {
				t.Errorf("pong %v", pong)
			}
			ada.say(object{"t": "leave"})
			if closed := ada.expect("closed"); closed["code"] != "left" {
				t.Errorf("closed %v", closed)
			}
			ada.expectEnd()
			left := ben.expectEntry("left", func(e object) bool { return e["event"] == "left" })
			if left["id"] != ada.id || left["reason"] != "left" {
				t.Errorf("left as %v", left)
			}
			if status, code := ada.post(object{"t": "ping", "id": 6}); status != http.StatusGone || code != "session_not_found" {
				t.Errorf("after leaving: %d %s", status, code)
			}
		})
	}
}

func TestHTTPRefusals(t *testing.T) {
	tt := server(t)
	for name, c := range map[string]struct {
		first  object
		status int
		code   string
	}{
		"no name":         {object{"t": "join", "room": aRoom()}, 400, "bad_name"},
		"no such room":    {object{"t": "join", "room": aRoom(), "name": "Ada", "create": false}, 404, "room_not_found"},
		"out of place":    {object{"t": "m", "n": 1}, 400, "bad_message"},
		"unknown session": {object{"t": "resume", "sid": "s_nobody", "rt": "x"}, 410, "session_not_found"},
		"bad offer":       {object{"t": "join", "room": aRoom(), "name": "Ada", "offer": "v=1\r\n"}, 400, "bad_offer"},
		"short attempt":   {object{"t": "join", "room": aRoom(), "name": "Ada", "attempt": "short"}, 400, "bad_message"},
	} {
		if status, p := enter(t, tt.url, "poll", c.first); status != c.status || p["code"] != c.code {
			t.Errorf("%s: %d %v", name, status, p)
		}
	}
	if tt.keyed != "" {
		if status, p := enter(t, tt.keyed, "sse", object{"t": "join", "room": aRoom(), "name": "Ada"}); status != 401 || p["code"] != "unauthorized" {
			t.Errorf("without a token: %d %v", status, p)
		}
	}
	ada := visitQuietly(t, tt.url, "sse", aRoom(), "Ada")
	if status, code := ada.post(strings.Repeat(" ", 4<<20)); status != 413 || code != "too_large" {
		t.Errorf("a frame of 4 MiB: %d %s", status, code)
	}
	ada.key = ""
	if status, code := ada.post(`{}`); status != 401 || code != "unauthorized" {
		t.Errorf("without a key: %d %s", status, code)
	}
	ada.key = "wrong"
	if status, code := ada.post(`{}`); status != 409 || code != "stale_link" {
		t.Errorf("with a wrong key: %d %s", status, code)
	}
}

func TestHTTPOrigins(t *testing.T) {
	tt := server(t)
	for _, method := range []string{"OPTIONS", "POST"} {
		for origin, allowed := range map[string]bool{tt.url: true, "https://evil.example": false, "null": false} {
			r, err := http.NewRequestWithContext(t.Context(), method, tt.url+"/v1/sessions?via=sse", strings.NewReader(
				`{"t":"join","room":"`+aRoom()+`","name":"Ada"}`))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Origin", origin)
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if !allowed {
				if code := problemOf(t, response, body); response.StatusCode != 403 || code != "origin" {
					t.Errorf("%s from %s: %s %s", method, origin, response.Status, code)
				}
				continue
			}
			if response.StatusCode >= 300 || response.Header.Get("Access-Control-Allow-Origin") != origin ||
				response.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s from %s: %s %v", method, origin, response.Status, response.Header)
			}
		}
	}
}

// teller is a session that sends messages, whatever carries it.
type teller interface {
	say(v any)
	expectEntry(what string, match func(object) bool) object
}

// said is one message: its offset, whose it is and the number it has.
type said struct {
	offset uint64
	from   string
	n      uint64
}

// order says which messages came in which order, own ones among them.
func order(s teller, id string, total int) (all []said) {
	s.expectEntry("everything", func(e object) bool {
		switch {
		case e["ok"] != nil:
			all = append(all, said{num(e["o"]), id, num(e["ok"])})
		case e["type"] == "order":
			all = append(all, said{num(e["o"]), e["from"].(string), num(e["data"])})
		}
		return len(all) == total
	})
	return all
}

// One room with a poll, a stream and a WebSocket: everyone sees everything once, in one order.
func TestHTTPOneOrderForAll(t *testing.T) {
	tt := server(t)
	room := aRoom()
	const each = 40
	ada, ben := visit(t, tt.url, "poll", room, "Ada"), visit(t, tt.url, "sse", room, "Ben")
	cy := join(t, tt.url, room, "Cy")
	var senders sync.WaitGroup
	for _, s := range []teller{ada, ben, cy} {
		senders.Go(func() {
			for n := 1; n <= each; n++ {
				s.say(object{"t": "m", "n": n, "type": "order", "data": n})
			}
		})
	}
	senders.Wait()
	want := order(cy, cy.id, 3*each)
	for id, s := range map[string]*visitor{ada.id: ada, ben.id: ben} {
		if got := order(s, id, 3*each); !slices.Equal(got, want) {
			t.Errorf("over %s: %v\nover the WebSocket: %v", s.via, got, want)
		}
	}
	last := map[string]uint64{}
	for i, m := range want {
		if last[m.from]++; m.n != last[m.from] || i > 0 && m.offset <= want[i-1].offset {
			t.Errorf("%v is out of order", m)
		}
	}
}

// A session goes from a WebSocket to polls to a stream and back, and nothing is lost or doubled.
func TestHTTPResumeAcrossKinds(t *testing.T) {
	tt := server(t)
	room := aRoom()
	ben := join(t, tt.url, room, "Ben")
	ada := join(t, tt.url, room, "Ada")
	ben.say(object{"t": "m", "n": 1, "type": "order", "data": 1})
	ada.say(object{"t": "m", "n": 1, "type": "order", "data": 1})
	seen := ada.expectEntry("Ben's first", func(e object) bool { return e["type"] == "order" && e["from"] == ben.id })
	ben.expectEntry("Ada's first", func(e object) bool { return e["from"] == ada.id })
	v := &visitor{socket: newCame(t), url: tt.url, sid: ada.in["sid"].(string), rt: ada.in["rt"].(string), id: ada.id}
	position := num(seen["o"])
	n := uint64(1)
	for i, via := range []string{"poll", "sse", "poll"} {
		ben.say(object{"t": "m", "n": i + 2, "type": "order", "data": i + 2}) // while nobody carries it
		ben.expectEntry("ok", func(e object) bool { return num(e["ok"]) == uint64(i+2) })
		v.resume(via)
		if i == 0 {
			ada.expectClose(4000)
		}
		v.say(object{"t": "attach", "gen": i + 2, "epoch": ada.in["epoch"], "position": position})
		if a := v.expect("attached"); num(a["n"]) != n {
			t.Errorf("over %s: attached with %v, want n %d", via, a, n)
		}
		missed := v.expectEntry("the missed one", func(e object) bool { return e["type"] == "order" && e["from"] == ben.id })
		if num(missed["data"]) != uint64(i+2) || num(missed["o"]) <= position {
			t.Errorf("over %s: after %d came %v", via, position, missed)
		}
		v.say(object{"t": "m", "n": n, "type": "order", "data": n}) // again: not taken twice
		n++
		v.say(object{"t": "m", "n": n, "type": "order", "data": n})
		got := ben.expectEntry("the new one", func(e object) bool { return e["from"] == ada.id })
		if num(got["data"]) != n {
			t.Errorf("over %s: came %v, want %d", via, got, n)
		}
		ok := v.expectEntry("ok", func(e object) bool { return num(e["ok"]) == n })
		position = num(ok["o"])
	}
	s := resume(t, tt.url, v.sid, v.rt)
	s.expect("resumed")
	v.expectEnd()
	if status, code := v.post(object{"t": "ping", "id": 1}); status != 409 || code != "stale_link" {
		t.Errorf("the former link: %d %s", status, code)
	}
	s.sync()
}

// What is late on an older link is refused, changes nothing, and never begins a session.
func TestCase12StalePollAfterReattach(t *testing.T) {
	tt := server(t)
	room := aRoom()
	ben := join(t, tt.url, room, "Ben")
	ada := visitQuietly(t, tt.url, "poll", room, "Ada")
	old := *ada
	waiting := make(chan string, 1)
	go func() {
		response, err := do(t.Context(), "GET", old.path()+"/poll?r=1", old.key, "")
		if err != nil {
			waiting <- err.Error()
			return
		}
		_ = response.Body.Close()
		waiting <- response.Status
	}()
	ada.resumeQuietly("poll")
	ada.say(object{"t": "attach", "gen": 2, "epoch": ada.in["epoch"], "position": ada.in["position"]})
	ada.mustPoll(1)
	if a := ada.expect("attached"); num(a["gen"]) != 2 {
		t.Errorf("attached with %v", a)
	}
	if status := <-waiting; status != "409 Conflict" {
		t.Errorf("the poll that waited on the older link ended with %s", status)
	}
	for _, n := range []int{1, 2} {
		if status, code, _ := old.poll(n); status != 409 || code != "stale_link" {
			t.Errorf("poll %d of the older link: %d %s", n, status, code)
		}
	}
	if status, code := old.post(object{"t": "m", "n": 1, "type": "stale", "data": 1}); status != 409 || code != "stale_link" {
		t.Errorf("POST on the older link: %d %s", status, code)
	}
	ghost := old
	ghost.sid = "s_nobody"
	if status, code, _ := ghost.poll(1); status != 410 || code != "session_not_found" {
		t.Errorf("poll of no session: %d %s", status, code)
	}
	if status, code := ghost.post(object{"t": "join", "room": room, "name": "Ghost"}); status != 410 || code != "session_not_found" {
		t.Errorf("POST to no session: %d %s", status, code)
	}
	ada.say(object{"t": "m", "n": 1, "type": "fresh", "data": 1})
	joined := 0
	ben.expectEntry("the fresh message", func(e object) bool {
		if e["event"] == "joined" {
			joined++
		}
		if e["type"] == "stale" {
			t.Errorf("a message of the older link came: %v", e)
		}
		return e["type"] == "fresh"
	})
	if joined != 1 {
		t.Errorf("%d people joined, want Ada alone", joined)
	}
}

func TestCase13PollResponseLost(t *testing.T) {
	tt := server(t)
	room := aRoom()
	ben := join(t, tt.url, room, "Ben")
	ada := visitQuietly(t, tt.url, "poll", room, "Ada")

	// The request is cut before there is an answer.
	ctx, cancel := context.WithCancel(t.Context())
	cut := make(chan error)
	go func() {
		response, err := do(ctx, "GET", ada.path()+"/poll?r=1", ada.key, "")
		if err == nil {
			_ = response.Body.Close()
		}
		cut <- err
	}()
	cancel()
	<-cut
	ben.say(object{"t": "m", "n": 1, "type": "order", "data": 1})
	ben.expectEntry("ok", func(e object) bool { return num(e["ok"]) == 1 })

	// The answer is lost on its way, again and again, while more is said.
	_, _, first := ada.poll(1)
	for n := 2; n <= 4; n++ {
		ben.say(object{"t": "m", "n": n, "type": "order", "data": n})
		ben.expectEntry("ok", func(e object) bool { return num(e["ok"]) == uint64(n) })
		if _, _, again := ada.poll(1); string(again) != string(first) {
			t.Errorf("response 1 was %q and is %q", first, again)
		}
	}
	// What was said meanwhile comes in one response, or in more where the server was slow to collect it.
	next := 1
	var got []uint64
	for ; len(got) < 4; next++ {
		ada.mustPoll(next)
		for len(ada.came) > 0 {
			entries, _ := (<-ada.came)["entries"].([]any)
			for _, e := range entries {
				if e := e.(object); e["type"] == "order" {
					got = append(got, num(e["data"]))
				}
			}
		}
	}
	if !slices.Equal(got, []uint64{1, 2, 3, 4}) {
		t.Errorf("came as %v", got)
	}
	for _, n := range []int{next - 3, next - 2, next + 2} {
		if status, code, _ := ada.poll(n); status != 409 || code != "stale_link" {
			t.Errorf("response %d when %d is next: %d %s", n, next, status, code)
		}
	}
}

// buffering is a proxy that passes a response on when it has the whole of it.
func buffering(t *testing.T, url string) string {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		onward, err := http.NewRequestWithContext(r.Context(), r.Method, url+r.URL.RequestURI(), r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		onward.Header = r.Header.Clone()
		response, err := http.DefaultClient.Do(onward)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		w.Header().Set("Content-Type", response.Header.Get("Content-Type"))
		w.WriteHeader(response.StatusCode)
		_, _ = w.Write(body)
	}))
	t.Cleanup(func() {
		proxy.CloseClientConnections()
		proxy.Close()
	})
	return proxy.URL
}

// probe says how far apart the two events came.
func probe(t *testing.T, url string) time.Duration {
	t.Helper()
	response, err := do(t.Context(), "GET", url+"/v1/sessions/probe", "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var at []time.Time
	if err := events(response.Body, func(string) error { at = append(at, time.Now()); return nil }); err != nil || len(at) != 2 {
		t.Fatalf("%d events, %v", len(at), err)
	}
	return at[1].Sub(at[0])
}

// A proxy that buffers is found out by the probe, starves a stream, and lets polls pass.
func TestCase14SSEThroughABufferingProxy(t *testing.T) {
	t.Parallel()
	tt := server(t)
	url := buffering(t, tt.url)
	if gap := probe(t, tt.url); gap < 700*time.Millisecond {
		t.Errorf("without a proxy the events of a probe are %s apart", gap)
	}
	if gap := probe(t, url); gap > 300*time.Millisecond {
		t.Errorf("behind a proxy that buffers, the events of a probe are %s apart", gap)
	}
	room := aRoom()
	ben := join(t, tt.url, room, "Ben")
	ada := visit(t, url, "sse", room, "Ada")
	ada.say(object{"t": "m", "n": 1, "type": "order", "data": 1})
	ben.expectEntry("the message", func(e object) bool { return e["type"] == "order" })
	ben.say(object{"t": "m", "n": 1, "type": "order", "data": 2})
	ben.expectEntry("ok", func(e object) bool { return num(e["ok"]) == 1 })
	select {
	case m := <-ada.came:
		t.Errorf("a stream came through: %v", m)
	case <-time.After(time.Second):
	}
	ada.resume("poll")
	ada.say(object{"t": "attach", "gen": 2, "epoch": ada.in["epoch"], "position": ada.in["position"]})
	if a := ada.expect("attached"); num(a["n"]) != 1 {
		t.Errorf("attached with %v", a)
	}
	var got []string
	ada.expectEntry("both messages", func(e object) bool {
		if e["ok"] != nil {
			got = append(got, "own")
		} else if e["type"] == "order" {
			got = append(got, "Ben's")
		}
		return len(got) == 2
	})
	if !slices.Equal(got, []string{"own", "Ben's"}) {
		t.Errorf("came as %v", got)
	}
}

// On a stream the server says every 5 s that it is there.
func TestHTTPBeat(t *testing.T) {
	t.Parallel()
	ada := visit(t, server(t).url, "sse", aRoom(), "Ada")
	began := time.Now()
	ada.expect("beat")
	ada.say(object{"t": "ack", "position": ada.in["position"]})
	ada.expect("beat")
	if took := time.Since(began); took > 14*time.Second {
		t.Errorf("two beats took %s", took)
	}
}

func TestHTTPOneStreamPerLink(t *testing.T) {
	ada := visit(t, server(t).url, "sse", aRoom(), "Ada")
	ada.say(object{"t": "ping", "id": 1})
	ada.expect("pong") // the stream is open
	response, body := request(t.Context(), t, "GET", ada.path()+"/events", ada.key, "")
	if code := problemOf(t, response, body); response.StatusCode != 409 || code != "stale_link" {
		t.Errorf("a second stream: %s %s", response.Status, code)
	}
	ada.say(object{"t": "ping", "id": 2})
	ada.expect("pong")
}

// A join whose answer got lost is made again with the same word, over whatever works, and there is one participant.
func TestAttempts(t *testing.T) {
	tt := server(t)
	room, word := aRoom(), "conformance-"+aRoom()
	ben := join(t, tt.url, room, "Ben")
	again := object{"t": "join", "room": room, "name": "Ada", "attempt": word}
	status, first := enter(t, tt.url, "sse", again)
	if status != http.StatusCreated {
		t.Fatalf("%d %v", status, first)
	}
	s := dial(t, tt.url)
	s.say(again)
	second := s.expect("joined")
	status, third := enter(t, tt.url, "poll", again)
	if status != http.StatusCreated {
		t.Fatalf("%d %v", status, third)
	}
	s.expectClosed("replaced")
	id := first["you"].(object)["id"]
	for _, in := range []object{second, third} {
		if in["you"].(object)["id"] != id || in["sid"] == first["sid"] || len(in["participants"].([]any)) != 1 {
			t.Errorf("first %v, again %v", first, in)
		}
	}
	if cy := join(t, tt.url, room, "Cy"); len(cy.in["participants"].([]any)) != 2 {
		t.Errorf("in the room are %v", cy.in["participants"])
	}
	ben.sync()
}

// A client proves a WebSocket before it moves its session there.
func TestPingsBeforeTheFirstMessage(t *testing.T) {
	tt := server(t)
	s := dial(t, tt.url)
	for id := range 10 {
		s.say(object{"t": "ping", "id": id})
		if pong := s.expect("pong"); num(pong["id"]) != uint64(id) {
			t.Errorf("pong %v", pong)
		}
	}
	s.say(object{"t": "join", "room": aRoom(), "name": "Ada"})
	s.expect("joined")

	s = dial(t, tt.url)
	for id := range 11 {
		s.say(object{"t": "ping", "id": id})
	}
	s.expectError("", "bad_message")
	s.expectClose(websocket.ClosePolicyViolation)
}
