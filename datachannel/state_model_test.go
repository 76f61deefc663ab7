package datachannel

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// modelCell is a cell as the model has it.
type modelCell struct {
	value          string // empty: deleted
	offset         uint64
	by             string
	version, nonce uint64
	expires        time.Time
}

type model map[string]modelCell

// living is what a client should show.
func (m model) living() map[string]string {
	out := map[string]string{}
	for k, c := range m {
		if c.value != "" {
			out[k] = c.value
		}
	}
	return out
}

// apply is Merge, told in the words of docs/protocol.md one op at a time. It returns a new model.
func (m model) apply(from string, ops []Op, offset uint64, now time.Time, most int) (next model, code string) {
	next = maps.Clone(m)
	for _, op := range ops {
		c, known := next[op.Key]
		there := c.value != ""
		last := uint64(0)
		if there {
			last = c.offset
		}
		if op.If != nil && *op.If != last || op.Base != 0 && !there && !op.Delete {
			return nil, codeConflict
		}
		rule, _, _ := strings.Cut(op.Key, "/")
		switch {
		case rule == "cas" && op.If == nil && from != "":
			return nil, codeConflict
		case rule == "own" && there && c.by != from && from != "":
			return nil, codeNotAllowed
		case rule == "ver" && from != "":
			if known && (*op.Version < c.version || *op.Version == c.version && op.Nonce >= c.nonce) {
				continue
			}
			c.version, c.nonce = *op.Version, op.Nonce
		case op.Delete && !there:
			continue
		}
		if rule == "own" && !there {
			c.by = from
		}
		c.offset, c.value, c.expires = offset, string(op.Value), time.Time{}
		if rule == "ttl" && op.TTL == 0 {
			op.TTL = 30 * time.Second
		}
		if op.TTL > 0 {
			c.expires = now.Add(op.TTL)
		}
		next[op.Key] = c
	}
	if n := len(next.living()); n > most && n > len(m.living()) {
		return nil, codeStateFull
	}
	return next, ""
}

// pruned is the tombstones above the cap: those with the lowest offsets.
func (m model) pruned(most int) []string {
	gone := slices.DeleteFunc(slices.Collect(maps.Keys(m)), func(k string) bool { return m[k].value != "" })
	slices.SortFunc(gone, func(a, b string) int {
		return cmp.Or(cmp.Compare(m[a].offset, m[b].offset), cmp.Compare(a, b))
	})
	return gone[:max(0, len(gone)-most)]
}

// modelClient is one that has the log up to position, and shows what it made of it.
type modelClient struct {
	position uint64
	shows    map[string]string
}

func (c *modelClient) take(cells []*Cell) {
	for _, cell := range cells {
		if cell.living() {
			c.shows[cell.Key] = string(cell.Value)
		} else {
			delete(c.shows, cell.Key)
		}
	}
}

// A state, compared with the model at every step: what is done and refused, what snapshots have, that a snapshot and
// the entries behind it are what the state is, that a client which was away and is told only what changed shows
// nothing that is gone, and that all of this survives a write that failed and a restart.
func TestStateModel(t *testing.T) {
	for seed := range uint64(60) {
		if !t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { runStateModel(t, rand.New(rand.NewPCG(seed, 3))) }) {
			return
		}
	}
}

type modelEntry struct {
	offset uint64
	cells  []*Cell
	after  model
}

