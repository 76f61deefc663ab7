package simnet

import (
	"encoding/binary"
	"net"
	"slices"
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

// stream sends numbered packets from a to b, a millisecond apart and out of one buffer, and returns what came.
func stream(t *testing.T, n *Network, packets int) (got []uint32) {
	t.Helper()
	x, y := pair(t, n)
	buf := make([]byte, 4)
	for i := range uint32(packets) {
		binary.BigEndian.PutUint32(buf, i)
		if _, err := x.WriteTo(buf, y.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	for {
		if err := y.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := y.ReadFrom(buf); err != nil {
			return got
		}
		got = append(got, binary.BigEndian.Uint32(buf))
	}
}

// overtaken is how many came after one that was sent later.
func overtaken(got []uint32) (count int) {
	for i := range got {
		if i > 0 && got[i] < slices.Max(got[:i]) {
			count++
		}
	}
	return count
}

func TestJitterReorders(t *testing.T) {
	play := func(seed uint64, set func(*Network)) (got []uint32) {
		synctest.Test(t, func(t *testing.T) {
			n := New(t, seed)
			set(n)
			got = stream(t, n, 500)
		})
		return got
	}
	jitter := func(n *Network) {
		n.SetDelay(b, 10*time.Millisecond)
		n.SetJitter(a, b, 20*time.Millisecond)
	}
	got := play(1, jitter)
	if len(got) != 500 || len(slices.Compact(slices.Sorted(slices.Values(got)))) != 500 {
		t.Fatalf("%d of 500 came", len(got))
	}
	for i, n := range got {
		if late := i - int(n); late > 20 || late < -20 {
			t.Errorf("packet %d came as the %dth, with 20 ms of jitter", n, i)
		}
	}
	if o := overtaken(got); o < 250 {
		t.Errorf("%d of 500 were overtaken", o)
	}
	if again := play(1, jitter); !slices.Equal(got, again) {
		t.Error("the same seed has another order")
	}
	if other := play(2, jitter); slices.Equal(got, other) {
		t.Error("another seed has the same order")
	}
	if o := overtaken(play(1, func(n *Network) { n.SetJitter(b, a, 20*time.Millisecond) })); o > 0 {
		t.Errorf("%d were overtaken by jitter of the other way", o)
	}
	ended := play(1, func(n *Network) {
		jitter(n)
		n.SetJitter(a, b, 0)
	})
	if o := overtaken(ended); o > 0 {
		t.Errorf("%d were overtaken after the end of jitter", o)
	}
}

func TestDuplication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(t, 1)
		n.SetDuplication(a, b, 0.2)
		got := stream(t, n, 800)
		times := map[uint32]int{}
		for _, i := range got {
			times[i]++
			if times[i] > 2 {
				t.Fatalf("packet %d came %d times", i, times[i])
			}
		}
		if doubles := len(got) - 800; len(times) != 800 || doubles < 120 || doubles > 200 {
			t.Errorf("%d of 800 came, %d of them twice", len(times), doubles)
		}
		if o := overtaken(slices.Compact(got)); o > 0 {
			t.Errorf("%d were overtaken without jitter", o)
		}
	})
}

// A double has a way of its own: it may overtake, and be lost.
func TestDoublesGoTheirOwnWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(t, 1)
		n.SetDuplication(a, b, 1)
		n.SetJitter(a, b, 20*time.Millisecond)
		n.SetLoss(a, b, 0.5)
		got := stream(t, n, 1000)
		times, apart := map[uint32]int{}, 0
		for i, p := range got {
			if times[p]++; times[p] == 2 && got[i-1] != p {
				apart++
			}
		}
		if len(times) < 700 || len(times) > 800 || apart < 200 {
			t.Errorf("%d of 1000 came, %d of the doubles apart", len(times), apart)
		}
	})
}

// What a host says while it is cut off does not arrive after, nor does what was on its way to it.
func TestCutLosesWhatIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(t, 1)
		x, y := pair(t, n)
		n.SetJitter(a, b, time.Second)
		n.SetJitter(b, a, time.Second)
		send := func(from, to net.PacketConn) {
			for range 50 {
				if _, err := from.WriteTo([]byte("x"), to.LocalAddr()); err != nil {
					t.Fatal(err)
				}
			}
		}
		n.Cut(a)
		send(x, y)
		n.Restore(a)
		send(y, x)
		n.Cut(a)
		time.Sleep(2 * time.Second)
		n.Restore(a)
		time.Sleep(2 * time.Second)
		if carried, lost := n.Counts(); carried != 0 || lost != 100 {
			t.Errorf("%d were carried and %d lost", carried, lost)
		}
	})
}

// What is on its way when the network ends goes nowhere.
func TestCloseWithPacketsOnTheirWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(t, 1)
		x, y := pair(t, n)
		n.SetJitter(a, b, time.Second)
		n.SetDuplication(a, b, 1)
		for range 10 {
			if _, err := x.WriteTo([]byte("x"), y.LocalAddr()); err != nil {
				t.Fatal(err)
			}
		}
		_ = x.Close()
		n.Close()
		time.Sleep(2 * time.Second)
		if carried, _ := n.Counts(); carried != 0 {
			t.Errorf("%d were carried", carried)
		}
	})
}

func TestRate(t *testing.T) {
	const c = "10.0.0.3"
	synctest.Test(t, func(t *testing.T) {
		n := New(t, 1)
		x, y := pair(t, n)
		z := n.Listen(c, 1000)
		send := func(to net.PacketConn, packets int) {
			for range packets {
				if _, err := x.WriteTo(make([]byte, 1000-headerBytes), to.LocalAddr()); err != nil {
					t.Fatal(err)
				}
			}
		}
		// came are the times at which packets come within two seconds.
		came := func(at net.PacketConn) (times []time.Duration) {
			start := time.Now()
			_ = at.SetReadDeadline(start.Add(2 * time.Second))
			for {
				if _, _, err := at.ReadFrom(make([]byte, 1500)); err != nil {
					return times
				}
				times = append(times, time.Since(start))
			}
		}
		n.SetRate(800_000, 20_000, a, b, c) // a packet each 10 ms, and 20 in the queue
		send(y, 30)
		times := came(y)
		if len(times) != 20 || times[0] != 10*time.Millisecond || times[19] != 200*time.Millisecond {
			t.Errorf("came after %v", times)
		}
		send(y, 10)
		send(z, 5)
		if times := came(z); len(times) != 5 || times[0] != 110*time.Millisecond {
			t.Errorf("beside others came after %v", times)
		}
		came(y)
		send(y, 10)
		n.SetRate(400_000, 20_000, a, b, c)
		send(y, 1)
		if times := came(y); len(times) != 11 || times[10] != 120*time.Millisecond {
			t.Errorf("at another rate came after %v", times)
		}
		start := time.Now()
		if _, err := y.WriteTo([]byte("x"), x.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := x.ReadFrom(make([]byte, 10)); err != nil || time.Since(start) > time.Millisecond {
			t.Errorf("the other way took %v: %v", time.Since(start), err)
		}
	})
}
