package signaling

import (
	"errors"
	"strconv"
	"testing"
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
	if c, p := s.replaced(&first, ""); c != nil || p != nil {
		t.Error("a session that is gone was replaced")
	}
}
