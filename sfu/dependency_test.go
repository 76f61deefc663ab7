package sfu

import (
	"testing"
)

// pen writes bits, the highest of a byte first.
type pen struct {
	b  []byte
	at int
}

func (w *pen) put(v uint64, n int) {
	for i := n - 1; i >= 0; i-- {
		if w.at%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.at/8] |= byte(v>>i&1) << (7 - w.at%8)
		w.at++
	}
}

// scheme is a structure as a publisher would describe it: for each template its layers and what it is to each decode
// target, as the specification writes it: - not of it, D may be left out, S may be switched at, R needed.
type scheme struct {
	targets   int
	templates []struct {
		spatial, temporal uint8
		targets           string
	}
	sizes bool
}

// descriptor is one with, or without, a structure.
func (s scheme) descriptor(start, end bool, template int, frame uint16, attached bool, more ...func(*pen)) []byte {
	const offset = 60 // so that ids go round
	w := &pen{}
	flag := func(b bool) uint64 {
		if b {
			return 1
		}
		return 0
	}
	w.put(flag(start), 1)
	w.put(flag(end), 1)
	w.put(uint64(offset+template)%64, 6)
	w.put(uint64(frame), 16)
	if !attached && len(more) == 0 {
		return w.b
	}
	w.put(flag(attached), 1)
	if len(more) > 0 {
		more[0](w) // the other four flags
	} else {
		w.put(0, 4)
	}
	if attached {
		w.put(offset, 6)
		w.put(uint64(s.targets-1), 5)
		for i := range s.templates {
			next := uint64(3)
			if i+1 < len(s.templates) {
				switch a, b := s.templates[i], s.templates[i+1]; {
				case b.spatial > a.spatial:
					next = 2
				case b.temporal > a.temporal:
					next = 1
				default:
					next = 0
				}
			}
			w.put(next, 2)
		}
		for _, t := range s.templates {
			for _, c := range t.targets {
				w.put(map[rune]uint64{'-': 0, 'D': 1, 'S': 2, 'R': 3}[c], 2)
			}
		}
		for range s.templates {
			w.put(1, 1) // one difference, of 2
			w.put(1, 4)
			w.put(0, 1)
		}
		w.put(1, width(s.targets+1)) // chains: one; small numbers are short
		w.put(0, 0)
		for range s.targets {
			w.put(0, 0) // below 1 there is only 0
		}
		for range s.templates {
			w.put(1, 4)
		}
		w.put(flag(s.sizes), 1)
		if s.sizes {
			for i := range s.templates[len(s.templates)-1].spatial + 1 {
				w.put(640<<i-1, 16)
				w.put(360<<i-1, 16)
			}
		}
	}
	for _, f := range more[min(1, len(more)):] {
		f(w)
	}
	return w.b
}

// width is how many bits a small number below n takes.
func width(n int) int {
	bits := 0
	for x := n; x > 1; x >>= 1 {
		bits++
	}
	if m := 1<<(bits+1) - n; m <= 1 {
		return bits + 1
	}
	return bits
}

type templates = []struct {
	spatial, temporal uint8
	targets           string
}

// Three temporal layers, and two spatial ones of which the upper is predicted from the lower, as libwebrtc describes
// them.
func l1t3() scheme {
	return scheme{targets: 3, templates: templates{
		{0, 0, "SSS"}, {0, 0, "SSS"}, {0, 1, "-DS"}, {0, 2, "--D"}, {0, 2, "--D"},
	}}
}

func l2t2() scheme {
	return scheme{targets: 4, sizes: true, templates: templates{
		{0, 0, "SSSS"}, {0, 0, "SSRR"}, {0, 1, "-D-R"}, {1, 0, "--SS"}, {1, 0, "--SS"}, {1, 1, "---D"},
	}}
}

