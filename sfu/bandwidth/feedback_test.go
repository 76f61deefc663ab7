package bandwidth

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
)

const never = -1

// feedback is the report of a browser that got the packets from first on at these times.
func feedback(t testing.TB, first uint16, arrivals ...time.Duration) (reports [][]byte) {
	t.Helper()
	r := twcc.NewRecorder(1)
	for i, at := range arrivals {
		if at != never {
			r.Record(2, first+uint16(i), int64((time.Hour+at)/time.Microsecond))
		}
	}
	for _, p := range r.BuildFeedbackPacket() {
		b, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		reports = append(reports, b)
	}
	return reports
}

// readAll is what a report says, as pairs of the offset and when it came.
func readAll(b []byte) (out [][2]time.Duration) {
	r, ok := read(b)
	for ok && r.next() {
		at := time.Duration(never)
		if r.arrived {
			at = r.at
		}
		out = append(out, [2]time.Duration{time.Duration(r.offset), at})
	}
	return out
}

// readByPion is the same as pion reads it.
func readByPion(t testing.TB, b []byte) (out [][2]time.Duration, ok bool) {
	t.Helper()
	var fb rtcp.TransportLayerCC
	if fb.Unmarshal(b) != nil {
		return nil, false
	}
	n, deltas := 0, fb.RecvDeltas
	var at time.Duration
	take := func(symbol uint16) {
		switch {
		case n == int(fb.PacketStatusCount):
			return
		case symbol == rtcp.TypeTCCPacketNotReceived:
			out = append(out, [2]time.Duration{time.Duration(n), never})
		case symbol < 3:
			at += time.Duration(deltas[0].Delta) * time.Microsecond
			deltas = deltas[1:]
			out = append(out, [2]time.Duration{time.Duration(n), at})
		}
		n++
	}
	for _, chunk := range fb.PacketChunks {
		switch c := chunk.(type) {
		case *rtcp.RunLengthChunk:
			for range c.RunLength {
				take(c.PacketStatusSymbol)
			}
		case *rtcp.StatusVectorChunk:
			for _, symbol := range c.SymbolList {
				take(symbol)
			}
		}
	}
	return out, true
}

func TestRead(t *testing.T) {
	arrivals := []time.Duration{0, 1 * ms, never, never, 2 * ms, 150 * ms, 140 * ms}
	for range 100 {
		arrivals = append(arrivals, 200*ms)
	}
	for range 300 {
		arrivals = append(arrivals, never)
	}
	arrivals = append(arrivals, 210*ms)
	var got []time.Duration
	for _, b := range feedback(t, 65530, arrivals...) {
		r, ok := read(b)
		if !ok {
			t.Fatal("it is no report")
		}
		for r.next() {
			for int(r.first-65530)+r.offset > len(got) {
				got = append(got, never)
			}
			if r.arrived {
				got = append(got, time.Duration(r.reference)*referenceUnit+r.at-time.Hour)
			} else {
				got = append(got, never)
			}
		}
	}
	if !slices.Equal(got, arrivals) {
		t.Errorf("read %v\nwant %v", got, arrivals)
	}
}

func TestReadDoesNotTrust(t *testing.T) {
	head := func(count uint16, rest ...byte) []byte {
		b := []byte{0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, byte(count >> 8), byte(count), 0, 0, 1, 7}
		return append(b, rest...)
	}
	for name, c := range map[string]struct {
		b    []byte
		want int
	}{
		"nothing":               {nil, 0},
		"too short":             {head(1)[:19], 0},
		"something else":        {append([]byte{0x81}, head(9, 0x20, 9, 1)[1:]...), 0},
		"another version":       {append([]byte{0x4f}, head(9, 0x20, 9, 1)[1:]...), 0},
		"of nobody":             {head(0, 0x20, 9, 1), 0},
		"no chunks":             {head(65535), 0},
		"half a chunk":          {head(65535, 0x20), 0},
		"empty chunks":          {head(2, 0, 0, 0, 0, 0x20, 2, 4, 4), 2},
		"fewer times":           {head(9, 0x20, 9, 1, 1), 2},
		"half a time":           {head(9, 0x40, 9, 1, 1, 1), 1},
		"more than it says":     {head(1, 0x20, 9, 1, 1), 1},
		"all that there can be": {head(65535, 0x1f, 0xff, 0x1f, 0xff, 0x1f, 0xff, 0x1f, 0xff, 0x1f, 0xff, 0x1f, 0xff, 0x1f, 0xff, 0x1f, 0xff, 0x1f, 0xff), 65535},
		"statuses not in use":   {head(9, 0x60, 9, 1, 1), 0},
		"bits":                  {head(14, 0xa0, 0x01, 1, 1), 14},
		"pairs of bits":         {head(7, 0xd8, 0x03, 1, 0, 1), 6},
	} {
		if got := len(readAll(c.b)); got != c.want {
			t.Errorf("%s: %d packets, want %d", name, got, c.want)
		}
	}
}

func TestCut(t *testing.T) {
	report := feedback(t, 0, 0, 5*ms)[0]
	pli, err := (&rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: 2}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	compound := slices.Concat(pli, report, report, []byte{1, 2, 3})
	for i, want := range []struct {
		packet   []byte
		feedback bool
	}{{pli, false}, {report, true}, {report, true}, {[]byte{1, 2, 3}, false}} {
		packet, rest, feedback := Cut(compound)
		if !slices.Equal(packet, want.packet) || feedback != want.feedback {
			t.Errorf("packet %d is %x, feedback %v", i, packet, feedback)
		}
		compound = rest
	}
	if len(compound) > 0 {
		t.Errorf("%x is left", compound)
	}
	if _, rest, feedback := Cut(report[:len(report)-1]); rest != nil || feedback {
		t.Error("half a packet is one")
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
	for _, fb := range [][]byte{second, first, first, second} {
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
	if got := l.Figures().Stray; got != 2 {
		t.Errorf("%d reports that are none", got)
	}
}

// FuzzFeedback lets a browser say anything of packets that were sent, or not.
func FuzzFeedback(f *testing.F) {
	for _, b := range feedback(f, 0, 0, 1*ms, never, 300*ms, 20*ms) {
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
			packet, rest, feedback := Cut(b)
			l.Feedback(packet, now)
			if want, ok := readByPion(t, packet); feedback && ok && packet[0]>>6 == 2 {
				if got := readAll(packet); !slices.Equal(got, want) {
					t.Fatalf("%x reads %v, and for pion %v", packet, got, want)
				}
			}
			b = rest
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
