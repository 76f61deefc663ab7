package sfu

import (
	"bufio"
	"encoding/hex"
	"fmt"
	mathbits "math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// recorded is what Chromium sent of one stream with three sizes and three rates: of each packet its number, timestamp, marker,
// dependency descriptor, the first bytes of its payload, and how long that is.
func recorded(t *testing.T, file string) (packets []packet, looks func() *parser) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata/svc", file))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var p packet
		var descriptor, payload string
		var size int
		if _, err := fmt.Sscan(lines.Text(), &p.sequence, &p.timestamp, &p.marker, &descriptor, &payload, &size); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		p.payload = make([]byte, size)
		if _, err := hex.Decode(p.payload, []byte(payload)); err != nil {
			t.Fatal(err)
		}
		if p.extensions[extensionDependency], err = hex.DecodeString(descriptor); err != nil {
			t.Fatal(err)
		}
		packets = append(packets, p)
	}
	of := formatVP9
	if strings.HasPrefix(file, "av1") {
		of = formatAV1
	}
	return packets, func() *parser { return &parser{format: of} }
}

// forwarded is one packet of a recording on its way out.
type forwarded struct {
	in  packet
	out rewritten
	b   []byte // its descriptor
}

// play sends a recording on, aimed at what a function says for each packet.
func play(packets []packet, r *parser, aim func(i int) tier) (sent []forwarded) {
	f := newForwarder(Video, 0, 0)
	o := newScratch()
	now := time.Unix(1000, 0)
	f.begin(aim(0))
	for i, p := range packets {
		f.selection.aim = aim(i)
		r.look(&p)
		if out, ok := f.translate(&p, now); ok {
			o.header.Extensions = o.header.Extensions[:0]
			o.extend(&p, &extensionIDs{extensionDependency: 7}, 0, &out)
			sent = append(sent, forwarded{p, out, slices.Clone(o.header.GetExtension(7))})
		}
	}
	return sent
}

// Of a stream with all sizes in it everybody is sent some, as a stream that has no more: the numbers of packets are dense, each
// picture ends with its last packet, and the descriptors say what is active.
func TestLayersOfOneStream(t *testing.T) {
	for _, file := range []string{"vp9-l3t3-key.txt", "av1-l3t3-key.txt"} {
		packets, looks := recorded(t, file)
		for spatial := range uint8(3) {
			for temporal := range uint8(3) {
				aim := tierOf(spatial, temporal)
				t.Run(fmt.Sprintf("%s up to S%dT%d", file, spatial, temporal), func(t *testing.T) {
					sent := play(packets, looks(), func(int) tier { return aim })
					checkStream(t, sent)
					want := 0
					r := looks()
					for _, p := range packets {
						if r.look(&p); aim.takes(&p.shape) {
							want++
						}
					}
					if len(sent) != want || want == 0 {
						t.Errorf("%d packets, of %d", len(sent), want)
					}
					reader, given := dependency{}, dependency{}
					for i, s := range sent {
						var in, out shape
						var sizes sizes
						given.look(s.in.extensions[extensionDependency], &in, &sizes)
						reader.look(s.b, &out, &sizes)
						if in.spatial != out.spatial || in.temporal != out.temporal || in.upper != out.upper || in.frame != out.frame || in.end != out.end {
							t.Fatalf("packet %d: %+v is told as %+v", i, in, out)
						}
						// Nine targets: one for each size and rate.
						if n, most := mathbits.OnesCount32(reader.active), (int(spatial)+1)*(int(temporal)+1); n == 0 || n > most || n > mathbits.OnesCount32(given.active) {
							t.Fatalf("packet %d: %d targets are active: %b of %b", i, n, reader.active, given.active)
						}
						if given.active == given.targets.all() && mathbits.OnesCount32(reader.active) != (int(spatial)+1)*(int(temporal)+1) {
							t.Fatalf("packet %d: active are %b", i, reader.active)
						}
					}
				})
			}
		}
	}
}

// Who is sent all of it is sent what there was, but for the numbers of frames.
func TestAllOfOneStreamIsSentAsItIs(t *testing.T) {
	for _, file := range []string{"vp9-l3t3-key.txt", "av1-l3t3-key.txt"} {
		packets, looks := recorded(t, file)
		sent := play(packets, looks(), func(int) tier { return top })
		if len(sent) != len(packets) {
			t.Errorf("%s: %d of %d packets", file, len(sent), len(packets))
		}
		for i, s := range sent {
			was := s.in.extensions[extensionDependency]
			if string(s.b[3:]) != string(was[3:]) || s.b[0] != was[0] {
				t.Fatalf("%s, packet %d: %x is told as %x", file, i, was, s.b)
			}
		}
	}
}

// Down in the middle of a stream and up again: what is active is said until the next structure, also when it is all of it.
func TestWhatIsActiveIsSaidUntilAllKnow(t *testing.T) {
	for _, file := range []string{"vp9-l3t3-key.txt", "av1-l3t3-key.txt"} {
		packets, looks := recorded(t, file)
		sent := play(packets, looks(), func(i int) tier {
			if i > 40 && i < 60 {
				return tierOf(0, 0)
			}
			return top
		})
		checkStream(t, sent)
		var reader, given dependency
		var sizes sizes
		fewer, all := false, false
		for i, s := range sent {
			var in, out shape
			given.look(s.in.extensions[extensionDependency], &in, &sizes)
			reader.look(s.b, &out, &sizes)
			if len(s.b) > 3 && s.b[3]&0x40 != 0 && reader.active == given.active {
				all = all || fewer
			}
			fewer = fewer || mathbits.OnesCount32(reader.active) == 1
			// A reader that lost all before this packet but the structure is told what one knows who has all.
			if s.out.masks && s.out.mask != reader.active || !s.out.masks && reader.active != given.active {
				t.Fatalf("%s, packet %d: %b is active, known is %b", file, i, given.active, reader.active)
			}
		}
		if !fewer {
			t.Errorf("%s: nothing was left out", file)
		}
		t.Logf("%s: all is said to be active again: %v", file, all)
	}
}

// checkStream checks what a receiver sees of any stream.
func checkStream(t *testing.T, sent []forwarded) {
	t.Helper()
	for i := 1; i < len(sent); i++ {
		before, s := sent[i-1].out, sent[i].out
		if s.sequence != before.sequence+1 {
			t.Fatalf("packet %d: number %d after %d", i, s.sequence, before.sequence)
		}
		if ends := s.timestamp != before.timestamp; ends != before.marker {
			t.Fatalf("packet %d: ends a picture: %v, has the marker: %v", i-1, ends, before.marker)
		}
	}
}
