package datachannel

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

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
		if kind := carrier(r.s); kind != WebSocket {
			t.Errorf("the log is on %v", kind)
		}
		dc.send(fmt.Sprintf(`[{"t":"attach","gen":2,"epoch":%q,"position":0},{"t":"m","n":2,"type":"y"}]`, r.room.log.Epoch()))
		// attached is first, then the log from where the client says it is. Whether n has the message that follows
		// is chance: it was on its way.
		got, _ := dc.recvWithin(time.Second)
		if s := string(got); s != r.attached(2, 1) && s != r.attached(2, 2) {
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
		if kind := carrier(r.s); kind != DataChannel {
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

		// The data channel dies; nothing carries the log until the client says so.
		dc.cut()
		synctest.Wait()
		if carrier(r.s) != 0 {
			t.Error("a dead link carries the log")
		}
		mustAppend(t, r.room.log, message("x"), time.Now())
		r.silent(ws)
		ws.send(fmt.Sprintf(`{"t":"attach","gen":9,"epoch":%q,"position":2}`, r.room.log.Epoch()))
		r.says(ws, r.attached(9, 2))
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
		if kind := carrier(r.s); kind != WebSocket {
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
			if kind := carrier(r.s); kind != DataChannel {
				t.Errorf("the log is on %v", kind)
			}
			r.says(dc, r.attached(3, 0))
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
	if got := s.next(dc); string(flat(got.frame)) != fmt.Sprintf(`{"t":"attached","gen":2,"n":1,"epoch":%q}`, room.log.Epoch()) {
		t.Errorf("got %s", flat(got.frame))
	}
	s.post(ws, &Inbound{N: 2, Type: "x"}, time.Now())
	if room.log.Head() != 1 {
		t.Error("a fenced link's message was taken")
	}
}

// A message that is in the log, but not counted yet, when a reader that fell behind gets its snapshot: its fate lies
// before the snapshot, so the reset has to count it, or the client would send it again and wait for an answer for ever.
func TestResetWaitsForAMessageUnderWay(t *testing.T) {
	room := newTestRoom(LogConfig{MaxEntries: 2})
	s := room.session("a", Limits{})
	l := s.Open(newWire(), WebSocket, LinkOptions{Attached: true})
	for range 5 {
		mustAppend(t, room.log, message("x"), time.Now())
	}
	told := make(chan string, 1)
	s.cfg.Poster = posterFunc(func(m Message, now time.Time) error {
		err := room.Post(m, now)
		go func() { told <- string(flat(s.next(l).frame)) }()
		for range 1000 {
			runtime.Gosched()
			if len(told) > 0 {
				t.Error("the reset was made in the middle of a message")
				break
			}
		}
		return err
	})
	s.post(l, &Inbound{N: 1, Type: "x"}, time.Now())
	if got := <-told; !strings.Contains(got, `"position":6,"n":1,`) {
		t.Errorf("got %s", got)
	}
}

type posterFunc func(Message, time.Time) error

func (f posterFunc) Post(m Message, now time.Time) error { return f(m, now) }
func (f posterFunc) PostLossy(Lossy)                     {}

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
					r.says(w, r.attached(1, 0))
				} else {
					since := ""
					if c.reason == resetTrimmed {
						since = `,"since":true`
					}
					r.says(w, fmt.Sprintf(`{"t":"reset","gen":1,"reason":%q,"epoch":%q,"position":20,"n":0,"state":0%s,"participants":[{"id":"p_x"}]}`, c.reason, epoch, since))
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

// A snapshot that is larger than a frame of the data channel comes in pieces.
func TestResetOfALargeRoom(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		r.room.people = `["` + strings.Repeat("x", wholeFrame) + `"]`
		ws, dc := r.open(WebSocket, joined()), r.open(DataChannel, LinkOptions{})
		r.says(ws, firstSocket)
		dc.send(`{"t":"attach","gen":2,"epoch":"lost","position":0}`)
		r.says(dc, fmt.Sprintf(`{"t":"reset","gen":2,"reason":"epoch","epoch":%q,"position":0,"n":0,"state":0,"participants":%s}`, r.room.log.Epoch(), r.room.people))
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
