package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pion/rtp"

	"github.com/parlorhq/parlor/internal/client"
)

// Target is a server that can be loaded.
type Target interface {
	// Join brings in a participant. receive is called for each message of others, one at a time.
	Join(ctx context.Context, name string, receive func(message []byte)) (Seat, error)
}

// Seat is a participant.
type Seat interface {
	// Send puts a message on its way and returns at once unless the way is full.
	Send(ctx context.Context, message []byte) error
	Leave()
}

// Stage is a Target with media.
type Stage interface {
	Target
	// Enter brings in a participant who publishes, or is shown what others do.
	Enter(ctx context.Context, name string, part Part) (Performer, error)
}

// Performer is a participant with media.
type Performer interface {
	Seat
	// Write sends a packet of one encoding of a line, as they stand in the Part.
	Write(line, encoding int, p *rtp.Packet) error
}

// Part is what a participant does. Its callbacks are called one at a time each.
type Part struct {
	Send       []Line
	AudioSlots int
	VideoSlots int
	Quiet      bool // it does not report when packets arrive
	// Packet is called for each packet that comes, which is good only meanwhile. again says that it came by retransmission.
	Packet  func(h *rtp.Header, payload []byte, again bool)
	Receive func(message []byte) // called for each message of others; nil: they are of no interest
}

// Line is something that is published, in VP8 or Opus.
type Line struct {
	Video     bool
	Encodings []Encoding // one, or those of a simulcast, smallest first
}

// Encoding is one in which a line is published.
type Encoding struct {
	RID      string  // empty: the only one
	Scale    float64 // by which its picture is smaller than the whole, each way
	Keyframe func()  // called when a key frame is wanted; nil: it has none
}

// Parlor is a room of a Parlor server.
type Parlor struct {
	URL       string
	Room      string
	Transport client.Transport
	Token     func(identity string) (string, error) // nil: the room is open
}

var _ Stage = (*Parlor)(nil)

// Join is Target's.
func (p *Parlor) Join(ctx context.Context, name string, receive func([]byte)) (Seat, error) {
	opt, err := p.options(name, receive)
	if err != nil {
		return nil, err
	}
	opt.NoMedia = p.Transport == client.WebSocket
	return p.join(ctx, opt)
}

// Enter is Stage's.
func (p *Parlor) Enter(ctx context.Context, name string, part Part) (Performer, error) {
	opt, err := p.options(name, part.Receive)
	if err != nil {
		return nil, err
	}
	opt.AudioSlots, opt.VideoSlots, opt.Quiet = part.AudioSlots, part.VideoSlots, part.Quiet
	opt.OnPacket = func(h *rtp.Header, payload []byte, again bool) {
		if part.Packet != nil {
			part.Packet(h, payload, again)
		}
	}
	lines := make([][]writer, 0, len(part.Send))
	for _, l := range part.Send {
		publication, writers, err := publish(l)
		if err != nil {
			return nil, err
		}
		opt.Publish, lines = append(opt.Publish, publication), append(lines, writers)
	}
	s, err := p.join(ctx, opt)
	if err != nil {
		return nil, err
	}
	s.lines = lines
	return s, nil
}

func (p *Parlor) options(name string, receive func([]byte)) (client.Options, error) {
	opt := client.Options{URL: p.URL, Room: p.Room, Name: name, Pin: []client.Transport{p.Transport}}
	if receive != nil {
		opt.OnMessage = func(m client.Message) { receive(m.Data) }
	}
	if p.Token == nil {
		return opt, nil
	}
	var err error
	opt.Token, err = p.Token(name)
	return opt, err
}

func (p *Parlor) join(ctx context.Context, opt client.Options) (*seat, error) {
	c, err := client.Join(ctx, opt)
	if err != nil {
		return nil, err
	}
	// The WebSocket carries messages until the data channel is proven: that is not what is measured.
	if err := c.Until(ctx, func() bool {
		s := c.Stats()
		return s.Transport == p.Transport && (s.Connected || opt.OnPacket == nil)
	}); err != nil {
		c.Kill()
		return nil, fmt.Errorf("%s: %w", p.Transport, err)
	}
	return &seat{Client: c}, nil
}

// writer takes the packets of one encoding.
type writer interface{ WriteRTP(p *rtp.Packet) error }

// publish is a line as the client publishes it, and what its packets are written to.
func publish(l Line) (p client.Publication, writers []writer, err error) {
	if !l.Video {
		track, err := client.NewAudioTrack("audio")
		return client.Publication{Source: "microphone", Track: track}, []writer{track}, err
	}
	p.Source = "camera"
	for _, e := range l.Encodings {
		if e.RID == "" {
			track, err := client.NewVideoTrack("video")
			p.Track, p.Keyframe = track, e.Keyframe
			return p, []writer{track}, err
		}
		layer, err := client.NewVideoLayer("video", e.RID, e.Scale)
		if err != nil {
			return p, nil, err
		}
		layer.Keyframe = e.Keyframe
		p.Layers, writers = append(p.Layers, layer), append(writers, layer)
	}
	return p, writers, nil
}

// seat is a participant of a Parlor room.
type seat struct {
	*client.Client
	lines [][]writer // static after Enter
}

// messageType is the type of every message of a load.
const messageType = "bench"

// leaveTimeout bounds a goodbye.
const leaveTimeout = 3 * time.Second

// Send is Seat's.
func (s *seat) Send(ctx context.Context, message []byte) error {
	_, err := s.Queue(ctx, messageType, json.RawMessage(message))
	return err
}

// Write is Performer's.
func (s *seat) Write(line, encoding int, p *rtp.Packet) error {
	return s.lines[line][encoding].WriteRTP(p)
}

// Leave is Seat's.
func (s *seat) Leave() {
	ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
	defer cancel()
	_ = s.Client.Leave(ctx) // whatever happens, it is gone
}
