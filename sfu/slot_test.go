package sfu

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// wire is a writer that keeps the last packet.
type wire struct {
	header  rtp.Header
	payload []byte
	n       int
}

func (w *wire) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	w.header, w.payload = *h, append(w.payload[:0], payload...)
	w.header.Extensions = nil
	w.n++
	return len(payload), nil
}

// boundSlot is a slot as pion would have bound it.
func boundSlot(kind Kind, w rtpWriter) *slot {
	s := newSlot(nil, mediaLine{mid: "0", kind: kind})
	s.counts = &counts{}
	s.writer, s.ssrc, s.rtxSSRC = w, 77, 78
	s.formats = map[string]slotFormat{
		"video/vp8": {payload: 96, rtx: 97}, "audio/opus": {payload: 111},
	}
	s.ids[extensionLevel], s.ids[extensionDependency] = 5, 6
	return s
}

// show aims at all of a layer.
func (s *slot) show(l *layer) { s.aim(target{l, maxSpatial, maxTemporal}, time.Now()) }

// nobody is a publisher without a connection.
type nobody struct{ asked int }

func (n *nobody) askAgain(uint32, []uint16) { n.asked++ }
func (*nobody) poke()                       {}
func (*nobody) dropped(string)              {}

func testLayer(kind Kind, mime string) *layer {
	return newLayer(newTrack("0", kind, mime, ""), &nobody{}, 1, 100, extensionIDs{extensionLevel: 3})
}

func vp8Packet(sequence uint16, timestamp uint32, size int, key bool) []byte {
	p := rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: 100, SequenceNumber: sequence, Timestamp: timestamp, SSRC: 1},
		Payload: append(vp8Descriptor(true, sequence, byte(sequence), key), make([]byte, size)...),
	}
	b, err := p.Marshal()
	if err != nil {
		panic(err)
	}
	return b
}

// TestForwardingAllocatesNothing is the promise that a room's cost does not depend on the garbage collector: a packet
// to one more slot, and a packet taken in, allocate nothing once things are running.
func TestForwardingAllocatesNothing(t *testing.T) {
	for _, rewrites := range []bool{false, true} {
		for _, c := range []struct {
			kind Kind
			mime string
		}{{Video, "video/VP8"}, {Audio, "audio/opus"}} {
			l := testLayer(c.kind, c.mime)
			s := boundSlot(c.kind, &discard{})
			if rewrites { // another source before, so that picture ids differ
				s.forward.pictures, s.forward.sent, s.forward.pictureID = true, true, 500
			}
			s.show(l)
			now, sequence := time.Now(), uint16(0)
			one := func() {
				sequence++
				now = now.Add(time.Millisecond)
				p := &l.hand[0].packet
				*p = packet{
					sequence: sequence, timestamp: uint32(sequence) * 90, payload: l.hand[0].buf[:1200], shape: shape{start: true},
				}
				p.extensions[extensionLevel] = l.hand[0].buf[:1]
				if c.kind == Video {
					p.counters = counters{pictureID: sequence, tl0: byte(sequence), pictureAt: 2, pictureLong: true, tl0At: 4}
					p.extensions[extensionDependency] = l.hand[0].buf[:20]
				}
				s.write(l, p, l.scratch, now)
			}
			for range 2000 {
				one()
			}
			if n := testing.AllocsPerRun(5000, one); n != 0 {
				t.Errorf("%s, rewritten %v: one packet to one more slot allocates %v times", c.kind, rewrites, n)
			}
		}
	}

	l := testLayer(Video, "video/VP8")
	for range 10 {
		boundSlot(Video, &discard{}).show(l)
	}
	var packets [][]byte
	for i := range 1 << 16 {
		packets = append(packets, vp8Packet(uint16(i), uint32(i)*90, 100, i == 0))
	}
	i, now := 0, time.Now()
	take := func() {
		now = now.Add(time.Millisecond)
		l.take(packets[i&0xffff], now)
		i++
	}
	for range 2000 {
		take()
	}
	if n := testing.AllocsPerRun(5000, take); n != 0 {
		t.Errorf("a packet taken in and sent to ten slots allocates %v times", n)
	}
}

// discard is a connection that takes everything.
type discard struct{}

func (*discard) WriteRTP(*rtp.Header, []byte) (int, error) { return 0, nil }

