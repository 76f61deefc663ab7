package sfu

import (
	"encoding/binary"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"

	"github.com/parlorhq/parlor/sfu/bandwidth"
)

const testNumberID = 3

// numbered is a slot whose packets have numbers of a line of which nothing is known yet.
func numbered(s *slot) *slot { return numberedFrom(s, time.Now()) }

func numberedFrom(s *slot, start time.Time) *slot {
	s.numberID = testNumberID
	s.line = newLine(s.counts, func(string) {})
	s.line.estimate = bandwidth.New(bandwidth.Config{}, start)
	s.line.numbered.Store(true)
	return s
}

// spool keeps the packets that a connection took, from any goroutine.
type spool struct {
	mu      sync.Mutex
	packets []rtp.Packet
	numbers []uint16 // transport-wide
}

func (w *spool) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := make([]byte, h.MarshalSize())
	if _, err := h.MarshalTo(b); err != nil {
		return 0, err
	}
	var p rtp.Packet
	if err := p.Unmarshal(append(b, payload...)); err != nil && !h.Padding {
		return 0, err
	}
	p.Padding, p.Header.PaddingSize = h.Padding, h.PaddingSize
	w.packets = append(w.packets, p)
	if n := h.GetExtension(testNumberID); len(n) == numberBytes {
		w.numbers = append(w.numbers, binary.BigEndian.Uint16(n))
	}
	return len(payload), nil
}

func (o *line) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.queue.len()
}

func (w *spool) len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.packets)
}

// film sends frames of so many packets of 1000 bytes, all at once, the first with a key picture.
type film struct {
	l        *layer
	sequence uint16
	time     uint32
}

func (f *film) frame(packets int, key bool, now time.Time) {
	f.time += 3000
	for i := range packets {
		p := rtp.Packet{
			Header:  rtp.Header{Version: 2, PayloadType: 100, SequenceNumber: f.sequence, Timestamp: f.time, SSRC: 1, Marker: i == packets-1},
			Payload: append(vp8Descriptor(i == 0, uint16(f.time/3000), byte(f.time/3000), key), make([]byte, 1000)...),
		}
		f.sequence++
		b, err := p.Marshal()
		if err != nil {
			panic(err)
		}
		f.l.take(b, now)
	}
}

// TestPicturesWaitForTheirTurn: what comes in one go is spread over a line that is not wide, in order, each number given as the
// packet goes, and a voice does not wait behind it.
func TestPicturesWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &spool{}
		s := numbered(boundSlot(Video, w))
		f := &film{l: testLayer(Video, "video/VP8")}
		s.show(f.l)
		audio := boundSlot(Audio, w)
		audio.numberID, audio.line = testNumberID, s.line
		voice := testLayer(Audio, "audio/opus")
		audio.show(voice)
		closing := make(chan struct{})
		var done sync.WaitGroup
		done.Go(func() { s.line.run(closing) })

		start := time.Now()
		f.frame(10, true, start) // 10 KB at 600 kb/s: 137 ms
		if n := w.len(); n == 0 || n > 2 {
			t.Errorf("%d of 10 packets went at once", n)
		}
		before := w.len()
		b, err := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 100, SSRC: 1}, Payload: []byte("opus")}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		voice.take(b, start)
		if w.len() != before+1 || string(w.packets[before].Payload) != "opus" {
			t.Error("the voice waits")
		}
		for w.len() < 11 {
			time.Sleep(time.Millisecond)
		}
		if took := time.Since(start); took < 100*time.Millisecond || took > 150*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		f.frame(1, false, time.Now().Add(50*time.Millisecond)) // there is room again
		close(closing)
		done.Wait()
		if w.len() != 12 {
			t.Errorf("%d packets", w.len())
		}
		var pictures []rtp.Packet
		for i, n := range w.numbers {
			if int(n) != i {
				t.Fatalf("numbers %v", w.numbers)
			}
			if p := w.packets[i]; p.SSRC == s.ssrc && p.PayloadType == 96 {
				pictures = append(pictures, p)
			}
		}
		if len(w.numbers) != 12 {
			t.Errorf("%d numbers", len(w.numbers))
		}
		continuous(t, pictures[:11-1])
		if got := s.counts.paced.Load(); got < 8 {
			t.Errorf("%d are counted", got)
		}
	})
}

// TestQueueOverflow reaches the bounds of what may wait: what was begun is cut off, and the picture goes on with the next key
// frame, which is asked for.
func TestQueueOverflow(t *testing.T) {
	for name, size := range map[string]int{"packets": 10, "bytes": 1100} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &spool{}
				s := numbered(boundSlot(Video, w))
				dropped := map[string]int{}
				s.line.drop = func(reason string) { dropped[reason]++ }
				l := testLayer(Video, "video/VP8")
				s.show(l)
				now := time.Now()
				l.keyframeDue(now) // the one it begins with
				time.Sleep(2 * keyframeAgain)
				now = time.Now()
				for i := range 600 {
					l.take(vp8Packet(uint16(i), 1000, size, i == 0), now)
				}
				most := min(queuePackets, queueBytes/(size+12+8+6))
				if n := s.line.waiting(); n < most-1 || n > most || s.line.queue.bytes > queueBytes {
					t.Errorf("%d wait, %d bytes", n, s.line.queue.bytes)
				}
				if dropped["pace_overflow"] != 1 {
					t.Errorf("counted %v", dropped)
				}
				now = now.Add(keyframeEvery + keyframeAgain)
				if ask, _ := l.keyframeDue(now); !ask {
					t.Error("no key frame is asked for")
				}
				// It drains, and nothing goes on before the key frame.
				closing := make(chan struct{})
				var done sync.WaitGroup
				done.Go(func() { s.line.run(closing) })
				time.Sleep(10 * time.Second)
				n := w.len()
				l.take(vp8Packet(600, 4000, 10, false), time.Now())
				if w.len() != n || s.line.waiting() != 0 {
					t.Errorf("%d sent, %d wait", w.len(), s.line.waiting())
				}
				l.take(vp8Packet(601, 7000, 10, true), time.Now())
				if w.len() != n+1 || w.packets[n].SequenceNumber != w.packets[n-1].SequenceNumber+1 {
					t.Error("it does not go on with a key frame and the next number")
				}
				close(closing)
				done.Wait()
				s.line.tick(time.Now().Add(2*queueIdle), 0)
				if s.line.queue.ring != nil {
					t.Error("memory of the queue is kept")
				}
			})
		})
	}
}

