package client

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

type record struct {
	mu       sync.Mutex
	messages []uint64
	events   []string
}

func (r *record) options() Options {
	return Options{
		OnMessage: func(m Message) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.messages = append(r.messages, m.Offset)
		},
		OnEvent: func(e Event) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.events = append(r.events, e.Kind)
		},
	}
}

func (r *record) check(t *testing.T, messages []uint64, events []string) {
	t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.messages, messages) || !slices.Equal(r.events, events) {
		t.Errorf("messages %v and events %v, want %v and %v", r.messages, r.events, messages, events)
	}
}

func TestMessages(t *testing.T) {
	var r record
	scene(t, r.options(), func(ctx context.Context, f *fake, c *Client) {
		p, err := c.Queue(ctx, "chat", "hi", "p_b")
		if err != nil {
			t.Fatal(err)
		}
		if m := f.expect("m"); m["n"] != 1.0 || m["type"] != "chat" || m["data"] != "hi" {
			t.Errorf("sent %v", m)
		}
		refused, _ := c.Queue(ctx, "chat", "again")
		f.expect("m")
		f.say(`[{"t":"log","after":12,"position":14,"entries":[{"o":13,"from":"p_b","type":"x","data":1},{"o":14,"ok":1}]},
			{"t":"log","after":14,"position":16,"entries":[{"o":15,"refused":2,"code":"not_allowed","message":"no"},
			{"o":16,"event":"left","id":"p_b","reason":"left"}]}]`)
		if offset, err := p.Wait(ctx); offset != 14 || err != nil {
			t.Errorf("sent at %d, %v", offset, err)
		}
		if _, err := refused.Wait(ctx); err == nil {
			t.Error("a refusal was no error")
		} else if e, ok := errors.AsType[*Error](err); !ok || e.Code != "not_allowed" {
			t.Errorf("refused with %v", err)
		}
		r.check(t, []uint64{13}, []string{"left"})
		if len(c.Participants()) != 0 {
			t.Errorf("still here: %v", c.Participants())
		}
		if a := f.expect("ack"); a["position"] != 16.0 {
			t.Errorf("ack %v", a)
		}
	})
}

func TestGapAttachesAgain(t *testing.T) {
	var r record
	scene(t, r.options(), func(_ context.Context, f *fake, _ *Client) {
		f.say(`{"t":"log","after":14,"position":15,"entries":[{"o":15,"from":"p_b","type":"x"}]}`)
		if a := f.expect("attach"); a["gen"] != 2.0 || a["position"] != 12.0 || a["epoch"] != "e" {
			t.Errorf("attach %v", a)
		}
		f.say(`{"t":"log","after":12,"position":13,"entries":[{"o":13,"from":"p_b","type":"x"}]}`) // still of the former
		f.say(`{"t":"attached","gen":2,"n":0}`)
		f.say(`{"t":"log","after":12,"position":15,"entries":[{"o":13,"from":"p_b","type":"x"},{"o":15,"from":"p_b","type":"x"}]}`)
		r.check(t, []uint64{13, 15}, nil)
	})
}

func TestResume(t *testing.T) {
	var r record
	scene(t, r.options(), func(ctx context.Context, f *fake, c *Client) {
		p1, _ := c.Queue(ctx, "chat", 1)
		f.expect("m")
		_ = f.ws.Close()
		p2, _ := c.Queue(ctx, "chat", 2)
		if m := f.accept("resume"); m["sid"] != "s_1" || m["rt"] != "a" {
			t.Errorf("resume %v", m)
		}
		f.say(`{"t":"resumed","rt":"b","peer":false,"here":true}`)
		if a := f.expect("attach"); a["gen"] != 2.0 || a["position"] != 12.0 {
			t.Errorf("attach %v", a)
		}
		f.say(`{"t":"attached","gen":2,"n":1}`)
		if m := f.expect("m"); m["n"] != 2.0 {
			t.Errorf("sent again %v", m)
		}
		f.say(`{"t":"log","after":12,"position":14,"entries":[{"o":13,"ok":1},{"o":14,"ok":2}]}`)
		for _, p := range []*Pending{p1, p2} {
			if _, err := p.Wait(ctx); err != nil {
				t.Error(err)
			}
		}
		if s := c.Session(); s.Token != "b" {
			t.Errorf("next token %q", s.Token)
		}
	})
}

