package datachannel

import (
	"cmp"
	"container/heap"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// State is the values of a room by key. It has no lock and no clock: whoever calls it holds the Log's mu, because a
// change of the state and its entry in the log are one.
//
// A change is made in two steps, as an entry is: Merge decides what is done, and everything that is decided later
// builds on it; Commit, once it is written, shows it to snapshots. What could not be written is taken back by Abort.
type State struct {
	// Static after NewState.
	cfg   StateConfig
	rules ruleTable

	nodes  map[string]*node
	dirty  map[*node]struct{}            // those with something pending
	owned  map[string]map[*node]struct{} // by owner
	alarms alarms
	keys   int // living ones, and their bytes: with what is pending
	bytes  int

	// What is committed, by offset and then by key.
	living, dead chain
	unsorted     bool    // cells were loaded in another order
	full         []*Cell // the living ones, nil if it must be made anew
	floor        uint64

	forgotten []string // if cfg.Stored
}

// node is where a key is kept.
type node struct {
	committed *Cell // nil: there was none, or its tombstone is forgotten
	pending   *Cell // the newest that is merged and not committed

	chain      *chain // by committed
	prev, next *node
	owner      string // in whose owned it is, by latest
	expires    int64  // of latest
	alarm      int    // place in alarms, -1 if it is not there
}

// latest is what the next change builds on.
func (n *node) latest() *Cell {
	if n.pending != nil {
		return n.pending
	}
	return n.committed
}

// NewState returns an empty state.
func NewState(c StateConfig) *State {
	return &State{
		cfg: c.WithDefaults(), rules: newRuleTable(c.Rules),
		nodes: map[string]*node{}, dirty: map[*node]struct{}{}, owned: map[string]map[*node]struct{}{},
	}
}

// Len is how many keys there are, with what is pending.
func (s *State) Len() int { return s.keys }

// Bytes is how many bytes keys and values have, with what is pending.
func (s *State) Bytes() int { return s.bytes }

// Merge decides what ops by from (empty: the server) do at offset, which no other Merge had: all of them or none. The
// cells it returns, one for each key that changes, are pending until Commit or Abort; later Merges see them, snapshots
// do not. There are none if nothing changes: what was deleted already, or a version that is not higher. An error is a
// Refusal.
func (s *State) Merge(from string, ops []Op, offset uint64, now time.Time) ([]*Cell, error) {
	keys, bytes := s.keys, s.bytes
	cells := make([]*Cell, 0, len(ops))
	undo := make([]step, 0, len(ops))
	var err error
	for i := range ops {
		var c *Cell
		if err = s.cfg.check(&ops[i]); err == nil {
			c, err = s.rules.decide(s.newest(ops[i].Key), from, &ops[i], offset, now)
		}
		if err != nil {
			break
		}
		if c == nil {
			continue
		}
		n := s.node(c.Key)
		undo = append(undo, step{n, n.pending})
		if twice := slices.Index(cells, n.pending); twice >= 0 {
			cells[twice] = c
		} else {
			cells = append(cells, c)
		}
		s.stage(n, c)
	}
	switch {
	case err != nil:
	case s.keys > s.cfg.MaxKeys && s.keys > keys:
		err = Refusal{codeStateFull, fmt.Sprintf("the state has %d keys already", keys)}
	case s.bytes > s.cfg.MaxBytes && s.bytes > bytes:
		err = Refusal{codeStateFull, fmt.Sprintf("the state has %d bytes already", bytes)}
	}
	if err != nil {
		for _, u := range slices.Backward(undo) {
			s.stage(u.node, u.pending)
		}
		return nil, err
	}
	return cells, nil
}

// step is what a node was before a change.
type step struct {
	node    *node
	pending *Cell
}

func (s *State) newest(key string) *Cell {
	if n := s.nodes[key]; n != nil {
		return n.latest()
	}
	return nil
}

// node is that of key, which is made if there is none.
func (s *State) node(key string) *node {
	n := s.nodes[key]
	if n == nil {
		n = &node{alarm: -1}
		s.nodes[key] = n
	}
	return n
}

// stage makes c what is pending at n, nil for nothing.
func (s *State) stage(n *node, c *Cell) {
	former := n.latest()
	n.pending = c
	if c != nil {
		s.dirty[n] = struct{}{}
	} else {
		delete(s.dirty, n)
	}
	s.turn(n, former)
	if n.latest() == nil {
		delete(s.nodes, former.Key)
	}
}

// turn brings everything that goes by the latest cells up to date, after that of n was former.
func (s *State) turn(n *node, former *Cell) {
	latest := n.latest()
	if former.living() {
		s.keys--
		s.bytes -= former.size()
	}
	n.expires = 0
	if latest.living() {
		s.keys++
		s.bytes += latest.size()
		n.expires = latest.Expires
	}
	s.alarms.set(n)
	s.own(n, latest.owner())
}

func (s *State) own(n *node, owner string) {
	if n.owner == owner {
		return
	}
	if all := s.owned[n.owner]; all != nil {
		delete(all, n)
		if len(all) == 0 {
			delete(s.owned, n.owner)
		}
	}
	n.owner = owner
	if owner == "" {
		return
	}
	if s.owned[owner] == nil {
		s.owned[owner] = map[*node]struct{}{}
	}
	s.owned[owner][n] = struct{}{}
}

// Commit shows the cells of a Merge to snapshots. Merges are committed in the order of their offsets. It returns how many
// tombstones were forgotten for it.
func (s *State) Commit(cells []*Cell) (pruned int) {
	if !slices.IsSortedFunc(cells, compareCells) {
		cells = slices.SortedFunc(slices.Values(cells), compareCells)
	}
	for _, c := range cells {
		s.place(c)
	}
	return s.prune()
}

// Load puts in a cell that a Store had. All of them are loaded before anything else is done, in any order.
func (s *State) Load(c *Cell) { s.place(c) }

func (s *State) place(c *Cell) {
	n := s.node(c.Key)
	former := n.latest()
	if n.pending == c {
		n.pending = nil
		delete(s.dirty, n)
	}
	if n.chain != nil {
		n.chain.remove(n)
	}
	n.committed = c
	s.turn(n, former)
	to := &s.dead
	if c.living() {
		to = &s.living
	}
	if to.last != nil && compareCells(to.last.committed, c) > 0 {
		s.unsorted = true
	}
	to.push(n)
	s.full = nil
}

// Abort forgets everything that is pending.
func (s *State) Abort() {
	for _, n := range slices.SortedFunc(maps.Keys(s.dirty), byKey) { // the same every time
		s.stage(n, nil)
	}
}

// Leave is the deletions of what participant owns. They may be more than the hundred that go into one entry.
func (s *State) Leave(participant string) []Op {
	all := slices.SortedFunc(maps.Keys(s.owned[participant]), byKey)
	ops := make([]Op, len(all))
	for i, n := range all {
		ops[i] = Op{Key: n.latest().Key, Delete: true}
	}
	return ops
}

func byKey(a, b *node) int { return strings.Compare(a.latest().Key, b.latest().Key) }

// Owners are the participants who own something. After a Load some of them may never come back.
func (s *State) Owners() []string { return slices.Sorted(maps.Keys(s.owned)) }

// Expired is the deletions of what has outlived its time, the earliest first. If there are more than go into one entry
// it is some of them: when those are merged, it has the next.
func (s *State) Expired(now time.Time) []Op {
	due := s.alarms.due(now.UnixNano(), maxOps)
	if len(due) == 0 {
		return nil
	}
	slices.SortFunc(due, func(a, b *node) int {
		return cmp.Or(cmp.Compare(a.expires, b.expires), byKey(a, b))
	})
	ops := make([]Op, len(due))
	for i, n := range due {
		ops[i] = Op{Key: n.latest().Key, Delete: true}
	}
	return ops
}

// NextExpiry is when Expired has something next.
func (s *State) NextExpiry() (time.Time, bool) {
	if len(s.alarms) == 0 {
		return time.Time{}, false
	}
	return time.Unix(0, s.alarms[0].expires), true
}

// alarms is a heap of the nodes that expire, the earliest first.
type alarms []*node

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].expires < a[j].expires }

func (a alarms) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].alarm, a[j].alarm = i, j
}

// Push is heap.Interface's.
func (a *alarms) Push(n any) {
	n.(*node).alarm = len(*a)
	*a = append(*a, n.(*node))
}

// Pop is heap.Interface's.
func (a *alarms) Pop() any {
	last := len(*a) - 1
	n := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	n.alarm = -1
	return n
}

// set puts n where its time to expire belongs.
func (a *alarms) set(n *node) {
	switch {
	case n.expires == 0 && n.alarm >= 0:
		heap.Remove(a, n.alarm)
	case n.expires == 0:
	case n.alarm < 0:
		heap.Push(a, n)
	default:
		heap.Fix(a, n.alarm)
	}
}

// due is at most so many of the nodes whose time has come. In a heap those are the top of the tree; the earliest of
// all are found level by level.
func (a alarms) due(now int64, most int) []*node {
	var found []*node
	open := []int{0}
	for len(open) > 0 && len(found) < most {
		at := open[0]
		open = open[1:]
		if at >= len(a) || a[at].expires > now {
			continue
		}
		found = append(found, a[at])
		open = append(open, 2*at+1, 2*at+2)
	}
	return found
}
