package datachannel

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// offsets are those of the rows of a table that go by offset.
func (s *shelf) offsets(t Table) (all []uint64) {
	_ = s.Read("demo", func(r Row) error {
		if r.Table == t {
			all = append(all, keyOffset(r.Key))
		}
		return nil
	})
	return all
}

// What an append forgets while the rows before it are written is deleted by the next write.
func TestRowsGoThatWereForgottenDuringAWrite(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, _ := open(t, s, LogConfig{MaxEntries: 5})
		for range 10 {
			mustAppend(t, l, message("x"), time.Now())
			synctest.Wait()
		}
		s.meet = func(write int, _ []Row) error {
			if write < 20 {
				mustAppend(t, l, message("meanwhile"), time.Now())
			}
			return nil
		}
		for range 2 {
			mustAppend(t, l, message("last"), time.Now())
			synctest.Wait()
		}
		if all := s.offsets(TableEntries); len(all) > 7 {
			t.Errorf("%d rows of the last 5 entries: %v", len(all), all)
		}
	})
}

// So are messages of the history that grew too old meanwhile.
func TestHistoryGoesThatWasForgottenDuringAWrite(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, _ := open(t, s, LogConfig{History: HistoryConfig{Types: []string{"chat"}, Age: time.Minute}})
		mustAppend(t, l, message("x"), time.Now())
		synctest.Wait()
		s.meet = func(write int, _ []Row) error {
			if write == 2 {
				time.Sleep(2 * time.Minute)
				l.Trim(time.Now())
			}
			return nil
		}
		for range 2 {
			mustAppend(t, l, Entry{Kind: EntryEvent, Type: "x"}, time.Now())
			time.Sleep(3 * time.Minute)
		}
		if n := s.count(TableHistory); n != 0 {
			t.Errorf("%d rows of nothing", n)
		}
	})
}

// What could not be deleted is deleted later: entries, history and forgotten keys alike.
func TestRowsGoAfterAFailure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		c := LogConfig{
			MaxAge: time.Minute, State: StateConfig{MaxTombstones: 1},
			History: HistoryConfig{Types: []string{"chat"}, Count: 3},
		}
		l, _ := open(t, s, c)
		for i := range 6 {
			mustAppend(t, l, message("x"), time.Now())
			key := fmt.Sprint("k", i)
			mustAppend(t, l, Entry{Kind: EntryState, Ops: []Op{set(key, "1")}}, time.Now())
			mustAppend(t, l, Entry{Kind: EntryState, Ops: []Op{del(key)}}, time.Now())
		}
		synctest.Wait()
		time.Sleep(2 * time.Minute)
		s.fail(errBroken)
		mustAppend(t, l, Entry{Kind: EntryEvent, Type: "x"}, time.Now())
		time.Sleep(time.Minute)
		s.fail(nil)
		time.Sleep(2 * retryAfter)
		for range 2 {
			mustAppend(t, l, Entry{Kind: EntryEvent, Type: "y"}, time.Now())
			synctest.Wait()
		}
		if all := s.offsets(TableEntries); len(all) > 4 {
			t.Errorf("%d rows of 3 entries: %v", len(all), all)
		}
		if n := s.count(TableHistory); n != 3 {
			t.Errorf("%d rows of 3 messages", n)
		}
		if n := s.count(TableCells); n != 1 {
			t.Errorf("%d rows of a tombstone", n)
		}
	})
}

// A server that was killed before it deleted what it had forgotten does so in its next life, also what lies before a hole.
func TestRowsGoAfterARestart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, k := open(t, s, LogConfig{})
		for range 20 {
			mustAppend(t, l, message("x"), time.Now())
		}
		k.Close()
		s = s.as()
		_ = s.Write([]Row{{"demo", TableEntries, offsetKey(12), nil}})
		time.Sleep(time.Hour)
		l, _ = open(t, s, LogConfig{})
		for range 2 {
			mustAppend(t, l, message("back"), time.Now())
			synctest.Wait()
		}
		if all := s.offsets(TableEntries); len(all) != 2 {
			t.Errorf("rows %v, want those of the 2 last entries", all)
		}
	})
}