func TestSlotSendsAgain(t *testing.T) {
	l := testLayer(Video, "video/VP8")
	w := &wire{}
	s := boundSlot(Video, w)
	s.show(l)
	now := time.Now()
	sent := map[uint16]wire{}
	for i := range 100 {
		now = now.Add(time.Millisecond)
		l.take(vp8Packet(uint16(65500+i), uint32(i)*3000, 20+i, i == 0), now)
		sent[w.header.SequenceNumber] = wire{header: w.header, payload: append([]byte(nil), w.payload...)}
	}
	if len(sent) != 100 {
		t.Fatalf("%d were sent", len(sent))
	}
	r := newRepeater()
	rtx := s.rtxSequence
	for sequence, was := range sent {
		if !s.repeat(sequence, r, now) {
			t.Fatalf("%d is not sent again", sequence)
		}
		rtx++
		if w.header.SSRC != 78 || w.header.PayloadType != 97 || w.header.SequenceNumber != rtx ||
			w.header.Timestamp != was.header.Timestamp || w.header.Marker != was.header.Marker {
			t.Fatalf("sent again as %+v, was %+v", w.header, was.header)
		}
		if got := uint16(w.payload[0])<<8 | uint16(w.payload[1]); got != sequence || string(w.payload[2:]) != string(was.payload) {
			t.Fatalf("packet %d: other bytes when sent again", sequence)
		}
	}
	last := s.forward.sequence
	for range maxAgain {
		s.repeat(last, r, now)
	}
	if s.repeat(last, r, now) {
		t.Error("one packet is sent again for ever")
	}
	if s.repeat(last+1, r, now) {
		t.Error("sent again what was never sent")
	}
	s.stop()
	if s.repeat(last, r, now) {
		t.Error("sent again after the slot was stopped")
	}
}

func TestSlotWithoutRTXSendsTheSameBytesAgain(t *testing.T) {
	l := testLayer(Audio, "audio/opus")
	w := &wire{}
	s := boundSlot(Audio, w)
	s.show(l)
	p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 100, SequenceNumber: 9, Timestamp: 960, SSRC: 1}, Payload: []byte("opus")}
	if err := p.SetExtension(3, []byte{42}); err != nil {
		t.Fatal(err)
	}
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	l.take(b, time.Now())
	first, payload := w.header, string(w.payload)
	if !s.repeat(first.SequenceNumber, newRepeater(), time.Now()) {
		t.Fatal("not sent again")
	}
	// The same number under the same key must never be other bytes.
	if fmt.Sprint(w.header) != fmt.Sprint(first) || string(w.payload) != payload {
		t.Errorf("sent again as %+v %q, was %+v %q", w.header, w.payload, first, payload)
	}
}

func TestSlotFollowsItsTrackToAnotherLayer(t *testing.T) {
	track := newTrack("0", Video, "video/VP8", "")
	first, second := newLayer(track, &nobody{}, 1, 100, extensionIDs{}), newLayer(track, &nobody{}, 2, 100, extensionIDs{})
	track.add(first, 3)
	track.add(second, 3)
	w := &wire{}
	s := boundSlot(Video, w)
	s.show(track.best())
	now := time.Now()
	first.take(vp8Packet(100, 1000, 10, true), now)
	number, stamp := w.header.SequenceNumber, w.header.Timestamp
	if track.drop(first) {
		t.Fatal("that was not the last layer")
	}
	first.take(vp8Packet(101, 4000, 10, true), now)
	second.take(vp8Packet(7, 9, 10, false), now)
	if w.n != 1 {
		t.Fatalf("%d packets", w.n)
	}
	second.take(vp8Packet(8, 3009, 10, true), now)
	if w.n != 2 || w.header.SequenceNumber != number+1 || int32(w.header.Timestamp-stamp) <= 0 {
		t.Errorf("goes on with %+v after %d, %d", w.header, number, stamp)
	}
	if !track.drop(second) || s.source != nil {
		t.Error("the slot has a source when all layers have ended")
	}
	if s.show(second); s.source != nil {
		t.Error("an ended layer was shown")
	}
}

// TestWhatPionAllocates measures the way down from a slot: interceptors, SRTP, ICE, the socket.
func TestWhatPionAllocates(t *testing.T) {
	if testing.Short() {
		t.Skip("a measurement")
	}
	h := newHouse(t, Limits{})
	ada, ben := h.browser(browserOptions{noData: true}), h.browser(browserOptions{noData: true})
	cam := ada.publish(vp8Mime)
	ben.pool(webrtc.RTPCodecTypeVideo, 1)
	ada.join()
	ben.join()
	cam.frame(true, 1, "x")
	eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
	s := ben.peer.slots[0]
	l := testLayer(Video, "video/VP8")
	s.mu.Lock()
	s.formats["video/vp8"] = slotFormat{payload: s.formats["video/vp8"].payload}
	s.mu.Unlock()
	s.show(l)
	sequence := uint16(0)
	send := func() {
		sequence++
		l.hand[0].packet = packet{sequence: sequence, timestamp: uint32(sequence), payload: l.hand[0].buf[:1100], shape: shape{start: true}}
		s.write(l, &l.hand[0].packet, l.scratch, time.Now())
	}
	eventually(t, "they arrive", func() bool { send(); return len(ben.got("0")) > 10 })
	n := testing.AllocsPerRun(2000, send)
	t.Logf("%v allocations a packet, all the way to the socket", n)
	if n > 6 {
		t.Errorf("%v allocations a packet", n)
	}
}
