package client

import (
	"testing"

	"github.com/pion/rtp/codecs"
)

func TestVideoIsVP8(t *testing.T) {
	v := NewVideo(65534, 1<<32-1, 0x7fff)
	picture, sequence := uint16(0x7fff), uint16(65534)
	for frame := range 5 {
		if frame == 3 {
			v.RequestKeyframe()
		}
		packets := v.Next()
		for i, p := range packets {
			var vp8 codecs.VP8Packet
			if _, err := vp8.Unmarshal(p.Payload); err != nil {
				t.Fatal(err)
			}
			if vp8.PictureID != picture || vp8.I != 1 || vp8.L != 1 || PictureID(p.Payload) != picture {
				t.Errorf("frame %d: picture id %d, want %d", frame, vp8.PictureID, picture)
			}
			if (vp8.S == 1) != (i == 0) || p.Marker != (i == len(packets)-1) {
				t.Errorf("frame %d packet %d: start %d, marker %t", frame, i, vp8.S, p.Marker)
			}
			if key := IsKeyframe(p.Payload); key != (i == 0 && (frame == 0 || frame == 3)) {
				t.Errorf("frame %d packet %d: keyframe %t", frame, i, key)
			}
			if n, ok := Stamp(p.Payload); !ok || n != uint64(frame*len(packets)+i) {
				t.Errorf("frame %d packet %d: stamp %d", frame, i, n)
			}
			if p.SequenceNumber != sequence {
				t.Errorf("sequence %d, want %d", p.SequenceNumber, sequence)
			}
			sequence++
		}
		picture = (picture + 1) & 0x7fff
	}
}

func TestAudioIsOpus(t *testing.T) {
	a := NewAudio(7, 100)
	first, second := a.Next(), a.Next()
	if second.Timestamp-first.Timestamp != 960 || second.SequenceNumber != 8 || len(first.Payload) != audioBytes {
		t.Errorf("%+v then %+v", first.Header, second.Header)
	}
	if n, _ := Stamp(second.Payload); n != 1 {
		t.Errorf("stamp %d", n)
	}
}

func TestSlotAfter(t *testing.T) {
	after := uint32(1<<32 - 100)
	m := &media{slots: map[string]*slot{"2": {Binding{Mid: "2", Track: "t_b", After: &after}}, "3": {Binding{Mid: "3"}}}}
	for _, tt := range []struct {
		mid  string
		ts   uint32
		want bool
	}{
		{"2", 1<<32 - 200, false}, // of the former track
		{"2", 1<<32 - 100, false}, // its last frame
		{"2", 50, true},           // the new one, after the wrap
		{"2", 1<<32 - 100, true},  // from now on all is the new one's
		{"3", 5, false},           // empty
		{"9", 5, false},           // no such slot
	} {
		if _, got := m.shows(tt.mid, tt.ts); got != tt.want {
			t.Errorf("slot %s at %d: %t, want %t", tt.mid, tt.ts, got, tt.want)
		}
	}
}
