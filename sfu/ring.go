package sfu

// ring keeps the last packets of a layer for retransmission to every slot that shows it. Memory is taken as it
// fills and then used again, so that a layer costs what its packets are large and nothing is allocated in the long
// run. Not safe for concurrent use.
type ring struct {
	entries []ringEntry // a power of two
}

type ringEntry struct {
	sequence uint16
	data     []byte // empty: nothing here
}

func newRing(kind Kind) *ring {
	n := 512
	if kind == Audio {
		n = 128
	}
	return &ring{entries: make([]ringEntry, n)}
}

// put keeps a copy of a packet in place of the one that many before it.
func (r *ring) put(sequence uint16, b []byte) {
	e := &r.entries[int(sequence)&(len(r.entries)-1)]
	e.sequence = sequence
	e.data = append(e.data[:0], b...)
}

// get copies the packet out; 0 if it is not here any more.
func (r *ring) get(sequence uint16, b []byte) int {
	e := &r.entries[int(sequence)&(len(r.entries)-1)]
	if e.sequence != sequence || len(e.data) == 0 || len(e.data) > len(b) {
		return 0
	}
	return copy(b, e.data)
}
