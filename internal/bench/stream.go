package bench

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pion/rtp"

	"github.com/parlorhq/parlor/internal/client"
)

// stream is one encoding that a publisher sends: packets in the shape of VP8 or Opus, numbered from 0.
type stream struct {
	// Static.
	id       uint32
	rid      string // empty: the only encoding
	scale    float64
	next     func() []*rtp.Packet // makes those of the next frame
	keyframe func()               // asks for a key frame; nil: it has none

	mu sync.Mutex
	// Guarded by mu.
	sent     uint64
	from, to uint64 // what is measured: from ≤ number < to
}

const (
	videoBytes = 1200
	audioBytes = 100
	frameRate  = 30
	// keyframeEvery is in frames. Who comes later waits for no longer than that, whatever a server asks for.
	keyframeEvery = 3 * frameRate
)

func newAudio(id uint32) *stream {
	audio := client.NewAudio(uint16(rand.Uint32()), rand.Uint32())
	audio.PayloadBytes = audioBytes
	return &stream{id: id, next: func() []*rtp.Packet { return []*rtp.Packet{audio.Next()} }}
}

// newVideo is a stream of so many packets a frame.
func newVideo(id uint32, packets, bytes int) *stream {
	video := client.NewVideo(uint16(rand.Uint32()), rand.Uint32(), uint16(rand.Uint32()))
	video.PacketsPerFrame, video.PayloadBytes, video.FrameRate = packets, bytes, frameRate
	frame := 0
	return &stream{id: id, keyframe: video.RequestKeyframe, next: func() []*rtp.Packet {
		if frame++; frame%keyframeEvery == 0 {
			video.RequestKeyframe()
		}
		return video.Next()
	}}
}

// play sends the next frame.
func (s *stream) play(write func(*rtp.Packet) error) {
	for _, p := range s.next() {
		s.mu.Lock()
		s.sent++
		s.mu.Unlock()
		mark(p.Payload, s.id, time.Now().UnixNano())
		_ = write(p) // what is not written does not come, and is counted as lost
	}
}

// begin says that what is sent from now on is measured, until end.
func (s *stream) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from, s.to = s.sent, math.MaxUint64
}

func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = s.sent
}

func (s *stream) measured() (from, to uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.from, s.to
}
