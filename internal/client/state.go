package client

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Op is one change of the room's state (docs/protocol.md, s).
type Op struct {
	Key     string          `json:"k"`
	Value   json.RawMessage `json:"v,omitempty"`
	Delete  bool            `json:"del,omitempty"`
	Base    uint64          `json:"base,omitempty"` // offset of the key's last change that was seen
	Version uint64          `json:"ver,omitempty"`
	Nonce   uint64          `json:"nonce,omitempty"`
	If      *uint64         `json:"if,omitempty"`
	TTL     int64           `json:"ttl,omitempty"` // milliseconds
}

// Cell is the value of one key.
type Cell struct {
	Key     string          `json:"k"`
	Value   json.RawMessage `json:"v"`
	Offset  uint64          `json:"o"` // of its last change
	Version uint64          `json:"ver"`
	Nonce   uint64          `json:"nonce"`
	Delete  bool            `json:"del"` // in a snapshot of what changed; never in State
}

// Change is something that happened to the state, at its place in the log.
type Change struct {
	Epoch    string // of the log that Offset is in
	Offset   uint64
	From     string // empty: by the server
	Ops      []Op   // what was done
	SentAt   time.Time
	Snapshot bool // no change, but all of the state is another one
}

// State is a view of the room's values. It shows what the callbacks have been told, the one that runs now included.
type State struct {
	mu sync.RWMutex
	// Guarded by mu.
	cells map[string]Cell

	// Owned by pump.
	staged []Cell
}

// Get is the value of a key.
func (s *State) Get(key string) (Cell, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, ok := s.cells[key]
	return c, ok
}

// Len is how many keys there are.
func (s *State) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.cells)
}

// Entries are the values of the keys that begin with prefix, by key.
func (s *State) Entries(prefix string) []Cell {
	s.mu.RLock()
	keys := slices.Collect(maps.Keys(s.cells))
	out := make([]Cell, 0, len(keys))
	for _, key := range keys {
		if strings.HasPrefix(key, prefix) {
			out = append(out, s.cells[key])
		}
	}
	s.mu.RUnlock()
	slices.SortFunc(out, func(a, b Cell) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// apply does what an entry of the log says was done.
func (s *State) apply(c *Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, op := range c.Ops {
		if op.Delete {
			delete(s.cells, op.Key)
			continue
		}
		s.cells[op.Key] = Cell{Key: op.Key, Value: op.Value, Offset: c.Offset, Version: op.Version, Nonce: op.Nonce}
	}
}

// stage adds a page of a snapshot. With the last one the snapshot holds: instead of what was, or on top of it if it is
// only what changed since.
func (s *State) stage(p *page) (whole bool) {
	if p.at == 0 {
		s.staged = s.staged[:0]
	}
	s.staged = append(s.staged, p.cells...)
	if len(s.staged) < p.of {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !p.since {
		s.cells = make(map[string]Cell, p.of)
	}
	for _, cell := range s.staged {
		if cell.Delete {
			delete(s.cells, cell.Key)
		} else {
			s.cells[cell.Key] = cell
		}
	}
	s.staged = nil
	return true
}

// page is some cells of a snapshot, for the application's goroutine.
type page struct {
	epoch    string
	position uint64
	at, of   int
	since    bool
	cells    []Cell
}

// stateFrame is a page as the server says it.
type stateFrame struct {
	Position uint64 `json:"position"`
	At       int    `json:"at"`
	Of       int    `json:"of"`
	Cells    []Cell `json:"cells"`
}

// State is the room's values.
func (c *Client) State() *State { return &c.cells }

// QueueOps puts a change of the state in line. Its ops are done all or not at all.
func (c *Client) QueueOps(ctx context.Context, ops ...Op) (*Pending, error) {
	raw, err := json.Marshal(ops)
	if err != nil {
		return nil, fmt.Errorf("ops: %w", err)
	}
	return c.queue(ctx, numbered{kind: "s", body: append([]byte(`,"ops":`), raw...)})
}

// Ops changes the state and waits for the offset.
func (c *Client) Ops(ctx context.Context, ops ...Op) (offset uint64, err error) {
	p, err := c.QueueOps(ctx, ops...)
	if err != nil {
		return 0, err
	}
	return p.Wait(ctx)
}

// SetState sets a key, based on what was seen of it.
func (c *Client) SetState(ctx context.Context, key string, value any) (offset uint64, err error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return 0, fmt.Errorf("state %s: %w", key, err)
	}
	seen, _ := c.cells.Get(key)
	return c.Ops(ctx, Op{Key: key, Value: raw, Base: seen.Offset})
}

// DeleteState deletes a key, based on what was seen of it.
func (c *Client) DeleteState(ctx context.Context, key string) (offset uint64, err error) {
	seen, _ := c.cells.Get(key)
	return c.Ops(ctx, Op{Key: key, Delete: true, Base: seen.Offset})
}

// expectState prepares for the cells of a snapshot, which may be none.
func (c *Client) expectState(position uint64, count int, since bool) {
	c.since = since
	if count == 0 {
		c.inbox.add(item{kind: aPage, page: &page{epoch: c.ledger.epoch, position: position, since: since}})
	}
}

// takeState takes a page of a snapshot from the data link.
func (c *Client) takeState(l *link, o object) error {
	var f stateFrame
	if err := o.decode(&f); err != nil {
		return err
	}
	if l != c.data || !c.ledger.attached {
		return nil // fenced
	}
	err := c.ledger.page(f.Position, f.At, f.Of, len(f.Cells))
	if err == nil {
		c.inbox.add(item{kind: aPage, page: &page{c.ledger.epoch, f.Position, f.At, f.Of, c.since, f.Cells}})
	}
	c.broken(err)
	if f.At+len(f.Cells) == f.Of {
		c.ackedAt = time.Time{} // soon: the server keeps the snapshot until then
	}
	return nil
}
