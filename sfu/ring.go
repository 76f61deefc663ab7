package sfu

// ring keeps the last packets of a layer for retransmission to every slot that shows it. Memory is taken as it
// fills and then used again, so that a layer costs what its packets are large and nothing is allocated in the long
// run. Not safe for concurrent use.
type ring struct {
	size    int         // a power of two
	entries []ringEntry // nil: empty
}

type ringEntry struct {
	sequence uint16
	shape    shape
	data     []byte // empty: nothing here
}

func newRing(kind Kind) *ring {
	if kind == Audio {
		return &ring{size: 128}
	}
	return &ring{size: 512}
}

// put keeps a copy of a packet, with what it is a part of, in place of the one that many before it.
func (r *ring) put(sequence uint16, b []byte, s *shape) {
	if r.entries == nil {
		r.entries = make([]ringEntry, r.size)
	}
	e := &r.entries[int(sequence)&(r.size-1)]
	e.sequence, e.shape = sequence, *s
	e.data = append(e.data[:0], b...)
}

// get copies the packet out; 0 if it is not here any more.
func (r *ring) get(sequence uint16, b []byte, s *shape) int {
	if r.entries == nil {
		return 0
	}
	e := &r.entries[int(sequence)&(r.size-1)]
	if e.sequence != sequence || len(e.data) == 0 || len(e.data) > len(b) {
		return 0
	}
	*s = e.shape
	return copy(b, e.data)
}

// free gives the memory back.
func (r *ring) free() { r.entries = nil }
