package datachannel

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/internal/metrics"
)

// shelf is a Store in memory. Package storetest has one for others, which this package cannot import.
type shelf struct {
	mu     sync.Mutex
	rows   map[string]Row
	err    error
	stuck  chan struct{} // not nil: writes wait for it
	writes int
	meet   func(write int, rows []Row) error // sees each write, without a lock, and may have it fail
}

func newShelf() *shelf { return &shelf{rows: map[string]Row{}} }

func (s *shelf) Write(rows []Row) error {
	s.mu.Lock()
	stuck, meet := s.stuck, s.meet
	s.writes++
	writes := s.writes
	s.mu.Unlock()
	if stuck != nil {
		<-stuck
	}
	if meet != nil {
		if err := meet(writes, rows); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	for _, r := range rows {
		name := fmt.Sprintf("%s\x00%c%s", r.Room, r.Table, r.Key)
		if r.Value == nil {
			delete(s.rows, name)
			continue
		}
		s.rows[name] = Row{r.Room, r.Table, slices.Clone(r.Key), slices.Clone(r.Value)}
	}
	return nil
}

func (s *shelf) Read(room string, f func(Row) error) error {
	s.mu.Lock()
	all := slices.SortedFunc(maps.Values(s.rows), func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), strings.Compare(string(a.Key), string(b.Key)))
	})
	s.mu.Unlock()
	for _, r := range all {
		if r.Room == room {
			if err := f(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *shelf) Has(string) (bool, error)              { return false, nil }
func (s *shelf) Forget(string) error                   { return nil }
func (s *shelf) Rooms(func(string, int64) error) error { return nil }
func (s *shelf) Close() error                          { return nil }

func (s *shelf) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *shelf) hold() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stuck := make(chan struct{})
	s.stuck = stuck
	return func() {
		s.mu.Lock()
		s.stuck = nil
		s.mu.Unlock()
		close(stuck)
	}
}

// as is what a server finds that is started after this one was killed now.
func (s *shelf) as() *shelf {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &shelf{rows: maps.Clone(s.rows)}
}

func (s *shelf) count(t Table) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rows {
		if r.Table == t {
			n++
		}
	}
	return n
}

// open is a log on a store, with what it had.
func open(t *testing.T, s *shelf, c LogConfig) (*Log, *Keeper) {
	t.Helper()
	k := NewKeeper(s, zerolog.Nop(), metrics.New())
	t.Cleanup(k.Close)
	c.Keeper, c.Room, c.Metrics = k, "demo", k.metrics
	l, err := NewLog(c)
	if err != nil {
		t.Fatal(err)
	}
	return l, k
}

func says(l *Log, who string) string {
	out, _, _ := readLog(l, l.Tail()-1, viewer{"s_" + who, "p_" + who}, 1<<20)
	return string(out)
}

var bystander = viewer{"s_b", "p_b"}

func TestNobodySeesWhatIsNotWritten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, _ := open(t, s, LogConfig{})
		release := s.hold()
		for range 3 {
			mustAppend(t, l, message("x"), time.Now())
		}
		synctest.Wait()
		if f, position, ok := l.frame(nil, 0, bystander, 1<<16); l.Head() != 0 || f.size > 0 || position != 0 || !ok {
			t.Errorf("seen up to %d", l.Head())
		}
		if f, _, ok := l.frame(nil, 2, bystander, 1<<16); f.size > 0 || !ok {
			t.Error("a newcomer whose entry is being written is told that the log was cut")
		}
		release()
		synctest.Wait()
		if got := strings.Count(says(l, "b"), `"data":`); got != 3 || l.Head() != 3 {
			t.Errorf("%d entries up to %d, want 3", got, l.Head())
		}
		if s.writes > 2 { // what came while the first was written is one
			t.Errorf("%d writes", s.writes)
		}
	})
}

func TestLogIsReadBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		c := LogConfig{History: HistoryConfig{Types: []string{"chat"}}}
		l, k := open(t, s, c)
		first := l.Epoch()
		mustAppend(t, l, message("one"), time.Now())
		e := message("")
		e.Bytes, e.N, e.Data = []byte{0, 1, 2}, 2, nil
		mustAppend(t, l, e, time.Now())
		e = message("to one")
		e.To, e.N = []string{"p_b"}, 3
		mustAppend(t, l, e, time.Now())
		mustAppend(t, l, Entry{Kind: EntryState, From: "p_a", Session: "s_a", N: 4, Ops: []Op{
			{Key: "kept", Value: json.RawMessage(`1`)}, {Key: "own/a", Value: json.RawMessage(`2`)},
		}, Rows: []Row{{"", TableSessions, []byte("s_a"), []byte("row")}}}, time.Now())
		mustAppend(t, l, Entry{Kind: EntryState, From: "p_a", Session: "s_a", N: 5, Ops: []Op{{Key: "kept", Delete: true}}}, time.Now())
		mustAppend(t, l, Entry{Kind: EntryRefused, Session: "s_a", N: 6, Code: "x", Text: "y"}, time.Now())
		if err := k.Put(context.Background(), Row{"", TableSessions, []byte("s_b"), []byte("row")}); err != nil {
			t.Fatal(err)
		}

		again, _ := open(t, s.as(), c)
		for _, who := range []string{"a", "b", "c"} {
			if got, want := says(again, who), says(l, who); got != want {
				t.Errorf("%s reads\n%s\nwant\n%s", who, got, want)
			}
		}
		if again.Epoch() == first || again.reach(first, 6) != "" || again.reach(first, 7) != resetAhead || again.reach("other", 1) != resetEpoch {
			t.Error("the lives of the log are not told apart")
		}
		view := again.View(0)
		if len(view.Cells) != 1 || view.Cells[0].Key != "own/a" || view.Position != 6 {
			t.Errorf("%+v", view)
		}
		if got := again.state.Owners(); len(got) != 1 {
			t.Errorf("owners %v", got)
		}
		again.LeaveBut(func(string) bool { return false }, time.Now())
		synctest.Wait()
		if got := says(again, "b"); !strings.Contains(got, `{"k":"own/a","del":true}`) {
			t.Errorf("what belonged to somebody gone is there: %s", got)
		}
		if text, _ := again.recollect(question{}, time.Now()); strings.Count(string(text), `"name":`) != 2 {
			t.Errorf("history %s", text)
		}
		n, _ := binary.Uvarint(s.rows["\x00\x06s_a"].Value)
		if n != 6 || s.count(TableSessions) != 2 {
			t.Errorf("%d messages taken, %d sessions", n, s.count(TableSessions))
		}
		if o := mustAppend(t, again, message("more"), time.Now()); o != 8 {
			t.Errorf("goes on at %d, want 8", o)
		}
		// A third life: who was in the first can still go on, up to where it had got.
		synctest.Wait()
		third, _ := open(t, again.cfg.Keeper.store.(*shelf).as(), c)
		if third.reach(first, 6) != "" || third.reach(first, 7) != resetAhead || third.reach(again.Epoch(), 8) != "" {
			t.Error("former lives are forgotten")
		}
	})
}

func TestFailedWrite(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, k := open(t, s, LogConfig{History: HistoryConfig{Types: []string{"chat"}}})
		mustAppend(t, l, message("kept"), time.Now())
		mustAppend(t, l, Entry{Kind: EntryState, Session: "s_a", N: 2, Ops: []Op{{Key: "k", Value: json.RawMessage(`1`)}}}, time.Now())
		synctest.Wait()

		s.fail(fmt.Errorf("no space: %w", ErrFull))
		release := s.hold() // or it would be noticed before all is said
		e := message("lost")
		e.N = 3
		mustAppend(t, l, e, time.Now())
		mustAppend(t, l, Entry{Kind: EntryState, Session: "s_a", N: 4, Ops: []Op{{Key: "k", Delete: true}}}, time.Now())
		mustAppend(t, l, Entry{Kind: EntryEvent, Type: "joined"}, time.Now())
		release()
		synctest.Wait()
		if got := says(l, "a"); !strings.Contains(got, `{"o":3,"refused":3,"code":"not_stored","message":"the disk is full"},{"o":4,"refused":4,`) {
			t.Errorf("the sender hears %s", got)
		}
		if got := says(l, "b"); strings.Contains(got, "lost") || strings.Contains(got, "del") || !strings.Contains(got, `{"o":5,"event":"joined"}`) {
			t.Errorf("others hear %s", got)
		}
		if v := l.View(0); len(v.Cells) != 1 || v.Position != 5 {
			t.Errorf("the state is %+v", v)
		}
		// While it fails nothing is taken, and nobody waits.
		if _, err := l.Append(e, time.Now()); !errors.Is(err, ErrNotStored) {
			t.Errorf("a message was taken: %v", err)
		}
		if _, err := l.Append(Entry{Kind: EntryState, Ops: []Op{{Key: "k", Delete: true}}}, time.Now()); !errors.Is(err, ErrNotStored) {
			t.Errorf("a change was taken: %v", err)
		}
		mustAppend(t, l, Entry{Kind: EntryEvent, Type: "left"}, time.Now())
		if l.Head() != 6 {
			t.Errorf("an event waits for the disk: %d", l.Head())
		}
		began := time.Now()
		if err := k.Put(t.Context(), Row{"", TableSessions, []byte("s_c"), []byte("row")}); !errors.Is(err, ErrFull) || time.Since(began) > 0 {
			t.Errorf("rows: %v after %v", err, time.Since(began))
		}
		// A server that is killed now has lost nothing that was acknowledged, and knows who saw more than that.
		if crashed, _ := open(t, s.as(), LogConfig{}); crashed.Head() != 2 || crashed.reach(l.Epoch(), 6) != resetAhead {
			t.Errorf("a crash leaves %d entries", crashed.Head())
		}

		s.fail(nil)
		time.Sleep(2 * retryAfter)
		synctest.Wait()
		e.N = 5
		mustAppend(t, l, e, time.Now())
		synctest.Wait()
		again, _ := open(t, s.as(), LogConfig{})
		for _, who := range []string{"a", "b"} {
			if got, want := says(again, who), says(l, who); got != want || again.Head() != 7 {
				t.Errorf("%s reads after all\n%s\nwant\n%s", who, got, want)
			}
		}
		if s.count(TableSessions) != 1 {
			t.Error("rows that waited are not written")
		}
		if k.metrics.RefusedCount("not_stored") != 2 {
			t.Errorf("counted %v", k.metrics.RefusedCount("not_stored"))
		}
	})
}

