package disk

import (
	"maps"
	"slices"
)

// layer is what a journal says, in memory: the changes that the table has not heard of yet. A nil value is a row that is
// no more.
type layer struct {
	rooms   map[string]*changes
	bytes   int  // of the records it came from, which it holds in memory
	shrinks bool // it frees room in the table
}

// changes are those of one room.
type changes struct {
	forgotten bool // what the table has of it is no more
	put       bool // a row was put since
	used      int64
	rows      map[string][]byte
}

func newLayer() *layer { return &layer{rooms: map[string]*changes{}} }

// apply adds what a record says. It keeps the record's bytes.
func (l *layer) apply(record []byte) error {
	err := operations(record, func(o operation) {
		c := l.rooms[string(o.room)]
		if c == nil {
			c = &changes{rows: map[string][]byte{}}
			l.rooms[string(o.room)] = c
		}
		c.used = max(c.used, o.at)
		switch o.op {
		case opForget:
			*c = changes{forgotten: true, rows: map[string][]byte{}}
			l.shrinks = true
		case opDelete:
			c.rows[string(o.key)] = nil
			l.shrinks = true
		case opPut:
			if _, again := c.rows[string(o.key)]; again {
				l.shrinks = true // folding keeps one of the two
			}
			c.rows[string(o.key)] = o.value
			c.put = true
		}
	})
	l.bytes += len(record)
	return err
}

// applyAll adds the records that b begins with, and returns what lies behind them.
func (l *layer) applyAll(b []byte) (rest []byte) {
	for {
		n := firstRecord(b)
		if n == 0 || l.apply(b[:n:n]) != nil {
			return b
		}
		b = b[n:]
	}
}

// over is one room's changes of several layers, oldest first, as one.
func over(room string, layers ...*layer) changes {
	all := changes{rows: map[string][]byte{}}
	for _, l := range layers {
		if l == nil || l.rooms[room] == nil {
			continue
		}
		c := l.rooms[room]
		if c.forgotten {
			all = changes{forgotten: true, rows: map[string][]byte{}}
		}
		all.put = all.put || c.put
		all.used = max(all.used, c.used)
		maps.Copy(all.rows, c.rows)
	}
	return all
}

// keys are those of the rows, in order.
func (c *changes) keys() []string {
	keys := make([]string, 0, len(c.rows))
	for k := range c.rows {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
