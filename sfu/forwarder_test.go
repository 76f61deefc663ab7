package sfu

import (
	"testing"
	"time"
)

// step is one packet into a forwarder and what should become of it. Numbers are relative to those of the first.
type step struct {
	in    int
	at    int // timestamp
	start bool
	pad   bool
	out   int // -1: not sent
	empty bool
}

func run(t *testing.T, f *forwarder, base uint16, steps []step) {
	t.Helper()
	now := time.Unix(1000, 0)
	first := f.sequence + 1
	for i, s := range steps {
		p := &packet{sequence: base + uint16(s.in), timestamp: uint32(s.at), shape: shape{start: s.start}}
		if !s.pad {
			p.payload = []byte{1}
		}
		out, ok := f.translate(p, now)
		if ok != (s.out >= 0) {
			t.Fatalf("step %d: sent = %v", i, ok)
		}
		if ok && (out.sequence != first+uint16(s.out) || out.empty != s.empty) {
			t.Fatalf("step %d: number %d (empty %v), want %d (%v)", i, out.sequence-first, out.empty, s.out, s.empty)
		}
	}
}

func TestForwarderNumbers(t *testing.T) {
	tests := map[string][]step{
		"in order": {
			{in: 0, start: true, out: 0}, {in: 1, out: 1}, {in: 2, out: 2},
		},
		"nothing before a key frame": {
			{in: 0, out: -1}, {in: 1, out: -1}, {in: 2, start: true, out: 0}, {in: 3, out: 1},
		},
		"padding cannot begin": {
			{in: 0, start: true, pad: true, out: -1}, {in: 1, start: true, out: 0},
		},
		"what is older than the beginning is dropped": {
			{in: 5, start: true, out: 0}, {in: 4, out: -1}, {in: 3, start: true, out: -1}, {in: 6, out: 1}, {in: 4, out: -1},
		},
		"a lost packet keeps its number": {
			{in: 0, start: true, out: 0}, {in: 2, out: 2}, {in: 1, out: 1}, {in: 3, out: 3},
		},
		"twice is once": {
			{in: 0, start: true, out: 0}, {in: 0, start: true, out: -1}, {in: 2, out: 2}, {in: 1, out: 1}, {in: 1, out: -1}, {in: 2, out: -1},
		},
		"padding takes no number": {
			{in: 0, start: true, out: 0}, {in: 1, pad: true, out: -1}, {in: 2, pad: true, out: -1}, {in: 3, out: 1},
		},
		"late before padding": {
			{in: 0, start: true, out: 0}, {in: 2, pad: true, out: -1}, {in: 3, out: 2}, {in: 1, out: 1},
		},
		"late padding fills its number": {
			{in: 0, start: true, out: 0}, {in: 2, out: 2}, {in: 1, pad: true, out: 1, empty: true}, {in: 1, pad: true, out: -1},
		},
		"a frame from before the beginning takes no number": {
			{in: 0, at: 9000, start: true, out: 0}, {in: 1, at: 6000, out: -1}, {in: 2, at: 9000, out: 1},
		},
		"a leap needs a key frame": {
			{in: 0, start: true, out: 0}, {in: 3000, out: -1}, {in: 3001, out: -1}, {in: 3002, start: true, out: 1}, {in: 3001, out: -1},
		},
	}
	for name, steps := range tests {
		for _, base := range []uint16{0, 65534, 30000} {
			t.Run(name, func(t *testing.T) { run(t, newForwarderFrom(65533), base, steps) })
		}
	}
}

func newForwarderFrom(sequence uint16) *forwarder {
	f := newForwarder(Video, sequence, 1<<32-100)
	f.begin(top)
	return f
}

func TestForwarderSwitchesSources(t *testing.T) {
	f := newForwarder(Video, 10, 5000)
	now := time.Unix(1000, 0)
	send := func(sequence uint16, timestamp uint32, picture uint16, tl0 uint8, start bool) (rewritten, bool) {
		return f.translate(&packet{
			sequence: sequence, timestamp: timestamp, payload: []byte{1}, shape: shape{start: start},
			counters: counters{pictureID: picture, tl0: tl0, pictureAt: 2, pictureLong: true, tl0At: 4},
		}, now)
	}
	f.begin(top)
	first, _ := send(100, 1<<31, 0x7fff, 255, true)
	if first.sequence != 11 || first.timestamp != 5000 || first.pictureID != 0x7fff || first.tl0 != 255 {
		t.Fatalf("first = %+v", first)
	}

	f.stop()
	if _, ok := send(101, 1<<31+3000, 0, 0, false); ok {
		t.Fatal("a packet after stop")
	}
	now = now.Add(2 * time.Second)
	f.begin(top)
	second, ok := send(7, 33, 20, 9, true)
	if !ok || second.sequence != 12 || second.timestamp != 5000+2*videoClock || second.pictureID != 0 || second.tl0 != 0 {
		t.Fatalf("second source begins with %+v", second)
	}

	f.begin(top) // at once: at least one frame ahead
	third, _ := send(9000, 0, 3, 3, true)
	if third.timestamp != second.timestamp+videoClock/30 || third.pictureID != 1 || third.tl0 != 1 {
		t.Fatalf("third source begins with %+v", third)
	}
	if after, has := f.after(); !has || after != third.timestamp {
		t.Errorf("after = %d", after)
	}

	now = now.Add(100 * time.Hour) // an idle slot; timestamps still compare
	f.begin(top)
	fourth, _ := send(1, 1, 1, 1, true)
	if int32(fourth.timestamp-third.timestamp) <= 0 {
		t.Errorf("after a long pause %d is not ahead of %d", fourth.timestamp, third.timestamp)
	}
}

