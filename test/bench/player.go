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

// player is the media of a participant, which is the same whether a loop or Parlor serves it.
type player struct {
	pc     *webrtc.PeerConnection
	lines  []*webrtc.RTPTransceiver
	tracks []*webrtc.TrackLocalStaticRTP
	intake *client.Intake
	run    context.Context
	stop   context.CancelFunc
}

// newPlayer makes a PeerConnection with the lines of a part.
func newPlayer(part bench.Part) (*player, error) {
	intake := client.NewIntake(func(h *rtp.Header, payload []byte, again bool) {
		if part.Packet != nil {
			part.Packet(h, payload, again)
		}
	})
	intake.Quiet = part.Quiet
	api, err := intake.API(nil)
	if err != nil {
		return nil, err
	}
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	p := &player{pc: pc, intake: intake}
	p.run, p.stop = context.WithCancel(context.Background())
	for _, l := range part.Send {
		if err := p.publish(l); err != nil {
			return nil, errors.Join(err, pc.Close())
		}
	}
	for kind, n := range map[webrtc.RTPCodecType]int{webrtc.RTPCodecTypeAudio: part.AudioSlots, webrtc.RTPCodecTypeVideo: part.VideoSlots} {
		for range n {
			if _, err := pc.AddTransceiverFromKind(kind,
				webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
				return nil, errors.Join(err, pc.Close())
			}
		}
	}
	return p, nil
}

func (p *player) publish(l bench.Line) error {
	if len(l.Encodings) != 1 {
		return errors.New("these know no simulcast")
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
	p.lines, p.tracks = append(p.lines, line), append(p.tracks, track)
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

// entered is to be called with the answer taken.
func (p *player) entered() { go p.intake.Run(p.run, p.pc) }

// Write is bench.Performer's.
func (p *player) Write(line, _ int, packet *rtp.Packet) error { return p.tracks[line].WriteRTP(packet) }

// ignore is for who has no interest in messages.
func ignore(receive func([]byte)) func([]byte) {
	if receive == nil {
		return func([]byte) {}
	}
	return receive
}

// loopStageTarget is a loop server with media.
type loopStageTarget struct {
	*loopTarget
	publishers int
	published  atomic.Int64 // how many have entered
}

var _ bench.Stage = (*loopStageTarget)(nil)

// loopPlayer is a participant of a loop server with media.
type loopPlayer struct {
	*player
	visitor
}

// Enter is bench.Stage's.
func (t *loopStageTarget) Enter(ctx context.Context, _ string, part bench.Part) (bench.Performer, error) {
	p, err := newPlayer(part)
	if err != nil {
		return nil, err
	}
	g := &loopPlayer{p, visitor{pc: p.pc}}
	url := fmt.Sprintf("%s/?publishers=%d", t.url, t.publishers)
	if len(part.Send) > 0 {
		url += fmt.Sprintf("&publisher=%d", t.published.Add(1)-1)
	}
	if err := g.connect(ctx, url, ignore(part.Receive)); err != nil {
		g.Leave()
		return nil, err
	}
	p.entered()
	return g, nil
}

// Leave is bench.Seat's.
func (g *loopPlayer) Leave() {
	g.stop()
	g.visitor.Leave()
}

// parlorStage is a room of a Parlor server with media.
type parlorStage struct{ *parlorTarget }

var _ bench.Stage = (*parlorStage)(nil)

// parlorPlayer is a participant of it.
type parlorPlayer struct {
	*player
	guest
}

// Enter is bench.Stage's.
func (t *parlorStage) Enter(ctx context.Context, name string, part bench.Part) (bench.Performer, error) {
	p, err := newPlayer(part)
	if err != nil {
		return nil, err
	}
	g := &parlorPlayer{player: p}
	g.visitor.pc = p.pc
	g.guest.tracks = func() (all []sending) {
		for i, line := range p.lines {
			source := "microphone"
			if part.Send[i].Video {
				source = "camera"
			}
			all = append(all, sending{line.Mid(), source})
		}
		return all
	}
	if err := g.connect(ctx, t.parlorTarget, name, ignore(part.Receive)); err != nil {
		g.Leave()
		return nil, err
	}
	p.entered()
	return g, nil
}

// Leave is bench.Seat's.
func (g *parlorPlayer) Leave() {
	g.stop()
	g.guest.Leave()
}
