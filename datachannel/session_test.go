package datachannel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlorhq/parlor/internal/metrics"
)

// testRoom takes messages as a room does: under its own lock, which comes between a session's order and its mu.
type testRoom struct {
	log     *Log
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
	refused bool
}

func newTestRoom(c LogConfig) *testRoom {
	return &testRoom{log: NewLog(c), metrics: metrics.New(), people: `[{"id":"p_x"}]`}
}

func (r *testRoom) Post(m Message, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.sessions { // a room calls its sessions under its lock; none of this may wait for us
		s.LastHeard()
		s.Confirmed()
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

func (r *testRoom) snapshot() (uint64, json.RawMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Head(), json.RawMessage(r.people)
}

func (r *testRoom) session(id string, limits Limits) *Session {
	s := NewSession(SessionConfig{
		Log: r.log, ID: "s_" + id, Participant: "p_" + id, Position: r.log.Head(),
		Poster: r, Limits: limits, Snapshot: r.snapshot, Metrics: r.metrics,
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sessions = append(r.sessions, s)
	return s
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

func TestMessageComesBackAtItsPlace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		other := r.room.session("b", Limits{})
		defer other.Close("left", "")
		a, b := r.open(WebSocket, joined()), r.run(other, WebSocket, joined())
		r.says(a, firstSocket)
		r.says(b, firstSocket)
		a.send(`[{"t":"m","n":1,"type":"x","data":1},{"t":"m","n":2,"type":"forbidden"},{"t":"m","n":3,"type":"y","to":["p_c"]},{"t":"m","n":4,"type":"broken"}]`)
		now := time.Now().UnixMilli()
		synctest.Wait()
		mustAppend(t, r.room.log, Entry{Kind: EntryEvent, Type: "left", Data: json.RawMessage(`{"id":"p_c"}`)}, time.Now())
		var all string
		for !strings.Contains(all, "left") {
			frame, err := a.recvWithin(time.Second)
			if err != nil {
				t.Fatal(err)
			}
			all += string(frame)
		}
		for _, want := range []string{
			`{"o":1,"ok":1}`, `{"o":2,"refused":2,"code":"not_allowed","message":"you may not send this"}`, `{"o":3,"ok":3}`,
			`{"o":4,"refused":4,"code":"internal","message":"the message could not be stored"}`, `{"o":5,"event":"left","id":"p_c"}`,
		} {
			if strings.Count(all, want) != 1 {
				t.Errorf("%s has %s %d times", all, want, strings.Count(all, want))
			}
		}
		all = ""
		for !strings.Contains(all, "left") {
			frame, err := b.recvWithin(time.Second)
			if err != nil {
				t.Fatal(err)
			}
			all += string(frame)
		}
		want := fmt.Sprintf(`{"o":1,"from":"p_a","type":"x","data":1,"at":%d}`, now)
		if strings.Count(all, `"o":`) != 2 || !strings.Contains(all, want) {
			t.Errorf("another got %s, want the first message and the event", all)
		}
		r.silent(b)
		if got := r.room.metrics.RefusedCount("not_allowed"); got != 1 {
			t.Errorf("%v refusals counted, want 1", got)
		}
	})
}

func TestNumbersAreTakenInOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		w := r.open(WebSocket, joined())
		r.says(w, firstSocket)
		w.send(`{"t":"m","n":1,"type":"x"}`)
		r.says(w, `{"t":"log","after":0,"position":1,"entries":[{"o":1,"ok":1}]}`)
		w.send(`[{"t":"m","n":1,"type":"again"},{"t":"m","n":3,"type":"gap"},{"t":"m","n":4,"type":"gap"}]`)
		r.says(w, `{"t":"error","re":"m","code":"gap","message":"message 3 came after 1"}`)
		r.silent(w) // one answer for the burst
		w.send(`{"t":"m","n":2,"type":"x"}`)
		r.says(w, `{"t":"log","after":1,"position":2,"entries":[{"o":2,"ok":2}]}`)
		w.send(`{"t":"m","n":4,"type":"gap"}`)
		r.says(w, `{"t":"error","re":"m","code":"gap","message":"message 4 came after 2"}`)
		if r.room.log.Head() != 2 || r.room.metrics.RefusedCount("gap") != 2 {
			t.Errorf("head %d, %v gaps counted", r.room.log.Head(), r.room.metrics.RefusedCount("gap"))
		}
	})
}

func TestAttachMovesTheLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		ws := r.open(WebSocket, joined())
		r.says(ws, firstSocket)
		ws.send(`{"t":"m","n":1,"type":"x"}`)
		r.says(ws, `{"t":"log","after":0,"position":1,"entries":[{"o":1,"ok":1}]}`)

		dc := r.open(DataChannel, LinkOptions{})
		dc.send(`{"t":"ping","id":1}`)
		r.says(dc, `{"t":"pong","id":1}`)
		dc.send(`{"t":"m","n":2,"type":"too early"}`) // not the data link yet
		r.silent(dc)
		if kind, _ := r.s.Transport(); kind != WebSocket {
			t.Errorf("the log is on %v", kind)
		}
		dc.send(fmt.Sprintf(`[{"t":"attach","gen":2,"epoch":%q,"position":0},{"t":"m","n":2,"type":"y"}]`, r.room.log.Epoch()))
		// attached is first, then the log from where the client says it is. Whether n has the message that follows
		// is chance: it was on its way.
		got, _ := dc.recvWithin(time.Second)
		if s := string(got); s != `{"t":"attached","gen":2,"n":1}` && s != `{"t":"attached","gen":2,"n":2}` {
			t.Errorf("got %s", got)
		}
		var log string
		for !strings.Contains(log, `{"o":2,"ok":2}`) {
			got, err := dc.recvWithin(time.Second)
			if err != nil {
				t.Fatal(err)
			}
			log += string(got)
		}
		if !strings.Contains(log, `{"o":1,"ok":1}`) {
			t.Errorf("the log went on without what the client had not seen: %s", log)
		}
		if kind, _ := r.s.Transport(); kind != DataChannel {
			t.Errorf("the log is on %v", kind)
		}

		ws.send(`{"t":"m","n":3,"type":"too late"}`)
		ws.send(`{"t":"ping","id":2}`)
		r.says(ws, `{"t":"pong","id":2}`)
		if r.room.log.Head() != 2 {
			t.Error("a fenced link's message was taken")
		}
		dc.send(`{"t":"ack","position":2}`)
		ws.send(`{"t":"ack","position":9}`) // never given
		synctest.Wait()
		if got := r.s.Confirmed(); got != 2 {
			t.Errorf("confirmed %d, want 2", got)
		}

		// The data channel dies; nothing carries the log until the client says so.
		dc.cut()
		synctest.Wait()
		if _, ok := r.s.Transport(); ok {
			t.Error("a dead link carries the log")
		}
		mustAppend(t, r.room.log, message("x"), time.Now())
		r.silent(ws)
		ws.send(fmt.Sprintf(`{"t":"attach","gen":9,"epoch":%q,"position":2}`, r.room.log.Epoch()))
		r.says(ws, `{"t":"attached","gen":9,"n":2}`)
		if got, err := ws.recvWithin(time.Second); err != nil || !strings.Contains(string(got), `"after":2,"position":3,"entries":[{"o":3,`) {
			t.Errorf("got %s, %v", got, err)
		}
	})
}

func TestStaleAttachIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		ws := r.open(WebSocket, joined())
		r.says(ws, firstSocket)
		dc := r.open(DataChannel, LinkOptions{})
		dc.send(fmt.Sprintf(`{"t":"attach","gen":1,"epoch":%q,"position":0}`, r.room.log.Epoch()))
		r.says(dc, `{"t":"error","re":"attach","code":"bad_message","message":"generation 1 is not above 1"}`)
		if kind, _ := r.s.Transport(); kind != WebSocket {
			t.Errorf("the log is on %v", kind)
		}
		if got := r.room.metrics.RefusedCount("stale_attach"); got != 1 {
			t.Errorf("%v counted, want 1", got)
		}
	})
}