func TestDependencyDescriptor(t *testing.T) {
	const all = "^S0T0123 ^S1T0123 ^S2T0123 ^S3T0123" // the last layer stands for those above
	t.Run("temporal layers", func(t *testing.T) {
		s := l1t3()
		see(t, []seen{
			{s.descriptor(true, true, 3, 9, false), "frame end"}, // of what, is not known yet
			{s.descriptor(true, false, 0, 10, true), "frame " + all},
			{s.descriptor(false, true, 0, 10, false), "end"},
			{s.descriptor(true, true, 3, 11, false), "frame end S0T2"},
			{s.descriptor(true, true, 2, 12, false), "frame end S0T1 ^S0T23 ^S1T23 ^S2T23 ^S3T23"},
			{s.descriptor(false, true, 4, 13, false), "end S0T2"},
			{s.descriptor(true, true, 1, 14, false), "frame end " + all},
			{s.descriptor(true, true, 40, 15, false), "frame end"}, // no such template
			{[]byte{0xc0, 0}, ""},
		})
	})
	t.Run("spatial layers", func(t *testing.T) {
		s := l2t2()
		see(t, []seen{
			{s.descriptor(true, true, 0, 65535, true), "frame end " + all},
			{s.descriptor(true, true, 3, 0, false), "frame end S1T0 ^S1T0123 ^S2T0123 ^S3T0123"},
			{s.descriptor(true, true, 1, 1, false), "frame end ^S0T0123"},
			{s.descriptor(true, true, 5, 2, false), "frame end S1T1"},
		})
	})
	t.Run("what is said of one frame goes before its template", func(t *testing.T) {
		s := l1t3()
		see(t, []seen{
			{s.descriptor(true, true, 0, 1, true), "frame end " + all},
			{s.descriptor(true, true, 2, 2, false, func(w *pen) { w.put(0b1100, 4) }, func(w *pen) {
				w.put(0b111, 3) // decode targets that are there
				w.put(0, 2)
				w.put(2, 2)
				w.put(0, 2)
			}), "frame end S0T1 ^S0T1 ^S1T1 ^S2T1 ^S3T1"},
			{s.descriptor(true, true, 1, 2, false, func(w *pen) { w.put(0b0100, 4) }), "frame end"}, // cut short
		})
	})
	t.Run("a structure takes the place of another", func(t *testing.T) {
		see(t, []seen{
			{l1t3().descriptor(true, true, 0, 1, true), "frame end " + all},
			{l2t2().descriptor(true, true, 0, 2, true), "frame end " + all},
			{l2t2().descriptor(true, true, 5, 3, false), "frame end S1T1"},
			{l1t3().descriptor(true, true, 0, 4, true)[:9], "frame end"}, // cut: there is none now
			{l2t2().descriptor(true, true, 5, 5, false), "frame end"},
		})
	})
}

type seen struct {
	b    []byte
	want string
}

func see(t *testing.T, packets []seen) {
	t.Helper()
	var d dependency
	for i, c := range packets {
		var s shape
		if d.look(c.b, &s, &sizes{}); s.say() != c.want {
			t.Errorf("packet %d: %q, want %q", i, s.say(), c.want)
		}
		for n := range len(c.b) {
			copied := dependency{}
			copied.look(c.b[:n:n], &shape{}, &sizes{})
		}
	}
	if n := testing.AllocsPerRun(100, func() {
		for _, c := range packets {
			var s shape
			d.look(c.b, &s, &sizes{})
		}
	}); n > float64(changes(packets)) { // one for each structure that is not as the one before
		t.Errorf("%v allocations", n)
	}
}

// changes is how often something is told that may be a structure.
func changes(packets []seen) (n int) {
	for _, c := range packets {
		if len(c.b) > 3 && c.b[3]&0x80 != 0 {
			n++
		}
	}
	if n == 1 {
		return 0 // the same again and again
	}
	return n
}

func FuzzDependency(f *testing.F) {
	f.Add(l1t3().descriptor(true, true, 0, 1, true), l1t3().descriptor(true, true, 2, 1, false))
	f.Add(l2t2().descriptor(true, true, 0, 1, true), l2t2().descriptor(true, true, 5, 1, false, func(w *pen) { w.put(0b1100, 4) }))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var d dependency
		for _, descriptor := range [][]byte{a, b, a} {
			var s shape
			d.look(descriptor, &s, &sizes{})
			if s.spatial > maxSpatial || s.temporal > maxTemporal || s.upper != 0 && !s.frame {
				t.Fatalf("%+v", s)
			}
			if s.targets == nil {
				continue
			}
			// Told of other targets, it says the same of the frame, and is as long as need be.
			told, again := d, shape{}
			mask := s.active &^ 1
			b := s.retarget(nil, descriptor, mask)
			told.look(b, &again, &sizes{})
			if again.spatial != s.spatial || again.temporal != s.temporal || again.upper != s.upper || told.active != mask {
				t.Fatalf("%x: %+v with %b is told as %x: %+v with %b", descriptor, s, mask, b, again, told.active)
			}
			if len(b) > len(descriptor)+6 {
				t.Fatalf("%x is told as %x", descriptor, b)
			}
		}
	})
}
