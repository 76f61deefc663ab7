package bench

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"

	"github.com/parlorhq/parlor/internal/client"
)

// fakeStage forwards what is published to everybody else, and not always as it should.
type fakeStage struct {
	delay time.Duration
	spoil func(d *delivery) // decides what becomes of a packet; nil: all arrive
	echo  bool              // to who sent it, too

	mu sync.Mutex
	// Guarded by mu.
	guests []*fakeGuest
	joins  int
}

// delivery is one packet on its way to one guest.
type delivery struct {
	guest    *fakeGuest
	rid      string
	n        uint64 // number of the packet in its stream
	delay    time.Duration
	times    int  // how often it arrives
	again    bool // by retransmission
	probed   bool // by retransmission as well
	withheld bool // it is never sent
	payload  []byte
}

type fakeGuest struct {
	stage *fakeStage
	part  Part

	mu sync.Mutex
	// Guarded by mu.
	sequence map[*fakeGuest]uint16 // of what it is sent of others
}

func (s *fakeStage) Join(ctx context.Context, name string, receive func([]byte)) (Seat, error) {
	return s.Enter(ctx, name, Part{Receive: receive})
}

func (s *fakeStage) Enter(_ context.Context, _ string, part Part) (Performer, error) {
	time.Sleep(20500 * time.Microsecond) // no frame is due when measuring begins or ends
	s.mu.Lock()
	defer s.mu.Unlock()
	g := &fakeGuest{stage: s, part: part, sequence: map[*fakeGuest]uint16{}}
	s.guests = append(s.guests, g)
	s.joins++
	return g, nil
}

func (g *fakeGuest) Send(context.Context, []byte) error { return nil }
func (g *fakeGuest) Leave()                             {}

func (g *fakeGuest) Write(line, encoding int, p *rtp.Packet) error {
	s := g.stage
	s.mu.Lock()
	defer s.mu.Unlock()
	n, _ := client.Stamp(p.Payload)
	for i, other := range s.guests {
		if other == g && !s.echo || other.part.Packet == nil {
			continue
		}
		d := &delivery{
			guest: other, rid: g.part.Send[line].Encodings[encoding].RID, n: n, times: 1, payload: slices.Clone(p.Payload),
			delay: s.delay + time.Duration(n%20)*time.Microsecond, // those of a frame in their order
		}
		if s.spoil != nil {
			s.spoil(d)
		}
		if d.withheld {
			continue
		}
		h := &rtp.Header{SSRC: uint32(i), SequenceNumber: other.next(g)}
		for range d.times {
			time.AfterFunc(d.delay, func() { other.take(h, d.payload, d.again) })
		}
		if d.probed {
			time.AfterFunc(d.delay+time.Millisecond, func() { other.take(h, d.payload, true) })
		}
	}
	return nil
}

func (g *fakeGuest) take(h *rtp.Header, payload []byte, again bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.part.Packet(h, payload, again)
}

func (g *fakeGuest) next(from *fakeGuest) uint16 {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sequence[from]++
	return g.sequence[from]
}

