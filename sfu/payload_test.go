package sfu

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// say writes a shape in few words: what begins and ends, its layers, and where one may go up to from it.
func (s shape) say() string {
	var words []string
	for _, w := range []struct {
		is   bool
		word string
	}{{s.start, "start"}, {s.frame, "frame"}, {s.end, "end"}, {s.sync, "sync"}} {
		if w.is {
			words = append(words, w.word)
		}
	}
	if s.spatial+s.temporal > 0 {
		words = append(words, fmt.Sprintf("S%dT%d", s.spatial, s.temporal))
	}
	for spatial := range uint8(maxSpatial + 1) {
		row := ""
		for temporal := range uint8(maxTemporal + 1) {
			if s.upper.has(tierOf(spatial, temporal)) {
				row += strconv.Itoa(int(temporal))
			}
		}
		if row != "" {
			words = append(words, fmt.Sprintf("^S%dT%s", spatial, row))
		}
	}
	return strings.Join(words, " ")
}

func TestPayloadShapes(t *testing.T) {
	tests := []struct {
		name   string
		format format
		b      []byte
		want   string
	}{
		{"vp8 key frame", formatVP8, []byte{0x10, 0x00}, "start frame"},
		{"vp8 key frame with everything", formatVP8, []byte{0x90, 0xf0, 0x81, 0x02, 3, 4, 0x00}, "start frame"},
		{"vp8 short picture id", formatVP8, []byte{0x90, 0x80, 0x01, 0x00}, "start frame"},
		{"vp8 inter frame", formatVP8, []byte{0x10, 0x01}, "frame"},
		{"vp8 second packet", formatVP8, []byte{0x00, 0x00}, ""},
		{"vp8 second partition", formatVP8, []byte{0x11, 0x00}, ""},
		{"vp8 upper temporal layer", formatVP8, []byte{0x90, 0xe0, 0x81, 0x02, 3, 0x80, 0x01}, "frame S0T2"},
		{"vp8 layer sync", formatVP8, []byte{0x90, 0xe0, 0x81, 0x02, 3, 0x60, 0x01}, "frame sync S0T1"},
		{"vp8 layer sync of the lowest", formatVP8, []byte{0x90, 0xe0, 0x81, 0x02, 3, 0x20, 0x01}, "frame"},
		{"vp8 key index only", formatVP8, []byte{0x90, 0x10, 0xff, 0x01}, "frame"},
		{"vp8 cut", formatVP8, []byte{0x90, 0x80, 0x81}, ""},
		{"vp9 key frame", formatVP9, []byte{0x88, 0x80, 0x01, 0x00}, "start frame"},
		{"vp9 predicted", formatVP9, []byte{0xc8, 0x01, 0x00}, "frame"},
		{"vp9 goes on", formatVP9, []byte{0x80, 0x01, 0x00}, ""},
		{"vp9 ends", formatVP9, []byte{0xc4, 0x01, 0x00}, "end"},
		{"vp9 lowest layer", formatVP9, []byte{0xa8, 0x01, 0x00, 7, 0x00}, "start frame"},
		{"vp9 upper layer of a key picture", formatVP9, []byte{0xac, 0x01, 0x02, 7, 0x00}, "frame end S1T0"},
		{"vp9 switchable", formatVP9, []byte{0xe8, 0x01, 0x32, 7, 0x00}, "frame S1T1 ^S1T123"},
		{"vp9 flexible", formatVP9, []byte{0xf8, 0x01, 0x42, 0x04, 0x00}, "frame S1T2"},
		{"vp9 more layers than we know", formatVP9, []byte{0xe8, 0x01, 0xee, 7, 0x00}, "frame S3T3"},
		{"vp9 cut", formatVP9, []byte{0xa8, 0x01, 0x00}, ""},
		{"h264 sps", formatH264, []byte{0x67, 1}, "start frame"},
		{"h264 idr", formatH264, []byte{0x65, 1}, "start frame"},
		{"h264 slice", formatH264, []byte{0x41, 1}, "frame"},
		{"h264 stap-a with sps", formatH264, []byte{0x78, 0, 2, 0x68, 1, 0, 2, 0x67, 1}, "start frame"},
		{"h264 stap-a without", formatH264, []byte{0x78, 0, 2, 0x68, 1}, "frame"},
		{"h264 stap-a cut", formatH264, []byte{0x78, 0, 200, 0x67}, "frame"},
		{"h264 stap-a of nothing", formatH264, []byte{0x78, 0, 0, 0, 0, 0, 0}, "frame"},
		{"h264 fu-a begins idr", formatH264, []byte{0x7c, 0x85, 1}, "start frame"},
		{"h264 fu-a goes on", formatH264, []byte{0x7c, 0x05, 1}, "frame"},
		{"h264 fu-a of a slice", formatH264, []byte{0x7c, 0x81, 1}, "frame"},
		{"av1 sequence", formatAV1, []byte{0x18, 0x0a}, "start frame"},
		{"av1 goes on", formatAV1, []byte{0x98, 0x0a}, ""},
		{"av1 frame", formatAV1, []byte{0x10, 0x32}, "frame"},
		{"opus", formatOpus, []byte{1}, "start frame end"},
	}
	for _, c := range tests {
		look := func(b []byte) shape {
			r, p := parser{format: c.format}, packet{payload: b}
			r.look(&p)
			return p.shape
		}
		if got := look(c.b).say(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		for n := range len(c.b) { // cut anywhere, nothing may be read beyond
			look(c.b[:n:n])
		}
	}
}

// Chromium writes VP8 without picture ids and layers where the dependency descriptor is negotiated, which says them.
func TestDescriptorGoesBeforeThePayload(t *testing.T) {
	r := parser{format: formatVP8}
	for i, c := range []struct {
		descriptor, payload []byte
		want                string
	}{
		{nil, []byte{0x90, 0xe0, 0x81, 0x02, 3, 0x60, 0x01}, "frame sync S0T1"},
		{l1t3().descriptor(true, false, 3, 1, false), []byte{0x90, 0xe0, 0x81, 0x02, 3, 0x60, 0x01}, "frame sync S0T1"}, // not known yet
		{l1t3().descriptor(true, false, 0, 2, true), []byte{0x10, 0x00}, "start frame ^S0T0123 ^S1T0123 ^S2T0123 ^S3T0123"},
		{l1t3().descriptor(false, true, 0, 2, false), []byte{0x00, 0x00}, "end"},
		{l1t3().descriptor(true, true, 3, 3, false), []byte{0x30, 0x01}, "frame end S0T2"},
		{l1t3().descriptor(true, false, 3, 4, false), []byte{0x90, 0xe0, 0x81, 0x02, 3, 0x60, 0x01}, "frame S0T2"},
	} {
		p := packet{payload: c.payload}
		p.extensions[extensionDependency] = c.descriptor
		if r.look(&p); p.say() != c.want {
			t.Errorf("packet %d: %q, want %q", i, p.say(), c.want)
		}
	}
}

func TestSizes(t *testing.T) {
	vp8 := []byte{0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x42, 0xe0, 0x81} // 640x480, with bits for scaling
	vp9 := []byte{0xab, 0x01, 0x00, 7, 0x38, 0x01, 0x40, 0x00, 0xb4, 0x02, 0x80, 0x01, 0x68, 9}
	flexible := append([]byte{0xfb, 0x01, 0x00, 0x03, 0x02}, vp9[4:]...)
	for _, c := range []struct {
		name   string
		format format
		b      []byte
		want   []size
	}{
		{"vp8", formatVP8, vp8, []size{{640, 480}}},
		{"vp8 without a start code", formatVP8, vp8[:6], nil},
		{"vp8 inter frame", formatVP8, append([]byte{0x10, 0x11}, vp8[2:]...), nil},
		{"vp9", formatVP9, vp9, []size{{320, 180}, {640, 360}}},
		{"vp9 flexible, with references", formatVP9, flexible, []size{{320, 180}, {640, 360}}},
		{"vp9 without sizes", formatVP9, append([]byte{0xab, 0x01, 0x00, 7, 0x28}, vp9[5:]...), nil},
		{"vp9 without a structure", formatVP9, append([]byte{0xa9}, vp9[1:]...), nil},
	} {
		for n := range len(c.b) + 1 {
			r, p := parser{format: c.format}, packet{payload: c.b[:n:n]}
			r.look(&p)
			if got := r.sizes.of[:r.sizes.count]; n == len(c.b) && !slices.Equal(got, c.want) {
				t.Errorf("%s: %v", c.name, got)
			}
		}
	}
	var d dependency
	var got sizes
	d.look(l2t2().descriptor(true, true, 0, 1, true), &shape{}, &got)
	if got.count != 2 || got.of[1] != (size{1280, 720}) {
		t.Errorf("by descriptor: %v", got)
	}
	d.look(l1t3().descriptor(true, true, 0, 1, true), &shape{}, &got)
	if got.count != 2 {
		t.Error("forgotten by who does not say")
	}
}

// A slice of a key picture is where a decoder can begin only if nothing of the picture came before.
func TestH264StartsAtTheFirstSlice(t *testing.T) {
	r := parser{format: formatH264}
	for i, c := range []struct {
		timestamp uint32
		payload   []byte
		start     bool
	}{
		{100, []byte{0x65, 1}, true}, {100, []byte{0x65, 1}, false}, {100, []byte{0x67, 1}, true}, // a parameter set that comes late
		{200, []byte{0x41, 1}, false}, {300, []byte{0x65, 1}, true}, {200, []byte{0x65, 1}, false},
	} {
		p := packet{timestamp: c.timestamp, payload: c.payload}
		if r.look(&p); p.start != c.start {
			t.Errorf("packet %d: start is %v", i, p.start)
		}
	}
}

func TestPictureNumbersAreRewritten(t *testing.T) {
	vp8 := func(b []byte) counters { _, c, _ := parseVP8(b); return c }
	vp9 := func(b []byte) counters { _, c, _ := parseVP9(b); return c }
	for _, c := range []struct {
		parse func([]byte) counters
		b     []byte
	}{
		{vp8, []byte{0x90, 0xc0, 0x81, 0x02, 3, 0, 7}},
		{vp8, []byte{0x90, 0xc0, 0x02, 3, 0, 7}},
		{vp8, []byte{0x90, 0x40, 3, 0, 7}},
		{vp8, []byte{0x10, 0, 7}},
		{vp9, []byte{0xac, 0x81, 0x02, 0x02, 9, 0, 7}},
		{vp9, []byte{0xac, 0x01, 0x02, 9, 0, 7}},
		{vp9, []byte{0xbc, 0x01, 0x02, 0, 7}},
		{vp9, []byte{0x0c, 0, 7}},
	} {
		d := c.parse(c.b)
		out := slices.Clone(c.b)
		d.write(out, 0x1234, 200)
		got, want := c.parse(out), d
		if d.pictureAt > 0 {
			if want.pictureID = 0x1234; !d.pictureLong {
				want.pictureID = 0x34
			}
		}
		if d.tl0At > 0 {
			want.tl0 = 200
		}
		if got != want || len(out) != len(c.b) || out[len(out)-1] != 7 {
			t.Errorf("% x became % x: %+v, want %+v", c.b, out, got, want)
		}
	}
}

// FuzzPayload feeds every parser of payloads and packets what a stranger may send.
func FuzzPayload(f *testing.F) {
	f.Add([]byte{0x90, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0xbe, 0xde, 0, 1, 0x10, 0x80, 0, 0, 1, 2, 3})
	f.Add([]byte{0xb0, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0x10, 0, 0, 1, 1, 2, 3, 4, 0x90, 0xf0, 0x81, 2, 3, 4, 0, 1})
	f.Add([]byte{0x80, 102, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0x78, 0, 2, 0x68, 1, 0, 2, 0x67, 1})
	f.Add([]byte{0x80, 98, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0xac, 0x81, 0x02, 0x32, 9, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		o := newScratch()
		for _, format := range []format{formatOpus, formatVP8, formatVP9, formatH264, formatAV1} {
			r := parser{format: format, ids: extensionIDs{1, 2, 3, 4}}
			var p packet
			if r.read(b, &p) != nil {
				continue
			}
			r.look(&p)
			if (p.start || p.frame) && len(p.payload) == 0 {
				t.Fatal("nothing to begin with")
			}
			if p.start && p.spatial > 0 || p.spatial > maxSpatial || p.temporal > maxTemporal {
				t.Fatalf("layers of %+v", p.shape)
			}
			out := slices.Clone(p.payload)
			p.write(out, 0x7fff, 0xff)
			again := packet{payload: out}
			if r.recall(&again, p.shape); again.pictureAt != p.pictureAt || again.tl0At != p.tl0At || again.shape != p.shape {
				t.Fatalf("rewritten payload differs: %+v, %+v", again.counters, p.counters)
			}
			o.header.Extension, o.header.Extensions = false, o.header.Extensions[:0]
			o.extend(&p, &extensionIDs{5, 6, 7, 8}, 0, &rewritten{frame: 1234})
			if _, err := o.header.Marshal(); err != nil {
				t.Fatalf("extensions cannot be sent: %v", err)
			}
		}
	})
}
