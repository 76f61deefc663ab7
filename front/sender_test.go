package front

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlorhq/parlor/internal/metrics"
)

// fakeLine remembers what it took, and can be full.
type fakeLine struct {
	beforeOne, beforeAll func() // each call

	mu sync.Mutex
	// Guarded by mu.
	took   map[netip.AddrPort][]uint32
	count  int
	calls  int
	room   int           // how many more it takes
	freed  chan struct{} // closed when there is room again
	broken bool
}

const plenty = 1 << 30

func newFakeLine() *fakeLine {
	return &fakeLine{took: map[netip.AddrPort][]uint32{}, room: plenty, freed: make(chan struct{})}
}

func (l *fakeLine) segments() int { return maxSegments }

func (l *fakeLine) one(p []byte, to netip.AddrPort) bool {
	if l.beforeOne != nil {
		l.beforeOne()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	return l.takeLocked(p, to)
}

func (l *fakeLine) takeLocked(p []byte, to netip.AddrPort) bool {
	if l.room == 0 {
		return false
	}
	l.room--
	l.count++
	l.took[to] = append(l.took[to], binary.BigEndian.Uint32(p))
	return true
}

func (l *fakeLine) all(b *batch, next int, wait bool) int {
	if l.beforeAll != nil {
		l.beforeAll()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	for ; next < len(b.messages); next++ {
		m := b.messages[next]
		for l.room < int(m.end-m.begin) {
			if l.broken {
				return len(b.messages)
			}
			if !wait {
				return next
			}
			freed := l.freed
			l.mu.Unlock()
			<-freed
			l.mu.Lock()
		}
		for _, i := range b.order[m.begin:m.end] {
			l.takeLocked(b.data(i), b.packets[i].to)
		}
	}
	return next
}

// free makes room for more packets, or breaks the line.
func (l *fakeLine) free(room int, broken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.room, l.broken = room, broken
	close(l.freed)
	l.freed = make(chan struct{})
}

func (l *fakeLine) total() (packets, calls int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count, l.calls
}

// in runs a test of a sender in a bubble, in which time passes only when everybody waits.
func in(t *testing.T, test func(t *testing.T, s *sender, l *fakeLine, m *metrics.Metrics)) {
	synctest.Test(t, func(t *testing.T) {
		l, m := newFakeLine(), metrics.New()
		s := newSender(l, newCounts(m))
		defer s.close()
		test(t, s, l, m)
	})
}

// numbered is a packet that says which it is.
func numbered(n, size int) []byte {
	p := make([]byte, max(4, size))
	binary.BigEndian.PutUint32(p, uint32(n))
	return p
}

func write(t *testing.T, s *sender, p []byte, to netip.AddrPort) {
	t.Helper()
	if err := s.write(p, to); err != nil {
		t.Fatal(err)
	}
}

// warmUp lets the sender see that bursts to these destinations pay.
func warmUp(t *testing.T, s *sender, letters string) {
	for range payingRepeats + 1 {
		for _, letter := range []byte(letters) {
			write(t, s, numbered(0, 0), to(letter))
		}
	}
	time.Sleep(10 * gather)
	synctest.Wait()
}

func TestLonePacketIsGoneWhenWriteReturns(t *testing.T) {
	in(t, func(t *testing.T, s *sender, l *fakeLine, _ *metrics.Metrics) {
		for n := range 10 {
			write(t, s, numbered(n, 100), to('A'))
			if packets, _ := l.total(); packets != n+1 {
				t.Fatalf("%d packets sent, want %d", packets, n+1)
			}
			time.Sleep(gather)
		}
	})
}

func TestBurstsGoTogetherWithinAMillisecond(t *testing.T) {
	in(t, func(t *testing.T, s *sender, l *fakeLine, _ *metrics.Metrics) {
		warmUp(t, s, "ABCD")
		packets, calls := l.total()
		for n := range 20 {
			write(t, s, numbered(n, 100), to("ABCD"[n%4]))
		}
		if now, _ := l.total(); now != packets {
			t.Errorf("%d packets did not wait", now-packets)
		}
		write(t, s, numbered(7, 100), to('X'))
		if now, _ := l.total(); now != packets+1 {
			t.Errorf("a single packet to somebody else waits, or the others did not: %d", now-packets)
		}
		time.Sleep(gather)
		synctest.Wait()
		nowPackets, nowCalls := l.total()
		if nowPackets != packets+21 || nowCalls != calls+2 {
			t.Errorf("%d packets in %d calls, want 21 in 2", nowPackets-packets, nowCalls-calls)
		}
	})
}

func TestFullQueueDropsWhatComesAndNeverWaits(t *testing.T) {
	for _, tt := range []struct{ size, fits int }{{1228, batchBytes / 1228}, {100, batchPackets}, {maxDatagram, batchBytes / maxDatagram}} {
		in(t, func(t *testing.T, s *sender, l *fakeLine, m *metrics.Metrics) {
			l.free(0, false)
			const more = 50
			// One that the line refused is on its way out, the queue is behind it.
			for n := range 1 + tt.fits + more {
				write(t, s, numbered(n, tt.size), to('A'))
				synctest.Wait()
			}
			if got := m.DroppedCount(dropFull); got != more {
				t.Errorf("%v dropped, want %d", got, more)
			}
			l.free(plenty, false)
			synctest.Wait()
			want := 1 + tt.fits
			if got := l.took[to('A')]; len(got) != want || !slices.IsSorted(got) || int(got[want-1]) != want-1 {
				t.Errorf("%d packets came, want the first %d", len(got), want)
			}
			write(t, s, numbered(1, 0), to('B'))
			if len(l.took[to('B')]) != 1 {
				t.Error("it does not go on")
			}
		})
	}
}

// A queue that is full because nobody sent it yet is sent by who finds it full: nothing is lost, and no time passes.
func TestWhoFindsTheQueueFullSendsIt(t *testing.T) {
	in(t, func(t *testing.T, s *sender, l *fakeLine, m *metrics.Metrics) {
		warmUp(t, s, "A")
		begin, count := time.Now(), len(l.took[to('A')])
		const n = 3*batchPackets + 5
		for i := range n {
			write(t, s, numbered(i, 10), to('A'))
		}
		if d := time.Since(begin); d != 0 {
			t.Errorf("writing took %v", d)
		}
		if got := len(l.took[to('A')]) - count; got != n-5 {
			t.Errorf("%d sent, want all but the last 5", got)
		}
		s.close()
		if got := l.took[to('A')][count:]; len(got) != n || !slices.IsSorted(got) {
			t.Errorf("%d sent, want %d in order", len(got), n)
		}
		if got := m.DroppedCount(dropFull); got != 0 {
			t.Errorf("%v dropped", got)
		}
	})
}

// Who finds the queue full while a batch is sent waits for that and no longer.
func TestWhoFindsTheQueueFullWaitsForWhoSends(t *testing.T) {
	in(t, func(t *testing.T, s *sender, l *fakeLine, m *metrics.Metrics) {
		entered, leave := make(chan struct{}), make(chan struct{})
		warmUp(t, s, "A")
		count := len(l.took[to('A')])
		l.beforeAll = func() {
			entered <- struct{}{}
			<-leave
		}
		var writers sync.WaitGroup
		writers.Go(func() { // the last sends all before it
			for n := range batchPackets + 1 {
				write(t, s, numbered(n, 0), to('A'))
			}
		})
		<-entered
		for n := range batchPackets {
			write(t, s, numbered(1+batchPackets+n, 0), to('B'))
		}
		returned := make(chan struct{})
		writers.Go(func() {
			write(t, s, numbered(1+2*batchPackets, 0), to('B'))
			close(returned)
		})
		synctest.Wait()
		select {
		case <-returned:
			t.Error("there was room")
		default:
		}
		l.beforeAll = nil
		close(leave)
		writers.Wait()
		s.close()
		for letter, want := range map[byte]int{'A': batchPackets + 1, 'B': batchPackets + 1} {
			got := l.took[to(letter)]
			if letter == 'A' {
				got = got[count:]
			}
			if len(got) != want || !slices.IsSorted(got) || m.DroppedCount(dropFull) != 0 {
				t.Errorf("%d packets to %c, want %d in order", len(got), letter, want)
			}
		}
	})
}

// Packets that need not wait go out beside each other, even to one that is slow to be sent.
func TestOneDoesNotWaitForAnother(t *testing.T) {
	in(t, func(t *testing.T, s *sender, l *fakeLine, _ *metrics.Metrics) {
		entered, leave := make(chan struct{}), make(chan struct{})
		l.beforeOne = func() {
			close(entered)
			<-leave
		}
		var writer sync.WaitGroup
		writer.Go(func() { write(t, s, numbered(0, 0), to('A')) })
		<-entered
		l.beforeOne = nil
		write(t, s, numbered(0, 0), to('B'))
		if got := len(l.took[to('B')]); got != 1 {
			t.Errorf("%d packets sent beside the first, want 1", got)
		}
		close(leave)
		writer.Wait()
		if got := len(l.took[to('A')]); got != 1 {
			t.Errorf("%d packets of the first, want 1", got)
		}
	})
}

// What is written while a batch is sent goes out when that is done, however many such there are.
func TestWhatIsWrittenMeanwhileFollowsAtOnce(t *testing.T) {
	in(t, func(t *testing.T, s *sender, l *fakeLine, _ *metrics.Metrics) {
		entered, leave := make(chan struct{}), make(chan struct{})
		warmUp(t, s, "A")
		before, _ := l.total()
		l.beforeAll = func() {
			entered <- struct{}{}
			<-leave
		}
		begin := time.Now()
		var writer sync.WaitGroup
		writer.Go(func() {
			for n := range batchPackets + 1 {
				write(t, s, numbered(n, 0), to('A'))
			}
		})
		for n := range 10 {
			<-entered
			write(t, s, numbered(n, 0), to('B'+byte(n)))
			leave <- struct{}{}
		}
		<-entered
		close(leave)
		l.beforeAll = nil
		writer.Wait()
		synctest.Wait()
		const want = batchPackets + 1 + 10
		if packets, _ := l.total(); packets-before != want || time.Since(begin) != 0 {
			t.Errorf("%d packets after %v, want %d at once", packets-before, time.Since(begin), want)
		}
	})
}

func TestCloseSendsWhatWaits(t *testing.T) {
	in(t, func(t *testing.T, s *sender, l *fakeLine, _ *metrics.Metrics) {
		warmUp(t, s, "AB")
		packets, _ := l.total()
		for n := range 10 {
			write(t, s, numbered(n, 0), to("AB"[n%2]))
		}
		s.close()
		if now, _ := l.total(); now != packets+10 {
			t.Errorf("%d packets sent, want 10", now-packets)
		}
		for _, letter := range []byte("AX") {
			if err := s.write(numbered(0, 0), to(letter)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("written after the end: %v", err)
			}
		}
	})
}

func TestCloseEndsWithALineThatStaysFull(t *testing.T) {
	in(t, func(t *testing.T, s *sender, l *fakeLine, _ *metrics.Metrics) {
		l.free(0, false)
		for n := range 10 {
			write(t, s, numbered(n, 0), to('A'))
		}
		time.AfterFunc(time.Second, func() { l.free(0, true) })
		s.close()
	})
}

func TestTooLarge(t *testing.T) {
	in(t, func(t *testing.T, s *sender, _ *fakeLine, _ *metrics.Metrics) {
		if err := s.write(make([]byte, maxDatagram+1), to('A')); !errors.Is(err, errTooLarge) {
			t.Errorf("a packet that cannot be: %v", err)
		}
	})
}

// Writers of many packets to many destinations at all speeds, on a line that is full now and then: each destination
// gets what was written to it, in order, but for what was dropped.
func TestOrder(t *testing.T) {
	for seed := range uint64(20) {
		in(t, func(t *testing.T, s *sender, l *fakeLine, m *metrics.Metrics) {
			var writers sync.WaitGroup
			const count = 3000
			for w := range 4 {
				rng := rand.New(rand.NewPCG(seed, uint64(w)))
				writers.Go(func() {
					for n := range count {
						// Each destination has one writer. Some share a place.
						to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(w)}), uint16(rng.IntN(1+int(seed)*20)))
						write(t, s, numbered(n, rng.IntN(1500)), to)
						if rng.IntN(50) == 0 {
							time.Sleep(time.Duration(rng.IntN(3000)) * time.Microsecond)
						}
					}
				})
			}
			rng := rand.New(rand.NewPCG(seed, 100))
			for range 20 {
				time.Sleep(time.Duration(rng.IntN(10)) * time.Millisecond)
				l.free(rng.IntN(100), false)
				time.Sleep(time.Duration(rng.IntN(10)) * time.Millisecond)
				l.free(plenty, false)
			}
			writers.Wait()
			s.close()
			total := 0
			for to, got := range l.took {
				total += len(got)
				if !slices.IsSorted(got) {
					t.Errorf("seed %d: %v gets %v", seed, to, got)
				}
			}
			if dropped := int(m.DroppedCount(dropFull)); total+dropped != 4*count {
				t.Errorf("seed %d: %d came, %d dropped, %d written", seed, total, dropped, 4*count)
			}
		})
	}
}
