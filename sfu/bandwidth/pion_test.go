package bandwidth

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/gcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// pionLine is pion's own estimator in Line's place. It has no padding and takes the time from the clock.
type pionLine struct {
	gcc    *gcc.SendSideBWE
	writer interceptor.RTPWriter
	next   uint16
	full   [1500]byte
	audio  meter
	start  time.Time
}

const transportCC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

func newPionLine(t *testing.T) *pionLine {
	t.Helper()
	estimator, err := gcc.NewSendSideBWE(gcc.SendSideBWEInitialBitrate(600_000), gcc.SendSideBWEMinBitrate(30_000),
		gcc.SendSideBWEMaxBitrate(20_000_000), gcc.SendSideBWEPacer(gcc.NewNoOpPacer()))
	if err != nil {
		t.Fatal(err)
	}
	p := &pionLine{gcc: estimator, audio: newMeter(time.Second), start: epoch}
	p.writer = estimator.AddStream(&interceptor.StreamInfo{
		SSRC: 1, RTPHeaderExtensions: []interceptor.RTPHeaderExtension{{URI: transportCC, ID: 1}},
	}, interceptor.RTPWriterFunc(func(*rtp.Header, []byte, interceptor.Attributes) (int, error) { return 0, nil }))
	return p
}

func (p *pionLine) Sent(size int, kind Kind, now time.Time) uint16 {
	p.next++
	if kind == Audio {
		p.audio.add(size, now.Sub(p.start))
	}
	b, _ := (&rtp.TransportCCExtension{TransportSequence: p.next}).Marshal()
	h := &rtp.Header{Version: 2, SSRC: 1}
	_ = h.SetExtension(1, b)
	_, _ = p.writer.Write(h, p.full[:max(size-h.MarshalSize(), 0)], nil)
	return p.next
}

func (p *pionLine) Wait(time.Time) time.Duration { return 0 }

func (p *pionLine) Feedback(report []byte, _ time.Time) bool {
	var fb rtcp.TransportLayerCC
	if fb.Unmarshal(report) == nil {
		_ = p.gcc.WriteRTCP([]rtcp.Packet{&fb}, nil)
	}
	return false
}

func (p *pionLine) Tick(now time.Time, _ int) Advice {
	left := p.gcc.GetTargetBitrate() - int(p.audio.rate(now.Sub(p.start)))
	return Advice{Video: max(left, 0), Again: tickEvery}
}

// TestBesidePion puts both on the bottleneck. What pion's estimator lacks is said in docs/media.md; when it no longer
// does, this fails, and there is less to maintain.
func TestBesidePion(t *testing.T) {
	const falls, rises, ends = 30 * time.Second, 50 * time.Second, 90 * time.Second
	run := func(t *testing.T, seed uint64, pion bool) *subscriber {
		w := newWorld(seed, link{queue: 64 << 10, delay: 25 * ms, jitter: 5 * ms, rate: func(at time.Duration) float64 {
			if at >= falls && at < rises {
				return 300_000
			}
			return 2_000_000
		}})
		s := w.join(1)
		if !pion {
			w.run(ends)
			return s
		}
		p := newPionLine(t)
		s.control = p
		w.runWith(ends, func(time.Duration) { time.Sleep(time.Millisecond) })
		if err := p.gcc.Close(); err != nil {
			t.Error(err)
		}
		return s
	}
	for seed := range uint64(3) {
		ours := run(t, seed, false)
		synctest.Test(t, func(t *testing.T) {
			theirs := run(t, seed, true)
			for _, s := range []*subscriber{ours, theirs} {
				t.Logf("seed %d: %.0f kb/s before the fall, %.0f in it and %.0f after; %d changes; at most %v without voice", seed,
					s.mean(0, falls)/1000, s.mean(falls+5*time.Second, rises)/1000, s.mean(rises, ends)/1000,
					len(s.tiles[0].aimed), s.longestGap(0, ends))
			}
			if a, b := ours.mean(rises, ends), theirs.mean(rises, ends); a < 1_400_000 || b > a/2 {
				t.Errorf("seed %d: after the fall %.0f b/s, and with pion's %.0f", seed, a, b)
			}
		})
	}
}
