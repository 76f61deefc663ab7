package signaling

import (
	"errors"
	"testing"
)

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
