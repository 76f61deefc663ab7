package client

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The first attempt to come back is made at once, the others after waits that grow and vary.
func TestRedial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		defer f.stop()
		var mu sync.Mutex
		var dials []time.Time
		down := false
		opt := Options{URL: "http://fake", Room: "demo", NoMedia: true, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			mu.Lock()
			dials = append(dials, time.Now())
			refuse := down
			mu.Unlock()
			if refuse {
				return nil, errors.New("connection refused")
			}
			return f.dial(ctx, network, addr)
		}}
		joined := make(chan *Client)
		go func() {
			c, err := Join(t.Context(), opt)
			if err != nil {
				t.Error(err)
			}
			joined <- c
		}()
		f.accept("join")
		f.say(joinedFrame)
		c := <-joined
		mu.Lock()
		down, dials = true, nil
		mu.Unlock()
		broke := time.Now()
		_ = f.ws.Close()
		time.Sleep(20 * time.Second)
		c.Kill()
		if len(dials) < 3 || !dials[0].Equal(broke) {
			t.Fatalf("dials %v after %v", dials, broke)
		}
		for i, most := 1, redialFirst; i < len(dials); i, most = i+1, min(2*most, redialMost) {
			if wait := dials[i].Sub(dials[i-1]); wait < most/2 || wait > most {
				t.Errorf("attempt %d after %s, want up to %s", i, wait, most)
			}
		}
	})
}

func TestRejoin(t *testing.T) {
	var r record
	opt := r.options()
	opt.Rejoin = true
	scene(t, opt, func(ctx context.Context, f *fake, c *Client) {
		f.say(`{"t":"log","after":12,"position":13,"entries":[{"o":13,"from":"p_b","ops":[{"k":"a","v":1}]}]}`)
		sent, _ := c.Queue(ctx, "chat", "sent")
		f.expect("m")
		_ = f.ws.Close()
		synctest.Wait()
		waiting, _ := c.Queue(ctx, "chat", "not sent")
		f.accept("resume")
		f.say(`{"t":"error","re":"resume","code":"session_not_found","message":"gone"}`)
		first := f.accept("join")
		if attempt, _ := first["attempt"].(string); len(attempt) < 16 || first["resume"] != nil {
			t.Errorf("join %v", first)
		}
		_ = f.ws.Close() // its answer is lost: the second attempt says the same
		second := f.accept("join")
		if second["attempt"] != first["attempt"] {
			t.Errorf("join %v, then %v", first, second)
		}
		f.say(`[{"t":"joined","sid":"s_2","rt":"z","epoch":"new","position":3,"you":{"id":"p_me2"},"participants":[{"id":"p_c"}],"state":1},
			{"t":"state","position":3,"at":0,"of":1,"cells":[{"k":"b","v":2,"o":1}]}]`)
		if _, err := sent.Wait(ctx); !errors.Is(err, ErrUnconfirmed) {
			t.Errorf("what was sent: %v", err)
		}
		if m := f.expect("m"); m["n"] != 1.0 || m["data"] != "not sent" {
			t.Errorf("sent %v", m)
		}
		f.say(`{"t":"log","after":3,"position":5,"entries":[{"o":4,"ok":1},{"o":5,"from":"p_c","type":"x","data":1}]}`)
		if offset, err := waiting.Wait(ctx); err != nil || offset != 4 {
			t.Errorf("what was not: %d, %v", offset, err)
		}
		r.check(t, []uint64{5}, []string{"reset"})
		if ps := c.Participants(); len(ps) != 1 || ps[0].ID != "p_c" || c.You().ID != "p_me2" || c.Stats().Rejoins != 1 {
			t.Errorf("%v is with %v", c.You(), ps)
		}
		if got := keys(c.State()); got != "b=2@1" {
			t.Errorf("state %s", got)
		}
		if s := c.Session(); s.Session != "s_2" || s.Token != "z" {
			t.Errorf("session %v", s)
		}
	})
}

// A server that goes away says so; who may come back by themselves do.
func TestDraining(t *testing.T) {
	scene(t, Options{Rejoin: true}, func(ctx context.Context, f *fake, c *Client) {
		f.say(`{"t":"closed","code":"draining","message":"later"}`)
		f.accept("resume")
		f.say(`{"t":"resumed","rt":"b"}`)
		f.expect("attach")
	})
}

func TestSessionGone(t *testing.T) {
	scene(t, Options{}, func(ctx context.Context, f *fake, c *Client) {
		_ = f.ws.Close()
		f.accept("resume")
		f.say(`{"t":"error","re":"resume","code":"session_not_found","message":"gone"}`)
		<-c.Done()
		if refusal, ok := errors.AsType[*Error](c.Err()); !ok || refusal.Code != "session_not_found" {
			t.Errorf("ended with %v", c.Err())
		}
	})
}
