package datachannel

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

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

// What one more caught-up reader costs from its wake-up to the frame that is sent.
func TestReadersCostNoAllocation(t *testing.T) {
	room := newTestRoom(LogConfig{})
	s := room.session("b", Limits{})
	for range 16 { // nobody is left alone for a moment yet
		mustAppend(t, room.log, message(strings.Repeat("x", 200)), time.Now())
	}
	l := s.Open(newWire(), DataChannel, LinkOptions{Attached: true})
	if n := testing.AllocsPerRun(100, func() {
		s.cursor = 0
		if out := s.next(l); out.frame.size < 16*200 {
			t.Errorf("got %s", flat(out.frame))
		}
	}); n != 0 {
		t.Errorf("%v allocations a frame of 16 entries, want 0", n)
	}
}
