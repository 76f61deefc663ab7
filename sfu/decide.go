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
			if d.options[i][n].live || s.waits.IsZero() {
				s.waits = now
			}
			s.aim(approach(d.options[i], n, s.flows(), now.Sub(s.waits)), now)
		}
	}
	if changed {
		p.rev++
		p.pokeLocked()
	}
}

// How long an encoding that is off is waited for, before a smaller one is tried as well: while another flows, and while
// nothing does.
const (
	patience    = 3 * time.Second
	dryPatience = 500 * time.Millisecond
)

// approach is what to aim at in order to get to the chosen option, which has not come for some time. As long as another
// flows it is waited for, and in turn with it those between: its publisher's line may not carry it. Else the nearest one
// that comes is the way, and if none does, one after the other of those below is tried too. It is pure.
func approach(options []option, chosen int, flows target, waited time.Duration) target {
	o := options[chosen]
	if o.live {
		return o.target
	}
	way, flowing := -1, -1
	for i, other := range options {
		if !other.live {
			continue
		}
		if other.target.layer == flows.layer {
			flowing = i
		}
		// The largest that is not larger than what was chosen, else the smallest.
		if way < 0 || other.height <= o.height && (other.height >= options[way].height || options[way].height > o.height) {
			way = i
		}
	}
	switch {
	case flowing >= 0:
		return try(options, chosen, options[flowing].height, int(waited/patience))
	case way >= 0:
		return options[way].target
	default:
		return try(options, chosen, 0, int(waited/dryPatience))
	}
}

// try is the nth below the chosen option in size, of those above a height. After the last it begins anew.
func try(options []option, chosen, above, n int) target {
	at := chosen
	for range n {
		next := -1
		for i, o := range options {
			if o.height < options[at].height && o.height > above && (next < 0 || o.height >= options[next].height) {
				next = i
			}
		}
		if at = next; at < 0 {
			at = chosen
		}
	}
	return options[at].target
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
