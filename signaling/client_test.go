package signaling

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/room"
)

// newTestClient is a client in a room, without a link and with nobody running its loop.
func newTestClient(t *testing.T, l Limits) *client {
	t.Helper()
	h := newTestHandler(t, Config{Limits: l})
	h.cfg.Rooms = room.NewRooms(room.Config{
		Encode: EncodeEvent, EmptyTimeout: time.Minute,
		Limits: room.Limits{Rooms: 1, Participants: 2, Tracks: 1, RoomBytes: 64, NameBytes: 64, IdentityBytes: 64},
	})
	t.Cleanup(h.cfg.Rooms.Close)
	c := newClient(h)
	p, snap, err := h.cfg.Rooms.Join(room.JoinRequest{
		Room: "demo", Create: true, Name: "Ada", Grant: room.Everything(), Member: c,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.participant, c.log = p, p.Logger()
	id := newSession()
	h.sessions.add(c, id, "")
	c.id = id.ID
	c.session = datachannel.NewSession(datachannel.SessionConfig{ID: c.id, Participant: p.ID, Log: snap.Log, Poster: p})
	return c
}

func TestTooManyRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestClient(t, Limits{SignalRate: 10, SignalBurst: 40})
		for range 40 + maxRefusals {
			c.request("slotted", []byte(`{"t":"slotted","rev":1}`))
		}
		if got := c.box.Len(); got != 40 {
			t.Errorf("%d requests taken, want the burst of 40", got)
		}
		if n := c.h.cfg.Metrics.RefusedCount("rate_limited"); n != maxRefusals {
			t.Errorf("counted %v, want %d", n, maxRefusals)
		}
		if err := c.ctx.Err(); err != nil {
			t.Errorf("ended early: %v", context.Cause(c.ctx))
		}
		time.Sleep(time.Second) // pays for ten, and patience forgives
		c.request("slotted", nil)
		for range 9 + maxRefusals {
			c.request("slotted", nil)
		}
		if c.ctx.Err() != nil {
			t.Error("refusals from before were counted")
		}
		if n := c.h.cfg.Metrics.RefusedCount("limit_exceeded"); n != 0 {
			t.Errorf("%v ends counted before there was one", n)
		}
		c.request("slotted", nil)
		if n := c.h.cfg.Metrics.RefusedCount("limit_exceeded"); n != 1 {
			t.Errorf("%v ends counted, want 1", n)
		}
		if end, ok := errors.AsType[*ending](context.Cause(c.ctx)); !ok || end.code != "limit_exceeded" {
			t.Errorf("ended with %v", context.Cause(c.ctx))
		}
	})
}

func TestTooManyOffers(t *testing.T) {
	c := newTestClient(t, Limits{OfferRate: 2, OfferBurst: 0})
	about, err := c.serve(request{kindOffer, []byte(`{"t":"offer","id":7,"sdp":"v=0"}`)})
	if about.id != 7 || !errors.Is(err, errTooManyRequests) {
		t.Errorf("%v, %v", about, err)
	}
}

func TestSilenceTakesOffTheRosterThenEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestClient(t, Limits{LostAfter: 12 * time.Second, ResumeWindow: 2 * time.Minute})
		done := make(chan struct{})
		go func() { c.run(); close(done) }()

		time.Sleep(12*time.Second - time.Millisecond)
		if !c.participant.Here() {
			t.Error("lost too early")
		}
		time.Sleep(2 * time.Millisecond)
		if c.participant.Here() {
			t.Error("still here after 12 s of silence")
		}
		time.Sleep(107 * time.Second)
		if err := c.participant.Return(); err != nil {
			t.Errorf("cannot return within the window: %v", err)
		}
		<-done
		if code, _ := c.session.Reason(); code != "idle" {
			t.Errorf("ended with %q", code)
		}
		if c.participant.Here() {
			t.Error("here after the end")
		}
		if _, _, err := c.h.sessions.resume(session{ID: c.id}); !errors.Is(err, errNoSession) {
			t.Error("the session can still be resumed")
		}
	})
}

func TestAFullMailboxEndsTheSession(t *testing.T) {
	c := newTestClient(t, Limits{})
	for range mailboxSize {
		c.Notify(room.PeerLost{})
	}
	if c.ctx.Err() != nil || c.h.cfg.Metrics.DroppedCount("mailbox") != 0 {
		t.Fatal("ended early")
	}
	c.Notify(room.PeerLost{})
	if n := c.h.cfg.Metrics.DroppedCount("mailbox"); n != 1 {
		t.Errorf("%v counted, want 1", n)
	}
	if end, ok := errors.AsType[*ending](context.Cause(c.ctx)); !ok || end.code != "limit_exceeded" {
		t.Errorf("ended with %v", context.Cause(c.ctx))
	}
}
