package sfu

// decodeTargets are what a receiver may want of a stream with layers, as its dependency descriptors number them. A structure
// brings them; nothing changes them then, so packets point to them.
type decodeTargets struct {
	count int
	of    [top + 1]uint32 // by what is sent: those of which everything is
}

// all is every target.
func (d *decodeTargets) all() uint32 { return uint32(1<<d.count - 1) }

// targeting is what a descriptor says of decode targets.
type targeting struct {
	targets    *decodeTargets // nil: nothing
	active     uint32         // those that the publisher sends
	maskAt     uint16         // the bit of the descriptor at which it says so, or would
	structured bool           // it brings the structure, after which all are active until something else is said
}

// serves are the targets that are active for a receiver who is sent so much.
func (t *targeting) serves(of tier) uint32 { return t.targets.of[of] & t.active }

// leaves tells whether somebody who is sent so much is not sent all there is.
func (t *targeting) leaves(of tier) bool { return t.targets != nil && t.serves(of) != t.active }

const (
	activeFlag  = 25 // the bit of a descriptor that says that it has a mask of active targets
	flagsEnd    = 29 // where what comes with flags begins, the structure first
	shortLength = 3  // bytes of a descriptor without flags
)

// retarget appends to out what a descriptor is when these are the active targets. A receiver that believed that all are would
// wait for what is left out.
func (t *targeting) retarget(out, descriptor []byte, mask uint32) []byte {
	r, w := bits{b: descriptor}, bitWriter{b: out}
	w.copy(&r, activeFlag)
	has := r.flag()
	w.put(1, 1)
	if len(descriptor) == shortLength {
		w.put(0, flagsEnd-activeFlag-1)
	} else {
		w.copy(&r, int(t.maskAt)-activeFlag-1)
	}
	w.put(mask, t.targets.count)
	if has {
		r.skip(t.targets.count)
	}
	w.copy(&r, 8*len(descriptor)-r.at)
	return w.b
}

// bitWriter appends bits, the highest of a byte first.
type bitWriter struct {
	b    []byte
	free int // bits of the last byte
}

// put appends the lowest n bits of v, the highest first.
func (w *bitWriter) put(v uint32, n int) {
	for n > 0 {
		if w.free == 0 {
			w.b, w.free = append(w.b, 0), 8
		}
		take := min(n, w.free)
		n -= take
		w.free -= take
		w.b[len(w.b)-1] |= byte(v>>n&(1<<take-1)) << w.free
	}
}

// copy appends the next n bits of r.
func (w *bitWriter) copy(r *bits, n int) {
	for ; n > 0; n -= 8 {
		w.put(r.take(min(n, 8)), min(n, 8))
	}
}
