package signaling

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlorhq/parlor/datachannel"
)

func TestAStreamAndAPollTalk(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		ada, ben := s.join("sse", "Ada"), s.join("poll", "Ben")
		stream := ada.watch()
		if got := stream.header.Get("Content-Type") + stream.header.Get("Cache-Control") +
			stream.header.Get("X-Accel-Buffering"); got != "text/event-streamno-storeno" {
			t.Errorf("headers of a stream: %s", stream.header)
		}
		if got := stream.rest(); !strings.Contains(got, `"event":"joined"`) || !strings.Contains(got, ben.id) {
			t.Errorf("Ada was told %s", got)
		}
		ada.say(`{"t":"m","n":1,"type":"chat","data":"from Ada"}`)
		ben.say(`[{"t":"m","n":1,"type":"chat","data":"from Ben"},{"t":"ack","position":0}]`)
		synctest.Wait()
		_, frames := ben.poll(1)
		if got := strings.Join(frames, "\n"); !strings.Contains(got, "from Ada") || !strings.Contains(got, `"ok":1`) {
			t.Errorf("Ben was told %s", got)
		}
		if got := stream.rest(); !strings.Contains(got, "from Ben") || !strings.Contains(got, `"ok":1`) {
			t.Errorf("Ada was told %s", got)
		}
	})
}

func TestResumeFromOneKindToAnother(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		ada := s.join("sse", "Ada")
		stream, old := ada.watch(), ada.link
		ada.resume("poll")
		<-stream.ended
		s.ask("POST", ada.path(), old, `{"t":"ping","id":1}`).want(t, http.StatusConflict, "stale_link")
		s.ask("GET", ada.path()+"/events", old, "").want(t, http.StatusConflict, "stale_link")
		ada.say(`{"t":"attach","gen":2,"epoch":"` + ada.epoch + `","position":` + fmt.Sprint(ada.position) + `}`)
		if _, frames := ada.poll(1); len(frames) != 1 || !strings.HasPrefix(frames[0], `{"t":"attached","gen":2,`) {
			t.Errorf("attached with %q", frames)
		}
		waiting := make(chan answer)
		go func() { a, _ := ada.poll(2); waiting <- a }()
		synctest.Wait()
		ada.resume("sse")
		(<-waiting).want(t, http.StatusConflict, "stale_link")
	})
}

func TestWhoMayUseALink(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		ada, ben := s.join("sse", "Ada"), s.join("poll", "Ben")
		for _, path := range []string{"", "/events", "/poll?r=1"} {
			method := "GET"
			if path == "" {
				method = "POST"
			}
			s.ask(method, ada.path()+path, "", `{}`).want(t, http.StatusUnauthorized, "unauthorized")
			s.ask(method, ada.path()+path, "wrong", `{}`).want(t, http.StatusConflict, "stale_link")
			s.ask(method, ada.path()+path, ben.link, `{}`).want(t, http.StatusConflict, "stale_link")
			s.ask(method, "/v1/sessions/s_nobody"+path, ada.link, `{}`).want(t, http.StatusGone, "session_not_found")
		}
		s.ask("GET", ada.path()+"/poll?r=1", ada.link, "").want(t, http.StatusBadRequest, "bad_message")
		s.ask("GET", ben.path()+"/events", ben.link, "").want(t, http.StatusBadRequest, "bad_message")
		s.ask("GET", ben.path()+"/poll?r=x", ben.link, "").want(t, http.StatusBadRequest, "bad_message")
		s.ask("GET", ben.path()+"/poll", ben.link, "").want(t, http.StatusBadRequest, "bad_message")
		s.ask("GET", ada.path(), ada.link, "").want(t, http.StatusNotFound, "bad_message")
		s.ask("PUT", "/v1/sessions", "", "").want(t, http.StatusNotFound, "bad_message")
		if n := s.h.cfg.Metrics.RefusedCount("stale_link"); n != 6 {
			t.Errorf("stale links counted %v times", n)
		}
	})
}