func TestForwarderRemembersForRetransmission(t *testing.T) {
	f := newForwarderFrom(65000)
	now := time.Unix(1000, 0)
	sent := map[uint16]uint16{}
	for in := uint16(65500); in != 3000; in++ {
		p := &packet{sequence: in, timestamp: uint32(in), payload: []byte{1}, shape: shape{start: in == 65500}}
		if in%10 == 3 {
			p.payload = nil
		}
		if out, ok := f.translate(p, now); ok {
			sent[out.sequence] = in
		}
	}
	found := 0
	for out, in := range sent {
		if got, ok := f.again(out); ok {
			found++
			if got != in {
				t.Errorf("again(%d) = %d, want %d", out, got, in)
			}
		}
	}
	if found < 900 || found > 1024 {
		t.Errorf("remembers %d", found)
	}
	if _, ok := f.again(f.sequence + 1); ok {
		t.Error("remembers what was never sent")
	}
	last := f.sequence
	f.begin(top)
	if _, ok := f.again(last); ok {
		t.Error("remembers the former source")
	}
}

// FuzzForwarder plays packets into a forwarder and holds what comes out against a model that remembers everything:
// no number twice, none left out but for packets that did not come, order kept, timestamps ahead at each switch, nothing
// sent of a layer that was not to be sent when the packet was due, and picture ids as dense as the numbers.
func FuzzForwarder(f *testing.F) {
	f.Add([]byte{0x80, 1, 2, 3, 4})
	f.Add([]byte{0x80, 1, 0x41, 3, 2, 1, 0xc0, 0x80, 1, 1, 1})
	f.Add([]byte{0x80, 0x3f, 0x3e, 1, 0x7f, 0xa0, 1, 0x5f, 2})
	f.Add([]byte{0x80, 1, 1, 0xf0, 1, 1, 4, 0x22, 0x23, 1, 0xf2, 1, 1, 1, 0x24, 0x25, 0xf1, 1, 1})
	f.Fuzz(func(t *testing.T, ops []byte) {
		ops = ops[:min(len(ops), 1000)] // in the model numbers must not come round half their range
		fw := newForwarder(Video, 65500, 1<<32-5)
		now := time.Unix(1000, 0)
		m := model{t: t, f: fw, sequence: 65500, used: map[uint16]bool{}}
		head := uint32(65520)
		for _, op := range ops {
			now = now.Add(time.Duration(op) * time.Millisecond)
			switch {
			case op == 0xff:
				fw.stop()
				m.reset()
				continue
			case op >= 0xf0:
				fw.selection.aim = tier(op & 0x0f)
				continue
			case op >= 0xe0:
				fw.join(top, uint32(op)*9000)
				m.reset()
				head += uint32(op) * 255
				continue
			case op >= 0xc0:
				fw.begin(tier(op & 0x0f))
				m.reset()
				head += uint32(op) * 255
				if op&0x10 != 0 { // with what was kept, up to some picture later
					fw.follows((head + 8*uint32(op&0x0f)) * 90)
				}
				continue
			}
			// Low 5 bits: how far ahead, or with 0x20 behind. 0x40: padding. 0x80: a key frame begins.
			sequence := head + uint32(op&0x1f)
			if op&0x20 != 0 {
				sequence = head - uint32(op&0x1f)
			} else {
				head = sequence
			}
			// Each packet is a picture, of layers by its number.
			p := &packet{sequence: uint16(sequence), timestamp: sequence * 90}
			p.shape = shape{frame: true, end: true, start: op&0x80 != 0}
			if !p.start {
				p.temporal, p.spatial = uint8(sequence%7%4), uint8(sequence%5%2)
				p.sync = sequence%3 == 0
				p.upper = tiers(sequence * 2654435761 >> 16)
			}
			p.counters = counters{pictureID: uint16(sequence) & 0x7fff, pictureAt: 1, pictureLong: true, dense: true}
			if op&0x40 == 0 {
				p.payload = []byte{1}
			}
			out, ok := fw.translate(p, now)
			m.check(p, out, ok)
		}
	})
}

