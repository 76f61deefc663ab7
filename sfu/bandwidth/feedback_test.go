package bandwidth

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
)

// fate of packet i: after how long since the first it arrived, or never.
const never = -1

// feedback is the report of a browser at which packets arrived so.
func feedback(t testing.TB, first uint16, arrivals ...time.Duration) []*rtcp.TransportLayerCC {
	t.Helper()
	r := twcc.NewRecorder(1)
	for i, at := range arrivals {
		if at != never {
			r.Record(2, first+uint16(i), int64((time.Hour+at)/time.Microsecond))
		}
	}
	var out []*rtcp.TransportLayerCC
	for _, p := range r.BuildFeedbackPacket() {
		b, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		fb := &rtcp.TransportLayerCC{}
		if err := fb.Unmarshal(b); err != nil {
			t.Fatal(err)
		}
		out = append(out, fb)
	}
	return out
}

func TestReader(t *testing.T) {
	arrivals := []time.Duration{0, 1 * ms, never, never, 2 * ms, 150 * ms, 140 * ms}
	for range 100 {
		arrivals = append(arrivals, 200*ms)
	}
	for range 300 {
		arrivals = append(arrivals, never)
	}
	arrivals = append(arrivals, 210*ms)
	var got []time.Duration
	for _, fb := range feedback(t, 65530, arrivals...) {
		for r := (reader{fb: fb}); r.next(); {
			for int(fb.BaseSequenceNumber-65530)+r.offset > len(got) {
				got = append(got, never)
			}
			if r.arrived {
				got = append(got, time.Duration(fb.ReferenceTime)*referenceUnit+r.at-time.Hour)
			} else {
				got = append(got, never)
			}
		}
	}
	if !slices.Equal(got, arrivals) {
		t.Errorf("read %v\nwant %v", got, arrivals)
	}
}

func TestReaderDoesNotTrust(t *testing.T) {
	run := func(n uint16) rtcp.PacketStatusChunk {
		return &rtcp.RunLengthChunk{PacketStatusSymbol: rtcp.TypeTCCPacketReceivedSmallDelta, RunLength: n}
	}
	delta := &rtcp.RecvDelta{Type: rtcp.TypeTCCPacketReceivedSmallDelta, Delta: 250}
	for name, c := range map[string]struct {
		fb   rtcp.TransportLayerCC
		want int
	}{
		"nothing":              {rtcp.TransportLayerCC{}, 0},
		"no chunks":            {rtcp.TransportLayerCC{PacketStatusCount: 65535}, 0},
		"a chunk that is nil":  {rtcp.TransportLayerCC{PacketStatusCount: 2, PacketChunks: []rtcp.PacketStatusChunk{nil, run(1)}, RecvDeltas: []*rtcp.RecvDelta{delta}}, 1},
		"typed nils":           {rtcp.TransportLayerCC{PacketStatusCount: 2, PacketChunks: []rtcp.PacketStatusChunk{(*rtcp.RunLengthChunk)(nil), (*rtcp.StatusVectorChunk)(nil)}}, 0},
		"fewer deltas":         {rtcp.TransportLayerCC{PacketStatusCount: 9, PacketChunks: []rtcp.PacketStatusChunk{run(9)}, RecvDeltas: []*rtcp.RecvDelta{delta, delta}}, 2},
		"a delta that is nil":  {rtcp.TransportLayerCC{PacketStatusCount: 9, PacketChunks: []rtcp.PacketStatusChunk{run(9)}, RecvDeltas: []*rtcp.RecvDelta{delta, nil, delta}}, 1},
		"more than it says":    {rtcp.TransportLayerCC{PacketStatusCount: 1, PacketChunks: []rtcp.PacketStatusChunk{run(9)}, RecvDeltas: []*rtcp.RecvDelta{delta, delta}}, 1},
		"statuses not in use":  {rtcp.TransportLayerCC{PacketStatusCount: 9, PacketChunks: []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{PacketStatusSymbol: 3, RunLength: 9}}}, 0},
		"a symbol of no sense": {rtcp.TransportLayerCC{PacketStatusCount: 2, PacketChunks: []rtcp.PacketStatusChunk{&rtcp.StatusVectorChunk{SymbolList: []uint16{77, 0}}}}, 1},
	} {
		n := 0
		for r := (reader{fb: &c.fb}); r.next(); {
			n++
		}
		if n != c.want {
			t.Errorf("%s: %d packets, want %d", name, n, c.want)
		}
	}
}

