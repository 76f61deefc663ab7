package sfu

import (
	"cmp"
	"slices"
	"time"
)

// decideEvery is how often a peer looks again at what its video slots could be sent, while any is.
const decideEvery = 200 * time.Millisecond

// decision is memory for one, and when the next is due.
type decision struct {
	at      time.Time // zero: none is due
	slots   []*slot   // best first
	wishes  []Wish
	options [][]option
	buf     []option
}

// decide looks again if it is time to; at is when the next look is due, if ever.
func (p *Peer) decide(now time.Time) (at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := &p.decision; !d.at.IsZero() && !now.Before(d.at) {
		p.decideLocked(now)
	}
	return p.decision.at
}

// decideLocked aims every slot that may flow: a video slot at what choose says, an audio slot at all there is.
func (p *Peer) decideLocked(now time.Time) {
	d := &p.decision
	d.at = time.Time{}
	d.slots, d.wishes, d.options, d.buf = d.slots[:0], d.wishes[:0], d.options[:0], d.buf[:0]
	for _, s := range p.slots {
		if s.track == nil || !s.flowing {
			continue
		}
		if s.kind == Audio {
			if l := s.track.best(); l != nil {
				s.aim(target{l, maxSpatial, maxTemporal}, now)
			}
			continue
		}
		d.slots = append(d.slots, s)
	}
	if len(d.slots) == 0 {
		return
	}
	slices.SortFunc(d.slots, func(a, b *slot) int { return cmp.Compare(p.order[a.track], p.order[b.track]) })
	for _, s := range d.slots {
		from := len(d.buf)
		d.buf = s.track.options(now, d.buf)
		d.wishes, d.options = append(d.wishes, p.wishes[p.order[s.track]]), append(d.options, d.buf[from:])
	}
	d.at = now.Add(decideEvery)
	changed := false
	for i, n := range choose(d.wishes, d.options, now) {
		s := d.slots[i]
		paused := n < 0 && len(d.options[i]) > 0
		if s.paused != paused {
			s.pause(paused)
			changed = true
		}
		switch {
		case paused:
			s.aim(target{}, now)
		case n >= 0:
			s.aim(approach(d.options[i], n, s.flows()), now)
		}
	}
	if changed {
		p.rev++
		p.pokeLocked()
	}
}

// approach is what to aim at in order to get to the chosen option. One that does not come yet is waited for while another
// flows, and as long as none does, the nearest one that comes is the way. It is pure.
func approach(options []option, chosen int, flows target) target {
	o := options[chosen]
	if o.live {
		return o.target
	}
	way := -1
	for i, other := range options {
		if !other.live {
			continue
		}
		if other.target.layer == flows.layer {
			return o.target
		}
		// The largest that is not larger than what was chosen, else the smallest.
		if way < 0 || other.height <= o.height && (other.height >= options[way].height || options[way].height > o.height) {
			way = i
		}
	}
	if way < 0 {
		return o.target
	}
	return options[way].target
}

// pause notes whether the slot is paused, for those who count.
func (s *slot) pause(paused bool) {
	if s.paused == paused {
		return
	}
	if s.paused = paused; paused {
		s.counts.paused.Add(1)
	} else {
		s.counts.paused.Add(-1)
	}
}
