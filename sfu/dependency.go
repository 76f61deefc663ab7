package sfu

// The dependency descriptor is a header extension that says of which layer a packet is, whatever the codec (AV1 RTP
// payload, appendix A); it goes before what the payload says. The frames of a stream are described by templates, which come with each key frame.

const (
	maxTemplates = 64
	maxTargets   = 32 // decode targets: what a receiver may want of the stream

	// What a frame is to a decode target.
	targetSwitch = 2
)

// dependency reads the descriptors of one stream.
type dependency struct {
	structures *[2]structure // the one that holds, and room for the next; nil until there is one
	now        uint8
	known      bool
	targets    *decodeTargets // of the structure that holds
	active     uint32         // those that the publisher last said it sends
}

// structure is what the descriptors of a stream refer to.
type structure struct {
	offset    uint8 // the id of the first template
	count     int
	targets   int
	sizes     sizes
	templates [maxTemplates]template
	tiers     [maxTargets]tiers // that each decode target is, those among them of which there are no more layers
	named     decodeTargets
}

type template struct {
	spatial, temporal uint8
	targets           uint64 // what such a frame is to each decode target: two bits each
}

// look fills in what the descriptor b says of a packet, and how large pictures are if it says so.
func (d *dependency) look(b []byte, s *shape, sizes *sizes) {
	if len(b) < 3 {
		return
	}
	s.frame, s.end = b[0]&0x80 != 0, b[0]&0x40 != 0
	id := b[0] & 0x3f
	customTargets, r := false, bits{b: b[3:]}
	if len(b) > 3 {
		attached, active := r.flag(), r.flag()
		customTargets = r.flag()
		r.take(2) // differences of its own, chains of its own
		if attached {
			d.learn(&r, sizes)
		}
		s.maskAt, s.structured = uint16(8*shortLength+r.at), attached
		if active && d.known {
			d.active = r.take(d.structures[d.now].targets)
		}
	}
	if !d.known {
		return
	}
	st := &d.structures[d.now]
	index := int(id+maxTemplates-st.offset) % maxTemplates
	if index >= st.count {
		return
	}
	t := st.templates[index]
	s.spatial, s.temporal, s.sync, s.upper = t.spatial, t.temporal, false, 0
	if s.targets, s.active = d.targets, d.active; r.short {
		s.targets = nil
	}
	if !s.frame {
		return
	}
	for i := range st.targets {
		what := uint8(t.targets >> (2 * i) & 3)
		if customTargets {
			what = uint8(r.take(2))
		}
		if what == targetSwitch {
			s.upper |= st.tiers[i]
		}
	}
	if r.short {
		s.upper, s.targets = 0, nil
	}
}

// learn reads a structure. One that is cut short leaves none.
func (d *dependency) learn(r *bits, sizes *sizes) {
	if d.structures == nil {
		d.structures = new([2]structure)
	}
	next := 1 - d.now
	if d.known = d.structures[next].read(r); !d.known {
		return
	}
	d.now = next
	st := &d.structures[next]
	if st.sizes.count > 0 {
		*sizes = st.sizes
	}
	if d.targets == nil || *d.targets != st.named { // mostly they are the same with each key frame
		named := st.named
		d.targets = &named
	}
	d.active = d.targets.all()
}

func (st *structure) read(r *bits) bool {
	*st = structure{}
	st.offset = uint8(r.take(6))
	st.targets = int(r.take(5)) + 1
	spatials, ok := st.readLayers(r)
	if !ok {
		return false
	}
	for i := range st.count {
		for j := range st.targets {
			st.templates[i].targets |= uint64(r.take(2)) << (2 * j)
		}
	}
	for range st.count { // differences between frames: which a frame needs
		for r.flag() {
			r.take(4)
		}
	}
	if chains := r.upTo(uint32(st.targets) + 1); chains > 0 {
		for range st.targets {
			r.upTo(chains)
		}
		r.skip(st.count * int(chains) * 4)
	}
	if r.flag() {
		for range spatials {
			st.sizes.add(size{uint16(r.take(16) + 1), uint16(r.take(16) + 1)})
		}
	}
	st.nameTargets()
	return !r.short
}

// nameTargets finds out which tier each decode target is. The last layer is also all those above.
func (st *structure) nameTargets() {
	last := st.reach(func(*template) bool { return true })
	st.named.count = st.targets
	for j := range st.targets {
		t := st.reach(func(t *template) bool { return t.targets>>(2*j)&3 != 0 })
		for of := range st.named.of {
			if t.meet(tier(of)) == t {
				st.named.of[of] |= 1 << j
			}
		}
		spatial, temporal := t.spatial(), t.temporal()
		if spatial == last.spatial() {
			spatial = maxSpatial
		}
		if temporal == last.temporal() {
			temporal = maxTemporal
		}
		for s := t.spatial(); s <= spatial; s++ {
			for l := t.temporal(); l <= temporal; l++ {
				st.tiers[j].add(tierOf(s, l))
			}
		}
	}
}

// reach is the tier of which the given templates are.
func (st *structure) reach(in func(*template) bool) (t tier) {
	for i := range st.count {
		if of := &st.templates[i]; in(of) {
			t = tierOf(max(t.spatial(), of.spatial), max(t.temporal(), of.temporal))
		}
	}
	return t
}

// readLayers reads of which layers the templates are; spatials is how many spatial ones there are.
func (st *structure) readLayers(r *bits) (spatials int, ok bool) {
	spatial, temporal := uint8(0), uint8(0)
	for {
		if st.count == maxTemplates || r.short {
			return 0, false
		}
		st.templates[st.count] = template{spatial: min(spatial, maxSpatial), temporal: min(temporal, maxTemporal)}
		st.count++
		switch r.take(2) {
		case 1:
			temporal++
		case 2:
			temporal = 0
			spatial++
		case 3:
			return int(spatial) + 1, true
		}
	}
}

// frameNumber is that of the frame a descriptor belongs to.
func frameNumber(descriptor []byte) (n uint16, ok bool) {
	if len(descriptor) < 3 {
		return 0, false
	}
	return uint16(descriptor[1])<<8 | uint16(descriptor[2]), true
}

// bits reads bits, the highest of a byte first. Beyond the end all are 0.
type bits struct {
	b     []byte
	at    int
	short bool // more was read than there is
}

func (r *bits) flag() bool { return r.take(1) == 1 }

// take reads a number of n bits, at most 32.
func (r *bits) take(n int) (v uint32) {
	for range n {
		v <<= 1
		if r.at>>3 >= len(r.b) {
			r.short = true
		} else {
			v |= uint32(r.b[r.at>>3] >> (7 - r.at&7) & 1)
		}
		r.at++
	}
	return v
}

func (r *bits) skip(n int) {
	r.at += n
	r.short = r.short || r.at > 8*len(r.b)
}

// upTo reads a number below n as the AV1 specification writes it in as few bits as it can (ns(n)).
func (r *bits) upTo(n uint32) uint32 {
	width := 0
	for x := n; x > 0; x >>= 1 {
		width++
	}
	m := uint32(1)<<width - n
	v := r.take(width - 1)
	if v < m {
		return v
	}
	return v<<1 - m + r.take(1)
}
