package sfu

import (
	"testing"
	"time"
)

// BenchmarkSlotWrite is one packet to one more slot, up to the encryption.
func BenchmarkSlotWrite(b *testing.B) {
	l := testLayer(Video, "video/VP8")
	s := boundSlot(Video, &discard{})
	s.show(l)
	now, sequence := time.Now(), uint16(0)
	b.ReportAllocs()
	for b.Loop() {
		sequence++
		now = now.Add(time.Millisecond)
		p := &l.hand[0].packet
		*p = packet{
			sequence: sequence, timestamp: uint32(sequence) * 90, payload: l.hand[0].buf[:1100], shape: shape{start: sequence == 1},
			counters: counters{pictureID: sequence, tl0: byte(sequence), pictureAt: 2, pictureLong: true, tl0At: 4},
		}
		s.write(l, p, l.scratch, now)
	}
}

// BenchmarkTake is one packet of a publisher to thirty slots, up to the encryption.
func BenchmarkTake(b *testing.B) {
	l := testLayer(Video, "video/VP8")
	for range 30 {
		boundSlot(Video, &discard{}).show(l)
	}
	var packets [][]byte
	for i := range 1 << 16 {
		packets = append(packets, vp8Packet(uint16(i), uint32(i)*90, 1100, i == 0))
	}
	i, now := 0, time.Now()
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Millisecond)
		l.take(packets[i&0xffff], now)
		i++
	}
}

// BenchmarkSlotWriteNumbered is the same to a browser that reports what comes when, on a line that has room.
func BenchmarkSlotWriteNumbered(b *testing.B) {
	l := testLayer(Video, "video/VP8")
	s := numbered(boundSlot(Video, &discard{}))
	s.show(l)
	now, sequence := time.Now(), uint16(0)
	b.ReportAllocs()
	for b.Loop() {
		sequence++
		now = now.Add(time.Second) // so that nothing waits
		p := &l.hand[0].packet
		*p = packet{
			sequence: sequence, timestamp: uint32(sequence) * 90, payload: l.hand[0].buf[:1100], shape: shape{start: sequence == 1},
			counters: counters{pictureID: sequence, tl0: byte(sequence), pictureAt: 2, pictureLong: true, tl0At: 4},
		}
		s.write(l, p, l.scratch, now)
	}
}
