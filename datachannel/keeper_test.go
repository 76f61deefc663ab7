package datachannel

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var errBroken = errors.New("broken")

// large is a message of which two fill what is written at once.
func large() Entry { return message(strings.Repeat("x", keepBytes*6/10)) }

// backlog appends so much while the store is busy that it takes several writes.
func backlog(t *testing.T, s *shelf, l *Log) {
	t.Helper()
	release := s.hold()
	mustAppend(t, l, message("first"), time.Now())
	synctest.Wait()
	for range 5 {
		mustAppend(t, l, large(), time.Now())
	}
	release()
}

// A write of a part of what waits may fail like any other.
func TestABacklogIsWrittenAfterAFailure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, _ := open(t, s, LogConfig{})
		s.meet = func(write int, _ []Row) error {
			if write == 2 {
				return errBroken
			}
			return nil
		}
		backlog(t, s, l)
		time.Sleep(2 * retryAfter)
		mustAppend(t, l, message("last"), time.Now())
		synctest.Wait()
		if again, _ := open(t, s.as(), LogConfig{}); again.Head() != 7 || l.Head() != 7 {
			t.Errorf("written up to %d of %d", again.Head(), l.Head())
		}
	})
}

// What comes while a part is written is not written twice.
func TestABacklogIsWrittenOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, _ := open(t, s, LogConfig{})
		s.meet = func(write int, rows []Row) error {
			seen := map[string]bool{}
			for _, r := range rows {
				name := fmt.Sprintf("%s %d %s", r.Room, r.Table, r.Key)
				if seen[name] {
					t.Errorf("write %d has %q twice", write, name)
				}
				seen[name] = true
			}
			if write > 1 && write < 10 {
				mustAppend(t, l, message("more"), time.Now())
			}
			return nil
		}
		backlog(t, s, l)
		synctest.Wait()
		if l.Head() != 6+8 {
			t.Errorf("written up to %d", l.Head())
		}
	})
}

// Close writes all that waits, however much it is, and tries once more what has just failed.
func TestACloseWritesABacklog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, k := open(t, s, LogConfig{})
		backlog(t, s, l)
		k.Close()
		if again, _ := open(t, s.as(), LogConfig{}); again.Head() != 6 {
			t.Errorf("written up to %d, want 6", again.Head())
		}

		s = newShelf()
		l, k = open(t, s, LogConfig{})
		s.fail(errBroken)
		mustAppend(t, l, Entry{Kind: EntryEvent, Type: "joined"}, time.Now())
		synctest.Wait()
		s.fail(nil)
		k.Close()
		if again, _ := open(t, s.as(), LogConfig{}); again.Head() != 1 {
			t.Error("what had failed was not tried again")
		}
	})
}
