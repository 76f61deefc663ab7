package datachannel

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"testing/synctest"
)

// keepingWire is a wire which keeps all that it is offered.
type keepingWire struct {
	*wire
	mu   sync.Mutex
	kept [][]byte
	most int
}

func (w *keepingWire) Instant() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.kept) == 0
}

func (w *keepingWire) OfferFrame(frame []byte, _ bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = append(w.kept, bytes.Clone(frame))
	w.most = max(w.most, len(w.kept))
	return nil
}

func (w *keepingWire) Flush() error {
	w.mu.Lock()
	kept := w.kept
	w.kept = nil
	w.mu.Unlock()
	for _, frame := range kept {
		if err := w.wire.WriteFrame(frame, false); err != nil {
			return err
		}
	}
	return nil
}

func (w *keepingWire) WriteFrame(frame []byte, binary bool) error {
	if err := w.Flush(); err != nil {
		return err
	}
	return w.wire.WriteFrame(frame, binary)
}

// A link that is served on another's goroutine and could not send all it was given does so by itself, and is given
// nothing more before.
func TestWhatIsKeptIsFlushed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		author := r.run(r.room.session("b", Limits{}), WebSocket, joined())
		w := &keepingWire{wire: newWire()}
		l := r.s.Open(w, WebSocket, joined())
		r.wg.Go(func() { _ = l.Run(context.Background()) })
		r.says(w.wire, firstSocket)
		synctest.Wait()
		for _, n := range []string{"1", "2", "3"} {
			author.send(`{"t":"m","n":` + n + `,"type":"x"}`)
			if frame, err := w.recv(); err != nil || !bytes.Contains(frame, []byte(`"type":"x"`)) {
				t.Fatalf("got %s, %v", frame, err)
			}
			synctest.Wait()
		}
		if w.most != 1 {
			t.Errorf("%d frames were kept at a time", w.most)
		}
		author.cut()
		w.cut()
	})
}
