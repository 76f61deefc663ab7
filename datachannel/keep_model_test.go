package datachannel

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestKeepModel has a log talk while its store works, fails, hangs and is read back, at random, and then looks whether
// the store has what the log has: not less, and not more.
func TestKeepModel(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				m := keepModel{t: t, rnd: rand.New(rand.NewPCG(seed, 0)), s: newShelf(), want: map[string]string{}, budget: NewBudget(1 << 30)}
				m.open()
				for range 150 {
					m.step()
				}
				m.heal()
				m.check()
				m.k.Close()
			})
		})
	}
}

type keepModel struct {
	t       *testing.T
	rnd     *rand.Rand
	s       *shelf
	l       *Log
	k       *Keeper
	budget  *Budget
	release func() // nil: the store does not hang
	want    map[string]string
	n       int
}

func (m *keepModel) open() {
	m.s.meet = func(write int, rows []Row) error {
		seen := map[string]bool{}
		for _, r := range rows {
			if r.Table == TableEntries && seen[string(r.Key)] {
				m.t.Errorf("write %d has entry %d twice", write, keyOffset(r.Key))
			}
			seen[string(r.Key)] = r.Table == TableEntries
		}
		return nil
	}
	m.l, m.k = open(m.t, m.s, LogConfig{
		MaxEntries: 20, MaxAge: time.Minute, Budget: m.budget, State: StateConfig{MaxTombstones: 2},
		History: HistoryConfig{Types: []string{"chat"}, Count: 5, Age: time.Minute},
	})
}

func (m *keepModel) step() {
	m.n++
	key := fmt.Sprint("k", m.rnd.IntN(8))
	switch p := m.rnd.IntN(100); {
	case p < 20:
		e := message(strings.Repeat("x", m.rnd.IntN(keepBytes)/(1+m.rnd.IntN(6))))
		e.N = uint64(m.n)
		m.append(e)
	case p < 30:
		m.append(Entry{Kind: EntryRefused, Session: "s_a", N: uint64(m.n), Code: "x"})
	case p < 45:
		op := set(key, "1")
		if m.rnd.IntN(2) == 0 {
			op = del(key)
		}
		m.append(Entry{Kind: EntryState, Session: "s_a", N: uint64(m.n), Ops: []Op{op}})
	case p < 60:
		m.append(Entry{Kind: EntryEvent, Type: "x", Rows: []Row{m.row(key)}})
	case p < 70:
		m.k.Later(m.row(key))
	case p < 80:
		time.Sleep(time.Duration(m.rnd.IntN(5000)) * time.Millisecond)
	case p < 83:
		time.Sleep(90 * time.Second)
	case p < 86:
		m.l.Trim(time.Now())
	case p < 89:
		m.s.fail([]error{errBroken, ErrFull}[m.rnd.IntN(2)])
	case p < 92:
		m.s.fail(nil)
	case p < 95:
		if m.release == nil {
			m.release = m.s.hold()
		}
	case p < 98:
		m.unblock()
	default:
		m.heal()
		m.l.Close()
		m.k.Close()
		m.s = m.s.as()
		m.open()
	}
}

func (m *keepModel) append(e Entry) {
	if _, err := m.l.Append(e, time.Now()); err != nil && !errors.Is(err, ErrNotStored) {
		m.t.Fatal(err)
	}
	if m.rnd.IntN(2) == 0 && m.release == nil {
		synctest.Wait()
	}
}

// row is one of a session, which is to be the last that is asked for.
func (m *keepModel) row(key string) Row {
	r := Row{Table: TableSessions, Key: []byte(key)}
	if delete(m.want, key); m.rnd.IntN(3) > 0 {
		m.want[key] = fmt.Sprint(m.n)
		r.Value = []byte(m.want[key])
	}
	return r
}

func (m *keepModel) unblock() {
	if m.release != nil {
		m.release()
		m.release = nil
	}
}

// heal waits until all that can be written is.
func (m *keepModel) heal() {
	m.s.fail(nil)
	m.unblock()
	time.Sleep(3 * retryAfter)
	synctest.Wait()
}

func (m *keepModel) check() {
	t, l := m.t, m.l
	for range 2 { // what one write has the log forget, the next deletes
		l.Trim(time.Now())
		m.append(Entry{Kind: EntryEvent, Type: "last"})
		synctest.Wait()
	}
	if l.keep.failing || l.keep.waiting != 0 || l.head != l.last || !l.Written() || len(m.k.logs) > 0 || len(m.k.asks) > 0 {
		t.Errorf("at rest: %+v at %d of %d; %d logs and %d asks wait", l.keep, l.head, l.last, len(m.k.logs), len(m.k.asks))
	}
	if int(m.budget.Used()) != l.bytes || m.budget.Waiting() != 0 {
		t.Errorf("%d bytes are counted, %d wait, %d are held", m.budget.Used(), m.budget.Waiting(), l.bytes)
	}
	var entries, history []uint64
	for o := l.tail; o <= l.last; o++ {
		entries = append(entries, o)
	}
	for _, h := range l.history.list {
		history = append(history, h.offset)
	}
	if got := m.s.offsets(TableEntries); !slices.Equal(got, entries) {
		t.Errorf("the store has entries %v\nwant %v", got, entries)
	}
	if got := m.s.offsets(TableHistory); !slices.Equal(got, history) {
		t.Errorf("the store has history %v\nwant %v", got, history)
	}
	cells, sessions := []string{}, map[string]string{}
	for _, r := range m.s.as().rows {
		switch r.Table {
		case TableCells:
			cells = append(cells, string(r.Key))
		case TableSessions:
			sessions[string(r.Key)] = string(r.Value)
		}
	}
	slices.Sort(cells)
	if want := slices.Sorted(maps.Keys(l.state.nodes)); !slices.Equal(cells, want) {
		t.Errorf("the store has cells %v\nwant %v", cells, want)
	}
	if !maps.Equal(sessions, m.want) {
		t.Errorf("the store has sessions %v\nwant %v", sessions, m.want)
	}
	again, k := open(t, m.s.as(), LogConfig{})
	defer k.Close()
	if got, want := says(again, "b"), says(l, "b"); got != want || !json.Valid([]byte(got)) {
		t.Errorf("read back as %.500s\nwant %.500s", got, want)
	}
}