// Whichever of two comes first, exactly the higher generation has the log in the end.
func TestTwoAttachAtOnce(t *testing.T) {
	for range 20 {
		bubble(t, func(t *testing.T) {
			r := newRig(t, LogConfig{}, Limits{})
			ws, dc := r.open(WebSocket, joined()), r.open(DataChannel, LinkOptions{})
			r.says(ws, firstSocket)
			epoch := r.room.log.Epoch()
			var both sync.WaitGroup
			both.Go(func() { ws.send(fmt.Sprintf(`{"t":"attach","gen":2,"epoch":%q,"position":0}`, epoch)) })
			both.Go(func() { dc.send(fmt.Sprintf(`{"t":"attach","gen":3,"epoch":%q,"position":0}`, epoch)) })
			both.Wait()
			synctest.Wait()
			if kind, _ := r.s.Transport(); kind != DataChannel {
				t.Errorf("the log is on %v", kind)
			}
			r.says(dc, `{"t":"attached","gen":3,"n":0}`)
			for len(ws.down) > 0 {
				<-ws.down // attached or refused
			}
			mustAppend(t, r.room.log, message("x"), time.Now())
			if got, err := dc.recvWithin(time.Second); err != nil || !strings.Contains(string(got), `"o":1`) {
				t.Errorf("got %s, %v", got, err)
			}
			r.silent(ws)
		})
	}
}

// A message that is being posted when the log moves is counted in what the new link is told, and nothing of the old
// link is posted after that.
func TestAttachWaitsForAMessageUnderWay(t *testing.T) {
	room := newTestRoom(LogConfig{})
	s := room.session("a", Limits{})
	ws, dc := s.Open(newWire(), WebSocket, LinkOptions{Attached: true}), s.Open(newWire(), DataChannel, LinkOptions{})
	attached := make(chan struct{})
	s.cfg.Poster = posterFunc(func(m Message, now time.Time) error {
		go func() {
			defer close(attached)
			s.attach(dc, &Inbound{Gen: 2, Epoch: room.log.Epoch()})
		}()
		for range 1000 {
			runtime.Gosched()
			select {
			case <-attached:
				t.Error("the log moved in the middle of a message")
				return nil
			default:
			}
		}
		return room.Post(m, now)
	})
	s.post(ws, &Inbound{N: 1, Type: "x"}, time.Now())
	<-attached
	if got := s.next(dc); string(got.frame) != `{"t":"attached","gen":2,"n":1}` {
		t.Errorf("got %s", got.frame)
	}
	s.post(ws, &Inbound{N: 2, Type: "x"}, time.Now())
	if room.log.Head() != 1 {
		t.Error("a fenced link's message was taken")
	}
}

type posterFunc func(Message, time.Time) error

func (f posterFunc) Post(m Message, now time.Time) error { return f(m, now) }

// What one more caught-up reader costs from its wake-up to the frame that is sent.
func TestReadersCostNoAllocation(t *testing.T) {
	room := newTestRoom(LogConfig{})
	s := room.session("b", Limits{})
	l := s.Open(newWire(), DataChannel, LinkOptions{Attached: true})
	for range 16 {
		mustAppend(t, room.log, message(strings.Repeat("x", 200)), time.Now())
	}
	if n := testing.AllocsPerRun(100, func() {
		s.cursor = 0
		if out := s.next(l); len(out.frame) < 16*200 {
			t.Errorf("got %s", out.frame)
		}
	}); n != 0 {
		t.Errorf("%v allocations a frame of 16 entries, want 0", n)
	}
}

