package front

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"golang.org/x/sys/unix"

	"github.com/parlorhq/parlor/internal/metrics"
)

// pion finds the methods that allocate nothing.
var _ ice.AddrPortReaderWriter = (*socket)(nil)

// patience is how long a packet may take on a busy machine.
const patience = 10 * time.Second

// loopbacks are where tests listen: both families, if the machine has them.
func loopbacks(t *testing.T) (ips []netip.Addr) {
	for _, ip := range []string{"127.0.0.1", "::1"} {
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(net.JoinHostPort(ip, "0"))))
		if err != nil {
			t.Logf("%s: %v", ip, err)
			continue
		}
		_ = c.Close()
		ips = append(ips, netip.MustParseAddr(ip))
	}
	return ips
}

func listenPlain(t testing.TB, ip netip.Addr) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetReadBuffer(udpBuffer)
	_ = c.SetWriteBuffer(udpBuffer)
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

func listenBatched(t *testing.T, ip netip.Addr) (*socket, *metrics.Metrics) {
	t.Helper()
	m := metrics.New()
	s, ok := batched(listenPlain(t, ip), newCounts(m)).(*socket)
	if !ok {
		t.Skip("this kernel has no batches")
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, m
}

func addrOf(c net.PacketConn) netip.AddrPort {
	a := c.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// stamped is packet n to destination d: it says so, and the rest can be told from any other's.
func stamped(d, n, size int) []byte {
	p := bytes.Repeat([]byte{byte(d*31 + n)}, max(8, size))
	binary.BigEndian.PutUint32(p, uint32(d))
	binary.BigEndian.PutUint32(p[4:], uint32(n))
	return p
}

// sizeOf is that of packet n: frames of equal packets with a smaller last one, some odd ones between.
func sizeOf(n int) int {
	switch {
	case n%11 == 7:
		return 1300
	case n%5 == 4:
		return 400
	default:
		return 1228
	}
}

// makePay lets a socket think that bursts pay, to whoever they go.
func makePay(s *socket) {
	s.sender.mu.Lock()
	defer s.sender.mu.Unlock()
	p := &s.sender.pace
	p.warm = time.Hour
	for i := range p.places {
		p.places[i].warm = time.Hour
	}
}

func TestListenUDPBatchesAndCounts(t *testing.T) {
	m := metrics.New()
	sockets, err := ListenUDP("127.0.0.1:0", false, m)
	if err != nil {
		t.Fatal(err)
	}
	s, ok := sockets[0].(*socket)
	if !ok {
		t.Skip("this kernel has no batches")
	}
	if _, err := s.WriteTo([]byte{1}, s.LocalAddr()); err != nil {
		t.Error(err)
	}
	if _, _, err := s.ReadFrom(make([]byte, 10)); err != nil {
		t.Error(err)
	}
	closeAll(t, sockets)
	served := httptest.NewRecorder()
	m.Handler().ServeHTTP(served, httptest.NewRequest("GET", "/metrics", nil))
	for _, name := range []string{"packets_in", "packets_out", "calls_out"} {
		if want := "parlor_udp_" + name + "_total 1\n"; !strings.Contains(served.Body.String(), want) {
			t.Errorf("no %q", want)
		}
	}
}

// Plain sockets get what batches were made of: each packet whole, in order, from the right address.
func TestBatchesToPlainSockets(t *testing.T) {
	for _, ip := range loopbacks(t) {
		for _, limit := range []int{maxSegments, 3, 1} {
			t.Run(fmt.Sprintf("%s/%d", ip, limit), func(t *testing.T) {
				s, m := listenBatched(t, ip)
				c := s.sender.counts
				out := s.sender.line.(*outbox)
				if limit < out.cut {
					out.cut = limit
				}
				makePay(s)
				testFanOut(t, s, ip, 20, 200)
				if err := s.Close(); err != nil { // they are counted when the kernel has them, which is later than readers do
					t.Error(err)
				}
				packets, calls := c.packetsOut.Load(), c.callsOut.Load()
				if packets != 20*200 || calls > packets/4 {
					t.Errorf("%d packets in %d calls, want %d in far fewer", packets, calls, 20*200)
				}
				if got := m.DroppedCount(dropUnsendable); got != 0 {
					t.Errorf("%v not sent", got)
				}
			})
		}
	}
}

// A kernel that will not cut (here because there are no checksums) gets the packets one by one.
func TestRefusedMessagesGoAsPackets(t *testing.T) {
	for _, ip := range loopbacks(t) {
		s, m := listenBatched(t, ip)
		raw, err := s.conn.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		if err := raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_NO_CHECK, 1)
		}); err != nil {
			t.Fatal(err)
		}
		if err != nil {
			t.Skip(err)
		}
		makePay(s)
		testFanOut(t, s, ip, 5, 100)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if got := m.DroppedCount(dropUnsendable); got != 0 {
			t.Errorf("%v not sent", got)
		}
	}
}

// testFanOut sends count packets to each of some plain sockets, as a track is forwarded, and reads them.
func testFanOut(t *testing.T, s *socket, ip netip.Addr, destinations, count int) {
	var readers sync.WaitGroup
	var to []netip.AddrPort
	for d := range destinations {
		r := listenPlain(t, ip)
		to = append(to, addrOf(r))
		readers.Go(func() { expect(t, r, addrOf(s), d, count) })
	}
	for n := range count {
		for d, a := range to {
			if _, err := s.WriteToAddrPort(stamped(d, n, sizeOf(n)), a); err != nil {
				t.Fatal(err)
			}
		}
	}
	readers.Wait()
}