func TestClockWraps(t *testing.T) {
	var c clock
	start := c.read(1<<24 - 2)
	for i, reference := range []uint32{1<<24 - 1, 0, 1, 0, 5} {
		want := []int{1, 2, 3, 2, 7}[i]
		if got := c.read(reference) - start; got != time.Duration(want)*referenceUnit {
			t.Errorf("%d is %v after the start, want %d units", reference, got, want)
		}
	}
}

// Reports that come twice, late, or about the same packets count once.
func TestReportsCountOnce(t *testing.T) {
	l := New(Config{}, epoch)
	for i := range 6 {
		l.Sent(1000, Video, epoch.Add(time.Duration(i)*10*ms))
	}
	now := epoch.Add(100 * ms)
	first := feedback(t, 0, 0, 10*ms, never, 30*ms)[0]
	second := feedback(t, 2, 20*ms, 30*ms, 40*ms, 50*ms)[0] // the third was only late
	for _, fb := range []*rtcp.TransportLayerCC{second, first, first, second} {
		l.Feedback(fb, now)
	}
	if l.losses.lost != 0 || l.losses.came != 6 || l.throughput.all.total != 6000 {
		t.Errorf("%d came and %d are lost of %d bytes", l.losses.came, l.losses.lost, l.throughput.all.total)
	}
	l.Feedback(feedback(t, 4, 40*ms, 50*ms, 60*ms)[0], now)
	if got := l.Figures().Stray; got != 1 {
		t.Errorf("%d reports of what was never sent", got)
	}
	l.Feedback(nil, now)
}

// FuzzFeedback lets a browser say anything of packets that were sent, or not.
func FuzzFeedback(f *testing.F) {
	for _, fb := range feedback(f, 0, 0, 1*ms, never, 300*ms, 20*ms) {
		b, err := fb.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint16(1))
	}
	f.Add([]byte{0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0x3f, 0xff, 0x5f, 0xff}, uint16(3))
	f.Fuzz(func(t *testing.T, b []byte, packets uint16) {
		l := New(Config{}, epoch)
		now := epoch
		for len(b) > 0 {
			for range packets % 512 {
				now = now.Add(ms)
				l.Sent(int(packets), Kind(packets%5), now)
			}
			n := len(b)
			if len(b) >= 4 {
				n = min(n, 4*(int(binary.BigEndian.Uint16(b[2:]))+1))
			}
			var fb rtcp.TransportLayerCC
			if fb.Unmarshal(b[:n]) == nil {
				l.Feedback(&fb, now)
			}
			b = b[n:]
			now = now.Add(50 * ms)
			a := l.Tick(now, 5_000_000)
			if a.Padding > 0 {
				l.Sent(a.Padding, Padding, now)
			}
			if e := l.rate.bits; math.IsNaN(e) || e < 30_000 || e > 20_000_000 {
				t.Fatalf("the estimate is %v", e)
			}
			if w := l.Wait(now); w < 0 || w > paceMost {
				t.Fatalf("the next waits for %v", w)
			}
			if a.Video < 0 || a.Video > 20_000_000 || a.Again <= 0 || a.Padding < 0 || a.Padding > 100_000 {
				t.Fatalf("the advice is %+v", a)
			}
			if fig := l.Figures(); math.IsNaN(fig.Loss) || fig.Loss < 0 || fig.Loss > 1 || fig.InFlight < 0 {
				t.Fatalf("figures are %+v", fig)
			}
		}
		if len(l.history.ring) > mostPackets {
			t.Fatalf("%d packets are remembered", len(l.history.ring))
		}
	})
}
