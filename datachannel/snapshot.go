package datachannel

import "slices"

// Since is what a client that knows the committed state as of offset after must be told: the cells that changed since,
// tombstones among them, or all living ones and full if tombstones from that time are forgotten, or after is 0. They
// are in the order of offset and key, so that an index into them is a place. The slice is never edited afterwards.
func (s *State) Since(after uint64) (cells []*Cell, full bool) {
	s.sort()
	if after == 0 || after < s.floor {
		if s.full == nil {
			s.full = make([]*Cell, 0, s.living.n)
			for n := s.living.first; n != nil; n = n.next {
				s.full = append(s.full, n.committed)
			}
		}
		return s.full, true
	}
	// The newest are at the ends of both chains.
	living, dead := s.living.lastAfter(after), s.dead.lastAfter(after)
	for living != nil || dead != nil {
		newest := &living
		if living == nil || dead != nil && compareCells(dead.committed, living.committed) > 0 {
			newest = &dead
		}
		cells = append(cells, (*newest).committed)
		if *newest = (*newest).prev; *newest != nil && (*newest).committed.Offset <= after {
			*newest = nil
		}
	}
	slices.Reverse(cells)
	return cells, false
}

// Newest is the offset of the last change there is; 0: none.
func (s *State) Newest() uint64 {
	s.sort()
	newest := uint64(0)
	for _, n := range []*node{s.living.last, s.dead.last} {
		if n != nil {
			newest = max(newest, n.committed.Offset)
		}
	}
	return newest
}

// Floor is the offset up to which tombstones were forgotten: who knows less than that needs the full state.
func (s *State) Floor() uint64 { return s.floor }

// LoadFloor raises the floor to what it was when the cells were stored. The newest offset of all is always safe.
func (s *State) LoadFloor(floor uint64) { s.floor = max(s.floor, floor) }

// Forgotten gives away the keys of the tombstones that were forgotten and not used again. Their rows may go from the
// Store with whatever is written next, before what is changed after this; if that fails, give them back to Unforgotten.
func (s *State) Forgotten() (gone []string) {
	kept := s.forgotten[:0]
	for _, key := range s.forgotten {
		n := s.nodes[key]
		switch {
		case n == nil:
			gone = append(gone, key)
		case n.committed == nil: // the change may yet be aborted
			kept = append(kept, key)
		}
	}
	clear(s.forgotten[len(kept):])
	s.forgotten = kept
	return gone
}

// Unforgotten takes back keys whose rows are still in the Store.
func (s *State) Unforgotten(keys []string) { s.forgotten = append(s.forgotten, keys...) }

// prune forgets the oldest tombstones above the cap, and says how many.
func (s *State) prune() (n int) {
	if s.dead.n <= s.cfg.MaxTombstones {
		return 0
	}
	s.sort()
	for ; s.dead.n > s.cfg.MaxTombstones; n++ {
		oldest := s.dead.first
		s.dead.remove(oldest)
		key := oldest.committed.Key
		s.floor = max(s.floor, oldest.committed.Offset)
		oldest.committed = nil
		if oldest.pending == nil {
			delete(s.nodes, key)
		}
		if s.cfg.Stored {
			s.forgotten = append(s.forgotten, key)
		}
	}
	return n
}

// sort puts the chains in order after cells were loaded.
func (s *State) sort() {
	if !s.unsorted {
		return
	}
	s.unsorted = false
	s.living.sort()
	s.dead.sort()
	s.prune()
}

// chain is nodes in the order of their committed cells. A node is in one at most.
type chain struct {
	first, last *node
	n           int
}

func (c *chain) push(n *node) {
	n.chain, n.prev, n.next = c, c.last, nil
	if c.last != nil {
		c.last.next = n
	} else {
		c.first = n
	}
	c.last = n
	c.n++
}

func (c *chain) remove(n *node) {
	if n.prev != nil {
		n.prev.next = n.next
	} else {
		c.first = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	} else {
		c.last = n.prev
	}
	n.chain, n.prev, n.next = nil, nil, nil
	c.n--
}

// lastAfter is the last node if it changed after an offset.
func (c *chain) lastAfter(after uint64) *node {
	if c.last == nil || c.last.committed.Offset <= after {
		return nil
	}
	return c.last
}

func (c *chain) sort() {
	all := make([]*node, 0, c.n)
	for n := c.first; n != nil; n = n.next {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b *node) int { return compareCells(a.committed, b.committed) })
	*c = chain{}
	for _, n := range all {
		c.push(n)
	}
}
