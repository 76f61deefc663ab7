package bench

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/pion/rtp"
)

// Media is what each publisher of a load sends. The zero value is nothing.
type Media struct {
	Video     float64 // packets a second, of 1,200 bytes, in 30 frames
	Audio     float64 // packets a second, of 100 bytes
	Simulcast bool    // video in three encodings, of which the largest has so many packets
	Mutual    bool    // publishers are shown each other
	Quiet     bool    // nobody reports when packets arrive, so that their line stays unknown
}

// publisher is one who publishes.
type publisher struct {
	// Static.
	name   string
	voices []*voice
	viewer *viewer // nil: it is shown nothing

	// Owned by who lets it enter and leave.
	seat Performer
	stop context.CancelFunc
	wg   sync.WaitGroup
}

// voice is what is published in one line: one encoding, or those of a simulcast, smallest first.
type voice struct {
	video     bool
	every     time.Duration
	phase     time.Duration // publishers are spread over the interval, as people are
	encodings []*stream
}

// newPublisher is publisher i of so many. add gives each stream its id.
func newPublisher(i, of int, m Media, add func(func(id uint32) *stream) *stream) *publisher {
	p := &publisher{name: fmt.Sprintf("publisher-%d", i)}
	speak := func(v *voice, perSecond float64) {
		v.every = time.Duration(float64(time.Second) / perSecond)
		v.phase = v.every * time.Duration(i) / time.Duration(of)
		p.voices = append(p.voices, v)
	}
	if m.Audio > 0 {
		speak(&voice{encodings: []*stream{add(newAudio)}}, m.Audio)
	}
	if m.Video > 0 {
		packets := max(1, int(math.Round(m.Video/frameRate)))
		v := &voice{video: true}
		video := func(rid string, scale float64, packets, bytes int) {
			one := add(func(id uint32) *stream { return newVideo(id, packets, bytes) })
			one.rid, one.scale = rid, scale
			v.encodings = append(v.encodings, one)
		}
		if m.Simulcast {
			video("q", 4, 1, videoBytes/2)
			video("h", 2, max(1, packets*2/5), videoBytes)
			video("f", 1, packets, videoBytes)
		} else {
			video("", 1, packets, videoBytes)
		}
		speak(v, m.Video/float64(packets))
	}
	return p
}

// lines are what it publishes.
func (p *publisher) lines() (lines []Line) {
	for _, v := range p.voices {
		l := Line{Video: v.video}
		for _, e := range v.encodings {
			l.Encodings = append(l.Encodings, Encoding{e.rid, e.scale, e.keyframe})
		}
		lines = append(lines, l)
	}
	return lines
}

// play sends until leave.
func (p *publisher) play(seat Performer) {
	ctx, stop := context.WithCancel(context.Background())
	p.seat, p.stop = seat, stop
	for i, v := range p.voices {
		p.wg.Go(func() {
			v.run(ctx, func(encoding int, packet *rtp.Packet) error { return seat.Write(i, encoding, packet) })
		})
	}
}

// run sends frame after frame, each at its time: what was held up is made up for.
func (v *voice) run(ctx context.Context, write func(encoding int, p *rtp.Packet) error) {
	for due := time.Now().Add(v.phase); sleep(ctx, time.Until(due)) == nil; due = due.Add(v.every) {
		for i, e := range v.encodings {
			e.play(func(p *rtp.Packet) error { return write(i, p) })
		}
	}
}

// leave ends it.
func (p *publisher) leave() {
	if p.seat == nil {
		return
	}
	p.stop()
	p.wg.Wait()
	p.seat.Leave()
}