func TestFirstMessagesOverHTTP(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		for name, c := range map[string]struct {
			body, code string
			status     int
		}{
			"not JSON":        {"hello", "bad_message", 400},
			"empty":           {"", "bad_message", 400},
			"out of place":    {`{"t":"m"}`, "bad_message", 400},
			"a ping":          {`{"t":"ping","id":1}`, "bad_message", 400},
			"not UTF-8":       {"{\"t\":\"join\",\"room\":\"\xff\"}", "bad_message", 400},
			"no name":         {`{"t":"join","room":"demo"}`, "bad_name", 400},
			"no such room":    {`{"t":"join","room":"none","name":"Ada","create":false}`, "room_not_found", 404},
			"short attempt":   {`{"t":"join","room":"demo","name":"Ada","attempt":"short"}`, "bad_message", 400},
			"long attempt":    {`{"t":"join","room":"demo","name":"Ada","attempt":"` + strings.Repeat("a", 65) + `"}`, "bad_message", 400},
			"unknown session": {`{"t":"resume","sid":"s_nobody","rt":"x"}`, "session_not_found", 410},
			"too large":       {`{"t":"join","room":"` + strings.Repeat("a", 300_000) + `"}`, "too_large", 413},
		} {
			if a := s.ask("POST", "/v1/sessions?via=poll", "", c.body); a.status != c.status || a.code != c.code {
				t.Errorf("%s: %d %s", name, a.status, a.code)
			}
		}
		s.ask("POST", "/v1/sessions", "", `{"t":"join"}`).want(t, 400, "bad_message")
		s.ask("POST", "/v1/sessions?via=websocket", "", `{"t":"join"}`).want(t, 400, "bad_message")
		if n := s.h.cfg.Metrics.RefusedCount("too_large"); n != 1 {
			t.Errorf("too_large counted %v times", n)
		}
	})
}

func TestAFirstMessageMustCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, Config{}, false)
		conn, err := s.dial()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		began := time.Now()
		fmt.Fprintf(conn, "POST /v1/sessions?via=sse HTTP/1.1\r\nHost: parlor.example\r\nContent-Length: 10\r\n\r\n{")
		status := make([]byte, 12)
		if _, err := conn.Read(status); err != nil || string(status) != "HTTP/1.1 400" {
			t.Errorf("%q, %v", status, err)
		}
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("after %s", took)
		}
	})
}

// A second join with the same word takes the place of the participant that the first one made.
func TestAnAttemptIsMadeOnce(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		const body = `{"t":"join","room":"demo","name":"Ada","attempt":"0123456789abcdef"}`
		first := s.joinWith("sse", body)
		stream := first.watch()
		again := s.joinWith("poll", body)
		if first.id != again.id || first.sid == again.sid {
			t.Errorf("participant %s then %s, session %s then %s", first.id, again.id, first.sid, again.sid)
		}
		<-stream.ended
		if got := stream.rest(); !strings.HasSuffix(got, `"code":"replaced","message":"you went on in another page"}`) {
			t.Errorf("the first was told %s", got)
		}
		first.post(`{"t":"ping","id":1}`).want(t, http.StatusGone, "session_not_found")
		again.say(`{"t":"ping","id":1}`)
		again.say(`{"t":"leave"}`)
		again.poll(1)
		time.Sleep(time.Second)
		if other := s.joinWith("sse", body); other.id == again.id {
			t.Error("took the place of somebody who left")
		}
		if n := len(s.h.sessions.byAttempt); n != 1 {
			t.Errorf("%d attempts are remembered", n)
		}
	})
}