func runStateModel(t *testing.T, r *rand.Rand) {
	cfg := StateConfig{MaxTombstones: 1 + r.IntN(12), MaxKeys: 20 + r.IntN(20)}
	s := NewState(cfg)
	now := start
	committed, newest := model{}, model{}
	var log, pending []modelEntry
	clients := make([]modelClient, 8)
	for i := range clients {
		clients[i].shows = map[string]string{}
	}
	fulls, deltas := 0, 0
	people := []string{"a", "b", "c"}
	prefixes := []string{"", "ver/", "cas/", "own/", "ttl/"}

	randomOp := func() Op {
		key := prefixes[r.IntN(len(prefixes))] + fmt.Sprint(r.IntN(9))
		op := set(key, fmt.Sprint(r.IntN(1_000)))
		if r.IntN(3) == 0 {
			op = del(key)
		}
		last := newest[key]
		if r.IntN(4) == 0 {
			op.Base = last.offset
		}
		if strings.HasPrefix(key, "cas/") && r.IntN(8) > 0 || r.IntN(12) == 0 {
			seen := last.offset
			if last.value == "" {
				seen = 0
			}
			if r.IntN(6) == 0 {
				seen += uint64(r.IntN(3))
			}
			op = op.when(seen)
		}
		if strings.HasPrefix(key, "ver/") {
			op = op.version(last.version+uint64(r.IntN(3)), uint64(r.IntN(4)))
		}
		if r.IntN(8) == 0 && !op.Delete {
			op.TTL = time.Duration(1+r.IntN(50)) * time.Second
		}
		return op
	}
	merge := func(from string, ops []Op) {
		offset := uint64(len(log) + len(pending) + 1)
		cells, err := s.Merge(from, ops, offset, now)
		next, code := newest.apply(from, ops, offset, now, cfg.MaxKeys)
		if got, _ := errors.AsType[Refusal](err); got.Code != code || (err == nil) != (code == "") {
			t.Fatalf("%d: %v, want %q for %+v", offset, err, code, ops)
		}
		if err == nil {
			newest = next
			pending = append(pending, modelEntry{offset, cells, next})
		}
	}
	commit := func() {
		e := pending[0]
		pending = pending[1:]
		s.Commit(e.cells)
		log = append(log, e)
		committed = e.after
		for _, k := range committed.pruned(cfg.MaxTombstones) {
			offset := committed[k].offset
			for _, later := range append(pending, e) { // the newest is the last of them
				if later.after[k].offset == offset {
					delete(later.after, k)
				}
			}
		}
	}

	for range 1_500 {
		switch r.IntN(12) {
		default:
			ops := make([]Op, 1+r.IntN(3)*r.IntN(3))
			for i := range ops {
				ops[i] = randomOp()
			}
			merge(people[r.IntN(len(people))], ops)
		case 6, 7, 8:
			for len(pending) > 0 && r.IntN(4) > 0 {
				commit()
			}
		case 9:
			client := &clients[r.IntN(len(clients))]
			for ; client.position < uint64(len(log)) && r.IntN(10) > 0; client.position++ {
				client.take(log[client.position].cells)
			}
			if client.position == uint64(len(log)) && !maps.Equal(client.shows, committed.living()) {
				t.Fatalf("a client that follows shows %v, want %v", client.shows, committed.living())
			}
		case 10:
			client := &clients[r.IntN(len(clients))]
			cells, full := s.Since(client.position)
			fulls++
			if full {
				clear(client.shows)
			} else {
				deltas++
			}
			for i := 1; i < len(cells); i++ {
				if compareCells(cells[i-1], cells[i]) >= 0 {
					t.Fatalf("%v before %v", cells[i-1], cells[i])
				}
			}
			client.take(cells)
			client.position = uint64(len(log))
			if !maps.Equal(client.shows, committed.living()) {
				t.Fatalf("a client that comes back (full %v) shows %v, want %v", full, client.shows, committed.living())
			}
		case 11:
			now = now.Add(time.Duration(r.IntN(8_000)) * time.Millisecond)
			want := 0
			for _, c := range newest {
				if c.value != "" && !c.expires.IsZero() && !c.expires.After(now) {
					want++
				}
			}
			if ops := s.Expired(now); len(ops) != want {
				t.Fatalf("%d expire, want %d", len(ops), want)
			} else if want > 0 {
				merge("", ops)
			}
			switch r.IntN(12) {
			case 0:
				who := people[r.IntN(len(people))]
				if ops := s.Leave(who); len(ops) > 0 {
					merge("", ops)
				}
				for k, c := range newest {
					if c.value != "" && c.by == who {
						t.Fatalf("%s has left, and owns %s", who, k)
					}
				}
			case 1:
				s.Abort()
				pending, newest = nil, committed
			case 2: // a restart
				s.Abort()
				pending, newest = nil, committed
				s = reload(t, s, cfg)
			}
		}
		compareModel(t, s, committed, newest)
	}
	if deltas == 0 || fulls == deltas {
		t.Errorf("%d snapshots, %d of them only what changed", fulls, deltas)
	}
}

