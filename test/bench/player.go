package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/parlorhq/parlor/internal/bench"
	"github.com/parlorhq/parlor/internal/client"
)

// loopStageTarget is a loop server with media. What its participants send and take, and how, is what Parlor's do.
type loopStageTarget struct {
	*loopTarget
	publishers int
	published  atomic.Int64 // how many have entered
}

var _ bench.Stage = (*loopStageTarget)(nil)

// player is a participant of a loop server with media.
type player struct {
	visitor
	tracks []*webrtc.TrackLocalStaticRTP
	stop   context.CancelFunc
}

// Enter is bench.Stage's.
func (t *loopStageTarget) Enter(ctx context.Context, _ string, part bench.Part) (bench.Performer, error) {
	intake := client.NewIntake(func(h *rtp.Header, payload []byte, again bool) {
		if part.Packet != nil {
			part.Packet(h, payload, again)
		}
	})
	api, err := intake.API(nil)
	if err != nil {
		return nil, err
	}
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.Background())
	p := &player{visitor: visitor{pc: pc}, stop: stop}
	if err := p.enter(ctx, t, part); err != nil {
		p.Leave()
		return nil, err
	}
	go intake.Run(run, pc)
	return p, nil
}

func (p *player) enter(ctx context.Context, t *loopStageTarget, part bench.Part) error {
	for _, l := range part.Send {
		if err := p.publish(l); err != nil {
			return err
		}
	}
	slots := func(kind webrtc.RTPCodecType, n int) error {
		for range n {
			if _, err := p.pc.AddTransceiverFromKind(kind,
				webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
				return err
			}
		}
		return nil
	}
	if err := errors.Join(slots(webrtc.RTPCodecTypeAudio, part.AudioSlots), slots(webrtc.RTPCodecTypeVideo, part.VideoSlots)); err != nil {
		return err
	}
	url := fmt.Sprintf("%s/?publishers=%d", t.url, t.publishers)
	if len(part.Send) > 0 {
		url += fmt.Sprintf("&publisher=%d", t.published.Add(1)-1)
	}
	receive := part.Receive
	if receive == nil {
		receive = func([]byte) {}
	}
	return p.connect(ctx, url, receive)
}

func (p *player) publish(l bench.Line) error {
	if len(l.Encodings) != 1 {
		return errors.New("a loop knows no simulcast")
	}
	create := client.NewAudioTrack
	if l.Video {
		create = client.NewVideoTrack
	}
	track, err := create("track")
	if err != nil {
		return err
	}
	line, err := p.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return err
	}
	p.tracks = append(p.tracks, track)
	go func() {
		for {
			packets, _, err := line.Sender().ReadRTCP()
			if err != nil {
				return
			}
			for _, packet := range packets {
				if _, ok := packet.(*rtcp.PictureLossIndication); ok && l.Encodings[0].Keyframe != nil {
					l.Encodings[0].Keyframe()
				}
			}
		}
	}()
	return nil
}

// Write is bench.Performer's.
func (p *player) Write(line, _ int, packet *rtp.Packet) error { return p.tracks[line].WriteRTP(packet) }

// Leave is bench.Seat's.
func (p *player) Leave() {
	p.stop()
	p.visitor.Leave()
}
