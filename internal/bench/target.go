package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
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
	// Publish brings in a participant that publishes audio and video until it leaves.
	Publish(ctx context.Context, name string) (Seat, error)
	// Forwarded is how many media packets have come to those who do not publish.
	Forwarded() uint64
}

// Parlor is a room of a Parlor server.
type Parlor struct {
	URL       string
	Room      string
	Transport client.Transport
	Token     func(identity string) (string, error) // nil: the room is open

	// Publishers is how many publish. Those who do not have slots for as many, up to maxShown.
	Publishers int

	packets atomic.Uint64
}

var _ Stage = (*Parlor)(nil)

const maxShown = 9

// Forwarded is Stage's.
func (p *Parlor) Forwarded() uint64 { return p.packets.Load() }

// Join is Target's.
func (p *Parlor) Join(ctx context.Context, name string, receive func([]byte)) (Seat, error) {
	opt, err := p.options(name)
	if err != nil {
		return nil, err
	}
	opt.OnMessage = func(m client.Message) { receive(m.Data) }
	opt.OnRTP = func(client.Binding, *rtp.Packet) { p.packets.Add(1) }
	opt.AudioSlots, opt.VideoSlots = min(p.Publishers, maxShown), min(p.Publishers, maxShown)
	return p.join(ctx, opt)
}

func (p *Parlor) options(name string) (client.Options, error) {
	opt := client.Options{
		URL: p.URL, Room: p.Room, Name: name, Pin: []client.Transport{p.Transport},
		NoMedia: p.Transport == client.WebSocket && p.Publishers == 0,
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
	if err := c.Until(ctx, func() bool { return c.Stats().Transport == p.Transport }); err != nil {
		c.Kill()
		return nil, fmt.Errorf("%s: %w", p.Transport, err)
	}
	return &seat{Client: c}, nil
}

// Publish is Stage's.
func (p *Parlor) Publish(ctx context.Context, name string) (Seat, error) {
	opt, err := p.options(name)
	if err != nil {
		return nil, err
	}
	opt.NoMedia = false
	audio, err := client.NewAudioTrack("audio")
	if err != nil {
		return nil, err
	}
	video, err := client.NewVideoTrack("video")
	if err != nil {
		return nil, err
	}
	picture := client.NewVideo(1, 1, 1)
	opt.Publish = []client.Publication{
		{Source: "microphone", Track: audio},
		{Source: "camera", Track: video, Keyframe: picture.RequestKeyframe},
	}
	s, err := p.join(ctx, opt)
	if err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.Background())
	s.stop = stop
	go func() { _ = client.NewAudio(1, 1).Run(run, audio) }() // ends with stop; an error is packets that do not come
	go func() { _ = picture.Run(run, video, 0) }()            // likewise
	return s, nil
}

// seat is a participant of a Parlor room.
type seat struct {
	*client.Client
	stop func() // nil unless it publishes
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

// Leave is Seat's.
func (s *seat) Leave() {
	if s.stop != nil {
		s.stop()
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
	defer cancel()
	_ = s.Client.Leave(ctx) // whatever happens, it is gone
}
