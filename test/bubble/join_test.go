package bubble_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parlorhq/parlor/internal/client"
)

// Two people join a room in which somebody talks without a pause: snapshot and log fit together without a gap.
func TestJoin(t *testing.T) {
	scene(t, func(w *world) {
		ada := w.join("Ada", client.Options{VideoSlots: 1})
		ada.look(func() {
			ada.onEvent = func(e client.Event) {
				if e.Kind == "joined" { // said at once, and only to the newcomer
					if _, err := ada.Queue(w.ctx, "welcome", e.Name, e.Participant); err != nil {
						t.Error(err)
					}
				}
			}
		})
		sent := map[uint64]bool{} // offsets
		stop := make(chan struct{})
		talking := make(chan struct{})
		go func() {
			defer close(talking)
			for n := 1; ; n++ {
				select {
				case <-stop:
					return
				case <-time.After(7 * time.Millisecond):
				}
				offset, err := ada.Send(w.ctx, "talk", n)
				if err != nil {
					t.Errorf("message %d: %v", n, err)
					return
				}
				sent[offset] = true
			}
		}()
		time.Sleep(500 * time.Millisecond)
		ben := w.join("Ben", client.Options{VideoSlots: 1})
		time.Sleep(500 * time.Millisecond)
		cy := w.join("Cy", client.Options{NoMedia: true})
		time.Sleep(2 * time.Second)
		close(stop)
		<-talking
		time.Sleep(time.Second)

		for _, p := range []*person{ben, cy} {
			joined := ada.saw("joined", p.You().ID)
			if joined == nil {
				t.Fatalf("nobody told Ada of %s", p.name)
			}
			var want, got []uint64
			welcome := 0
			for offset := range sent {
				if offset > joined.Offset {
					want = append(want, offset)
				}
			}
			slices.Sort(want)
			p.look(func() {
				for _, m := range p.messages {
					if m.Type == "welcome" {
						welcome++
						continue
					}
					got = append(got, m.Offset)
				}
			})
			if !slices.Equal(want, got) || len(got) == 0 {
				t.Errorf("%s joined at %d and got %v, want %v", p.name, joined.Offset, got, want)
			}
			if welcome != 1 {
				t.Errorf("%s was welcomed %d times", p.name, welcome)
			}
		}
		for _, p := range w.people {
			for _, other := range w.people {
				if p != other && !p.sees(other) {
					t.Errorf("%s does not see %s", p.name, other.name)
				}
			}
			if len(p.Participants()) != 2 {
				t.Errorf("%s sees %v", p.name, p.Participants())
			}
		}
		if s := ada.Stats(); s.Transport != client.WebRTC || s.Offers != 1 {
			t.Errorf("Ada's messages go by %s, after %d offers", s.Transport, s.Offers)
		}
		if s := cy.Stats(); s.Transport != client.WebSocket {
			t.Errorf("Cy's messages go by %s", s.Transport)
		}
	})
}

// A crowd is told of together, but a pointer of somebody in it does not come before the word that they are here: it would
// mean nothing, and be the last of them for as long as it does not move.
func TestPointersOfACrowd(t *testing.T) {
	scene(t, func(w *world) {
		var ada *person
		var strangers, pointers atomic.Int32
		ada = w.join("Ada", client.Options{NoMedia: true, OnLossy: func(e client.Lossy) {
			pointers.Add(1)
			if ada.saw("joined", e.From) == nil {
				strangers.Add(1)
			}
		}})
		time.Sleep(5 * time.Second)
		for _, name := range []string{"Ben", "Cy", "Dee"} {
			p := w.join(name, client.Options{NoMedia: true})
			if err := p.Lossy("cursor", "pen", 1); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(3 * time.Second)
		if pointers.Load() < 3 || strangers.Load() > 0 {
			t.Errorf("%d pointers, %d of people of whom nothing was known", pointers.Load(), strangers.Load())
		}
	})
}

// Who leaves is gone at once; who is killed is gone within 15 s, and so is who loses the network.
func TestLeave(t *testing.T) {
	scene(t, func(w *world) {
		ada := w.join("Ada", client.Options{VideoSlots: 1})
		ben := w.camera("Ben", client.Options{VideoSlots: 1})
		cy := w.camera("Cy", client.Options{})
		dee := w.join("Dee", client.Options{})
		w.within(5*time.Second, "Ben's picture", func() bool { return ada.track(ben, "camera") != "" })
		time.Sleep(5 * time.Second) // all on data channels

		ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
		defer cancel()
		if err := ben.Leave(ctx); err != nil {
			t.Fatal(err)
		}
		w.within(200*time.Millisecond, "Ben gone", func() bool { return !ada.sees(ben) })
		if left := ada.saw("left", ben.You().ID); left == nil || left.Reason != "left" {
			t.Errorf("Ben left as %v", left)
		}

		cy.Kill()
		w.within(15*time.Second, "Cy gone", func() bool { return !ada.sees(cy) })
		if left := ada.saw("left", cy.You().ID); left == nil || left.Reason != "lost" {
			t.Errorf("Cy left as %v", left)
		}

		dee.cut(true)
		dee.Kill()
		w.within(15*time.Second, "Dee gone", func() bool { return !ada.sees(dee) })
		if ada.Stats().Offers != 1 {
			t.Errorf("Ada made %d offers", ada.Stats().Offers)
		}
		ada.look(func() {
			for _, e := range ada.events {
				if e.Kind == "left" && e.Participant == ada.You().ID {
					t.Error("Ada was taken for lost")
				}
			}
		})
	})
}

// A page that reloads comes back as one person: whether it said so, or was just gone.
func TestReload(t *testing.T) {
	scene(t, func(w *world) {
		ada := w.join("Ada", client.Options{VideoSlots: 2, AudioSlots: 2})
		for _, polite := range []bool{true, false} {
			ben := w.camera("Ben", client.Options{})
			id, session := ben.You().ID, ben.Session()
			w.within(10*time.Second, "Ben's picture", func() bool { return ada.count(ada.track(ben, "camera")) > 50 })
			if polite {
				ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
				if err := ben.LeaveForReload(ctx); err != nil {
					t.Fatal(err)
				}
				cancel()
				w.within(200*time.Millisecond, "Ben gone", func() bool { return !ada.sees(ben) })
			} else {
				ben.Kill()
			}
			time.Sleep(2 * time.Second)
			again := w.camera("Ben", client.Options{Resume: &client.Resume{
				Session: session.Session, Token: session.Token,
			}})
			if again.You().ID != id {
				t.Errorf("Ben came back as %s, was %s", again.You().ID, id)
			}
			w.within(10*time.Second, "Ben's picture again", func() bool {
				return ada.sees(again) && ada.count(ada.track(again, "camera")) > 50
			})
			if others := ada.Participants(); len(others) != 1 {
				t.Errorf("Ada sees %v", others)
			}
			time.Sleep(lostAfter + 2*time.Second) // nor does anybody leave later
			if !ada.sees(again) || len(ada.Participants()) != 1 {
				t.Errorf("later Ada sees %v", ada.Participants())
			}
			if err := again.Leave(w.ctx); err != nil {
				t.Fatal(err)
			}
		}
	})
}