// expect reads what was sent to destination d.
func expect(t *testing.T, r net.PacketConn, from netip.AddrPort, d, count int) {
	p := make([]byte, 2048)
	for n := range count {
		got, a, err := r.ReadFrom(p)
		if err != nil {
			t.Errorf("packet %d of %d: %v", n, d, err)
			return
		}
		if want := stamped(d, n, sizeOf(n)); !bytes.Equal(p[:got], want) {
			t.Errorf("destination %d got %d bytes (%d, %d), want %d (packet %d)", d, got,
				binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:]), len(want), n)
			return
		}
		if at := a.(*net.UDPAddr).AddrPort(); netip.AddrPortFrom(at.Addr().Unmap(), at.Port()) != from {
			t.Errorf("from %v, want %v", at, from)
			return
		}
	}
}

// What cannot be sent is lost alone.
func TestUnsendablePacketsTakeNoneWithThem(t *testing.T) {
	ip := netip.MustParseAddr("127.0.0.1")
	s, m := listenBatched(t, ip)
	makePay(s)
	bad := []netip.AddrPort{
		netip.AddrPortFrom(ip, 0),                          // no port
		netip.MustParseAddrPort("[2001:db8::1]:9"),         // of the other family
		netip.MustParseAddrPort("[fe80::1%nosuchzone]:99"), // no such network
	}
	r := listenPlain(t, ip)
	var reader sync.WaitGroup
	const count = 200
	reader.Go(func() { expect(t, r, addrOf(s), 0, count) })
	for n := range count {
		for _, a := range append(slices.Clone(bad), addrOf(r)) {
			if _, err := s.WriteToAddrPort(stamped(0, n, sizeOf(n)), a); err != nil {
				t.Fatal(err)
			}
		}
	}
	reader.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got, want := int(m.DroppedCount(dropUnsendable)), count*len(bad); got != want {
		t.Errorf("%d counted, want %d", got, want)
	}
}

func TestReadDeadline(t *testing.T) {
	s, _ := listenBatched(t, netip.MustParseAddr("127.0.0.1"))
	p := make([]byte, 100)
	for _, set := range []func(time.Time) error{s.SetReadDeadline, s.SetDeadline} {
		if err := set(time.Now().Add(10 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		_, _, err := s.ReadFrom(p)
		var failed net.Error
		if !errors.Is(err, os.ErrDeadlineExceeded) || !os.IsTimeout(err) || !errors.As(err, &failed) || !failed.Timeout() {
			t.Errorf("after the deadline: %v", err)
		}
	}
	if err := s.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if err := s.SetWriteDeadline(time.Now().Add(-time.Second)); err != nil { // pion ends a write that waits like this
		t.Fatal(err)
	}
	if _, err := s.WriteTo([]byte("hello"), s.LocalAddr()); err != nil {
		t.Error(err)
	}
	if n, _, err := s.ReadFrom(p); err != nil || string(p[:n]) != "hello" {
		t.Errorf("%q, %v", p[:n], err)
	}
}

func TestCloseEndsReadsAndSendsWhatWaits(t *testing.T) {
	ip := netip.MustParseAddr("127.0.0.1")
	s, _ := listenBatched(t, ip)
	r := listenPlain(t, ip)
	makePay(s)
	ended := make(chan error)
	go func() {
		_, _, err := s.ReadFromAddrPort(make([]byte, 100))
		ended <- err
	}()
	for n := range 50 {
		if _, err := s.WriteTo(stamped(0, n, sizeOf(n)), r.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("a read that waited: %v", err)
	}
	if _, err := s.WriteTo([]byte{1}, r.LocalAddr()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a write: %v", err)
	}
	if _, _, err := s.ReadFrom(make([]byte, 100)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a read: %v", err)
	}
	expect(t, r, addrOf(s), 0, 50)
}

// Many goroutines write and some read while the socket is closed.
func TestCloseWhileInUse(t *testing.T) {
	ip := netip.MustParseAddr("127.0.0.1")
	for range 20 {
		s, _ := listenBatched(t, ip)
		makePay(s)
		var users sync.WaitGroup
		for range 4 {
			users.Go(func() {
				for p := make([]byte, 1228); ; {
					if _, err := s.WriteTo(p, s.LocalAddr()); err != nil {
						return
					}
				}
			})
		}
		started := make(chan struct{}, 2)
		for range 2 {
			users.Go(func() {
				for p := make([]byte, 2048); ; {
					if _, _, err := s.ReadFrom(p); err != nil {
						return
					}
					select {
					case started <- struct{}{}:
					default:
					}
				}
			})
		}
		<-started
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		users.Wait()
	}
}

func TestWriteToRefusesWhatIsNoUDPAddress(t *testing.T) {
	s, _ := listenBatched(t, netip.MustParseAddr("127.0.0.1"))
	if _, err := s.WriteTo([]byte{1}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("to a TCP address: %v", err)
	}
}

func TestAllocations(t *testing.T) {
	for _, ip := range loopbacks(t) {
		s, _ := listenBatched(t, ip)
		r, _ := listenBatched(t, ip)
		p := make([]byte, 1228)
		to := addrOf(r)
		lone := func() {
			if _, err := s.WriteToAddrPort(p, to); err != nil {
				t.Fatal(err)
			}
			if _, _, err := r.ReadFromAddrPort(p); err != nil {
				t.Fatal(err)
			}
		}
		if got := testing.AllocsPerRun(200, lone); got != 0 {
			t.Errorf("%s: %v allocations for a packet", ip, got)
		}
		makePay(s)
		burst := func() {
			for range 20 {
				if _, err := s.WriteToAddrPort(p, to); err != nil {
					t.Fatal(err)
				}
			}
			for range 20 {
				if _, _, err := r.ReadFromAddrPort(p); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := testing.AllocsPerRun(100, burst); got != 0 {
			t.Errorf("%s: %v allocations for a burst", ip, got)
		}
	}
}