func TestResets(t *testing.T) {
	for name, c := range map[string]struct {
		epoch    string
		position uint64
		reason   string
	}{
		"too far back":  {"", 3, "trimmed"},
		"just in reach": {"", 15, ""},
		"from the head": {"", 20, ""},
		"never given":   {"", 21, "ahead"},
		"another log":   {"other", 20, "epoch"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, LogConfig{MaxEntries: 5}, Limits{})
				for range 20 {
					mustAppend(t, r.room.log, Entry{Kind: EntryEvent, Type: "tick"}, time.Now())
				}
				w := r.open(DataChannel, LinkOptions{})
				epoch := r.room.log.Epoch()
				if c.epoch == "" {
					c.epoch = epoch
				}
				w.send(fmt.Sprintf(`{"t":"attach","gen":1,"epoch":%q,"position":%d}`, c.epoch, c.position))
				if c.reason == "" {
					r.says(w, `{"t":"attached","gen":1,"n":0}`)
				} else {
					r.says(w, fmt.Sprintf(`{"t":"reset","gen":1,"reason":%q,"epoch":%q,"position":20,"n":0,"participants":[{"id":"p_x"}]}`, c.reason, epoch))
					c.position = 20
				}
				mustAppend(t, r.room.log, Entry{Kind: EntryEvent, Type: "tock"}, time.Now())
				got, err := w.recvWithin(time.Second)
				var f logFrame
				if err == nil {
					err = json.Unmarshal(got, &f)
				}
				if err != nil || f.After != c.position {
					t.Errorf("went on with %s, %v; want after %d", got, err, c.position)
				}
			})
		})
	}
}

// A snapshot that is larger than a frame of the data channel: the client is sent to its WebSocket.
func TestResetOfALargeRoom(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		r.room.people = `["` + strings.Repeat("x", maxFrame) + `"]`
		ws, dc := r.open(WebSocket, joined()), r.open(DataChannel, LinkOptions{})
		r.says(ws, firstSocket)
		dc.send(`{"t":"attach","gen":2,"epoch":"lost","position":0}`)
		r.says(dc, `{"t":"error","re":"attach","code":"too_large","message":"the room does not fit into a frame of this link"}`)
		if r.room.metrics.RefusedCount("reset_too_large") != 1 {
			t.Error("not counted")
		}
		ws.send(`{"t":"attach","gen":3,"epoch":"lost","position":0}`)
		r.says(ws, fmt.Sprintf(`{"t":"reset","gen":3,"reason":"epoch","epoch":%q,"position":0,"n":0,"participants":%s}`, r.room.log.Epoch(), r.room.people))
	})
}

// A reader that stops holds nothing and delays nobody; when it was away for too long it is told so and goes on.
func TestSlowReaderIsReset(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const entries = 50
		r := newRig(t, LogConfig{MaxEntries: entries}, Limits{})
		fast := r.room.session("b", Limits{})
		defer fast.Close("left", "")
		slow, quick := r.open(WebSocket, joined()), r.run(fast, WebSocket, joined())
		r.says(slow, firstSocket)
		r.says(quick, firstSocket)
		got := 0
		for range 1000 {
			mustAppend(t, r.room.log, Entry{Kind: EntryEvent, Type: "tick"}, time.Now())
			synctest.Wait() // else chance may cut the log under its writer before it stops
			frame, err := quick.recvWithin(time.Second)
			var f logFrame
			if err != nil || json.Unmarshal(frame, &f) != nil {
				t.Fatalf("the quick reader got %s, %v", frame, err)
			}
			got += len(f.Entries)
		}
		if got != 1000 {
			t.Errorf("the quick reader got %d, want 1000", got)
		}
		// The slow one finds what was under way, then the reset, then the log again, all without a silent gap.
		position, resets := uint64(0), 0
		for position < 1000 {
			frame, err := slow.recvWithin(time.Second)
			if err != nil {
				t.Fatal(err)
			}
			var f logFrame
			if err := json.Unmarshal(frame, &f); err != nil {
				t.Fatal(err)
			}
			if f.T == "reset" {
				if !strings.Contains(string(frame), `"reason":"trimmed"`) {
					t.Errorf("got %s", frame)
				}
				resets++
			} else if f.After != position {
				t.Errorf("from %d to %d in silence", position, f.After)
			}
			position = f.Position
		}
		if resets != 1 || r.room.metrics.DroppedCount("reader_trimmed") != 1 {
			t.Errorf("%d resets, %v counted; want 1", resets, r.room.metrics.DroppedCount("reader_trimmed"))
		}
	})
}

func TestSignallingGoesFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		w := r.open(WebSocket, joined())
		r.says(w, firstSocket)
		for i := range 2000 { // far more than what the wire holds
			mustAppend(t, r.room.log, message(fmt.Sprint(i, strings.Repeat("x", 1000))), time.Now())
		}
		synctest.Wait()
		waiting := len(w.down)
		if err := r.s.Signal([]byte(`{"t":"answer"}`)); err != nil {
			t.Fatal(err)
		}
		for i := range waiting + 2 {
			frame, err := w.recvWithin(time.Second)
			if err != nil {
				t.Fatal(err)
			}
			if string(frame) == `{"t":"answer"}` {
				return
			}
			_ = i
		}
		t.Errorf("the answer waited behind more than the %d frames that were under way", waiting+1)
	})
}

func TestSignalQueueIsBounded(t *testing.T) {
	for name, frame := range map[string]string{"frames": "x", "bytes": strings.Repeat("x", 64<<10)} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, LogConfig{}, Limits{})
				if err := r.s.Signal([]byte(frame)); err != nil {
					t.Errorf("without a WebSocket: %v", err)
				}
				w := r.open(WebSocket, joined())
				var err error
				sent := 0
				for ; err == nil && sent < 1000; sent++ {
					err = r.s.Signal([]byte(frame))
					synctest.Wait()
				}
				if !errors.Is(err, ErrOverflow) || r.room.metrics.DroppedCount("signal_queue") != 1 {
					t.Errorf("after %d frames: %v, %v counted", sent, err, r.room.metrics.DroppedCount("signal_queue"))
				}
				r.s.Close("slow_consumer", "too slow")
				for sent--; sent > 0; sent-- { // what was taken is still said, and then why it ends
					if _, err := w.recv(); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := w.recv(); err != nil { // hello was one more
					t.Fatal(err)
				}
				r.says(w, `{"t":"closed","code":"slow_consumer","message":"too slow"}`)
				if err := r.s.Signal([]byte(frame)); !errors.Is(err, ErrClosed) {
					t.Errorf("signalling to a closed session: %v", err)
				}
			})
		})
	}
}

func TestCloseIsTheLastFrame(t *testing.T) {
	for code, ws := range map[string]int{"room_closed": 1000, "draining": 1001} {
		bubble(t, func(t *testing.T) {
			r := newRig(t, LogConfig{}, Limits{})
			w, dc := r.open(WebSocket, joined()), r.open(DataChannel, LinkOptions{})
			r.says(w, firstSocket)
			r.s.Close(code, "why")
			r.s.Close("later", "too late")
			r.says(w, fmt.Sprintf(`{"t":"closed","code":%q,"message":"why"}`, code))
			<-r.s.Done()
			r.wg.Wait()
			if got, reason := w.closing(); got != ws || reason != code {
				t.Errorf("closed with %d %s, want %d %s", got, reason, ws, code)
			}
			if !errors.Is(r.ends[w], ErrClosed) || !errors.Is(r.ends[dc], ErrClosed) {
				t.Errorf("ended with %v and %v", r.ends[w], r.ends[dc])
			}
			if got, _ := r.s.Reason(); got != code {
				t.Errorf("reason %s", got)
			}
			late := r.open(WebSocket, LinkOptions{}) // a resume that crossed it
			r.says(late, fmt.Sprintf(`{"t":"closed","code":%q,"message":"why"}`, code))
			r.wg.Wait()
		})
	}
}

