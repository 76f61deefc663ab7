package bubble_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/parlorhq/parlor/internal/client"
)

// chatter has everyone send a numbered message every 100 ms, until the returned function is called, which waits until
// each message has found its place. A message may not be refused.
func chatter(w *world, people ...*person) (stop func()) {
	w.t.Helper()
	end := make(chan struct{})
	var pending []*client.Pending
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 1; ; n++ {
			for _, p := range people {
				q, err := p.Queue(w.ctx, "talk", n)
				if err != nil {
					w.t.Errorf("%s: message %d: %v", p.name, n, err)
					return
				}
				pending = append(pending, q)
			}
			select {
			case <-end:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return func() {
		close(end)
		<-done
		for _, q := range pending {
			if _, err := q.Wait(w.ctx); err != nil {
				w.t.Errorf("a message: %v", err)
			}
		}
		time.Sleep(time.Second)
	}
}

// agree checks that what several people got of each other is one order, everything once.
func agree(w *world, people ...*person) {
	w.t.Helper()
	type message struct {
		from string
		data string
	}
	order := map[uint64]message{}
	for _, p := range people {
		last := map[string]int{}
		offset := uint64(0)
		p.look(func() {
			for _, m := range p.messages {
				if m.Offset <= offset {
					w.t.Errorf("%s got %d after %d", p.name, m.Offset, offset)
				}
				offset = m.Offset
				got := message{m.From, string(m.Data)}
				if was, ok := order[m.Offset]; ok && was != got {
					w.t.Errorf("%s has %v at %d, others %v", p.name, got, m.Offset, was)
				}
				order[m.Offset] = got
				var n int
				if _, err := fmt.Sscan(got.data, &n); err != nil {
					continue
				}
				if n != last[m.From]+1 {
					w.t.Errorf("%s got message %d of %s after %d", p.name, n, m.From, last[m.From])
				}
				last[m.From] = n
			}
		})
		counts := []int{}
		for _, other := range people {
			if other != p {
				counts = append(counts, last[other.You().ID])
			}
		}
		w.t.Logf("%s got up to %v of the others", p.name, counts)
		if slices.Contains(counts, 0) {
			w.t.Errorf("%s heard nothing of somebody", p.name)
		}
	}
}

// After five seconds without any network nobody has noticed, and nothing is missing.
func TestCutShort(t *testing.T) {
	scene(t, func(w *world) {
		ada := w.camera("Ada", client.Options{VideoSlots: 2, AudioSlots: 2})
		ben := w.camera("Ben", client.Options{VideoSlots: 2, AudioSlots: 2})
		cy := w.join("Cy", client.Options{NoMedia: true})
		stop := chatter(w, ada, ben, cy)
		time.Sleep(5 * time.Second)
		before := ada.count(ada.track(ben, "camera"))
		ben.cut(true)
		time.Sleep(5 * time.Second)
		ben.cut(false)
		time.Sleep(10 * time.Second)
		stop()
		for _, p := range []*person{ada, cy} {
			if left := p.saw("left", ben.You().ID); left != nil {
				t.Errorf("%s saw Ben leave: %v", p.name, left)
			}
		}
		agree(w, ada, ben, cy)
		if after := ada.count(ada.track(ben, "camera")); after < before+300 {
			t.Errorf("%d packets of Ben's picture before, %d in the end", before, after)
		}
		if s := ben.Stats(); s.Transport != client.WebRTC {
			t.Errorf("Ben's messages go by %s in the end", s.Transport)
		}
	})
}

// After forty seconds the others saw him leave; he comes back as himself, and nothing is missing.
func TestCutLong(t *testing.T) {
	scene(t, func(w *world) {
		ada := w.camera("Ada", client.Options{VideoSlots: 2, AudioSlots: 2})
		ben := w.camera("Ben", client.Options{VideoSlots: 2, AudioSlots: 2})
		cy := w.join("Cy", client.Options{NoMedia: true})
		stop := chatter(w, ada, ben, cy)
		time.Sleep(5 * time.Second)
		ben.cut(true)
		time.Sleep(40 * time.Second)
		if left := ada.saw("left", ben.You().ID); left == nil || left.Reason != "lost" {
			t.Errorf("Ben was not missed: %v", left)
		}
		if ada.sees(ben) {
			t.Error("Ben is still on Ada's roster")
		}
		ben.cut(false)
		took := w.within(15*time.Second, "Ben back", func() bool { return ada.sees(ben) && cy.sees(ben) })
		w.within(15*time.Second, "Ben's picture back", func() bool {
			id := ada.track(ben, "camera")
			return id != "" && ada.count(id) > 100
		})
		w.within(15*time.Second, "Ada's picture back at Ben's", func() bool {
			id := ben.track(ada, "camera")
			fresh := 0
			ben.look(func() {
				for _, p := range ben.packets[id] {
					if time.Since(p.at) < time.Second {
						fresh++
					}
				}
			})
			return fresh > 30
		})
		time.Sleep(10 * time.Second)
		stop()
		t.Logf("back after %s", took)
		agree(w, ada, ben, cy)
		if s := ben.Stats(); s.Transport != client.WebRTC || s.Resumes == 0 {
			t.Errorf("Ben's messages go by %s, after %d resumes", s.Transport, s.Resumes)
		}
		if len(ben.Participants()) != 2 {
			t.Errorf("Ben sees %v", ben.Participants())
		}
	})
}

// The WebSocket alone breaks, as it does when a NAT forgets it: the data channel carries on, nobody notices.
func TestSocketBreaks(t *testing.T) {
	scene(t, func(w *world) {
		ada := w.join("Ada", client.Options{})
		ben := w.join("Ben", client.Options{})
		cy := w.join("Cy", client.Options{NoMedia: true})
		stop := chatter(w, ada, ben, cy)
		for range 5 {
			time.Sleep(3 * time.Second)
			for _, p := range []*person{ben, cy} {
				if err := p.Break(w.ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(3 * time.Second)
		stop()
		agree(w, ada, ben, cy)
		if r := cy.Stats().Resumes; r != 5 {
			t.Errorf("Cy resumed %d times", r)
		}
		if s := ben.Stats(); s.Attaches != 1 {
			t.Errorf("Ben attached %d times though the data channel held", s.Attaches)
		}
		if ada.saw("left", ben.You().ID) != nil || ada.saw("left", cy.You().ID) != nil {
			t.Error("somebody was seen leaving")
		}
	})
}

// The data channel dies without a word while a thousand messages are under way from everyone.
func TestChannelDies(t *testing.T) {
	const each = 1000
	scene(t, func(w *world) {
		people := []*person{w.join("Ada", client.Options{}), w.join("Ben", client.Options{}), w.join("Cy", client.Options{})}
		w.within(5*time.Second, "all on data channels", func() bool {
			for _, p := range people {
				if p.Stats().Transport != client.WebRTC {
					return false
				}
			}
			return true
		})
		var pending []*client.Pending
		for _, p := range people {
			for n := 1; n <= each; n++ {
				q, err := p.Queue(w.ctx, "talk", n)
				if err != nil {
					t.Fatal(err)
				}
				pending = append(pending, q)
			}
		}
		time.Sleep(time.Duration(w.rng.IntN(1000)) * time.Millisecond) // anywhere in the middle
		people[0].block(true)
		people[1].block(true)
		time.Sleep(20 * time.Second)
		if s := people[0].Stats(); s.Transport != client.WebSocket {
			t.Errorf("Ada's messages still go by %s", s.Transport)
		}
		people[0].block(false)
		people[1].block(false)
		time.Sleep(20 * time.Second)
		for _, q := range pending {
			if _, err := q.Wait(w.ctx); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		agree(w, people...)
		for _, p := range people {
			if n := len(p.texts()); n != (len(people)-1)*each {
				t.Errorf("%s got %d messages", p.name, n)
			}
			if s := p.Stats(); s.Transport != client.WebRTC {
				t.Errorf("%s's messages go by %s in the end", p.name, s.Transport)
			}
		}
	})
}
