package simnet

import (
	"net"
	"testing"
	"testing/synctest"
	"time"
)

const (
	a = "10.0.0.1"
	b = "10.0.0.2"
)

// count sends packets from a to b and returns how many came within a second of fake time.
func count(t *testing.T, n *Network, from, to net.PacketConn, packets int) int {
	t.Helper()
	for range packets {
		if _, err := from.WriteTo([]byte("x"), to.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	got := 0
	for {
		if err := to.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := to.ReadFrom(make([]byte, 10)); err != nil {
			return got
		}
		got++
	}
}

func pair(t *testing.T, n *Network) (net.PacketConn, net.PacketConn) {
	t.Helper()
	x, y := n.Listen(a, 1000), n.Listen(b, 1000)
	return x, y
}

func TestLossIsPerDirection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(t, 1)
		x, y := pair(t, n)
		n.SetLoss(a, b, 0.2)
		if got := count(t, n, x, y, 1000); got < 740 || got > 860 {
			t.Errorf("%d of 1000 came at 20 %% loss", got)
		}
		if got := count(t, n, y, x, 100); got != 100 {
			t.Errorf("%d of 100 came the other way", got)
		}
	})
}

func TestCutAndRestore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(t, 1)
		x, y := pair(t, n)
		n.Cut(b)
		if got := count(t, n, x, y, 10) + count(t, n, y, x, 10); got != 0 {
			t.Errorf("%d came through a cut", got)
		}
		n.Restore(b)
		if got := count(t, n, x, y, 10); got != 10 {
			t.Errorf("%d of 10 came after the cut", got)
		}
	})
}

func TestDelayIsFakeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(t, 1)
		x, y := pair(t, n)
		n.SetDelay(b, 300*time.Millisecond)
		start := time.Now()
		if _, err := x.WriteTo([]byte("x"), y.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := y.ReadFrom(make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 300*time.Millisecond || took > 310*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

func TestDropDecidesByNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(t, 1)
		x, y := pair(t, n)
		n.Drop(a, b, func(i int, _ []byte) bool { return i%2 == 0 })
		if got := count(t, n, x, y, 10); got != 5 {
			t.Errorf("%d of 10 came, want every other", got)
		}
	})
}