func TestReset(t *testing.T) {
	var r record
	scene(t, r.options(), func(ctx context.Context, f *fake, c *Client) {
		p1, _ := c.Queue(ctx, "chat", 1)
		p2, _ := c.Queue(ctx, "chat", 2)
		_ = f.ws.Close()
		f.accept("resume")
		f.say(`{"t":"resumed","rt":"b","peer":false,"here":false}`)
		f.expect("attach")
		f.say(`{"t":"reset","gen":2,"reason":"epoch","epoch":"f","position":3,"n":1,"participants":[{"id":"p_c"}]}`)
		if _, err := p1.Wait(ctx); !errors.Is(err, ErrUnconfirmed) {
			t.Errorf("the first message: %v", err)
		}
		if m := f.expect("m"); m["n"] != 2.0 {
			t.Errorf("sent again %v", m)
		}
		f.say(`{"t":"log","after":3,"position":4,"entries":[{"o":4,"ok":2}]}`)
		if offset, err := p2.Wait(ctx); offset != 4 || err != nil {
			t.Errorf("the second at %d, %v", offset, err)
		}
		if ps := c.Participants(); len(ps) != 1 || ps[0].ID != "p_c" {
			t.Errorf("here: %v", ps)
		}
		r.check(t, nil, []string{"reset"})
	})
}

func TestSilentSocketIsGivenUp(t *testing.T) {
	var r record
	scene(t, r.options(), func(_ context.Context, f *fake, _ *Client) {
		began := time.Now()
		go func(ws *websocket.Conn) { // reads, answers nothing
			for {
				if _, _, err := ws.ReadMessage(); err != nil {
					return
				}
			}
		}(f.ws)
		f.accept("resume")
		if took := time.Since(began); took < socketDead || took > socketDead+2*pingEvery {
			t.Errorf("noticed after %s", took)
		}
	})
}

func TestClosed(t *testing.T) {
	var r record
	scene(t, r.options(), func(ctx context.Context, f *fake, c *Client) {
		p, _ := c.Queue(ctx, "chat", 1)
		f.say(`{"t":"closed","code":"removed","message":"go"}`)
		<-c.Done()
		if e, ok := errors.AsType[*Error](c.Err()); !ok || e.Code != "removed" {
			t.Errorf("ended with %v", c.Err())
		}
		if _, err := p.Wait(ctx); !errors.Is(err, ErrClosed) {
			t.Errorf("the message: %v", err)
		}
		if _, err := c.Send(ctx, "chat", 2); !errors.Is(err, ErrClosed) {
			t.Errorf("sending on: %v", err)
		}
	})
}

func TestLeave(t *testing.T) {
	var r record
	scene(t, r.options(), func(ctx context.Context, f *fake, c *Client) {
		left := make(chan error)
		go func() { left <- c.Leave(ctx) }()
		f.expect("leave")
		f.say(`{"t":"closed","code":"left","message":""}`)
		if err := <-left; err != nil || c.Err() != nil {
			t.Errorf("left with %v, %v", err, c.Err())
		}
	})
}

func TestLeaveForReload(t *testing.T) {
	var r record
	scene(t, r.options(), func(ctx context.Context, f *fake, c *Client) {
		left := make(chan error)
		go func() { left <- c.LeaveForReload(ctx) }()
		if m := f.expect("leave"); m["return"] != true {
			t.Errorf("left with %v", m)
		}
		f.expect("ping") // answered by expect
		if err := <-left; err != nil || c.Err() != nil {
			t.Errorf("left with %v, %v", err, c.Err())
		}
	})
}

func TestRefusedJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		defer f.stop()
		joined := make(chan error)
		go func() {
			_, err := Join(t.Context(), Options{URL: "http://fake", Room: "demo", NoMedia: true, Dial: f.dial, MustExist: true})
			joined <- err
		}()
		if m := f.accept("join"); m["create"] != false {
			t.Errorf("join %v", m)
		}
		f.say(`{"t":"error","re":"join","code":"room_full","message":"full","retryMs":30000}`)
		if e, ok := errors.AsType[*Error](<-joined); !ok || e.Code != "room_full" || e.Retry != 30*time.Second {
			t.Errorf("refused with %v", e)
		}
	})
}

// A slow application holds up its own log, and nothing it has not been given is acknowledged.
func TestSlowApplication(t *testing.T) {
	scene(t, Options{OnMessage: func(Message) { time.Sleep(time.Second) }}, func(_ context.Context, f *fake, _ *Client) {
		f.say(`{"t":"log","after":12,"position":13,"entries":[{"o":13,"from":"p_b","type":"x"}]}`)
		f.say(`{"t":"log","after":13,"position":14,"entries":[{"o":14,"from":"p_b","type":"x"}]}`)
		began := time.Now()
		if a := f.expect("ack"); a["position"] != 13.0 || time.Since(began) < time.Second {
			t.Errorf("ack %v after %s", a, time.Since(began))
		}
		if a := f.expect("ack"); a["position"] != 14.0 {
			t.Errorf("ack %v", a)
		}
	})
}
