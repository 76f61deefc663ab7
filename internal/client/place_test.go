package client

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

// Every offset comes with the epoch of its log: offsets of two logs are alike.
func TestEpochs(t *testing.T) {
	var mu sync.Mutex
	var got []string
	note := func(what, epoch string, offset uint64) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, fmt.Sprint(what, " ", epoch, offset))
	}
	opt := Options{
		Rejoin:    true,
		OnMessage: func(m Message) { note("message", m.Epoch, m.Offset) },
		OnEvent:   func(e Event) { note(e.Kind, e.Epoch, e.Offset) },
		OnState: func(c Change) {
			if c.Snapshot {
				note("snapshot", c.Epoch, c.Offset)
			} else {
				note("change", c.Epoch, c.Offset)
			}
		},
	}
	log := func(after, n int) string {
		return fmt.Sprintf(`{"t":"log","after":%d,"position":%d,"entries":[{"o":%d,"from":"p_b","type":"x","data":1},
			{"o":%d,"event":"joined","participant":{"id":"p_d"}},{"o":%d,"from":"p_b","ops":[{"k":"a","v":1}]},{"o":%d,"ok":%d}]}`,
			after, after+4, after+1, after+2, after+3, after+4, n)
	}
	scene(t, opt, func(ctx context.Context, f *fake, c *Client) {
		if at := c.Entered(); at != (Place{"s_1", "e", 12}) {
			t.Errorf("entered at %v", at)
		}
		first, _ := c.Queue(ctx, "chat", 1)
		f.expect("m")
		f.say(log(12, 1))
		if _, err := first.Wait(ctx); err != nil || first.Place() != (Place{"s_1", "e", 16}) {
			t.Errorf("the first message at %v, %v", first.Place(), err)
		}
		_ = f.ws.Close()
		f.accept("resume")
		f.say(`{"t":"resumed","rt":"b"}`)
		f.expect("attach")
		f.say(`{"t":"reset","gen":2,"reason":"epoch","epoch":"f","position":3,"n":1,"participants":[]}`)
		second, _ := c.Queue(ctx, "chat", 2)
		f.expect("m")
		f.say(log(3, 2))
		if _, err := second.Wait(ctx); err != nil || second.Place() != (Place{"s_1", "f", 7}) {
			t.Errorf("the second message at %v, %v", second.Place(), err)
		}
		lost, _ := c.Queue(ctx, "chat", 3)
		f.expect("m")
		_ = f.ws.Close()
		f.accept("resume")
		f.say(`{"t":"error","re":"resume","code":"session_not_found","message":"gone"}`)
		f.accept("join")
		f.say(`{"t":"joined","sid":"s_2","rt":"z","epoch":"g","position":1,"you":{"id":"p_me2"},"participants":[]}`)
		if _, err := lost.Wait(ctx); err == nil || lost.Place() != (Place{}) {
			t.Errorf("the lost message at %v, %v", lost.Place(), err)
		}
		third, _ := c.Queue(ctx, "chat", 4)
		f.expect("m")
		f.say(log(1, 1))
		if _, err := third.Wait(ctx); err != nil || third.Place() != (Place{"s_2", "g", 5}) {
			t.Errorf("the third message at %v, %v", third.Place(), err)
		}
		synctest.Wait()
		want := []string{
			"message e13", "joined e14", "change e15",
			"reset f3", "snapshot f3", "message f4", "joined f5", "change f6",
			"reset g1", "snapshot g1", "message g2", "joined g3", "change g4",
		}
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
