package signaling

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestHold(t *testing.T) {
	for lost, want := range map[time.Duration]time.Duration{
		0: maxHold, 12 * time.Second: 8 * time.Second, time.Second: 2 * time.Second / 3, time.Hour: maxHold,
	} {
		if got := holdOf(lost); got != want {
			t.Errorf("lost after %s: held for %s, want %s", lost, got, want)
		}
	}
}

// Who has nothing to say and hears nothing stays in the room by polling.
func TestPollsKeepAClientHere(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		ada := s.join("poll", "Ada")
		for n := 1; n <= 20; n++ {
			began := time.Now()
			a, frames := ada.poll(n)
			a.want(t, http.StatusOK, "")
			if took := time.Since(began); len(frames) != 0 || took != 8*time.Second {
				t.Fatalf("response %d after %s: %q", n, took, frames)
			}
			if a.header.Get("Content-Length") != "0" || a.header.Get("Cache-Control") != "no-store" {
				t.Fatalf("headers of an empty response: %s", a.header)
			}
		}
		if !s.h.sessions.find(ada.sid).participant.Here() {
			t.Error("taken for lost")
		}
		lostAfter := s.h.cfg.Limits.LostAfter
		time.Sleep(lostAfter - holdOf(lostAfter) - time.Millisecond)
		ada.say(`{"t":"ping","id":1}`)
		time.Sleep(lostAfter + time.Millisecond)
		ada.post(`{"t":"ping","id":1}`).want(t, http.StatusConflict, "stale_link")
	})
}

// A response that got lost is asked for again, and is the same to the byte, whatever was said meanwhile.
func TestALostResponseIsAskedForAgain(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		ada := s.join("poll", "Ada")
		ada.say(`{"t":"ping","id":1}`)
		first, frames := ada.poll(1)
		if len(frames) != 1 {
			t.Fatalf("%q", frames)
		}
		ada.say(`{"t":"ping","id":2}`)
		for range 2 {
			if again, _ := ada.poll(1); !bytes.Equal(again.body, first.body) {
				t.Errorf("%q is now %q", first.body, again.body)
			}
		}
		if _, frames = ada.poll(2); len(frames) != 1 || frames[0] != `{"t":"pong","id":2}` {
			t.Errorf("%q", frames)
		}
		for _, wrong := range []int{0, 1, 4, 1000} {
			a, _ := ada.poll(wrong)
			a.want(t, http.StatusConflict, "stale_link")
		}
		ada.say(`{"t":"ping","id":3}`) // asking for it again did no harm
		if _, frames = ada.poll(3); len(frames) != 1 {
			t.Errorf("%q", frames)
		}
	})
}

func TestANewerPollTakesTheOldersPlace(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		ada := s.join("poll", "Ada")
		older, newer := make(chan answer, 1), make(chan answer, 1)
		go func() { a, _ := ada.poll(1); older <- a }()
		synctest.Wait()
		go func() { a, _ := ada.poll(1); newer <- a }()
		(<-older).want(t, http.StatusConflict, "stale_link")
		ada.say(`{"t":"ping","id":1}`)
		if a := <-newer; !strings.Contains(string(a.body), "pong") {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}

// What comes while a client gives up its request waits for the next one.
func TestAPollThatIsGivenUp(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		ada := s.join("poll", "Ada")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if r, err := s.do(ctx, "GET", ada.path()+"/poll?r=1", ada.link, ""); err == nil {
			_ = r.Body.Close()
			t.Fatal("answered though there was nothing to say")
		}
		synctest.Wait()
		ada.say(`{"t":"ping","id":1}`)
		if _, frames := ada.poll(1); len(frames) != 1 {
			t.Errorf("%q", frames)
		}
	})
}

// Who leaves hears it even if no request was open just then.
func TestLastWordsToAPoll(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		ada := s.join("poll", "Ada")
		ada.say(`{"t":"leave"}`)
		time.Sleep(lastWord - time.Millisecond)
		if _, frames := ada.poll(1); len(frames) != 1 || !strings.Contains(frames[0], `"code":"left"`) {
			t.Errorf("told %q", frames)
		}
		synctest.Wait()
		a, _ := ada.poll(2)
		a.want(t, http.StatusGone, "session_not_found")

		ben := s.join("poll", "Ben")
		ben.say(`{"t":"leave"}`)
		time.Sleep(lastWord + time.Millisecond)
		a, _ = ben.poll(1)
		a.want(t, http.StatusGone, "session_not_found")
	})
}

// What waits for a client that does not ask is bounded: the writer waits, and at the end the link goes.
func TestAPollCollectsALittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPoll(newUplink(make(chan struct{})), time.Second)
		frame := make([]byte, 20_000)
		written, failed := 0, make(chan error)
		go func() {
			for {
				if err := p.WriteFrame(frame, false); err != nil {
					failed <- err
					return
				}
				written++
			}
		}()
		synctest.Wait()
		if written != 3 {
			t.Errorf("%d frames of %d bytes wait", written, len(frame))
		}
		body, err := p.response(1, nil)
		if err != nil || len(body) < 60_000 || len(body) > responseBytes {
			t.Errorf("%d bytes, %v", len(body), err)
		}
		synctest.Wait()
		if written != 6 || len(p.pending) > responseBytes {
			t.Errorf("%d frames, %d bytes pending", written, len(p.pending))
		}
		began := time.Now()
		<-failed
		if took := time.Since(began); took != deadAfter {
			t.Errorf("gave up after %s", took)
		}
	})
}

// A frame that is larger than a response is meant to be goes alone.
func TestAPollTakesALargeFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPoll(newUplink(make(chan struct{})), time.Second)
		defer p.end()
		large := bytes.Repeat([]byte("x"), 4*responseBytes)
		if err := p.WriteFrame(large, false); err != nil {
			t.Fatal(err)
		}
		if body, err := p.response(1, nil); err != nil || len(body) < len(large) {
			t.Errorf("%d bytes, %v", len(body), err)
		}
	})
}