func TestMedia(t *testing.T) {
	video := Load{Publishers: 1, Readers: 3, Media: Media{Video: 150}}
	for _, tt := range []struct {
		name  string
		load  Load
		spoil func(d *delivery)
		check func(r *Report, m *MediaReport) bool
	}{
		{name: "all", load: video, check: func(r *Report, m *MediaReport) bool {
			return m.Sent == 1500 && m.Lost == 0 && near(r.PacketsForwarded, 4500) && m.LatencyMs.P999 < 5.1 && m.FirstMs.P50 < 60
		}},
		{name: "450 a second", load: Load{Publishers: 1, Readers: 3, Media: Media{Video: 450}}, check: func(r *Report, m *MediaReport) bool {
			return m.Sent == 4500 && m.Lost == 0 && near(r.PacketsForwarded, 13500)
		}},
		{name: "audio", load: Load{Publishers: 1, Readers: 3, Media: Media{Audio: 50}}, check: func(r *Report, m *MediaReport) bool {
			return m.Sent == 500 && m.Lost == 0 && near(r.PacketsForwarded, 1500)
		}},
		{name: "one in a hundred lost", load: video, spoil: func(d *delivery) {
			if d.n%100 == 7 {
				d.times = 0
			}
		}, check: func(r *Report, m *MediaReport) bool {
			return m.Lost == 45 && m.Doubled+m.Reordered+m.Wrong+m.Repaired == 0 && near(r.PacketsForwarded, 4455)
		}},
		{name: "lost for one of them", load: video, spoil: func(d *delivery) {
			if d.guest == d.guest.stage.guests[1] && d.n%10 == 0 {
				d.times = 0
			}
		}, check: func(_ *Report, m *MediaReport) bool { return m.Lost == 150 }},
		{name: "one doubled", load: video, spoil: func(d *delivery) {
			if d.n == 1000 {
				d.times = 2
			}
		}, check: func(r *Report, m *MediaReport) bool {
			return m.Doubled == 3 && m.Lost == 0 && near(r.PacketsForwarded, 4500)
		}},
		{name: "some late", load: video, spoil: func(d *delivery) {
			if d.n%50 == 0 { // the first of a frame comes behind its last
				d.delay += time.Millisecond
			}
		}, check: func(_ *Report, m *MediaReport) bool {
			return m.Reordered > 90 && m.Reordered < 120 && m.Lost == 0 && m.LatencyMs.P50 < 5.1 && m.LatencyMs.P99 > 5.9 && m.LatencyMs.P99 < 6.1
		}},
		{name: "one in fifty slow", load: video, spoil: func(d *delivery) {
			if d.n%50 == 0 {
				d.delay = 80 * time.Millisecond
			}
		}, check: func(_ *Report, m *MediaReport) bool {
			return m.LatencyMs.P50 < 5.1 && m.LatencyMs.P99 > 79 && m.LatencyMs.P99 < 81 && m.Lost == 0
		}},
		{name: "repaired", load: video, spoil: func(d *delivery) {
			if d.n == 1000 {
				d.again = true
				d.delay = 30 * time.Millisecond
			}
		}, check: func(_ *Report, m *MediaReport) bool { return m.Repaired == 3 && m.Lost == 0 && m.Doubled == 0 }},
		{name: "slow before it is measured", load: video, spoil: func(d *delivery) {
			if d.n < 150 {
				d.delay = 200 * time.Millisecond
			}
		}, check: func(_ *Report, m *MediaReport) bool { return m.LatencyMs.P999 < 5.1 && m.Lost == 0 }},
		{
			name: "probed with what had come", load: video, spoil: func(d *delivery) { d.probed = d.n%10 == 0 },
			check: func(r *Report, m *MediaReport) bool {
				return m.Repaired+m.Doubled+m.Lost == 0 && near(r.PacketsForwarded, 4500)
			},
		},
		{name: "another's", load: video, spoil: func(d *delivery) {
			if d.n == 1000 {
				d.payload = []byte("what nobody sent like this, whoever it was")
			}
		}, check: func(_ *Report, m *MediaReport) bool { return m.Wrong == 3 && m.Lost == 3 }},
		{name: "nothing", load: video, spoil: func(d *delivery) { d.withheld = true }, check: func(r *Report, m *MediaReport) bool {
			return m.Blind == 3 && m.Lost == 4500 && r.PacketsForwarded == 0
		}},
		{
			name: "all to all", load: Load{Publishers: 4, Media: Media{Video: 150, Audio: 50, Mutual: true}},
			check: func(r *Report, m *MediaReport) bool {
				return near(m.Sent, 8000) && m.Lost == 0 && m.Blind == 0 && near(r.PacketsForwarded, 4*3*2000)
			},
		},
		{
			name: "the middle one of a simulcast", load: Load{Publishers: 1, Readers: 2, Media: Media{Video: 150, Simulcast: true}},
			spoil: func(d *delivery) {
				d.withheld = d.rid != "h"
				if d.n%100 == 50 { // 60 a second: lost on the way, and counted from the first that came
					d.times = 0
				}
			},
			check: func(r *Report, m *MediaReport) bool {
				return m.Sent == 2400 && m.Lost >= 2*6 && m.Lost <= 2*8 && near(r.PacketsForwarded, 2*594)
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stage := &fakeStage{delay: 5 * time.Millisecond, spoil: tt.spoil}
				l := tt.load
				l.Size, l.Warmup, l.Duration = MinSize, 2*time.Second, 10*time.Second
				r, err := Run(t.Context(), stage, l)
				if err != nil {
					t.Fatal(err)
				}
				if !tt.check(r, r.Media) {
					t.Errorf("forwarded %d, %+v", r.PacketsForwarded, r.Media)
				}
			})
		})
	}
}

// near allows for packets on their way at both ends of the measuring.
func near(got, want uint64) bool { return got+want/200 >= want && got <= want+want/200 }

func TestMediaOfItsOwnIsWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Load{Publishers: 2, Media: Media{Audio: 50, Mutual: true}, Size: MinSize, Duration: 10 * time.Second}
		r, err := Run(t.Context(), &fakeStage{echo: true}, l)
		if err != nil {
			t.Fatal(err)
		}
		if m := r.Media; m.Wrong < 1000 || m.Lost != 0 || !near(r.PacketsForwarded, 1000) {
			t.Errorf("forwarded %d, %+v", r.PacketsForwarded, m)
		}
	})
}

func TestVideoHasKeyFrames(t *testing.T) {
	keys, asked := 0, newVideo(0, 5, videoBytes)
	for i := range 10 * frameRate {
		if i == 100 {
			asked.keyframe()
		}
		packets := asked.next()
		if len(packets) != 5 || len(packets[0].Payload) != videoBytes {
			t.Fatalf("%d packets of %d bytes", len(packets), len(packets[0].Payload))
		}
		if client.IsKeyframe(packets[0].Payload) {
			keys++
		}
	}
	if keys != 5 { // the first, one every 3 s, and one that was asked for
		t.Errorf("%d key frames in 10 s", keys)
	}
}

func TestMark(t *testing.T) {
	for _, p := range append(newVideo(3, 5, videoBytes).next(), newAudio(3).next()...) {
		mark(p.Payload, 3, -9)
		if id, _, at, ok := readMark(p.Payload); id != 3 || at != -9 || !ok {
			t.Errorf("%d %d %t", id, at, ok)
		}
	}
	if _, _, _, ok := readMark(make([]byte, markBytes-1)); ok {
		t.Error("a packet too short for a mark has one")
	}
}

func TestLine(t *testing.T) {
	for _, tt := range []struct {
		sequences []uint16
		missing   uint64
	}{
		{[]uint16{5, 6, 7}, 0},
		{[]uint16{5, 7, 9}, 2},
		{[]uint16{5, 7, 6}, 0},
		{[]uint16{65534, 65535, 1}, 1}, // over the end
		{[]uint16{0, 65535}, 0},        // older than the first
	} {
		var l line
		for _, s := range tt.sequences {
			l.add(s)
		}
		if l.missing() != tt.missing {
			t.Errorf("%v: %d missing", tt.sequences, l.missing())
		}
	}
}

func TestJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stage := &fakeStage{}
		r, err := RunJoins(t.Context(), stage, Joins{Present: 20, Count: 5, AudioSlots: 1, Rest: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if stage.joins != 25 || r.Joins != 5 || r.Present != 20 || r.JoinMs.P50 < 20 || r.JoinMs.P99 > 21 {
			t.Errorf("%d joined, %+v", stage.joins, r)
		}
		if g := stage.guests[24]; g.part.AudioSlots != 1 || g.part.VideoSlots != 0 {
			t.Errorf("part %+v", g.part)
		}
	})
}

func TestReportNames(t *testing.T) {
	r := &Report{Seconds: 10, Media: &MediaReport{KiBPerParticipant: 1}}
	r.took(meter{}, meter{at: time.Time{}.Add(10 * time.Second), server: time.Second, received: 10, forwarded: 1000})
	for _, tt := range []struct {
		of    any
		names []string
	}{
		{r, []string{
			"delivered", "lost", "reordered", "latencyMs", "joinMs", "packetsForwarded", "media", "serverCPU",
			"serverMicrosPerPacket",
		}},
		{r.Media, []string{
			"publishers", "simulcast", "sent", "forwardedPerSecond", "lost", "doubled", "reordered", "latencyMs", "firstMs",
			"serverKiBPerParticipant",
		}},
		{r.Media.LatencyMs, []string{"p50", "p99", "p999"}},
		{&JoinReport{MillisPerJoin: 1, KiBPerParticipant: 1, IdleMicros: 1}, []string{
			"present", "joins", "joinMs", "serverMillisPerJoin", "serverKiBPerParticipant", "serverIdleMicrosPerSecond",
		}},
	} {
		b, err := json.Marshal(tt.of)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(b, &fields); err != nil {
			t.Fatal(err)
		}
		for _, name := range tt.names {
			if _, ok := fields[name]; !ok {
				t.Errorf("%T has no %s: %s", tt.of, name, b)
			}
		}
	}
	if r.MicrosPerPacket != 1000 {
		t.Errorf("%v µs a packet", r.MicrosPerPacket)
	}
}
