package bubble_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
	"sync"
)

// witness is what one client sent and saw, over all its sessions. It believes nothing and judges nothing; that is for
// check_test.go.
type witness struct {
	name string

	mu sync.Mutex
	// Guarded by mu.
	posts []*post
	spans []*span
}

// fate is what a client was told of something it sent.
type fate uint8

const (
	pending fate = iota
	taken
	refused
	unknown // a reset came before
	unsent  // it never left, and never will
)

func (f fate) String() string {
	return [...]string{"pending", "taken", "refused", "of unknown fate", "unsent"}[f]
}

// post is something that was sent: a message, or a change of the state. Its fields belong to its witness's mu.
type post struct {
	who     *witness
	number  int    // counts what this witness sent
	body    string // digest of a message; empty for a change of the state
	to      []string
	chat    bool // it is kept for newcomers
	fate    fate
	code    string // of a refusal
	session string // that has its fate
	log     string
	offset  uint64
}

func (p *post) String() string {
	what := fmt.Sprintf("%s's post %d (%s)", p.who.name, p.number, p.body)
	if p.fate == taken {
		return fmt.Sprintf("%s at %d of %s", what, p.offset, p.log)
	}
	return what + " " + p.fate.String() + " " + p.code
}

// span is what a session saw of a log between two resets: it must have no gap.
type span struct {
	log, session, id string // id is the participant's
	from, to         uint64
	seen             []sight
}

// sight is one entry of the log.
type sight struct {
	offset uint64
	kind   string // m, ops, ok, refused or event
	from   string
	body   string
	direct bool
	own    *post
}

// posted notes what was sent.
func (w *witness) posted(p post) *post {
	w.mu.Lock()
	defer w.mu.Unlock()
	p.who = w
	w.posts = append(w.posts, &p)
	return &p
}

// next is the number of the next post.
func (w *witness) next() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.posts) + 1
}

// begins notes that a session is at a place of a log, and sees what follows.
func (w *witness) begins(log, session, id string, from uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spans = append(w.spans, &span{log: log, session: session, id: id, from: from, to: from})
}

// sees notes an entry.
func (w *witness) sees(s sight) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.spans[len(w.spans)-1]
	now.seen = append(now.seen, s)
	now.to = max(now.to, s.offset)
	if s.own != nil {
		s.own.fate, s.own.code = taken, ""
		if s.kind == "refused" {
			s.own.fate, s.own.code = refused, s.body
		}
		s.own.session, s.own.log, s.own.offset = now.session, now.log, s.offset
	}
}

// reaches notes that everything up to an offset was seen.
func (w *witness) reaches(offset uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.spans[len(w.spans)-1]
	now.to = max(now.to, offset)
}

// wakes is the end of a span. Of a log that could not be written, the end may be lost and its offsets given to others, but
// not beyond the last message that was seen.
func (w *witness) wakes() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.spans) == 0 {
		return
	}
	now := w.spans[len(w.spans)-1]
	for now.to = now.from; len(now.seen) > 0; now.seen = now.seen[:len(now.seen)-1] {
		if last := now.seen[len(now.seen)-1]; last.kind != "event" && last.kind != "refused" {
			now.to = last.offset
			return
		}
	}
}

// settles notes a fate that came by no entry.
func (w *witness) settles(p *post, f fate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p.fate = f
}

// unsettled is how many posts wait for their fate.
func (w *witness) unsettled() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.posts {
		if p.fate == pending {
			n++
		}
	}
	return n
}

// label begins everything that is sent: whose it is, and its number.
func label(name string, number int) string { return fmt.Sprintf("%s:%d:", name, number) }

// digest stands for what was sent: its label, kind, length and hash.
func digest(data []byte, isBytes bool) string {
	h := fnv.New64a()
	_, _ = h.Write(data)
	kind := "JSON"
	if isBytes {
		kind = "bytes"
	}
	parts := strings.SplitN(strings.TrimPrefix(string(data[:min(len(data), 64)]), `"`), ":", 3)
	if len(parts) < 3 {
		return fmt.Sprintf("%.40s", data)
	}
	return fmt.Sprintf("%s:%s %s %d %x", parts[0], parts[1], kind, len(data), h.Sum64())
}

// opsText is what was done, comparable.
func opsText(ops any) string {
	b, err := json.Marshal(ops)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
