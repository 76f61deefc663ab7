package bench

import (
	"context"
	"fmt"
	"math"
)

// show is the media of a load: what is published, and who is shown it.
type show struct {
	// Static after newShow.
	media      Media
	streams    []*stream // by id
	publishers []*publisher
	viewers    []*viewer // one for each reader, and behind them one for each publisher that is shown others
}

// maxShown is how many tracks of a kind somebody is shown. With two of its own, it has as many lines as a server takes.
const maxShown = 15

// newShow is the show of a load; of one without publishers it is empty.
func newShow(r *run) *show {
	s := &show{media: r.Media}
	if r.Publishers == 0 {
		return s
	}
	for i := range r.Publishers {
		s.publishers = append(s.publishers, newPublisher(i, r.Publishers, r.Media, s.add))
	}
	for range r.Load.Readers {
		s.viewers = append(s.viewers, s.viewer(r, nil))
	}
	if r.Media.Mutual {
		for _, p := range s.publishers {
			p.viewer = s.viewer(r, p)
			s.viewers = append(s.viewers, p.viewer)
		}
	}
	return s
}

func (s *show) add(make func(id uint32) *stream) *stream {
	one := make(uint32(len(s.streams)))
	s.streams = append(s.streams, one)
	return one
}

// viewer is shown all publishers, or all others if it is one itself.
func (s *show) viewer(r *run, self *publisher) *viewer {
	v := &viewer{run: r, own: map[uint32]bool{}, tallies: make([]tally, len(s.streams)), lines: map[uint32]*line{}}
	shown := len(s.publishers)
	if self != nil {
		shown--
		for _, line := range self.voices {
			for _, e := range line.encodings {
				v.own[e.id] = true
			}
		}
	}
	v.choice = s.media.Simulcast || shown > maxShown
	if s.media.Audio > 0 {
		v.audio = min(shown, maxShown)
	}
	if s.media.Video > 0 {
		v.video = min(shown, maxShown)
	}
	return v
}

// publish lets a publisher enter and play.
func (s *show) publish(ctx context.Context, stage Stage, p *publisher) (Seat, error) {
	part := Part{Send: p.lines()}
	if p.viewer != nil {
		p.viewer.enter(&part)
	}
	seat, err := stage.Enter(ctx, p.name, part)
	if err != nil {
		return nil, err
	}
	p.play(seat)
	return seat, nil
}

// view lets reader i enter, who gets messages too.
func (s *show) view(ctx context.Context, stage Stage, i int, receive func([]byte)) (Seat, error) {
	part := Part{Receive: receive}
	s.viewers[i].enter(&part)
	return stage.Enter(ctx, fmt.Sprintf("reader-%d", i), part)
}

func (s *show) begin() {
	for _, one := range s.streams {
		one.begin()
	}
}

func (s *show) end() {
	for _, one := range s.streams {
		one.end()
	}
}

// forwarded is how many packets have come to all viewers.
func (s *show) forwarded() (total uint64) {
	for _, v := range s.viewers {
		total += v.total.Load()
	}
	return total
}

// report sums up what the viewers saw.
func (s *show) report(into *Report) {
	if len(s.publishers) == 0 {
		return
	}
	m := &MediaReport{
		Publishers: len(s.publishers), Video: s.media.Video, Audio: s.media.Audio, Simulcast: s.media.Simulcast,
		PerSecond: float64(into.PacketsForwarded) / into.Seconds,
	}
	for _, one := range s.streams {
		if from, to := one.measured(); to != math.MaxUint64 {
			m.Sent += to - from
		}
	}
	var delays, firsts latency
	for _, v := range s.viewers {
		m.Lost += v.lost(s.streams)
		v.mu.Lock()
		delays.merge(&v.latency)
		if v.first > 0 {
			firsts.add(v.first)
		} else {
			m.Blind++
		}
		m.Wrong += v.wrong
		m.Repaired += v.repaired
		for i := range v.tallies {
			m.Doubled += v.tallies[i].doubled
			m.Reordered += v.tallies[i].reordered
			m.Wrong += v.tallies[i].foreign
		}
		v.mu.Unlock()
	}
	m.LatencyMs, m.FirstMs = milliseconds(&delays), milliseconds(&firsts)
	into.Media = m
}
