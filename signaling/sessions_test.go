package signaling

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/parlorhq/parlor/room"
)

func TestPlacesForSessions(t *testing.T) {
	var s sessions
	for i, tt := range []struct {
		ip string
		ok bool
	}{{"a", true}, {"a", true}, {"a", false}, {"b", true}, {"c", false}} {
		if err := s.hold(strconv.Itoa(i), tt.ip, 3, 2); (err == nil) != tt.ok || err != nil && !errors.Is(err, errTooManySessions) {
			t.Errorf("%d, from %s: %v", i, tt.ip, err)
		}
	}
	if c := s.find("0"); c != nil {
		t.Error("a join that is under way has a client")
	}
	if _, _, err := s.resume(session{ID: "0"}); !errors.Is(err, errNoSession) {
		t.Errorf("a join that is under way was resumed: %v", err)
	}
	s.add(&client{}, session{ID: "0", Token: "x"}, "")
	s.put("9", entry{client: &client{}}) // from before a restart
	for _, id := range []string{"0", "0", "1", "2", "3", "9"} {
		s.remove(id)
	}
	if s.len() != 0 || len(s.perIP) != 0 {
		t.Errorf("left: %d sessions, %v", s.len(), s.perIP)
	}
}

func TestResumeTokens(t *testing.T) {
	var s sessions
	c := &client{}
	first := newSession()
	s.add(c, first, "")
	got, second, err := s.resume(first)
	if err != nil || got != c {
		t.Fatalf("resume: %v, %v", got, err)
	}
	// `resumed` was lost: the client only has the token it used. Or what it had given up arrives late: whichever answer it
	// takes for the last must do.
	_, again, err := s.resume(first)
	if err != nil {
		t.Fatalf("the token used last, as long as its successor was not: %v", err)
	}
	if again != second {
		t.Error("one token has two successors, of which a client knows one")
	}
	_, fourth, err := s.resume(session{first.ID, second})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.resume(first); !errors.Is(err, errNoSession) {
		t.Error("the first token is good after its successor was used")
	}
	for _, bad := range []session{{}, {ID: first.ID}, {ID: "s_nobody", Token: fourth}, {ID: first.ID, Token: fourth + "x"}} {
		if _, _, err := s.resume(bad); !errors.Is(err, errNoSession) {
			t.Errorf("%+v was taken", bad)
		}
	}
	s.remove(first.ID)
	if _, _, err := s.resume(session{first.ID, fourth}); !errors.Is(err, errNoSession) {
		t.Error("a session that is gone was resumed")
	}
	if c, p, err := s.replaced(&first, ""); c != nil || p != nil || err != nil {
		t.Error("a session that is gone was replaced")
	}
}

func TestWhoWasPutOutHearsWhy(t *testing.T) {
	var s sessions
	now := time.Now()
	end := func(code string, until time.Time) session {
		id := newSession()
		s.add(&client{id: id.ID}, id, "")
		s.end(id.ID, code, until)
		s.remove(id.ID)
		return id
	}
	removed, closed := end("removed", now.Add(time.Minute)), end("room_closed", now.Add(time.Minute))
	left, past := end("left", now.Add(time.Minute)), end("removed", now.Add(-time.Second))
	for _, tt := range []struct {
		id   session
		want error
	}{
		{removed, room.ErrRemoved},
		{closed, room.ErrClosed},
		{left, errNoSession},
		{past, errNoSession},
		{session{removed.ID, "guessed"}, errNoSession},
	} {
		if _, _, err := s.resume(tt.id); !errors.Is(err, tt.want) {
			t.Errorf("resume: %v, want %v", err, tt.want)
		}
		if _, _, err := s.replaced(&tt.id, ""); !errors.Is(err, tt.want) && (err != nil || !errors.Is(tt.want, errNoSession)) {
			t.Errorf("join in its place: %v, want %v", err, tt.want)
		}
	}
	for range maxBarred {
		end("removed", now.Add(time.Minute))
	}
	if len(s.barred) != maxBarred {
		t.Errorf("%d are known, %d may be", len(s.barred), maxBarred)
	}
	if _, _, err := s.resume(removed); !errors.Is(err, errNoSession) {
		t.Errorf("the oldest of too many: %v", err)
	}
}
