package signaling

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A stream outlives the server's deadlines as long as its client answers the beats.
func TestAStreamBeatsAndLastsWhileItIsAnswered(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		ada := s.join("sse", "Ada")
		began, stream := time.Now(), ada.watch()
		for range 60 {
			time.Sleep(5*time.Second + time.Millisecond)
			ada.say(`{"t":"ack","position":1}`)
		}
		last := time.Now()
		<-stream.ended
		if took := time.Since(last); took != s.h.cfg.Limits.LostAfter {
			t.Errorf("a stream that is not answered ended after %s", took)
		}
		beats := 0
		for i, frame := range stream.frames {
			if frame != beat {
				continue
			}
			if beats++; stream.at[i].Sub(began) != time.Duration(beats)*beatEvery {
				t.Errorf("beat %d after %s", beats, stream.at[i].Sub(began))
			}
		}
		if beats < 60 {
			t.Errorf("%d beats in 5 minutes", beats)
		}
		ada.post(`{"t":"ping","id":1}`).want(t, http.StatusConflict, "stale_link")
		ada.resume("sse")
	})
}

func TestOneStreamPerLink(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		ada := s.join("sse", "Ada")
		stream := ada.watch()
		s.ask("GET", ada.path()+"/events", ada.link, "").want(t, http.StatusConflict, "stale_link")
		ada.say(`{"t":"ping","id":1}`) // the first is unharmed
		if got := stream.rest(); !strings.Contains(got, `{"t":"pong","id":1}`) {
			t.Errorf("told %s", got)
		}
		stream.close()
		<-stream.ended
		synctest.Wait()
		ada.post(`{"t":"ping","id":1}`).want(t, http.StatusConflict, "stale_link")
	})
}

// A link whose stream is not asked for ends when there is something to say.
func TestAStreamThatNobodyOpens(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		ada := s.join("sse", "Ada") // whose own joining is behind her
		s.join("poll", "Ben")
		time.Sleep(writeTimeout - time.Millisecond)
		ada.say(`{"t":"ping","id":1}`)
		time.Sleep(2 * time.Millisecond)
		ada.post(`{"t":"ping","id":1}`).want(t, http.StatusConflict, "stale_link")
	})
}

// Who does not read what comes loses the link, not more.
func TestAStreamThatIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, Config{}, false)
		ada, ben := s.join("sse", "Ada"), s.join("poll", "Ben")
		conn, err := s.dial()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		fmt.Fprintf(conn, "GET %s/events HTTP/1.1\r\nHost: parlor.example\r\nAuthorization: Bearer %s\r\n\r\n", ada.path(), ada.link)
		if _, err := conn.Read(make([]byte, 12)); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		ben.say(`{"t":"m","n":1,"type":"x","data":"` + strings.Repeat("x", 50_000) + `"}`)
		time.Sleep(writeTimeout - time.Millisecond)
		ada.say(`{"t":"ping","id":1}`)
		time.Sleep(2 * time.Millisecond)
		ada.post(`{"t":"ping","id":1}`).want(t, http.StatusConflict, "stale_link")
		if took := time.Since(began); took > writeTimeout+time.Second {
			t.Errorf("a message to somebody who does not read took %s", took)
		}
		ada.resume("poll")
	})
}

func TestLastWordsOnAStream(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		ada := s.join("sse", "Ada")
		stream := ada.watch()
		ada.say(`{"t":"leave"}`)
		<-stream.ended
		if got := stream.rest(); !strings.HasSuffix(got, `{"t":"closed","code":"left","message":"you left"}`) {
			t.Errorf("told %s", got)
		}
		synctest.Wait()
		ada.post(`{"t":"ping","id":1}`).want(t, http.StatusGone, "session_not_found")
		if len(s.h.sessions.byID) != 0 {
			t.Error("the session is still there")
		}
	})
}

func TestEvents(t *testing.T) {
	for _, c := range []struct {
		frame  string
		binary bool
		want   string
	}{
		{`{"t":"beat"}`, false, "data: {\"t\":\"beat\"}\n\n"},
		{"", false, "data: \n\n"},
		{"{\n\"a\":\r1\r\n}", false, "data: {\ndata: \"a\":\ndata: 1\ndata: }\n\n"},
		{"\x02\x01a\n", true, "event: b\ndata: AgFhCg==\n\n"},
	} {
		if got := string(appendEvent(nil, []byte(c.frame), c.binary)); got != c.want {
			t.Errorf("%q is %q", c.frame, got)
		}
	}
}

// Whatever a frame has, it is one event, and comes out as it went in but for the kind of its line ends.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("{\r\n}\r\r\n"), false)
	f.Add([]byte("\ndata: x\n\nevent: b"), true)
	f.Fuzz(func(t *testing.T, frame []byte, binary bool) {
		if !binary && bytes.IndexByte(frame, 0) >= 0 {
			return
		}
		want := "binary:" + string(frame)
		if !binary {
			want = strings.ReplaceAll(strings.ReplaceAll(string(frame), "\r\n", "\n"), "\r", "\n")
		}
		got := parseEvents(t, bytes.NewReader(appendEvent(nil, frame, binary)), nil)
		if len(got) != 1 || got[0] != want {
			t.Errorf("%q came as %q", want, got)
		}
	})
}