func compareModel(t *testing.T, s *State, committed, newest model) {
	t.Helper()
	cells, full := s.Since(0)
	if !full || len(cells) != len(committed.living()) {
		t.Fatalf("a snapshot of %d cells, want %d", len(cells), len(committed.living()))
	}
	for _, c := range cells {
		m := committed[c.Key]
		if m.value != string(c.Value) || m.offset != c.Offset || m.version != c.Version || c.By != "" && m.by != c.By {
			t.Fatalf("%+v, want %+v", c, m)
		}
	}
	keys, bytes := 0, 0
	for k, v := range newest.living() {
		keys++
		bytes += len(k) + len(v)
	}
	if s.Len() != keys || s.Bytes() != bytes {
		t.Fatalf("%d keys of %d bytes, want %d of %d", s.Len(), s.Bytes(), keys, bytes)
	}
	if s.dead.n > s.cfg.MaxTombstones {
		t.Fatalf("%d tombstones", s.dead.n)
	}
}

// reload is s after a restart: from rows in the order of their keys.
func reload(t *testing.T, s *State, cfg StateConfig) *State {
	t.Helper()
	next := NewState(cfg)
	next.LoadFloor(s.Floor())
	for key, n := range s.nodes {
		c, err := unmarshalCell(key, marshalCell(nil, n.committed))
		if err != nil {
			t.Fatal(err)
		}
		next.Load(c)
	}
	return next
}

func BenchmarkStateSince(b *testing.B) {
	const keys = 100_000
	s := NewState(StateConfig{})
	for i := range keys {
		cells, err := s.Merge("p", []Op{set(fmt.Sprintf("shapes/%06d", i*7919%keys), `{"x":10,"y":20}`)}, uint64(i+1), start)
		if err != nil {
			b.Fatal(err)
		}
		s.Commit(cells)
	}
	b.Run("unchanged", func(b *testing.B) {
		for b.Loop() {
			s.Since(0)
		}
	})
	b.Run("changed", func(b *testing.B) {
		for b.Loop() {
			s.full = nil
			s.Since(0)
		}
	})
	b.Run("last1000", func(b *testing.B) {
		for b.Loop() {
			s.Since(keys - 1_000)
		}
	})
	b.Run("load", func(b *testing.B) {
		cells, _ := s.Since(0)
		for b.Loop() {
			again := NewState(StateConfig{})
			for i := range cells {
				again.Load(cells[i*7907%keys])
			}
			again.Since(0)
		}
	})
}

func BenchmarkStateMerge(b *testing.B) {
	const keys = 100_000
	s := NewState(StateConfig{})
	offset := uint64(0)
	for _, size := range []int{1, 100} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			ops := make([]Op, size)
			b.ReportAllocs()
			for b.Loop() {
				offset++
				for i := range ops {
					ops[i] = Op{Key: names[(int(offset)*7919+i)%keys], Value: json.RawMessage(`{"x":10,"y":20}`)}
				}
				cells, err := s.Merge("p", ops, offset, start)
				if err != nil {
					b.Fatal(err)
				}
				s.Commit(cells)
			}
		})
	}
}

var names = func() []string {
	out := make([]string, 100_000)
	for i := range out {
		out[i] = fmt.Sprintf("shapes/%06d", i)
	}
	return out
}()