// model is the naive forwarder: it keeps every number of a run in maps.
type model struct {
	t        *testing.T
	f        *forwarder
	sequence uint16 // last number given or kept, ever
	used     map[uint16]bool

	tier    tier // what was sent after the last packet
	started bool
	first   uint16            // source number that began the run
	head    uint16            // highest of the source
	numbers map[uint16]uint16 // kept or given, by source number
	sent    map[uint16]bool
	tiers   map[uint16]tier // that were sent when a number was due
	skipped map[uint16]bool
	padded  bool
	picture uint16 // what picture ids are ahead of numbers by
	last    uint16 // picture id of the newest packet sent
	top     uint32
	any     bool
}

func (m *model) reset() {
	m.started, m.padded = false, false
	m.numbers, m.sent, m.skipped = map[uint16]uint16{}, map[uint16]bool{}, map[uint16]bool{}
	m.tiers = map[uint16]tier{}
}

func (m *model) check(p *packet, out rewritten, ok bool) {
	m.t.Helper()
	if m.f.state == idle || m.numbers == nil {
		if ok {
			m.t.Fatal("sent without a source")
		}
		return
	}
	empty := len(p.payload) == 0
	before := m.tier
	m.tier = m.f.selection.now
	if !m.started {
		if want := p.start && !empty; ok != want {
			m.t.Fatalf("begins: %v", ok)
		}
		if ok {
			if m.any && int32(out.timestamp-m.top) <= 0 {
				m.t.Fatalf("a new source begins at %d, not ahead of %d", out.timestamp, m.top)
			}
			if m.any && out.pictureID != (m.last+1)&0x7fff {
				m.t.Fatalf("a new source begins with picture %d after %d", out.pictureID, m.last)
			}
			m.started, m.first, m.head = true, p.sequence, p.sequence
			m.give(p, out)
			m.picture = out.pictureID - out.sequence
		}
		return
	}
	ahead := int16(p.sequence - m.head)
	switch {
	case ahead > 0:
		for s := m.head + 1; s != p.sequence; s++ {
			m.sequence++
			m.numbers[s], m.tiers[s] = m.sequence, before
		}
		m.head = p.sequence
		if empty || !m.tier.takes(&p.shape) {
			m.skipped[p.sequence] = true
			m.padded = m.padded || empty // they have a picture id here that real ones do not
			if ok || out.above == empty {
				m.t.Fatal("what is not to be sent was")
			}
			return
		}
		if !ok {
			m.t.Fatal("a new packet was not sent")
		}
		if int32(out.timestamp-m.top) <= 0 {
			m.t.Fatalf("a later picture is at %d, not ahead of %d", out.timestamp, m.top)
		}
		m.give(p, out)
	default:
		number, has := m.numbers[p.sequence]
		inRun := int16(p.sequence-m.first) > 0
		want := has && inRun && !m.sent[p.sequence] && !m.skipped[p.sequence] && int(-ahead) < 1024
		if ok != want {
			m.t.Fatalf("late packet %d sent: %v, want %v", p.sequence, ok, want)
		}
		if ok {
			tier := m.tiers[p.sequence]
			if empty := empty || !tier.takes(&p.shape); out.sequence != number || out.empty != empty {
				m.t.Fatalf("late packet has number %d (empty %v), want %d (%v)", out.sequence, out.empty, number, empty)
			}
			m.use(p, out)
		}
	}
}

// give is for a packet that takes the next number.
func (m *model) give(p *packet, out rewritten) {
	m.sequence++
	if out.sequence != m.sequence {
		m.t.Fatalf("number %d, want %d", out.sequence, m.sequence)
	}
	m.numbers[p.sequence], m.last = out.sequence, out.pictureID
	m.use(p, out)
	if !m.any || int32(out.timestamp-m.top) > 0 {
		m.top, m.any = out.timestamp, true
	}
	if got, ok := m.f.again(out.sequence); !ok || got != p.sequence {
		m.t.Fatalf("again(%d) = %d, %v, want %d", out.sequence, got, ok, p.sequence)
	}
}

func (m *model) use(p *packet, out rewritten) {
	if m.used[out.sequence] {
		m.t.Fatalf("number %d twice", out.sequence)
	}
	m.used[out.sequence] = true
	m.sent[p.sequence] = true
	if p.sequence != m.first && !m.padded && !out.empty && (out.pictureID-out.sequence-m.picture)&0x7fff != 0 {
		m.t.Fatalf("packet %d has picture id %d", out.sequence, out.pictureID)
	}
}
