package sfu

import (
	"slices"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// asker is a publisher that counts what is asked of it.
type asker struct {
	nobody
	track *Track
	now   time.Time

	mu    sync.Mutex
	asked map[string][]time.Time
}

func (a *asker) poke() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, l := range a.track.all() {
		if ask, _ := l.keyframeDue(a.now); ask {
			a.asked[l.rid] = append(a.asked[l.rid], a.now)
		}
	}
}

// simulcast is a track in three encodings, played by hand.
type simulcast struct {
	*asker
	layers []*layer
	next   []uint16 // sequence number of each
	frames []uint32 // of each
}

var rids = []string{"q", "h", "f"}

func newSimulcast() *simulcast {
	track := newTrack("0", Video, "video/VP8", "")
	s := &simulcast{
		asker: &asker{track: track, asked: map[string][]time.Time{}, now: time.Unix(1000, 0)},
		next:  []uint16{100, 65530, 30000}, frames: []uint32{0, 0, 0},
	}
	track.announce(s, rids)
	for i, rid := range rids {
		l := newLayer(track, s, uint32(i+1), 100, extensionIDs{})
		l.rid = rid
		track.add(l, 3)
		s.layers = append(s.layers, l)
	}
	return s
}

// frame sends a frame of two packets in one encoding. Its timestamps have an offset of their own.
func (s *simulcast) frame(i int, key bool) {
	s.frames[i]++
	for n := range 2 {
		p := rtp.Packet{
			Header: rtp.Header{
				Version: 2, PayloadType: 100, SequenceNumber: s.next[i], Marker: n == 1,
				Timestamp: s.timestamp(i), SSRC: uint32(i + 1),
			},
			Payload: append(vp8Descriptor(n == 0, uint16(s.frames[i]), byte(s.frames[i]), key), rids[i]...),
		}
		s.next[i]++
		b, err := p.Marshal()
		if err != nil {
			panic(err)
		}
		s.layers[i].take(b, s.now)
	}
}

// timestamp is what an encoding's clock shows now.
func (s *simulcast) timestamp(i int) uint32 {
	return uint32(i)*1e9 + ticks(s.now.Sub(time.Unix(1000, 0)), videoClock)
}

// play sends frames of some encodings every 33 ms; the first ones of those asked for are key frames.
func (s *simulcast) play(d time.Duration, live ...int) {
	for end := s.now.Add(d); s.now.Before(end); s.now = s.now.Add(33 * time.Millisecond) {
		s.poke()
		for _, i := range live {
			asked := s.asked[rids[i]]
			s.frame(i, s.frames[i] == 0 || len(asked) > 0 && s.now.Sub(asked[len(asked)-1]) < 40*time.Millisecond)
		}
	}
}

func (s *simulcast) report() {
	for i, l := range s.layers {
		l.senderReport(&rtcp.SenderReport{NTPTime: ntpTime(s.now), RTPTime: s.timestamp(i)}, s.now)
	}
}

func (s *simulcast) of(i int) target { return target{s.layers[i], maxSpatial, maxTemporal} }

// tape is a writer that keeps everything.
type tape struct{ packets []rtp.Packet }

func (w *tape) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	w.packets = append(w.packets, rtp.Packet{Header: *h, Payload: slices.Clone(payload)})
	return len(payload), nil
}

// parts are the encodings that came one after the other.
func (w *tape) parts() string {
	out := ""
	for _, p := range w.packets {
		if rid := string(p.Payload[6:]); out == "" || out[len(out)-1:] != rid {
			out += rid
		}
	}
	return out
}