func TestNewerSocketSupersedes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		var from []*Link
		r.s.cfg.Signals = func(l *Link, kind string, raw json.RawMessage) {
			if kind != "offer" || string(raw) != `{"t":"offer","id":1}` {
				t.Errorf("got %s %s", kind, raw)
			}
			from = append(from, l)
		}
		old := r.open(WebSocket, joined())
		r.says(old, firstSocket)
		synctest.Wait()
		fresh := r.open(WebSocket, LinkOptions{Hello: []byte(`{"t":"resumed"}`)})
		r.says(fresh, `{"t":"resumed"}`)
		synctest.Wait()
		if code, _ := old.closing(); code != 4000 || !errors.Is(r.ends[old], ErrSuperseded) {
			t.Errorf("the older ended with %d, %v", code, r.ends[old])
		}
		fresh.send(`{"t":"offer","id":1}`)
		synctest.Wait()
		if len(from) != 1 || from[0].Kind() != WebSocket {
			t.Errorf("signalling came from %v", from)
		}
		mustAppend(t, r.room.log, message("x"), time.Now())
		r.silent(fresh) // no log until attach
		fresh.cut()
		synctest.Wait()
		if r.s.Signalled() {
			t.Error("a cut WebSocket is still there")
		}
	})
}

func TestBadFramesEndTheSession(t *testing.T) {
	for name, c := range map[string]struct {
		kind  Kind
		frame string
		code  string
		count string
	}{
		"not UTF-8":               {WebSocket, "{\"t\":\"m\",\"n\":1,\"type\":\"x\",\"data\":\"\xff\"}", "bad_message", "bad_message"},
		"signalling on a channel": {DataChannel, `{"t":"offer"}`, "bad_message", "bad_message"},
		"above a data channel's":  {DataChannel, `{"t":"ping","id":7}` + strings.Repeat(" ", maxFrame), "limit_exceeded", "too_large"},
		"above a WebSocket's":     {WebSocket, `{"t":"ping","id":7}` + strings.Repeat(" ", 512<<10), "limit_exceeded", "too_large"},
		"our own fault":           {WebSocket, `{"t":"m","n":1,"type":"panic"}`, "internal", "panic"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, LogConfig{}, Limits{})
				ws, dc := r.open(WebSocket, joined()), r.open(DataChannel, LinkOptions{})
				r.says(ws, firstSocket)
				if c.kind == WebSocket {
					ws.send(c.frame)
				} else {
					dc.send(c.frame)
				}
				r.wg.Wait()
				if c.code != "internal" {
					got, err := ws.recv()
					if err != nil || !strings.HasPrefix(string(got), fmt.Sprintf(`{"t":"closed","code":%q`, c.code)) {
						t.Errorf("got %s, %v", got, err)
					}
				}
				if got, _ := r.s.Reason(); got != c.code || r.room.metrics.RefusedCount(c.count) != 1 {
					t.Errorf("closed with %s, %v counted", got, r.room.metrics.RefusedCount(c.count))
				}
			})
		})
	}
}

// A fast sender is slowed to the rate; everything arrives.
func TestRateSlows(t *testing.T) {
	for name, c := range map[string]struct {
		size    int
		count   int
		seconds float64
	}{
		"messages": {10, 1400, 5},               // 400 at once, 1000 at 200 a second
		"bytes":    {50_000, 64, 64*0.1908 - 4}, // 1 MiB at once, the rest at 256 KiB a second
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, LogConfig{}, Limits{})
				w := r.open(DataChannel, LinkOptions{Attached: true})
				began := time.Now()
				for n := range c.count {
					w.send(fmt.Sprintf(`{"t":"m","n":%d,"type":"x","data":"%s"}`, n+1, strings.Repeat("x", c.size)))
				}
				for oks := 0; oks < c.count; {
					frame, err := w.recvWithin(time.Minute)
					if err != nil {
						t.Fatal(err)
					}
					oks += strings.Count(string(frame), `"ok":`)
				}
				took := time.Since(began).Seconds()
				if took < c.seconds*0.97 || took > c.seconds*1.03 {
					t.Errorf("took %.2f s, want %.2f", took, c.seconds)
				}
				if r.room.metrics.RefusedCount("slowed") == 0 {
					t.Error("not counted")
				}
			})
		})
	}
}