// A silent room's rows go too.
func TestRowsOfASilentRoomGo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, _ := open(t, s, LogConfig{MaxAge: time.Minute, History: HistoryConfig{Types: []string{"chat"}, Age: time.Minute}})
		for range 10 {
			mustAppend(t, l, message("x"), time.Now())
		}
		time.Sleep(2 * time.Minute)
		l.Trim(time.Now())
		synctest.Wait()
		if n, h := s.count(TableEntries), s.count(TableHistory); n != 1 || h != 0 {
			t.Errorf("%d entries and %d messages are kept, want the newest entry alone", n, h)
		}
		writes := s.writes
		l.Trim(time.Now())
		synctest.Wait()
		if s.writes != writes {
			t.Error("nothing was written again")
		}
	})
}

// What is to be deleted is not deleted all at once.
func TestManyRowsGoInParts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, _ := open(t, s, LogConfig{MaxAge: time.Minute})
		for range 3*eraseAtOnce + 10 {
			mustAppend(t, l, Entry{Kind: EntryEvent, Type: "x"}, time.Now())
		}
		synctest.Wait()
		most := 0
		s.meet = func(_ int, rows []Row) error {
			most = max(most, len(rows))
			return nil
		}
		time.Sleep(2 * time.Minute)
		l.Trim(time.Now())
		synctest.Wait()
		if n := s.count(TableEntries); n != 1 || most > eraseAtOnce {
			t.Errorf("%d rows are left, %d went at once", n, most)
		}
	})
}

// While the disk fails a log forgets what it has no room for, but nothing for its age alone: what is not written says
// where the log had got to, and how many messages of a session were taken.
func TestWhatIsNotWrittenIsNotTooOld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, _ := open(t, s, LogConfig{MaxAge: time.Minute})
		mustAppend(t, l, message("x"), time.Now())
		synctest.Wait()
		s.fail(errBroken)
		mustAppend(t, l, Entry{Kind: EntryEvent, Type: "x"}, time.Now())
		mustAppend(t, l, Entry{Kind: EntryRefused, Session: "s_a", N: 2, Code: "not_stored"}, time.Now())
		time.Sleep(time.Hour)
		l.Trim(time.Now())
		s.fail(nil)
		time.Sleep(2 * retryAfter)
		l.Trim(time.Now())
		synctest.Wait()
		again, _ := open(t, s.as(), LogConfig{})
		if again.Head() != 3 || again.reach(l.Epoch(), 3) != "" {
			t.Errorf("read back up to %d of 3", again.Head())
		}
		if !strings.HasSuffix(string(s.as().rows["\x00\x06s_a"].Value), "\x02") {
			t.Error("a refusal that was heard is not known")
		}
	})
}

// An entry whose row is gone, though what it changed is there, leaves no hole in what is read.
func TestEntriesThatAreOlderThanTheRest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, k := open(t, s, LogConfig{})
		for range 3 {
			mustAppend(t, l, message("x"), time.Now())
		}
		mustAppend(t, l, Entry{Kind: EntryState, Ops: []Op{{Key: "k", Value: json.RawMessage("1")}}}, time.Now())
		k.Close()
		s = s.as()
		_ = s.Write([]Row{{"demo", TableEntries, offsetKey(4), nil}})
		l, _ = open(t, s, LogConfig{})
		if l.Tail() != 5 || l.Head() != 4 {
			t.Errorf("the log is %d to %d, want nothing after 4", l.Tail(), l.Head())
		}
		if o := mustAppend(t, l, message("y"), time.Now()); o != 5 {
			t.Errorf("goes on at %d", o)
		}
		synctest.Wait()
		if got := says(l, "b"); !json.Valid([]byte(got)) || !strings.Contains(got, `{"o":5,`) {
			t.Errorf("reads %s", got)
		}
	})
}
