package signaling

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"sync"
	"time"

	"github.com/parlorhq/parlor/room"
)

var (
	errNoSession       = errors.New("there is no such session")
	errTooManySessions = errors.New("too many sessions")
)

// sessions are the clients of a server by session id, with the tokens to resume them.
type sessions struct {
	mu        sync.Mutex
	byID      map[string]*entry
	byAttempt map[string]*entry // those whose join had such a word
	perIP     map[string]int    // those that began there
	barred    barred
}

type entry struct {
	ip     string  // where it began; empty if that was before the server was restarted
	client *client // nil: its join is under way
	// token is the one given out last. former was given up for it and is good for it as long as token was not used: the
	// message with token may have been lost, or somebody asks twice and takes either answer.
	token, former string
	attempt       string
	over          bool // it can't be resumed any more; its links may still say why
}

// newSession is a session id and its first token.
func newSession() session { return session{ID: "s_" + rand.Text(), Token: rand.Text()} }

// hold keeps a place for a session, until remove. There may be so many in all, and so many that began at one address:
// a session is kept for a while after its connections, of which there are caps too.
func (s *sessions) hold(id, ip string, all, perIP int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byID) >= all || s.perIP[ip] >= perIP {
		return errTooManySessions
	}
	s.makeLocked()
	s.byID[id] = &entry{ip: ip}
	s.perIP[ip]++
	return nil
}

func (s *sessions) makeLocked() {
	if s.byID == nil {
		s.byID, s.byAttempt, s.perIP = make(map[string]*entry), make(map[string]*entry), make(map[string]int)
	}
}

// len is how many there are.
func (s *sessions) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byID)
}

// add makes a client's session one that can be resumed. If another join with the same attempt got in between, that
// one's client is given back: nobody will hear of it.
func (s *sessions) add(c *client, id session, attempt string) (rival *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.putLocked(id.ID, &entry{client: c, token: id.Token, attempt: attempt})
}

// put adds a session that there was before the server was restarted.
func (s *sessions) put(id string, e entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.putLocked(id, &e)
}

func (s *sessions) putLocked(id string, e *entry) (rival *client) {
	s.makeLocked()
	if held := s.byID[id]; held != nil {
		e.ip = held.ip
	}
	s.byID[id] = e
	if e.attempt == "" {
		return nil
	}
	if former := s.byAttempt[e.attempt]; former != nil {
		rival = former.client
	}
	s.byAttempt[e.attempt] = e
	return rival
}

// find is the client of a session; nil if there is none.
func (s *sessions) find(id string) *client {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.byID[id]; e != nil {
		return e.client
	}
	return nil
}

// tokens are what a session can be resumed with now; false before it is added and after it is removed.
func (s *sessions) tokens(id string) (token, former string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byID[id]
	if e == nil || e.client == nil {
		return "", "", false
	}
	return e.token, e.former, true
}

// resume finds the client of a session and changes its token, unless that was not used yet.
func (s *sessions) resume(id session) (*client, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byID[id.ID]
	switch {
	case e == nil || e.client == nil || e.over:
		if err := s.barred.why(id, time.Now()); err != nil {
			return nil, "", err
		}
		return nil, "", errNoSession
	case equal(id.Token, e.token):
		e.former, e.token = e.token, rand.Text()
	case e.former != "" && equal(id.Token, e.former):
	default:
		return nil, "", errNoSession
	}
	return e.client, e.token, nil
}

// replaced finds the participant whose place a newcomer takes: the one that the same attempt to join has made before,
// or that of the page that was here before a reload. Nil if there is none; an error if that one may not come back.
func (s *sessions) replaced(id *session, attempt string) (*client, *room.Participant, error) {
	s.mu.Lock()
	e := s.byAttempt[attempt]
	s.mu.Unlock()
	if attempt != "" && e != nil {
		return e.client, e.client.participant, nil
	}
	if id == nil {
		return nil, nil, nil
	}
	c, _, err := s.resume(*id)
	switch {
	case errors.Is(err, errNoSession):
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	}
	return c, c.participant, nil
}

// end keeps a session from being taken up again. Who tries until then hears why, if it was not for them to end it.
func (s *sessions) end(id, code string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byID[id]
	if e != nil {
		s.barred.add(bar{id, e.token, e.former, code, until}, time.Now())
	}
	s.endLocked(e)
}

func (s *sessions) endLocked(e *entry) {
	if e == nil {
		return
	}
	e.over = true
	if s.byAttempt[e.attempt] == e {
		delete(s.byAttempt, e.attempt)
	}
}

// remove forgets a session and its links.
func (s *sessions) remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byID[id]
	if e == nil {
		return
	}
	s.endLocked(e)
	delete(s.byID, id)
	if s.perIP[e.ip]--; s.perIP[e.ip] <= 0 { // those from before a restart were not counted
		delete(s.perIP, e.ip)
	}
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
