package sfu

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// Without a stream for retransmission what is sent again are the same bytes, also the number: they are under the same key.
func TestSentAgainUnderTheSameNumber(t *testing.T) {
	w := &spool{}
	s := numbered(boundSlot(Audio, w))
	l := testLayer(Audio, "audio/opus")
	s.show(l)
	now := time.Now()
	for i := range 10 {
		b, err := (&rtp.Packet{
			Header:  rtp.Header{Version: 2, PayloadType: 100, SequenceNumber: uint16(i), Timestamp: uint32(i) * 960, SSRC: 1},
			Payload: fmt.Appendf(nil, "opus %d", i),
		}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		l.take(b, now)
	}
	r := newRepeater()
	for i := range 10 {
		was := w.packets[i]
		if !s.repeat(was.SequenceNumber, r, now) {
			t.Fatal("not sent again")
		}
		before, _ := was.Marshal()
		if now, _ := w.packets[len(w.packets)-1].Marshal(); !bytes.Equal(before, now) {
			t.Errorf("sent again as %x, was %x", now, before)
		}
	}
}

func TestPadding(t *testing.T) {
	w := &spool{}
	s := numbered(boundSlot(Video, w))
	now := time.Now()
	r := newRepeater()
	r.scratch.number = [2]byte{9, 9}
	s.pad(600, r, now) // before anything has flowed
	total := 0
	for _, p := range w.packets {
		if p.SSRC != 78 || p.PayloadType != 97 || !p.Padding || p.Header.PaddingSize == 0 || len(p.Payload) != 0 {
			t.Errorf("padding %+v", p)
		}
		total += p.MarshalSize()
	}
	if len(w.packets) != 3 || len(w.numbers) != 3 {
		t.Fatalf("%d packets, %d bytes", len(w.packets), total)
	}
	f := &film{l: testLayer(Video, "video/VP8")}
	s.show(f.l)
	f.frame(3, true, now.Add(2*time.Second))
	n := len(w.packets)
	s.pad(5000, r, now.Add(2*time.Second))
	total = 0
	seen := map[uint16]bool{}
	for i, p := range w.packets[n:] {
		if p.SSRC != 78 || p.PayloadType != 97 {
			t.Errorf("padding %+v", p)
		}
		if len(p.Payload) > 1000 {
			seen[binary.BigEndian.Uint16(p.Payload)] = true
		}
		if i > 0 && p.SequenceNumber != w.packets[n+i-1].SequenceNumber+1 {
			t.Error("a number is left out")
		}
		total += p.MarshalSize()
	}
	if len(seen) != 3 || total < 5000 || total > 7000 {
		t.Errorf("%d of 3 packets were used, %d bytes", len(seen), total)
	}
	s.line.tick(now.Add(3*time.Second), 0)
	if got := s.counts.padding.Load(); got < uint64(total) {
		t.Errorf("%d bytes are counted, %d were sent", got, total)
	}
	bare := numbered(boundSlot(Video, w))
	bare.formats, bare.rtxSSRC = map[string]slotFormat{"video/vp8": {payload: 96}}, 0
	n = len(w.packets)
	if bare.pad(600, r, now); bare.pads() || len(w.packets) != n {
		t.Error("padding without a stream for it")
	}
}

func TestNumberedForwardingAllocatesNothing(t *testing.T) {
	l := testLayer(Video, "video/VP8")
	s := numbered(boundSlot(Video, &discard{}))
	s.show(l)
	now, sequence := time.Now(), uint16(0)
	one := func() {
		sequence++
		now = now.Add(10 * time.Millisecond)
		p := &l.hand[0].packet
		*p = packet{sequence: sequence, timestamp: uint32(sequence) * 90, payload: l.hand[0].buf[:300], shape: shape{start: true}}
		s.write(l, p, l.scratch, now)
	}
	for range 5000 {
		one()
	}
	if n := testing.AllocsPerRun(5000, one); n != 0 {
		t.Errorf("%v allocations for a packet with a number", n)
	}
	o := newScratch()
	o.header.Extension, o.header.ExtensionProfile = true, rtp.ExtensionProfileOneByte
	_ = o.header.SetExtension(testNumberID, o.number[:])
	q, p, out := queue{}, outgoing{number: testNumberID, size: 1000}, newScratch()
	wait := func() {
		for range 40 {
			q.push(&p, &o.header, l.hand[0].buf[:1000], now)
		}
		for q.len() > 0 {
			if payload, ok := q.head().unpack(out, 7); !ok || len(payload) != 1000 || out.header.GetExtension(testNumberID)[1] != 7 {
				t.Fatal("other bytes come out")
			}
			q.pop()
		}
	}
	wait()
	if n := testing.AllocsPerRun(100, wait); n != 0 {
		t.Errorf("%v allocations for packets that wait", n)
	}
}
