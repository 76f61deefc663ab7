package datachannel

import "sync/atomic"

// Budget is what all logs of a server may hold together. Over it, logs that hold more than an equal share forget their
// oldest entries: a busy room shortens its own memory and nobody else's. What waits to be written cannot be forgotten;
// of that they may hold as much, and those with more than their share take no more. A nil Budget is without bound.
type Budget struct {
	max     int64
	used    atomic.Int64
	waiting atomic.Int64 // of used
	logs    atomic.Int64
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

// Waiting is what of it waits to be written.
func (b *Budget) Waiting() int64 {
	if b == nil {
		return 0
	}
	return b.waiting.Load()
}

func (b *Budget) join() {
	if b != nil {
		b.logs.Add(1)
	}
}

func (b *Budget) leave(bytes, waiting int) {
	if b != nil {
		b.logs.Add(-1)
		b.take(-bytes)
		b.wait(-waiting)
	}
}

func (b *Budget) take(bytes int) {
	if b != nil {
		b.used.Add(int64(bytes))
	}
}

func (b *Budget) wait(bytes int) {
	if b != nil {
		b.waiting.Add(int64(bytes))
	}
}

// over says whether a log that holds so many bytes has to forget some.
func (b *Budget) over(bytes int) bool { return b != nil && b.exceeded(b.used.Load(), bytes) }

// jammed says whether a log of which so many bytes wait to be written may not add to them.
func (b *Budget) jammed(waiting int) bool { return b != nil && b.exceeded(b.waiting.Load(), waiting) }

func (b *Budget) exceeded(all int64, bytes int) bool {
	return all > b.max && int64(bytes) > b.max/max(1, b.logs.Load())
}
