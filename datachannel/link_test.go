package datachannel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

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

// Of that of which only the newest counts, one waits: a client that does not read makes no queue grow.
func TestOnlyTheNewestOfAStateWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		w := r.open(WebSocket, joined())
		for i := range 1000 {
			for _, state := range []string{"a", "b"} {
				if err := r.s.SignalState(state, fmt.Append(nil, state, i)); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
		}
		if !r.s.SignalWaits("a") || r.s.SignalWaits("c") || r.s.SignalWaits("") {
			t.Error("what waits is not known")
		}
		var got []string
		for frame, err := w.recvWithin(time.Second); err == nil; frame, err = w.recvWithin(time.Second) {
			got = append(got, string(frame))
		}
		if n := len(got); n > 100 || got[n-2] != "a999" || got[n-1] != "b999" {
			t.Errorf("%d frames, at last %q", n, got[n-2:])
		}
		if r.s.SignalWaits("a") || r.s.waiting != 0 {
			t.Errorf("%d bytes wait", r.s.waiting)
		}
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
		if len(from) != 1 || from[0].kind != WebSocket {
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
		"above a data channel's":  {DataChannel, `{"t":"ping","id":7}` + strings.Repeat(" ", wholeFrame), "limit_exceeded", "too_large"},
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
