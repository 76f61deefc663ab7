package datachannel

import (
	"testing"
	"testing/synctest"
	"time"
)

// tellings is when readers of a log were told, and up to which entry.
type tellings struct {
	t     *testing.T
	log   *Log
	woken chan struct{}
	began time.Time
}

func newTellings(t *testing.T) *tellings {
	w := &tellings{t, newLog(LogConfig{}), make(chan struct{}, 1), time.Now()}
	w.log.wake.watch(waiter{wake: w.woken})
	return w
}

// says appends an entry at a time.
func (w *tellings) says(at time.Duration, e Entry) {
	w.t.Helper()
	time.Sleep(at - time.Since(w.began))
	mustAppend(w.t, w.log, e, time.Now())
}

// hears wants that readers are told next at this time, of what reaches to offset.
func (w *tellings) hears(at time.Duration, offset uint64) {
	w.t.Helper()
	<-w.woken
	synctest.Wait()
	if took := time.Since(w.began); took != at {
		w.t.Errorf("told after %v, want %v", took, at)
	}
	if to := w.log.wake.reach(); to != offset {
		w.t.Errorf("told up to %d, want %d", to, offset)
	}
}

var somebodyCame = Entry{Kind: EntryEvent, Type: "joined", Patient: true}

// Who comes alone is told of at once, who comes in a crowd with the others of it.
func TestCrowdsAreToldOfTogether(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newTellings(t)
		w.says(0, somebodyCame)
		w.hears(0, 1)
		w.says(100*time.Millisecond, somebodyCame)
		w.says(300*time.Millisecond, somebodyCame)
		w.hears(500*time.Millisecond, 3)
		w.says(900*time.Millisecond, somebodyCame)
		w.hears(time.Second, 4)
		w.says(2*time.Second, somebodyCame)
		w.hears(2*time.Second, 5)
	})
}

// A message does not wait with those who came before it, and takes them along.
func TestMessagesDoNotWaitForCrowds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newTellings(t)
		w.says(0, somebodyCame)
		w.hears(0, 1)
		w.says(100*time.Millisecond, somebodyCame)
		w.says(200*time.Millisecond, message("x"))
		w.hears(200*time.Millisecond, 3)
		// It has been told of two: so long readers are left alone.
		w.says(201*time.Millisecond, somebodyCame)
		w.says(202*time.Millisecond, message("x"))
		w.hears(200*time.Millisecond+2*perEntry, 5)
		time.Sleep(2 * patience)
		if len(w.woken) > 0 {
			t.Error("told once more of nothing")
		}
		w.says(5*time.Second, message("x"))
		w.hears(5*time.Second, 6)
		w.says(5*time.Second+time.Millisecond, somebodyCame)
		w.hears(5*time.Second+perEntry, 7)
	})
}

// What goes beside the log, such as somebody's pointer, must not come before the entry that says who it is.
func TestCrowdsAreHurried(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newTellings(t)
		w.log.Hurry(time.Now())
		w.says(0, somebodyCame)
		w.hears(0, 1)
		w.says(100*time.Millisecond, somebodyCame)
		w.log.Hurry(time.Now())
		if to := w.log.wake.reach(); to != 2 {
			t.Errorf("who looks by itself sees what reaches to %d, want 2", to)
		}
		w.hears(100*time.Millisecond, 2)
		w.log.Hurry(time.Now())
		time.Sleep(2 * patience)
		if len(w.woken) > 0 {
			t.Error("told once more of nothing")
		}
	})
}
