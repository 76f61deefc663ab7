package sfu

import (
	"testing"
	"time"

	"github.com/pion/rtp"
)

// wrap is a RED payload: blocks, the newest last, all of one payload type.
func wrap(payload uint8, blocks ...string) (b []byte) {
	for i, block := range blocks {
		if back := 960 * (len(blocks) - 1 - i); back > 0 {
			b = append(b, 0x80|payload, byte(back>>6), byte(back<<2)|byte(len(block)>>8), byte(len(block)))
		} else {
			b = append(b, payload)
		}
	}
	for _, block := range blocks {
		b = append(b, block...)
	}
	return b
}

func TestPrimaryOf(t *testing.T) {
	for _, c := range []struct {
		name, want string
		b          []byte
	}{
		{"one block", "new", wrap(111, "new")},
		{"two", "new", wrap(111, "old", "new")},
		{"three, one of them empty", "new", wrap(111, "older", "", "new")},
		{"nothing", "", nil},
		{"a header alone", "", []byte{111}},
		{"a header that is cut short", "", []byte{0x80 | 111, 0}},
		{"blocks that are cut short", "", wrap(111, "old", "new")[:8]},
		{"no last header", "", []byte{0x80 | 111, 0, 0, 0}},
		{"a primary part of nothing", "", wrap(111, "old", "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			primary, payload, ok := primaryOf(c.b)
			if string(primary) != c.want || ok != (c.want != "") || ok && payload != 111 {
				t.Errorf("%q as %d, %v", primary, payload, ok)
			}
		})
	}
}

func FuzzPrimaryOf(f *testing.F) {
	f.Add(wrap(111, "old", "new"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if primary, payload, ok := primaryOf(b); ok && (len(primary) == 0 || payload > 127) {
			t.Fatalf("%x as %d", primary, payload)
		}
	})
}

// talker sends RED as 63 around Opus as 111.
type talker struct {
	t     *testing.T
	layer *layer
	now   time.Time
	next  uint16
}

func newTalker(t *testing.T) *talker {
	l := newLayer(newTrack("0", Audio, "audio/opus", ""), &nobody{}, 1, 111, extensionIDs{})
	l.parser.red = 63
	return &talker{t: t, layer: l, now: time.Unix(1000, 0)}
}

func (k *talker) say(payloadType uint8, timestamp uint32, payload []byte) {
	k.t.Helper()
	p := rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: payloadType, SequenceNumber: k.next, Timestamp: timestamp, SSRC: 1},
		Payload: payload,
	}
	k.next++
	b, err := p.Marshal()
	if err != nil {
		k.t.Fatal(err)
	}
	k.layer.take(b, k.now)
	k.now = k.now.Add(20 * time.Millisecond)
}

// Who offered RED gets it as it is, who did not, or has other numbers, the primary part; what comes without it goes without it.
func TestREDIsPassedOnOrUnwrapped(t *testing.T) {
	for _, c := range []struct {
		name      string
		opus, red uint8
		want      []uint8 // payload types of three packets
	}{
		{"offered", 111, 63, []uint8{63, 63, 111}},
		{"not offered", 111, 0, []uint8{111, 111, 111}},
		{"Opus is another number", 109, 63, []uint8{109, 109, 109}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, w := newTalker(t), &tape{}
			s := boundSlot(Audio, w)
			s.rtxSSRC = 0
			s.formats["audio/opus"], s.red = slotFormat{payload: c.opus}, c.red
			s.show(k.layer)
			wrapped := [][]byte{wrap(111, "one"), wrap(111, "one", "two")}
			k.say(63, 960, wrapped[0])
			k.say(63, 1920, wrapped[1])
			k.say(63, 2880, []byte{0x80 | 111, 0, 0, 0}) // broken: it is as if it had been padding
			k.say(111, 3840, []byte("plain"))
			k.say(99, 4800, []byte("unasked"))
			bodies := []string{"one", "two", "plain"}
			if len(w.packets) != len(bodies) {
				t.Fatalf("%d packets", len(w.packets))
			}
			check := func(i int, p rtp.Packet) {
				want := bodies[i]
				if c.want[i] == c.red {
					want = string(wrapped[i])
				}
				if p.PayloadType != c.want[i] || string(p.Payload) != want {
					t.Errorf("packet %d is %q as %d", i, p.Payload, p.PayloadType)
				}
			}
			for i, p := range w.packets {
				check(i, p)
			}
			continuous(t, w.packets)
			// The same again, when it is asked for.
			second := w.packets[1].SequenceNumber
			if !s.repeat(second, newRepeater(), k.now) || w.packets[3].SequenceNumber != second {
				t.Fatal("it is not sent again")
			}
			check(1, w.packets[3])
			if n := testing.AllocsPerRun(100, func() { s.fillLocked(&packet{payload: wrapped[1], red: true}, rewritten{}, newScratchOnce) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

var newScratchOnce = newScratch()

// A microphone that is silent sends a packet now and then (DTX): its times stay what they are, and what Opus has in its payload for
// who loses a packet (in-band FEC) is not looked at.
func TestSilenceIsPassedOn(t *testing.T) {
	k, w := newTalker(t), &tape{}
	boundSlot(Audio, w).show(k.layer)
	payloads := [][]byte{[]byte("\x78speech, and the packet before it"), {0x78}, {0x78}, []byte("\x78speech")}
	at := []uint32{960, 1920, 1920 + 400*48, 1920 + 800*48}
	for i, payload := range payloads {
		k.say(111, at[i], payload)
	}
	if len(w.packets) != len(payloads) {
		t.Fatalf("%d packets", len(w.packets))
	}
	for i, p := range w.packets {
		if string(p.Payload) != string(payloads[i]) || p.Timestamp-w.packets[0].Timestamp != at[i]-at[0] {
			t.Errorf("packet %d is %q at %d", i, p.Payload, p.Timestamp-w.packets[0].Timestamp)
		}
	}
	continuous(t, w.packets)
}
