package sfu

import (
	"slices"
	"time"

	"github.com/parlorhq/parlor/sfu/bandwidth"
)

// Slots are the full state of what is shown, and its number.
func (p *Peer) Slots() (rev uint64, slots []Binding) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rev, p.bindingsLocked()
}

func (p *Peer) bindingsLocked() []Binding {
	out := make([]Binding, 0, len(p.slots))
	for _, s := range p.slots {
		b := Binding{Mid: s.mid, Kind: s.kind, Track: s.track, Paused: s.paused}
		if s.track != nil {
			b.After, b.HasAfter = s.after, s.hasAfter
		}
		out = append(out, b)
	}
	return out
}

// Show says what the peer should see, best first. It does not block and may be called with locks of the caller's held.
func (p *Peer) Show(wishes []Wish) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wishes = slices.Clone(wishes)
	p.order = make(map[*Track]int, len(wishes))
	for i, w := range slices.Backward(p.wishes) {
		p.order[w.Track] = i
	}
	p.allocateLocked()
	p.decideLocked(time.Now())
	p.pokeLocked()
}

// allocateLocked binds slots to what is wanted. Former sources are stopped at once; new ones wait for Confirm.
func (p *Peer) allocateLocked() (changed bool) {
	wanted := make([]*Track, len(p.wishes))
	for i, w := range p.wishes {
		wanted[i] = w.Track
	}
	places := make([]place, len(p.slots))
	for i, s := range p.slots {
		places[i] = place{kind: s.kind, accepts: s.accepts, now: s.track}
	}
	for i, t := range allocate(wanted, places) {
		s := p.slots[i]
		if s.track == t {
			continue
		}
		if !changed {
			changed = true
			p.rev++
		}
		s.after, s.hasAfter = s.leave()
		s.track, s.since, s.flowing, s.waits = t, p.rev, false, time.Time{}
		s.past, s.given, s.guessed, s.had, s.wanted = bandwidth.Past{}, target{}, false, false, time.Time{}
	}
	return changed
}

// Confirm says that the browser has stopped showing what slots showed before rev: what they were given up to then may
// flow, from a key frame.
func (p *Peer) Confirm(rev uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.confirmed = max(p.confirmed, min(rev, p.rev))
	p.flowLocked()
}

// flowLocked starts what is confirmed, once there is a connection for it to flow on.
func (p *Peer) flowLocked() {
	if !p.connected {
		return
	}
	for _, s := range p.slots {
		s.flowing = s.flowing || s.track != nil && s.since <= p.confirmed
	}
	p.decideLocked(time.Now())
	p.pokeLocked()
}
