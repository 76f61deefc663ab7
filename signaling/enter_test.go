package signaling

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/room"
)

// Two joins of one attempt at the same time: one takes the other's place, and neither sees the other half made. It is the
// race detector that fails it.
func TestOneAttemptTwiceAtOnce(t *testing.T) {
	s := newSite(t, Config{}, false)
	for round := range 8 {
		join := fmt.Sprintf(`{"t":"join","room":"demo %d","name":"Ada","attempt":"0123456789abcdef"}`, round)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, err := s.h.enter([]byte(join), caller{}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
}

// Whoever joins and vanishes leaves a session that waits. There are not more of these than there are places.
func TestSessionsAreBounded(t *testing.T) {
	limits := testLimits()
	limits.ConnectionsPerIP = 4
	bubble(t, Config{Limits: limits}, func(t *testing.T, s *site) {
		for range 8 {
			s.join("poll", "Ada").say(`{"t":"leave","return":true}`)
		}
		a := s.ask("POST", "/v1/sessions?via=poll", "", `{"t":"join","room":"demo","name":"Ada"}`)
		a.want(t, http.StatusServiceUnavailable, "overloaded")
		if n := s.h.cfg.Metrics.RefusedCount("overloaded"); n != 1 {
			t.Errorf("counted %v times", n)
		}
		s.ask("POST", "/v1/sessions?via=poll", "", `{"t":"join","room":"","name":"Ada"}`).want(t, http.StatusServiceUnavailable, "overloaded")
		time.Sleep(limits.ResumeWindow + time.Second)
		for range 20 { // what is refused for another reason leaves nothing
			s.ask("POST", "/v1/sessions?via=poll", "", `{"t":"join","room":"","name":"Ada"}`).want(t, http.StatusBadRequest, "bad_name")
		}
		s.join("poll", "Ada")
		if n := s.h.sessions.len(); n != 1 {
			t.Errorf("%d sessions are left, want that of the last one", n)
		}
	})
}

func TestARoomOfThoseExpectedBackIsFull(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		for range 26 { // a room of 10
			s.join("poll", "Ada").say(`{"t":"leave","return":true}`)
		}
		s.ask("POST", "/v1/sessions?via=poll", "", `{"t":"join","room":"demo","name":"Ada"}`).want(t, http.StatusConflict, "room_full")
		if n := s.h.cfg.Metrics.RefusedCount("room_full"); n != 1 {
			t.Errorf("counted %v times", n)
		}
		if n := s.h.sessions.len(); n != 26 {
			t.Errorf("%d sessions, want 26", n)
		}
	})
}

// The clock of its silence may strike between a client's hello and its link. It is not to sit there with a link that works,
// out of everyone's sight.
func TestLostBetweenHelloAndLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, Config{}, false)
		ada := s.join("sse", "Ada")
		c := s.h.sessions.find(ada.sid)
		synctest.Wait() // until it knows of its first link
		a, err := s.h.enter([]byte(`{"t":"resume","sid":"`+ada.sid+`","rt":"`+ada.rt+`"}`), caller{key: "key"})
		if err != nil {
			t.Fatal(err)
		}
		// What listen does if it has read before the resume how long the client was silent.
		c.session.Cut()
		c.participant.Away(room.ReasonLost)
		if err := c.openLine(datachannel.SSE, "key", a); err != nil {
			t.Fatal(err)
		}
		ada.link = "key"
		synctest.Wait()
		if !c.participant.Here() {
			t.Error("back, and not in the room")
		}
		ada.post(`{"t":"ping","id":1}`).want(t, http.StatusConflict, "stale_link") // its hello spoke of a Peer that is gone
		var out resumedReply
		if err := json.Unmarshal(a.hello, &out); err != nil {
			t.Fatal(err)
		}
		ada.rt = out.Token
		ada.resume("poll")
		ada.say(`{"t":"attach","gen":2,"epoch":"` + ada.epoch + `","position":` + fmt.Sprint(ada.position) + `}`)
		ada.say(`{"t":"m","n":1,"type":"x"}`)
		var told []string // in one response, or in the next one or two
		for n := 1; n <= 3 && !strings.Contains(strings.Join(told, ""), `"ok":1`); n++ {
			_, frames := ada.poll(n)
			told = append(told, frames...)
		}
		if !strings.Contains(strings.Join(told, ""), `"ok":1`) {
			t.Errorf("told %q", told)
		}
	})
}
