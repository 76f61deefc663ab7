package front

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// to is a destination by its letter.
func to(letter byte) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, letter}), 1000)
}

// planned writes a plan as one word for each message: the destination's letter, then the sizes.
func planned(b *batch) string {
	var words []string
	for _, m := range b.messages {
		var sizes []string
		for _, i := range b.order[m.begin:m.end] {
			sizes = append(sizes, fmt.Sprint(len(b.data(i))))
		}
		words = append(words, string(b.packets[b.order[m.begin]].to.Addr().As4()[3])+strings.Join(sizes, ","))
	}
	return strings.Join(words, " ")
}

func TestPlan(t *testing.T) {
	for _, tt := range []struct {
		name     string
		packets  string // a letter, then the size
		segments int
		want     string
	}{
		{"one", "A9", 64, "A9"},
		{"a frame to one", "A9 A9 A9 A4", 64, "A9,9,9,4"},
		{"a frame to three", "A9 B9 C9 A9 B9 C9 A4 B4 C4", 64, "A9,9,4 B9,9,4 C9,9,4"},
		{"smaller ends a message", "A9 A4 A4 A4 A9", 64, "A9,4 A4,4 A9"},
		{"larger begins one", "A4 A9 A9", 64, "A4 A9,9"},
		{"nothing goes alone", "A9 A0 A9 A0 A0", 64, "A9 A0 A9 A0 A0"},
		{"as many as the kernel cuts", "A9 A9 A9 A9 A9", 2, "A9,9 A9,9 A9"},
		{"as long as a packet may be", "A30000 A30000 A30000", 64, "A30000,30000 A30000"},
		{"a kernel that does not cut", "A9 B9 A9 B9", 1, "A9 B9 A9 B9"},
	} {
		b := newBatch(make([]byte, batchBytes))
		for word := range strings.FieldsSeq(tt.packets) {
			var size int
			if _, err := fmt.Sscan(word[1:], &size); err != nil {
				t.Fatal(err)
			}
			b.add(make([]byte, size), to(word[0]))
		}
		b.plan(tt.segments)
		if got := planned(b); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestSplit(t *testing.T) {
	b := newBatch(make([]byte, batchBytes))
	for _, letter := range []byte("AABBBCC") {
		b.add(make([]byte, 9), to(letter))
	}
	b.plan(64)
	b.split(1)
	if got, want := planned(b), "A9,9 B9 B9 B9 C9,9"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for i := 0; i < len(b.messages); i++ {
		b.split(i)
	}
	if got, want := planned(b), "A9 A9 B9 B9 B9 C9 C9"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Two destinations of one place get their own packets, each in order.
func TestPlanOfDestinationsOfOnePlace(t *testing.T) {
	a := to('A')
	other := a
	for port := uint16(1); other == a || place(other) != place(a); port++ {
		other = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 'B'}), port)
	}
	b := newBatch(make([]byte, batchBytes))
	for range 3 {
		b.add(make([]byte, 9), a)
		b.add(make([]byte, 9), other)
	}
	b.plan(64)
	if got, want := planned(b), "A9 B9 A9 B9 A9 B9"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestPlacesAreSpread(t *testing.T) {
	seen := map[int]bool{}
	for port := range uint16(256) {
		seen[place(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), 40000+port))] = true
	}
	for low := range byte(255) {
		seen[place(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, low}), 5000))] = true
	}
	if len(seen) < 300 {
		t.Errorf("511 destinations have %d places", len(seen))
	}
}

func TestBatchIsBounded(t *testing.T) {
	b := newBatch(make([]byte, batchBytes))
	for b.fits(1) {
		b.add([]byte{1}, to('A'))
	}
	if len(b.packets) != batchPackets {
		t.Errorf("%d packets, want %d", len(b.packets), batchPackets)
	}
	b.reset()
	large := make([]byte, maxDatagram)
	for b.fits(len(large)) {
		b.add(large, to('A'))
	}
	if got := len(b.bytes); got > batchBytes || got < batchBytes-maxDatagram {
		t.Errorf("%d bytes, want nearly %d", got, batchBytes)
	}
}

// Whatever is put in comes out once, for its destination, in order, and as the kernel wants it.
func FuzzPlan(f *testing.F) {
	f.Add([]byte{1, 200, 2, 200, 1, 200, 2, 100, 1, 0, 1, 200}, byte(64))
	f.Add([]byte{1, 1, 1, 2, 1, 1, 1, 1, 3, 1, 1, 9}, byte(2))
	memory := make([]byte, batchBytes)
	f.Fuzz(func(t *testing.T, in []byte, segments byte) {
		most := max(1, int(segments)%(maxSegments+1))
		b := newBatch(memory)
		sent := map[netip.AddrPort][]uint32{}
		for n := uint32(0); len(in) >= 2; in, n = in[2:], n+1 {
			// Ports far apart share places now and then, sizes go up to what a batch must still cut by its bytes.
			to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), uint16(in[0])*257)
			p := make([]byte, int(in[1])*int(in[1]))
			if len(p) >= 4 {
				binary.BigEndian.PutUint32(p, n)
			}
			if !b.fits(len(p)) {
				break
			}
			b.add(p, to)
			sent[to] = append(sent[to], n)
			if !b.holds(place(to)) {
				t.Fatalf("does not hold %v", to)
			}
		}
		b.plan(most)
		if cut := int(segments) / (maxSegments + 1); cut > 0 && len(b.messages) > cut {
			b.split(cut)
		}
		got := map[netip.AddrPort][]uint32{}
		for _, m := range b.messages {
			first := b.packets[b.order[m.begin]]
			total := 0
			for k, i := range b.order[m.begin:m.end] {
				p := b.packets[i]
				data := b.data(i)
				total += len(data)
				last := k == int(m.end-m.begin)-1
				switch {
				case p.to != first.to:
					t.Fatalf("%v and %v in one message", p.to, first.to)
				case p.size() != first.size() && !(last && p.size() < first.size()):
					t.Fatalf("%d bytes in a message of %d, last: %v", p.size(), first.size(), last)
				case p.size() == 0 && m.end-m.begin > 1:
					t.Fatal("a packet of nothing with others")
				case len(data) >= 4 && binary.BigEndian.Uint32(data) != uint32(i):
					t.Fatalf("packet %d has what is of %d", i, binary.BigEndian.Uint32(data))
				}
				got[p.to] = append(got[p.to], uint32(i))
			}
			if n := int(m.end - m.begin); n < 1 || n > most || n > 1 && total > maxRunBytes {
				t.Fatalf("a message of %d packets, %d bytes", n, total)
			}
		}
		for to, want := range sent {
			if !slices.Equal(got[to], want) {
				t.Fatalf("%v gets %v, want %v", to, got[to], want)
			}
		}
		if len(got) != len(sent) {
			t.Fatalf("%d destinations, want %d", len(got), len(sent))
		}
	})
}