// gate lets the first packet wait until it is opened.
type gate struct {
	tape
	shut           atomic.Bool
	entered, opens chan struct{}
}

func (g *gate) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	if g.shut.CompareAndSwap(false, true) {
		close(g.entered)
		<-g.opens
	}
	return g.tape.WriteRTP(h, payload)
}

// Two readers write around a switch: what was given its number first is written first.
func TestSwitchKeepsOrder(t *testing.T) {
	c, g := newSimulcast(), &gate{entered: make(chan struct{}), opens: make(chan struct{})}
	s := boundSlot(Video, &tape{})
	c.play(100*time.Millisecond, 0, 2)
	s.aim(c.of(0), c.now)
	c.play(300*time.Millisecond, 0, 2)
	s.aim(c.of(2), c.now)
	s.mu.Lock()
	s.writer = g
	s.mu.Unlock()
	var done sync.WaitGroup
	done.Go(func() { c.frame(0, false) })
	<-g.entered
	begun := make(chan struct{})
	done.Go(func() { close(begun); c.frame(2, true) })
	<-begun
	for range 10_000 {
		runtime.Gosched() // so that it could overtake
	}
	close(g.opens)
	done.Wait()
	if len(g.packets) < 3 || g.packets[0].Payload[6] != 'q' {
		t.Errorf("%d packets, %s", len(g.packets), g.parts())
	}
	for i := 1; i < len(g.packets); i++ {
		if g.packets[i].SequenceNumber != g.packets[i-1].SequenceNumber+1 {
			t.Errorf("number %d after %d", g.packets[i].SequenceNumber, g.packets[i-1].SequenceNumber)
		}
	}
}

// What waits of a track that a slot does not show any more is not sent, and what comes next has its numbers.
func TestWhatWaitsIsDroppedWithItsSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &spool{}
		s := numbered(boundSlot(Video, w))
		f := &film{l: testLayer(Video, "video/VP8")}
		s.show(f.l)
		f.frame(20, true, time.Now())
		n := w.len()
		other := numbered(boundSlot(Video, w))
		other.ssrc, other.line = 99, s.line
		g := &film{l: testLayer(Video, "video/VP8")}
		other.show(g.l)
		g.frame(2, true, time.Now())
		last := w.packets[n-1].SequenceNumber
		s.leave()
		closing := make(chan struct{})
		var done sync.WaitGroup
		done.Go(func() { s.line.run(closing) })
		time.Sleep(time.Second)
		if w.len() != n+2 || w.packets[n].SSRC != 99 || s.line.waiting() != 0 || s.line.queue.bytes != 0 {
			t.Errorf("%d more were sent, %d wait", w.len()-n, s.line.waiting())
		}
		s.show(f.l)
		f.frame(1, true, time.Now())
		if next := w.packets[n+2]; next.SSRC != s.ssrc || next.SequenceNumber != last+1 {
			t.Errorf("it goes on with %d after %d", next.SequenceNumber, last)
		}
		close(closing)
		done.Wait()
	})
}

// Nothing is made to wait on a line that has said nothing for a while, and packets go without numbers where a browser takes
// none.
func TestNothingWaitsWhereNothingIsReported(t *testing.T) {
	w := &spool{}
	s := boundSlot(Video, w)
	f := &film{l: testLayer(Video, "video/VP8")}
	s.show(f.l)
	now := time.Now()
	f.frame(50, true, now)
	if w.len() != 50 || len(w.numbers) != 0 {
		t.Errorf("%d sent, %d with numbers", w.len(), len(w.numbers))
	}
	w = &spool{}
	s = numbered(boundSlot(Video, w))
	f = &film{l: testLayer(Video, "video/VP8")}
	s.show(f.l)
	f.frame(1, true, now)
	f.frame(50, false, now.Add(2*time.Second))
	if w.len() != 51 || len(w.numbers) != 51 {
		t.Errorf("%d sent, %d with numbers", w.len(), len(w.numbers))
	}
	s.line.tick(now, 0)
	if bits, _ := s.line.carries(now, 0); bits > 1_000_000 {
		t.Errorf("a line of which nothing is known carries %d", bits)
	}
	if bits, _ := s.line.carries(now.Add(2*unheardFor), 0); bits < 1_000_000_000 {
		t.Errorf("a browser that does not report is given %d", bits)
	}
}
