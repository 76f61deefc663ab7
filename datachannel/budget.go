package datachannel

import "sync/atomic"

// Budget is what all logs of a server may hold together. Over it, logs that hold more than an equal share forget their
// oldest entries: a busy room shortens its own memory and nobody else's. A nil Budget is without bound.
type Budget struct {
	max  int64
	used atomic.Int64
	logs atomic.Int64
}

// NewBudget returns a budget of so many bytes.
func NewBudget(bytes int) *Budget { return &Budget{max: int64(bytes)} }

// Used is what logs hold now, in bytes.
func (b *Budget) Used() int64 {
	if b == nil {
		return 0
	}
	return b.used.Load()
}

func (b *Budget) join() {
	if b != nil {
		b.logs.Add(1)
	}
}

func (b *Budget) leave(bytes int) {
	if b != nil {
		b.logs.Add(-1)
		b.used.Add(-int64(bytes))
	}
}

func (b *Budget) take(bytes int) {
	if b != nil {
		b.used.Add(int64(bytes))
	}
}

// over says whether a log that holds so many bytes has to forget some.
func (b *Budget) over(bytes int) bool {
	if b == nil || b.used.Load() <= b.max {
		return false
	}
	return int64(bytes) > b.max/max(1, b.logs.Load())
}
