package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// sayBytes says a frame with bytes.
func (f *fake) sayBytes(text, raw string) {
	f.t.Helper()
	if err := f.ws.WriteMessage(websocket.BinaryMessage, withRaw(text, raw)); err != nil {
		f.t.Fatal(err)
	}
}

func TestBytes(t *testing.T) {
	var mu sync.Mutex
	var got []Message
	opt := Options{OnMessage: func(m Message) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, m)
	}}
	scene(t, opt, func(ctx context.Context, f *fake, c *Client) {
		p, err := c.QueueBytes(ctx, "stroke", []byte{0, 255, 7})
		if err != nil {
			t.Fatal(err)
		}
		if m := f.expect("m"); m["bytes"] != 3.0 || f.raw != "\x00\xff\x07" {
			t.Errorf("sent %v with %q", m, f.raw)
		}
		f.sayBytes(`{"t":"log","after":12,"position":15,"entries":[{"o":13,"from":"p_b","type":"x","bytes":2},{"o":14,"ok":1},
			{"o":15,"from":"p_b","type":"x","bytes":0}]}`, "hi")
		if _, err := p.Wait(ctx); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if len(got) != 2 || string(got[0].Bytes) != "hi" || got[0].Data != nil || got[1].Bytes == nil {
			t.Errorf("got %+v", got)
		}
	})
}

// A message that is too large for one frame goes in pieces both ways, and pings pass between them.
func TestLargeMessages(t *testing.T) {
	large := strings.Repeat("0123456789", 30_000)
	var mu sync.Mutex
	var got []Message
	opt := Options{OnMessage: func(m Message) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, m)
	}}
	scene(t, opt, func(ctx context.Context, f *fake, c *Client) {
		p, err := c.QueueBytes(ctx, "picture", []byte(large))
		if err != nil {
			t.Fatal(err)
		}
		if m := f.expect("m"); m["bytes"] != 300_000.0 || f.raw != large || f.pieces != 5 {
			t.Errorf("%v came in %d pieces, %d bytes", m, f.pieces, len(f.raw))
		}
		text := fmt.Sprintf(`{"t":"log","after":12,"position":14,"entries":[{"o":13,"from":"p_b","type":"x","data":"%s"},{"o":14,"ok":1}]}`, large)
		pieces := cut{frame: outFrame{bytes: []byte(text)}, size: 16000}
		for done := false; !done; {
			var piece outFrame
			piece, done = pieces.next()
			if err := f.ws.WriteMessage(websocket.BinaryMessage, piece.bytes); err != nil {
				t.Fatal(err)
			}
			f.say(`{"t":"pong","id":0}`) // others may come between
		}
		if _, err := p.Wait(ctx); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if len(got) != 1 || !bytes.Equal(got[0].Data, []byte(`"`+large+`"`)) {
			t.Errorf("got %d messages", len(got))
		}
	})
}

func TestTooLargeForAFrame(t *testing.T) {
	scene(t, Options{}, func(ctx context.Context, f *fake, c *Client) {
		c.look(func() { c.limits.FrameBytes = 1000 })
		var refusal *Error
		if _, err := c.Send(ctx, "x", strings.Repeat("x", 1000)); !errors.As(err, &refusal) || refusal.Code != "too_large" {
			t.Errorf("sent with %v", err)
		}
	})
}

func keys(s *State) string {
	var all []string
	for _, cell := range s.Entries("") {
		all = append(all, fmt.Sprintf("%s=%s@%d", cell.Key, cell.Value, cell.Offset))
	}
	return strings.Join(all, " ")
}

