package datachannel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlorhq/parlor/internal/metrics"
)

// lossyWire is a lossy channel whose other end is the test.
type lossyWire struct {
	t      *testing.T
	up     chan string
	closed chan struct{}
	full   func() bool // nothing can be offered
	lost   func() bool // what is offered goes nowhere
	got    []string    // what arrived
	sizes  []int
	tries  int
	said   map[string]int // how often who was said, lost or not
}

func newLossyWire(t *testing.T) *lossyWire {
	no := func() bool { return false }
	return &lossyWire{t: t, up: make(chan string), closed: make(chan struct{}), said: map[string]int{}, full: no, lost: no}
}

func (w *lossyWire) ReadFrame() ([]byte, bool, error) {
	select {
	case f := <-w.up:
		return []byte(f), f[0] == frameWithBytes, nil
	case <-w.closed:
		return nil, false, io.EOF
	}
}

func (w *lossyWire) Offer(frame []byte, binary bool) bool {
	w.tries++
	if w.full() {
		return false
	}
	said := heard(w.t, frame, binary)
	for _, e := range said {
		who, _, _ := strings.Cut(e, "/")
		w.said[who]++
	}
	if !w.lost() {
		w.got = append(w.got, said...)
		w.sizes = append(w.sizes, len(frame))
	}
	return true
}

func (w *lossyWire) CloseConn(int, string) error {
	close(w.closed)
	return nil
}

// runLossy runs a link for participant until the returned function, which says how it ended.
func runLossy(l *Latest, w *lossyWire, participant string, m *metrics.Metrics, take func([]byte, bool) error) (end func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	link := &lossyLink{latest: l, view: viewer{"s_" + participant, participant}, conn: w, take: take, metrics: m}
	ended := make(chan error, 1)
	go func() { ended <- link.run(ctx) }()
	return func() error {
		cancel()
		return <-ended
	}
}

func TestLossyLink(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l, w := NewLatest(LatestConfig{}), newLossyWire(t)
		l.Put(cursorAt("a", "", 1))
		var took []string
		end := runLossy(l, w, "b", nil, func(frame []byte, _ bool) error {
			took = append(took, string(frame))
			l.Put(Lossy{From: "b", Type: "cursor", Data: json.RawMessage(frame)})
			return nil
		})
		w.up <- `1`
		w.up <- `2`
		synctest.Wait()
		if !slices.Equal(w.got, []string{"a/=1"}) || !slices.Equal(took, []string{"1", "2"}) || l.Len() != 2 {
			t.Errorf("got %q, took %q", w.got, took)
		}
		if err := end(); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if len(l.readers) > 0 {
			t.Error("a reader is left")
		}
	})
}

func TestLossyLinkEndsOnWhatIsBad(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l, w, m := NewLatest(LatestConfig{}), newLossyWire(t), metrics.New()
		end := runLossy(l, w, "b", m, func([]byte, bool) error { return fmt.Errorf("%w: not an e", ErrBadMessage) })
		w.up <- `{"t":"m"}`
		<-w.closed
		if err := end(); !errors.Is(err, ErrBadMessage) || m.RefusedCount("bad_lossy") != 1 {
			t.Error(err)
		}
	})
}

// Failure case 40, the side of the channel: a flood is thinned out, waits for nobody, and its last value arrives by a
// channel that is full half of the time and loses everything at first. So does what was said shortly before.
func TestCase40CursorFlood(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l, w, m := NewLatest(LatestConfig{}), newLossyWire(t), metrics.New()
		begin := time.Now()
		w.full = func() bool { return time.Since(begin)%(200*time.Millisecond) > 100*time.Millisecond }
		w.lost = func() bool { return time.Since(begin) < 2_100*time.Millisecond }
		end := runLossy(l, w, "b", m, nil)
		for i := range 2_000 {
			l.Put(cursorAt("a", "", i))
			if i%100 == 0 {
				l.Put(cursorAt("c", fmt.Sprint(i/100), i))
			}
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if w.said["a"] > 2*31+2 || w.said["a"] < 20 {
			t.Errorf("%d of one cursor in 2 s", w.said["a"])
		}
		for i := 12; i < 20; i++ {
			if !slices.Contains(w.got, fmt.Sprintf("c/%d=%d", i, i*100)) {
				t.Errorf("c/%d did not arrive", i)
			}
		}
		if !slices.Contains(w.got, "a/=1999") {
			t.Errorf("the last did not arrive: %q", w.got)
		}
		if m.DroppedCount("lossy_busy") == 0 {
			t.Error("it was never full")
		}
		tries := w.tries
		time.Sleep(time.Hour)
		synctest.Wait()
		if w.tries != tries || l.waits() {
			t.Error("it says things for ever")
		}
		if slices.Max(w.sizes) > lossyFrame || w.said["b"] > 0 {
			t.Errorf("frames of %d bytes, %d of its own", w.sizes, w.said["b"])
		}
		_ = end()
	})
}

// A value that does not change is said three times, one that does is not said again.
func TestLossyEchoes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l, w := NewLatest(LatestConfig{}), newLossyWire(t)
		end := runLossy(l, w, "b", nil, nil)
		l.Put(cursorAt("a", "still", 1))
		for i := range 40 {
			l.Put(cursorAt("a", "moves", i))
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		seen := map[string]int{}
		for _, e := range w.got {
			seen[e]++
		}
		for e, n := range seen {
			want := 1
			if e == "a/still=1" || e == "a/moves=39" {
				want = 3
			}
			if n != want {
				t.Errorf("%s was said %d times, want %d", e, n, want)
			}
		}
		if len(seen) != 41 {
			t.Errorf("%d values", len(seen))
		}
		_ = end()
	})
}

// A lossy channel is as dead as the data channel beside it, and does not say so either.
func TestLossyMessagesGoWhereTheLogGoes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		fast := newLossyWire(t)
		r.wg.Go(func() { _ = r.s.RunLossy(fast) }) // ends with the session
		ws := r.open(WebSocket, joined())
		r.says(ws, firstSocket)
		r.room.latest.Put(cursorAt("b", "", 1))
		r.says(ws, `{"t":"e","from":"b","type":"cursor","data":1}`)
		synctest.Wait()
		if len(fast.got) > 0 {
			t.Errorf("the channel was trusted before a data channel had proved itself: %q", fast.got)
		}

		dc := r.open(DataChannel, LinkOptions{})
		dc.send(fmt.Sprintf(`{"t":"attach","gen":2,"epoch":%q,"position":0}`, r.room.log.Epoch()))
		r.says(dc, r.attached(2, 0))
		synctest.Wait()
		r.room.latest.Put(cursorAt("b", "", 2))
		time.Sleep(time.Second)
		synctest.Wait()
		if got := fast.got; len(got) < 2 || got[0] != "b/=1" || got[len(got)-1] != "b/=2" {
			t.Errorf("the channel says %q: the last values first, since nobody knows which got lost", got)
		}
		r.silent(dc)

		ws.send(fmt.Sprintf(`{"t":"attach","gen":3,"epoch":%q,"position":0}`, r.room.log.Epoch()))
		r.says(ws, r.attached(3, 0))
		r.says(ws, `{"t":"e","from":"b","type":"cursor","data":2}`)
		synctest.Wait()
		before := len(fast.got)
		r.room.latest.Put(cursorAt("b", "", 3))
		r.says(ws, `{"t":"e","from":"b","type":"cursor","data":3}`)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(fast.got) != before {
			t.Errorf("the channel goes on: %q", fast.got[before:])
		}
	})
}
