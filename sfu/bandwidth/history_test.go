package bandwidth

import (
	"testing"
	"time"
)

func TestHistory(t *testing.T) {
	var h history
	h.next = 65534 // so that the numbers wrap
	h.ring, h.reported = make([]packet, fewPackets), h.next-1
	for i := range 6 {
		h.add(100+i, time.Duration(i)*ms, 0)
	}
	if got := h.number(1); got != 65537 {
		t.Fatalf("1 is %d", got)
	}
	if got := h.number(65533); got != 65533 {
		t.Fatalf("65533 is %d", got)
	}
	if first, last, ok := h.unreported(); !ok || first != 0 || last != 5*ms || h.inFlight() != 615 {
		t.Fatalf("unreported %v to %v %v, %d bytes", first, last, ok, h.inFlight())
	}
	for _, c := range []struct {
		number  int64
		arrives bool
		want    news
	}{
		{65534, true, came},
		{65534, true, known},
		{65534, false, known}, // an older report, late
		{65535, false, missed},
		{65535, false, known},
		{65536, true, came},
		{65535, true, late},
		{65535, true, known},
		{65540, true, known},   // not yet sent
		{-1, true, known},      // before everything
		{1 << 40, true, known}, // nonsense
	} {
		if _, got := h.report(c.number, c.arrives); got != c.want {
			t.Errorf("%d arrives %v: %v, want %v", c.number, c.arrives, got, c.want)
		}
	}
	if got := h.inFlight(); got != 103+104+105 {
		t.Errorf("%d bytes are in flight", got)
	}
}

func TestHistoryGrowsWhileNothingIsReported(t *testing.T) {
	var h history
	for range 3 * mostPackets {
		h.add(100, 0, 0)
	}
	if len(h.ring) != mostPackets {
		t.Fatalf("it has %d places", len(h.ring))
	}
	if h.forgotten != 2*mostPackets {
		t.Errorf("%d are forgotten", h.forgotten)
	}
	if _, got := h.report(h.next-mostPackets, true); got != came {
		t.Error("the oldest is forgotten too early")
	}
	if _, got := h.report(h.next-mostPackets-1, true); got != known {
		t.Error("something older is known")
	}
	if first, _, ok := h.unreported(); !ok || first != 0 {
		t.Error("nothing is unreported")
	}

	var reported history
	for range 3 * mostPackets {
		reported.report(reported.add(100, 0, 0), true)
	}
	if len(reported.ring) != fewPackets {
		t.Errorf("it has %d places though all is reported", len(reported.ring))
	}
}

// What grows keeps what it knew.
func TestHistoryKeepsWhatItKnew(t *testing.T) {
	var h history
	for i := range fewPackets + 10 {
		h.add(i, time.Duration(i)*ms, uint8(i))
	}
	for n := range h.next {
		if p := h.find(n); p == nil || p.at != time.Duration(n)*ms || int(p.size) != int(n) || p.cluster != uint8(n) {
			t.Fatalf("%d is %+v", n, p)
		}
	}
}