// What is forgotten is deleted, but for the newest entry: it says how far the log had got.
func TestRowsGoWithTheTail(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, _ := open(t, s, LogConfig{MaxEntries: 10, MaxAge: time.Minute})
		for range 100 {
			mustAppend(t, l, message("x"), time.Now())
			synctest.Wait()
		}
		mustAppend(t, l, message("x"), time.Now())
		synctest.Wait()
		if n := s.count(TableEntries); n > 12 {
			t.Errorf("%d rows of a log of 10 entries", n)
		}
		time.Sleep(2 * time.Minute)
		l.Trim(time.Now())
		mustAppend(t, l, message("last"), time.Now())
		synctest.Wait()
		time.Sleep(2 * time.Minute)
		l.Trim(time.Now())
		again, _ := open(t, s.as(), LogConfig{MaxAge: time.Minute})
		if again.Head() != 102 || again.Tail() != 103 || again.reach(l.Epoch(), 102) != "" {
			t.Errorf("a silent log is read back as %d to %d", again.Tail(), again.Head())
		}
	})
}

func TestBadRowsAreToldOf(t *testing.T) {
	for _, r := range []Row{
		{"demo", TableMeta, []byte("epochs"), []byte{9}},
		{"demo", TableEntries, offsetKey(1), []byte{1, 2, 3, 4, 5}},
		{"demo", TableEntries, []byte("k"), appendRecord(nil, &record{body: []byte(`{"o":1}`)})},
		{"demo", TableHistory, offsetKey(1), []byte{1}},
		{"demo", TableCells, []byte("k"), []byte{77}},
	} {
		s := newShelf()
		_ = s.Write([]Row{r})
		k := NewKeeper(s, zerolog.Nop(), metrics.New())
		if _, err := NewLog(LogConfig{Keeper: k, Room: "demo"}); err == nil {
			t.Errorf("table %d: what makes no sense was read", r.Table)
		}
		k.Close()
	}
}

func FuzzReadRecord(f *testing.F) {
	f.Add(appendRecord(nil, &record{body: []byte(`{"o":1}`), session: "s", n: 3, to: []string{"a"}, payload: []byte{}, kind: EntryMessage, at: 5}))
	f.Add([]byte{1, 1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := readRecord(raw)
		if err != nil {
			return
		}
		back, err := readRecord(appendRecord(nil, &r))
		if err != nil || string(back.body) != string(r.body) || back.n != r.n || len(back.to) != len(r.to) {
			t.Errorf("%x reads as %+v and then %+v, %v", raw, r, back, err)
		}
	})
}

// Rows that are written by hand and rows that go with an entry may be of the same thing: who asked last wins, also when
// all of it waited for the disk.
func TestRowsAreWrittenInTheOrderInWhichTheyWereAskedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		row := func(key, value string) Row { return Row{Table: TableSessions, Key: []byte(key), Value: []byte(value)} }
		gone := Row{Table: TableSessions, Key: []byte("gone")}
		s := newShelf()
		l, k := open(t, s, LogConfig{})
		with := func(r Row) {
			if _, err := l.Append(Entry{Kind: EntryEvent, Type: "x", Rows: []Row{r}}, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		s.fail(errors.New("broken"))
		with(row("first", "by its entry"))
		k.Later(row("first", "by hand"))
		k.Later(row("last", "by hand"))
		with(row("last", "by its entry"))
		with(row("gone", "by its entry"))
		k.Later(gone)
		time.Sleep(time.Minute)
		s.fail(nil)
		time.Sleep(time.Minute)
		found := map[string]string{}
		for _, r := range s.as().rows {
			if r.Table == TableSessions {
				found[string(r.Key)] = string(r.Value)
			}
		}
		if want := map[string]string{"first": "by hand", "last": "by its entry"}; !maps.Equal(found, want) {
			t.Errorf("written: %v, want %v", found, want)
		}
	})
}

// A reset says up to which message the sender's are in what its snapshot holds: those after it are still to be seen.
func TestTakenUpToAPosition(t *testing.T) {
	l := newLog(LogConfig{})
	for n := uint64(1); n <= 3; n++ {
		for _, session := range []string{"s_a", "s_b"} {
			if _, err := l.Append(Entry{Kind: EntryMessage, Type: "x", Session: session, N: n}, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for position, want := range []uint64{0, 1, 1, 2, 2, 3, 3} {
		if got := l.taken("s_a", uint64(position), 3); got != want {
			t.Errorf("%d up to %d, want %d", got, position, want)
		}
	}
	if got := l.taken("s_c", 0, 7); got != 7 {
		t.Errorf("%d of somebody who said nothing here", got)
	}
}
