package front

import (
	"bytes"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parlorhq/parlor/internal/metrics"
)

// What goes out in batches comes in in batches: joined by the kernel, and taken apart again.
func TestBatchesToBatches(t *testing.T) {
	for _, ip := range loopbacks(t) {
		s, _ := listenBatched(t, ip)
		r, _ := listenBatched(t, ip)
		makePay(s)
		const count = 1000
		var reader sync.WaitGroup
		reader.Go(func() { expect(t, r, addrOf(s), 7, count) })
		for n := range count {
			if _, err := s.WriteTo(stamped(7, n, sizeOf(n)), r.LocalAddr()); err != nil {
				t.Fatal(err)
			}
		}
		reader.Wait()
		if got := r.receiver.counts.packetsIn.Load(); got != count {
			t.Errorf("%d packets counted, want %d", got, count)
		}
	}
}

func TestPlainToBatches(t *testing.T) {
	for _, ip := range loopbacks(t) {
		r, m := listenBatched(t, ip)
		s := listenPlain(t, ip)
		for _, size := range []int{100, 0, 1, 1228, 3000, receiveSize} { // 3000 is more than there is room for below
			if _, err := s.WriteTo(bytes.Repeat([]byte{byte(size)}, size), r.LocalAddr()); err != nil {
				t.Fatal(err)
			}
		}
		p := make([]byte, 2048)
		for _, size := range []int{100, 0, 1, 1228} {
			n, from, err := r.ReadFromAddrPort(p)
			if err != nil || n != size || from != addrOf(s) || !bytes.Equal(p[:n], bytes.Repeat([]byte{byte(size)}, size)) {
				t.Errorf("%d bytes from %v, %v; want %d", n, from, err, size)
			}
		}
		p = make([]byte, receiveSize-1)
		if n, _, err := r.ReadFromAddrPort(p); err != nil || n != 3000 {
			t.Errorf("%d bytes, %v; want 3000", n, err)
		}
		if err := r.SetReadDeadline(time.Now()); err != nil {
			t.Fatal(err)
		}
		if n, _, err := r.ReadFromAddrPort(p); !os.IsTimeout(err) {
			t.Errorf("a packet cut off: %d, %v", n, err)
		}
		if got := m.DroppedCount(dropTruncated); got != 1 {
			t.Errorf("%v dropped, want 1", got)
		}
	}
}

// Without joining the rooms are small, and what the kernel cuts off is dropped.
func TestPacketsLargerThanARoom(t *testing.T) {
	conn := listenPlain(t, netip.MustParseAddr("127.0.0.1"))
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	m := metrics.New()
	r := newReceiver(raw, newCounts(m), false)
	s := listenPlain(t, netip.MustParseAddr("127.0.0.1"))
	for _, size := range []int{receiveSize + 1, receiveSize} {
		if _, err := s.WriteTo(make([]byte, size), conn.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	if n, _, err := r.read(make([]byte, 1<<16)); err != nil || n != receiveSize || m.DroppedCount(dropTruncated) != 1 {
		t.Errorf("%d bytes, %v; %v dropped", n, err, m.DroppedCount(dropTruncated))
	}
}

func TestAddressesOfTheKernel(t *testing.T) {
	for _, tt := range []struct {
		addr string
		v6   bool
		want string // empty: cannot be reached
	}{
		{"192.0.2.1:5000", false, "192.0.2.1:5000"},
		{"192.0.2.1:5000", true, "192.0.2.1:5000"},
		{"[::ffff:192.0.2.1]:258", false, "192.0.2.1:258"},
		{"[2001:db8::7]:65535", true, "[2001:db8::7]:65535"},
		{"[2001:db8::7]:65535", false, ""},
		{"[fe80::7%3]:80", true, "[fe80::7%3]:80"},
		{"[fe80::7%eth0]:80", true, ""},
	} {
		var raw unix.RawSockaddrInet6
		_, ok := putAddr(&raw, netip.MustParseAddrPort(tt.addr), tt.v6)
		if ok != (tt.want != "") {
			t.Errorf("%s: %v", tt.addr, ok)
		} else if got := getAddr(&raw); ok && got.String() != tt.want {
			t.Errorf("%s became %s, want %s", tt.addr, got, tt.want)
		}
	}
	if _, ok := putAddr(new(unix.RawSockaddrInet6), netip.AddrPort{}, true); ok {
		t.Error("no address at all was taken")
	}
}
