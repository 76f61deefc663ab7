package bench

// tally is what one reader got of one sender, whose messages are numbered from 0.
type tally struct {
	seen                                  []uint64 // a bit for each number
	top                                   uint64   // highest number + 1
	distinct, doubled, reordered, foreign uint64
}

// maxNumber bounds what a broken message can make a tally hold.
const maxNumber = 1 << 27

// add notes message n. It says whether this was its first time.
func (t *tally) add(n uint64) bool {
	if n >= maxNumber {
		t.foreign++
		return false
	}
	word, bit := n/64, uint64(1)<<(n%64)
	for uint64(len(t.seen)) <= word {
		t.seen = append(t.seen, 0)
	}
	if t.seen[word]&bit != 0 {
		t.doubled++
		return false
	}
	t.seen[word] |= bit
	t.distinct++
	if n < t.top {
		t.reordered++
	}
	t.top = max(t.top, n+1)
	return true
}

// has says whether n came.
func (t *tally) has(n uint64) bool {
	word, bit := n/64, uint64(1)<<(n%64)
	return word < uint64(len(t.seen)) && t.seen[word]&bit != 0
}

// within is how many came of from ≤ n < to.
func (t *tally) within(from, to uint64) (came uint64) {
	for n := from; n < to; n++ {
		if t.has(n) {
			came++
		}
	}
	return came
}

// lost is how many of those sent did not come.
func (t *tally) lost(sent uint64) uint64 { return sent - min(sent, t.distinct) }