func TestPostsAreHandledOneAtATime(t *testing.T) {
	limits := testLimits()
	limits.Data = datachannel.Limits{MessagesPerSecond: 1, MessageBurst: 1}
	bubble(t, Config{Limits: limits}, func(t *testing.T, s *site) {
		ada := s.join("poll", "Ada")
		ada.say(`{"t":"m","n":1,"type":"x","data":1}`)
		began := time.Now()
		var posts sync.WaitGroup
		for n := range maxPosts {
			posts.Go(func() {
				time.Sleep(time.Duration(n) * time.Millisecond) // in order
				ada.say(fmt.Sprintf(`{"t":"m","n":%d,"type":"x","data":1}`, n+2))
				if took := time.Since(began).Round(time.Second); took != time.Duration(n+1)*time.Second {
					t.Errorf("post %d was answered after %s", n, took)
				}
			})
		}
		time.Sleep(100 * time.Millisecond)
		a := ada.post(`{"t":"ping","id":1}`)
		a.want(t, http.StatusTooManyRequests, "rate_limited")
		if a.header.Get("Retry-After") == "" || s.h.cfg.Metrics.RefusedCount("rate_limited") != 1 {
			t.Error("not said when to come again, or not counted")
		}
		posts.Wait()
		synctest.Wait()
		_, frames := ada.poll(1)
		if got := strings.Join(frames, ""); !strings.Contains(got, `"ok":6`) || strings.Contains(got, `"error"`) {
			t.Errorf("told %s", got)
		}
		ada.say(`{"t":"ping","id":1}`)
	})
}

// Who is slowed waits longer than the server's deadlines for requests, and is not taken for silent.
func TestASlowedPostIsPatient(t *testing.T) {
	limits := testLimits()
	limits.LostAfter, limits.ResumeWindow = time.Hour, time.Hour
	limits.Data = datachannel.Limits{MessagesPerSecond: 1, MessageBurst: 1}
	bubble(t, Config{Limits: limits}, func(t *testing.T, s *site) {
		ada := s.join("sse", "Ada")
		stream := ada.watch()
		var all []string
		for n := range 31 {
			all = append(all, fmt.Sprintf(`{"t":"m","n":%d,"type":"x","data":1}`, n+1))
		}
		began := time.Now()
		ada.say("[" + strings.Join(all, ",") + "]")
		if took := time.Since(began).Round(time.Second); took != 30*time.Second {
			t.Errorf("31 messages at one a second took %s", took)
		}
		if got := stream.rest(); !strings.Contains(got, `"ok":31`) {
			t.Errorf("told %s", got)
		}
	})
}

func TestAPostThatIsGivenUpMayBeSentAgain(t *testing.T) {
	limits := testLimits()
	limits.Data = datachannel.Limits{MessagesPerSecond: 1, MessageBurst: 1}
	bubble(t, Config{Limits: limits}, func(t *testing.T, s *site) {
		ada := s.join("poll", "Ada")
		ada.say(`{"t":"m","n":1,"type":"x","data":1}`)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if r, err := s.do(ctx, "POST", ada.path(), ada.link, `{"t":"m","n":2,"type":"x","data":"once"}`); err == nil {
			_ = r.Body.Close()
			t.Fatal("answered at once")
		}
		ada.say(`{"t":"m","n":2,"type":"x","data":"once"}`)
		synctest.Wait()
		_, frames := ada.poll(1)
		if got := strings.Count(strings.Join(frames, ""), `"ok":2`); got != 1 {
			t.Errorf("taken %d times: %s", got, frames)
		}
	})
}

func TestAFrameTooLargeToPost(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		ada := s.join("poll", "Ada")
		ada.post(strings.Repeat(" ", 300_000)).want(t, http.StatusRequestEntityTooLarge, "too_large")
		ada.say(`{"t":"ping","id":1}`) // the link lives
	})
}

// A frame that is compressed is not taken, whatever is in it; it costs nothing but its answer.
func TestNothingCompressedIsTaken(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		ada := s.join("poll", "Ada")
		for _, path := range []string{ada.path(), "/v1/sessions?via=sse"} {
			r, err := http.NewRequestWithContext(t.Context(), "POST", "http://parlor.example"+path, strings.NewReader(`{"t":"ping","id":1}`))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+ada.link)
			r.Header.Set("Content-Encoding", "gzip")
			response, err := s.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			s.read(response).want(t, http.StatusUnsupportedMediaType, "bad_message")
			_ = response.Body.Close()
		}
		ada.say(`{"t":"ping","id":1}`)
	})
}

