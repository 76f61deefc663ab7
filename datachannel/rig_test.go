package datachannel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlorhq/parlor/internal/metrics"
)

// testRoom takes messages as a room does: under its own lock, which comes between a session's order and its mu.
type testRoom struct {
	log     *Log
	latest  *Latest
	metrics *metrics.Metrics

	mu       sync.Mutex
	truth    []truth // what is in the log, by offset
	sessions []*Session
	people   string // the snapshot
}

type truth struct {
	offset  uint64
	session string
	from    string
	n       uint64
	to      []string
	data    string
}

func newTestRoom(c LogConfig) *testRoom {
	return &testRoom{log: newLog(c), latest: NewLatest(LatestConfig{}), metrics: metrics.New(), people: `[{"id":"p_x"}]`}
}

func (r *testRoom) Post(m Message, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.sessions { // a room calls its sessions under its lock; none of this may wait for us
		s.LastHeard()
		s.Reason()
	}
	switch m.Type {
	case "forbidden":
		return Refusal{"not_allowed", "you may not send this"}
	case "broken":
		return errors.New("disk on fire")
	case "panic":
		panic("a fault of ours")
	}
	o, err := r.log.Append(m.Entry(), now)
	if err == nil {
		r.truth = append(r.truth, truth{offset: o, session: m.Session, from: m.From, n: m.N, to: m.To, data: string(m.Data)})
	}
	return err
}

func (r *testRoom) snapshot(since uint64) Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Snapshot{View: r.log.View(since), Participants: json.RawMessage(r.people)}
}

func (r *testRoom) PostLossy(e Lossy) { r.latest.Put(e) }

// newLog is a log in memory, which nothing can keep from being made.
func newLog(c LogConfig) *Log {
	l, err := NewLog(c)
	if err != nil {
		panic(err)
	}
	return l
}

func flat(f frame) []byte {
	if f.parts == nil {
		return f.one
	}
	return bytes.Join(f.parts, nil)
}

// readLog is a frame in one part.
func readLog(l *Log, after uint64, v viewer, limit int) ([]byte, uint64, bool) {
	f, position, ok := l.frame(nil, after, v, limit)
	return flat(f), position, ok
}

func (r *testRoom) session(id string, limits Limits) *Session {
	s := NewSession(SessionConfig{
		Log: r.log, ID: "s_" + id, Participant: "p_" + id, Position: r.log.Head(), Latest: r.latest,
		Poster: r, Limits: limits, Snapshot: r.snapshot, Metrics: r.metrics,
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sessions = append(r.sessions, s)
	return s
}

// carrier is what carries the log of s now, 0: nothing does.
func carrier(s *Session) Kind {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.data == nil {
		return 0
	}
	return s.data.kind
}

// rig is a session with what a test needs to drive it.
type rig struct {
	t    *testing.T
	room *testRoom
	s    *Session
	wg   sync.WaitGroup
	mu   sync.Mutex
	ends map[*wire]error // what Run returned
}

func newRig(t *testing.T, c LogConfig, limits Limits) *rig {
	t.Helper()
	room := newTestRoom(c)
	r := &rig{t: t, room: room, s: room.session("a", limits), ends: map[*wire]error{}}
	t.Cleanup(func() {
		r.s.Close("left", "test over")
		r.wg.Wait()
	})
	return r
}

func (r *rig) open(kind Kind, o LinkOptions) *wire {
	return r.run(r.s, kind, o)
}

func (r *rig) run(s *Session, kind Kind, o LinkOptions) *wire {
	w := newWire()
	l := s.Open(w, kind, o)
	r.wg.Go(func() {
		err := l.Run(context.Background())
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ends[w] = err
	})
	return w
}

// attached is the answer to an attach.
func (r *rig) attached(gen, n int) string {
	return fmt.Sprintf(`{"t":"attached","gen":%d,"n":%d,"epoch":%q}`, gen, n, r.room.log.Epoch())
}

// says fails unless the next frame of w is want.
func (r *rig) says(w *wire, want string) {
	r.t.Helper()
	got, err := w.recvWithin(time.Minute)
	if err != nil || string(got) != want {
		r.t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

// silent fails if w says anything.
func (r *rig) silent(w *wire) {
	r.t.Helper()
	synctest.Wait()
	if len(w.down) > 0 {
		r.t.Errorf("said %s", <-w.down)
	}
}

func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

const firstSocket = `{"t":"joined"}`

func joined() LinkOptions { return LinkOptions{Hello: []byte(firstSocket), Attached: true} }
