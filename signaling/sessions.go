package signaling

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"sync"

	"github.com/parlorhq/parlor/room"
)

var errNoSession = errors.New("there is no such session")

// sessions are the clients of a server by session id, with the tokens to resume them.
type sessions struct {
	mu   sync.Mutex
	byID map[string]*entry
}

type entry struct {
	client *client
	// token is the one given out last. former was given up for it and is good as long as token was not used: the
	// message with token may have been lost.
	token, former string
	attempt       string // the client's word for the join that made it
}

// add gives a client a session id and its first token.
func (s *sessions) add(c *client) session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = make(map[string]*entry)
	}
	id, token := "s_"+rand.Text(), rand.Text()
	s.byID[id] = &entry{client: c, token: token}
	return session{ID: id, Token: token}
}

// put adds a session that there was before; false if there is one of that id.
func (s *sessions) put(id string, e entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = make(map[string]*entry)
	}
	if s.byID[id] != nil {
		return false
	}
	s.byID[id] = &e
	return true
}

// tokens are what a session can be resumed with, and the word for its join.
func (s *sessions) tokens(id string) (token, former, attempt string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.byID[id]; e != nil {
		return e.token, e.former, e.attempt
	}
	return "", "", ""
}

// resume finds the client of a session and changes its token.
func (s *sessions) resume(id session) (*client, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byID[id.ID]
	switch {
	case e == nil:
		return nil, "", errNoSession
	case equal(id.Token, e.token):
		e.former = e.token
	case e.former != "" && equal(id.Token, e.former):
	default:
		return nil, "", errNoSession
	}
	e.token = rand.Text()
	return e.client, e.token, nil
}

// replaced finds the participant whose page is gone and whose place a newcomer asks for; nil if there is none.
func (s *sessions) replaced(id *session) (*client, *room.Participant) {
	if id == nil {
		return nil, nil
	}
	c, _, err := s.resume(*id)
	if err != nil {
		return nil, nil
	}
	return c, c.participant
}

func (s *sessions) remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