// Refusals take a place in everyone's history, so they are dearer.
func TestRefusedMessagesSlowMore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		w := r.open(WebSocket, LinkOptions{Attached: true})
		began := time.Now()
		for n := range 100 {
			w.send(fmt.Sprintf(`{"t":"m","n":%d,"type":"forbidden"}`, n+1))
		}
		for refused := 0; refused < 100; {
			frame, err := w.recvWithin(time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			refused += strings.Count(string(frame), `"refused":`)
		}
		if took := time.Since(began); took < 2800*time.Millisecond || took > 3200*time.Millisecond {
			t.Errorf("100 refusals took %v, want about 3 s", took)
		}
	})
}

// A waiting sender does not keep the session from ending, nor is anything else than messages slowed by messages.
func TestSlowedLinkEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{MessagesPerSecond: 1, MessageBurst: 1})
		w := r.open(WebSocket, joined())
		r.says(w, firstSocket)
		w.send(`[{"t":"m","n":1,"type":"x"},{"t":"m","n":2,"type":"x"},{"t":"m","n":3,"type":"x"}]`)
		synctest.Wait()
		began := time.Now()
		r.s.Close("left", "")
		r.wg.Wait()
		if time.Since(began) > 0 {
			t.Errorf("took %v", time.Since(began))
		}
	})
}

func TestPingsAreSlowedToo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		w := r.open(DataChannel, LinkOptions{})
		began := time.Now()
		for i := range 450 {
			w.send(fmt.Sprintf(`{"t":"ping","id":%d}`, i))
		}
		for i := range 450 {
			r.says(w, fmt.Sprintf(`{"t":"pong","id":%d}`, i))
		}
		if took := time.Since(began); took < 4900*time.Millisecond || took > 5100*time.Millisecond {
			t.Errorf("450 pings took %v, want 5 s: 200 at once, 50 a second", took)
		}
	})
}

func TestWhoAsksAndNeverReadsLosesTheLink(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{Replies: 16})
		w := r.open(DataChannel, LinkOptions{})
		for i := range 40 {
			w.send(fmt.Sprintf(`{"t":"ping","id":%d}`, i))
			synctest.Wait()
		}
		r.wg.Wait()
		if !errors.Is(r.ends[w], ErrOverflow) || r.room.metrics.DroppedCount("reply_queue") == 0 {
			t.Errorf("ended with %v", r.ends[w])
		}
		if r.s.isClosed() {
			t.Error("the session ended with its link")
		}
	})
}

func TestLastHeard(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		w := newWire()
		l := r.s.Open(w, WebSocket, LinkOptions{})
		r.wg.Go(func() { _ = l.Run(t.Context()) })
		began := time.Now()
		time.Sleep(5 * time.Second)
		if got := r.s.LastHeard().Sub(began); got != 0 {
			t.Errorf("heard after %v of silence", got)
		}
		w.send(`{"t":"ack","position":0}`)
		synctest.Wait()
		time.Sleep(time.Second)
		if got := r.s.LastHeard().Sub(began); got != 5*time.Second {
			t.Errorf("a frame after 5 s was heard after %v", got)
		}
		l.Heard()
		if got := r.s.LastHeard().Sub(began); got != 6*time.Second {
			t.Errorf("a pong after 6 s was heard after %v", got)
		}
	})
}

func TestContextEndsALink(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		ctx, cancel := context.WithCancel(context.Background())
		w := newWire()
		l := r.s.Open(w, WebSocket, LinkOptions{})
		var err error
		r.wg.Go(func() { err = l.Run(ctx) })
		synctest.Wait()
		cancel()
		r.wg.Wait()
		if code, _ := w.closing(); !errors.Is(err, context.Canceled) || code != 1001 {
			t.Errorf("ended with %v, %d", err, code)
		}
	})
}