// What is no frame ends the session, and its client hears why.
func TestABadFrameOverHTTP(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		for _, via := range []string{"sse", "poll"} {
			ada := s.join(via, "Ada")
			var told string
			if via == "sse" {
				stream := ada.watch()
				ada.post("hello").want(t, http.StatusGone, "session_not_found")
				<-stream.ended
				told = stream.rest()
			} else {
				waiting := make(chan []string)
				go func() { _, frames := ada.poll(1); waiting <- frames }()
				synctest.Wait()
				ada.post("hello").want(t, http.StatusGone, "session_not_found")
				told = strings.Join(<-waiting, "")
			}
			if !strings.Contains(told, `{"t":"closed","code":"bad_message"`) {
				t.Errorf("%s: told %s", via, told)
			}
		}
	})
}

func TestRequestsCountAsConnections(t *testing.T) {
	limits := testLimits()
	limits.Connections = 1
	bubble(t, Config{Limits: limits}, func(t *testing.T, s *site) {
		ada := s.join("sse", "Ada")
		stream := ada.watch()
		a := ada.post(`{"t":"ping","id":1}`)
		a.want(t, http.StatusServiceUnavailable, "overloaded")
		s.ask("GET", "/v1/sessions/probe", "", "").want(t, http.StatusServiceUnavailable, "overloaded")
		if n := s.h.cfg.Metrics.RefusedCount("overloaded"); n != 2 || a.header.Get("Retry-After") == "" {
			t.Errorf("counted %v times, %s", n, a.header)
		}
		stream.close()
		<-stream.ended
		synctest.Wait()
		if s.h.open != 0 || len(s.h.perIP) != 0 {
			t.Errorf("%d open, %v", s.h.open, s.h.perIP)
		}
	})
}

func TestProbeOfBuffering(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		v := &visitor{site: s, sid: "probe"}
		response, err := s.do(t.Context(), "GET", "/v1/sessions/probe", "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		began, at := time.Now(), []time.Duration{}
		parseEvents(v.t, response.Body, func(string) { at = append(at, time.Since(began)) })
		if len(at) != 2 || at[0] != 0 || at[1] != time.Second {
			t.Errorf("events at %v", at)
		}
	})
}

// Close ends whatever is open, and says why where somebody listens.
func TestCloseEndsRequests(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		ada, ben, cy := s.join("sse", "Ada"), s.join("poll", "Ben"), s.join("sse", "Cy")
		stream := ada.watch()
		ben.poll(1)
		var open sync.WaitGroup
		open.Go(func() {
			told := ""
			for n := 2; n < 6 && !strings.Contains(told, `{"t":"closed","code":"draining"`); n++ { // others may go before Ben
				_, frames := ben.poll(n)
				told += strings.Join(frames, "")
			}
			if !strings.Contains(told, "draining") {
				t.Errorf("Ben was told %s", told)
			}
		})
		open.Go(func() { s.ask("GET", "/v1/sessions/probe", "", "") })
		stalled, write := strings.NewReader(""), make(chan struct{})
		r, _ := http.NewRequest("POST", "http://parlor.example"+cy.path(), &slowBody{stalled, write})
		r.Header.Set("Authorization", "Bearer "+cy.link)
		open.Go(func() {
			if response, err := s.client.Do(r); err == nil {
				_ = response.Body.Close()
			}
		})
		synctest.Wait()
		began := time.Now()
		s.h.cfg.Rooms.Drain()
		s.h.Close()
		if took := time.Since(began); took > lastWord {
			t.Errorf("Close took %s", took)
		}
		close(write)
		open.Wait()
		<-stream.ended
		if got := stream.rest(); !strings.Contains(got, `{"t":"closed","code":"draining"`) {
			t.Errorf("Ada was told %s", got)
		}
		s.ask("POST", "/v1/sessions?via=sse", "", `{}`).want(t, http.StatusServiceUnavailable, "draining")
	})
}

// slowBody is a body that does not come before it is told to.
type slowBody struct {
	*strings.Reader
	go_ chan struct{}
}

func (b *slowBody) Read(p []byte) (int, error) {
	<-b.go_
	return b.Reader.Read(p)
}
