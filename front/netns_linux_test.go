package front

import (
	"encoding/binary"
	"net/netip"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// enterNetwork puts the test into a network of its own and sets that up. Only root may.
func enterNetwork(t *testing.T, commands ...string) {
	t.Helper()
	runtime.LockOSThread() // never unlocked: the thread ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skip("no network of its own: ", err)
	}
	for _, c := range append([]string{"ip link set lo up"}, commands...) {
		words := strings.Fields(c)
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			t.Skipf("%s: %v %s", c, err, out)
		}
	}
}

// A line that is slower than its writer: writes do not wait, what the queue holds arrives in order, the rest is counted.
func TestSlowLine(t *testing.T) {
	enterNetwork(t, "tc qdisc add dev lo root tbf rate 20mbit burst 100kb limit 100mb")
	ip := netip.MustParseAddr("127.0.0.1")
	s, m := listenBatched(t, ip)
	_ = s.conn.SetWriteBuffer(1 << 16)
	r := listenPlain(t, ip)
	count := 0
	for end := time.Now().Add(patience); m.DroppedCount(dropFull) < 100; count++ {
		if time.Now().After(end) {
			t.Fatal("it took all")
		}
		if _, err := s.WriteTo(stamped(0, count, 1228), r.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	p, last := make([]byte, 2048), -1
	for range count - 100 {
		if _, _, err := r.ReadFrom(p); err != nil {
			t.Fatal(err)
		}
		n := int(binary.BigEndian.Uint32(p[4:]))
		if n <= last {
			t.Fatalf("packet %d after %d", n, last)
		}
		last = n
	}
	if calls := s.sender.counts.callsOut.Load(); calls > uint64(3*count) {
		t.Errorf("%d calls for %d packets: it does not wait but tries", calls, count)
	}
}

// Closing waits for a slow line, but not long.
func TestCloseWithASlowLine(t *testing.T) {
	enterNetwork(t, "tc qdisc add dev lo root tbf rate 8kbit burst 10kb limit 100mb")
	ip := netip.MustParseAddr("127.0.0.1")
	s, m := listenBatched(t, ip)
	_ = s.conn.SetWriteBuffer(1 << 16)
	r := listenPlain(t, ip)
	for n := range 500 {
		if _, err := s.WriteTo(stamped(0, n, 1228), r.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if d := time.Since(begin); d < lastFlush || d > patience {
		t.Errorf("closing took %v", d)
	}
	if m.DroppedCount(dropClosed) == 0 {
		t.Error("what was not sent is not counted")
	}
}

// Packets larger than a network on the way takes whole are not for the kernel to cut: they go as they are, in fragments.
func TestSmallNetwork(t *testing.T) {
	enterNetwork(t, "ip link set lo mtu 1000")
	ip := netip.MustParseAddr("127.0.0.1")
	s, m := listenBatched(t, ip)
	makePay(s)
	testFanOut(t, s, ip, 5, 100)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got := m.DroppedCount(dropUnsendable); got != 0 {
		t.Errorf("%v not sent", got)
	}
	if out := s.sender.line.(*outbox); out.cut != maxSegments {
		t.Error("others must pay for it")
	}
}