func TestState(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	var c *Client
	opt := Options{OnState: func(change Change) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprintf("%d %v: %s", change.Offset, change.Snapshot, keys(c.State())))
	}}
	scene(t, opt, func(ctx context.Context, f *fake, joined *Client) {
		mu.Lock()
		c = joined
		mu.Unlock()
		set := make(chan error)
		go func() {
			offset, err := c.SetState(ctx, "a", 1)
			if err == nil && offset != 13 {
				err = fmt.Errorf("set at %d", offset)
			}
			set <- err
		}()
		if m := f.expect("s"); fmt.Sprintf("%v %v", m["n"], m["ops"]) != "1 [map[k:a v:1]]" {
			t.Errorf("sent %v", m)
		}
		f.say(`{"t":"log","after":12,"position":14,"entries":[{"o":13,"ok":1,"from":"p_me","ops":[{"k":"a","v":1}],"at":1},
			{"o":14,"from":"p_b","ops":[{"k":"b","v":{}},{"k":"c","v":[]},{"k":"none","del":true}],"at":1}]}`)
		if err := <-set; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		go func() {
			_, err := c.DeleteState(ctx, "b")
			set <- err
		}()
		if m := f.expect("s"); fmt.Sprintf("%v %v", m["n"], m["ops"]) != "2 [map[base:14 del:true k:b]]" {
			t.Errorf("sent %v", m)
		}
		f.say(`{"t":"log","after":14,"position":15,"entries":[{"o":15,"refused":2,"code":"conflict","message":"no"}]}`)
		if refusal, ok := errors.AsType[*Error](<-set); !ok || refusal.Code != "conflict" || refusal.Re != "s" {
			t.Errorf("refused with %v", refusal)
		}
		// A reset that says only what changed, then one that says all; the link breaks in the middle of each.
		for i, reset := range []string{`"position":30,"state":2,"since":true`, `"position":40,"state":2`} {
			_ = f.ws.Close()
			f.accept("resume")
			f.say(`{"t":"resumed","rt":"b"}`)
			f.expect("attach")
			gen := 2 + 2*i
			f.say(fmt.Sprintf(`{"t":"reset","gen":%d,"reason":"trimmed","epoch":"e","n":2,%s}`, gen, reset))
			f.say(fmt.Sprintf(`{"t":"state","position":%d,"at":0,"of":2,"cells":[{"k":"c","del":true,"o":20}]}`, 30+10*i))
			synctest.Wait()
			_ = f.ws.Close()
			f.accept("resume")
			f.say(`{"t":"resumed","rt":"b"}`)
			if a := f.expect("attach"); a["state"] != 1.0 {
				t.Errorf("attach %v", a)
			}
			f.say(fmt.Sprintf(`{"t":"attached","gen":%d,"n":2,"epoch":"e"}`, gen+1))
			f.say(fmt.Sprintf(`{"t":"state","position":%d,"at":1,"of":2,"cells":[{"k":"d","v":4,"o":21}]}`, 30+10*i))
			synctest.Wait()
		}
		mu.Lock()
		defer mu.Unlock()
		want := []string{
			"13 false: a=1@13", "14 false: a=1@13 b={}@14 c=[]@14",
			"30 true: a=1@13 b={}@14 d=4@21", "40 true: d=4@21",
		}
		if strings.Join(seen, "\n") != strings.Join(want, "\n") {
			t.Errorf("saw\n%s\nwant\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestLossy(t *testing.T) {
	var mu sync.Mutex
	var got []string
	opt := Options{OnLossy: func(e Lossy) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, fmt.Sprintf("%s/%s/%s:%s%s", e.From, e.Type, e.Key, e.Data, e.Bytes))
	}}
	scene(t, opt, func(ctx context.Context, f *fake, c *Client) {
		if err := c.Lossy("cursor", "pen", []int{1, 2}, "p_b"); err != nil {
			t.Fatal(err)
		}
		if m := f.expect("e"); fmt.Sprintf("%v %v %v %v", m["type"], m["key"], m["data"], m["to"]) != "cursor pen [1 2] [p_b]" {
			t.Errorf("sent %v", m)
		}
		if err := c.LossyBytes("cursor", "", []byte("ab")); err != nil {
			t.Fatal(err)
		}
		if m := f.expect("e"); m["bytes"] != 2.0 || f.raw != "ab" {
			t.Errorf("sent %v with %q", m, f.raw)
		}
		_ = f.ws.Close() // what is said while nothing carries it: the latest of each
		synctest.Wait()
		for i := range 10 {
			if err := c.Lossy("cursor", fmt.Sprint(i%2), i); err != nil {
				t.Fatal(err)
			}
		}
		f.accept("resume")
		f.say(`{"t":"resumed","rt":"b"}`)
		f.expect("attach")
		f.say(`{"t":"attached","gen":2,"n":0,"epoch":"e"}`)
		for i := range 2 {
			if m := f.expect("e"); m["data"] != 8.0+float64(i) {
				t.Errorf("sent %v", m)
			}
		}
		f.say(`[{"t":"e","from":"p_b","type":"cursor","key":"pen","data":{"x":1}},{"t":"e","from":"p_gone","type":"cursor","data":1}]`)
		f.sayBytes(`{"t":"e","from":"p_b","type":"cursor","bytes":2}`, "hi")
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if strings.Join(got, " ") != `p_b/cursor/pen:{"x":1} p_b/cursor/:hi` {
			t.Errorf("got %v", got)
		}
	})
}

func TestLatest(t *testing.T) {
	var l latest[int, string]
	for i := range maxLossy {
		if !l.put(i, "old") {
			t.Fatalf("no room for %d", i)
		}
	}
	if l.put(maxLossy, "one more") {
		t.Error("more waits than may")
	}
	if !l.put(0, "new") {
		t.Error("a new value needs no room")
	}
	if v, ok := l.pop(); v != "new" || !ok {
		t.Errorf("first %q", v)
	}
	for range maxLossy - 1 {
		l.pop()
	}
	if _, ok := l.pop(); ok {
		t.Error("never empty")
	}
}

func TestHistory(t *testing.T) {
	scene(t, Options{}, func(ctx context.Context, f *fake, c *Client) {
		type answer struct {
			messages []Message
			more     bool
			err      error
		}
		answers := make(chan answer)
		ask := func() {
			messages, more, err := c.History(ctx, HistoryQuery{Type: "chat", Before: 9, Limit: 5})
			answers <- answer{messages, more, err}
		}
		go ask()
		if m := f.expect("history"); fmt.Sprintf("%v %v %v %v", m["id"], m["type"], m["before"], m["limit"]) != "1 chat 9 5" {
			t.Errorf("asked %v", m)
		}
		_ = f.ws.Close() // the answer is lost, the question is not
		f.accept("resume")
		f.say(`{"t":"resumed","rt":"b"}`)
		f.expect("history")
		f.sayBytes(`{"t":"history","id":1,"more":true,"entries":[{"o":3,"from":"p_x","name":"Xi","type":"chat","data":"hi","at":5},
			{"o":4,"from":"p_x","name":"Xi","type":"chat","bytes":2,"at":6}]}`, "yo")
		a := <-answers
		if a.err != nil || !a.more || len(a.messages) != 2 || a.messages[0].Name != "Xi" || string(a.messages[0].Data) != `"hi"` ||
			string(a.messages[1].Bytes) != "yo" || !a.messages[1].SentAt.Equal(time.UnixMilli(6)) {
			t.Errorf("answered %+v", a)
		}
		go ask()
		f.expect("history")
		f.say(`{"t":"error","re":"history","id":2,"code":"rate_limited","message":"slowly"}`)
		if refusal, ok := errors.AsType[*Error]((<-answers).err); !ok || refusal.Code != "rate_limited" {
			t.Errorf("refused with %v", refusal)
		}
	})
}

func TestOpOnTheWire(t *testing.T) {
	zero := uint64(0)
	got, err := json.Marshal([]Op{
		{Key: "a", Value: json.RawMessage(`1`), Base: 9},
		{Key: "b", Delete: true, Version: 7, Nonce: 3},
		{Key: "c", Value: json.RawMessage(`null`), If: &zero, TTL: 3000},
	})
	want := `[{"k":"a","v":1,"base":9},{"k":"b","del":true,"ver":7,"nonce":3},{"k":"c","v":null,"if":0,"ttl":3000}]`
	if err != nil || string(got) != want {
		t.Errorf("%s, want %s, %v", got, want, err)
	}
}
