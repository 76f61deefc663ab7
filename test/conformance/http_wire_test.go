package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// visitor is a session over HTTP. What its link brings comes out as from a socket.
type visitor struct {
	*socket
	url  string // of the server, or of what stands before it
	in   object // joined
	id   string
	sid  string
	rt   string
	key  string // of the link
	via  string
	stop context.CancelFunc // ends reading from the link
	next int                // number of the poll that was not answered yet
}

// enter sends a first message, for a link of a kind.
func enter(t *testing.T, url, via string, first object) (status int, answer object) {
	t.Helper()
	response, body := request(t.Context(), t, "POST", url+"/v1/sessions?via="+via, "", encode(t, first))
	return response.StatusCode, decode(t, body)
}

// visit joins over HTTP and listens.
func visit(t *testing.T, url, via, room, name string) *visitor {
	t.Helper()
	v := visitQuietly(t, url, via, room, name)
	v.listen()
	return v
}

// visitQuietly joins over HTTP; the test asks for what comes itself.
func visitQuietly(t *testing.T, url, via, room, name string) *visitor {
	t.Helper()
	status, in := enter(t, url, via, object{"t": "join", "room": room, "name": name})
	if status != http.StatusCreated || in["t"] != "joined" {
		t.Fatalf("joined with %d %v", status, in)
	}
	v := &visitor{socket: newCame(t), url: url, in: in, id: in["you"].(object)["id"].(string), via: via}
	v.sid, _ = in["sid"].(string)
	v.rt, _ = in["rt"].(string)
	v.key, _ = in["link"].(string)
	return v
}

func newCame(t *testing.T) *socket {
	return &socket{t: t, came: make(chan object, 4096), ended: make(chan error, 1)}
}

// resume moves the session to a new link, of any kind.
func (v *visitor) resume(via string) object {
	v.t.Helper()
	v.resumeQuietly(via)
	v.listen()
	return v.in
}

func (v *visitor) resumeQuietly(via string) {
	v.t.Helper()
	if v.stop != nil {
		v.stop()
	}
	status, in := enter(v.t, v.url, via, object{"t": "resume", "sid": v.sid, "rt": v.rt})
	if status != http.StatusCreated || in["t"] != "resumed" || in["here"] != true {
		v.t.Fatalf("resumed with %d %v", status, in)
	}
	v.rt, v.key, v.via, v.next = in["rt"].(string), in["link"].(string), via, 0
	v.socket = newCame(v.t)
}

// listen reads what the link brings until it ends.
func (v *visitor) listen() {
	ctx, cancel := context.WithCancel(v.t.Context())
	v.stop = cancel
	s, link := v.socket, *v
	go func() {
		defer close(s.came)
		for n := 1; ; n++ {
			path := "/events"
			if link.via == "poll" {
				path = fmt.Sprintf("/poll?r=%d", n)
			}
			response, err := do(ctx, "GET", link.path()+path, link.key, "")
			if err == nil && response.StatusCode != http.StatusOK {
				err = fmt.Errorf("%s: %s", path, response.Status)
			}
			if err == nil {
				err = events(response.Body, func(frame string) error { return s.bring(frame) })
				_ = response.Body.Close()
			}
			if err == nil && link.via == "sse" {
				err = io.EOF
			}
			if err != nil {
				s.ended <- err
				return
			}
		}
	}()
}

// bring gives the objects of a frame to whoever expects them.
func (s *socket) bring(frame string) error {
	if !strings.HasPrefix(frame, "[") {
		frame = "[" + frame + "]"
	}
	var all []object
	decoder := json.NewDecoder(strings.NewReader(frame))
	decoder.UseNumber()
	if err := decoder.Decode(&all); err != nil {
		return fmt.Errorf("%q: %w", frame, err)
	}
	for _, m := range all {
		completeObject(m)
		s.came <- m
	}
	return nil
}

func (v *visitor) path() string { return v.url + "/v1/sessions/" + v.sid }

// post sends a frame and gives the status, and the code of a problem.
func (v *visitor) post(frame any) (status int, code string) {
	v.t.Helper()
	text, ok := frame.(string)
	if !ok {
		text = encode(v.t, frame)
	}
	response, body := request(v.t.Context(), v.t, "POST", v.path(), v.key, text)
	return response.StatusCode, problemOf(v.t, response, body)
}

func (v *visitor) say(frame any) {
	v.t.Helper()
	if status, code := v.post(frame); status != http.StatusNoContent {
		v.t.Fatalf("POST: %d %s", status, code)
	}
}

// poll asks for response n.
func (v *visitor) poll(n int) (status int, code string, body []byte) {
	v.t.Helper()
	response, body := request(v.t.Context(), v.t, "GET", fmt.Sprintf("%s/poll?r=%d", v.path(), n), v.key, "")
	return response.StatusCode, problemOf(v.t, response, body), body
}

// mustPoll reads response n into what came.
func (v *visitor) mustPoll(n int) []byte {
	v.t.Helper()
	status, code, body := v.poll(n)
	if status != http.StatusOK {
		v.t.Fatalf("poll %d: %d %s", n, status, code)
	}
	if err := events(bytes.NewReader(body), v.bring); err != nil {
		v.t.Fatal(err)
	}
	return body
}

// expectEnd waits for the end of what the link brings.
func (v *visitor) expectEnd() {
	v.t.Helper()
	late := time.After(patience)
	for {
		select {
		case m, ok := <-v.came:
			if !ok {
				return
			}
			v.skipped = append(v.skipped, m)
		case <-late:
			v.t.Fatalf("the link does not end; came %v", v.skipped)
		}
	}
}

// events reads server-sent events to their end.
func events(r io.Reader, came func(frame string) error) error {
	lines := bufio.NewReader(r)
	var data []string
	event := ""
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return nil //nolint:nilerr // a stream that was cut is one that ended
		}
		line = strings.TrimRight(line, "\r\n")
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "" && data != nil:
			frame := strings.Join(data, "\n")
			if event == "b" {
				raw, err := base64.StdEncoding.DecodeString(frame)
				if err != nil {
					return err
				}
				b, _ := json.Marshal(object{"t": "binary", "bytes": raw})
				frame = string(b)
			}
			if err := came(frame); err != nil {
				return err
			}
			data, event = nil, ""
		case field == "data":
			data = append(data, value)
		case field == "event":
			event = value
		}
	}
}

// problemOf is the code of a refused request, after a look at its form.
func problemOf(t *testing.T, response *http.Response, body []byte) string {
	t.Helper()
	if response.StatusCode < 400 {
		return ""
	}
	p := decode(t, body)
	code, _ := p["code"].(string)
	if response.Header.Get("Content-Type") != "application/problem+json" || code == "" || p["title"] == nil ||
		p["detail"] == nil || num(p["status"]) != uint64(response.StatusCode) {
		t.Errorf("%s is no problem: %s", response.Status, body)
	}
	return code
}

// do makes one request.
func do(ctx context.Context, method, url, key, body string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	return http.DefaultClient.Do(r)
}

// request makes one request and reads its answer.
func request(ctx context.Context, t *testing.T, method, url, key, body string) (*http.Response, []byte) {
	t.Helper()
	response, err := do(ctx, method, url, key, body)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, answer
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func decode(t *testing.T, raw []byte) object {
	t.Helper()
	var m object
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&m); err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	return m
}
