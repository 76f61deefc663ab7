package room

import (
	"slices"
	"time"

	"github.com/parlorhq/parlor/sfu"
)

// qualityEvery is how long changes of quality are collected: everyone is told of those of everybody.
const qualityEvery = time.Second

// quality is how well a participant's line carries what it should, and what of that everyone was told.
type quality struct{ now, told sfu.Quality }

// qualityLocked notes p's. That nothing is known is nothing to tell.
func (r *Room) qualityLocked(p *Participant, q sfu.Quality) {
	if q == sfu.QualityUnknown || q == p.quality.now {
		return
	}
	p.quality.now = q
	if !slices.Contains(r.rated, p) {
		r.rated = append(r.rated, p)
	}
	if r.rating == nil && !r.dead {
		r.rating = time.AfterFunc(qualityEvery, r.rate)
	}
}

// rate tells everyone of the qualities that have changed.
func (r *Room) rate() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rating = nil
	of := make(map[string]sfu.Quality)
	for _, p := range r.rated {
		if p.here && p.quality.now != p.quality.told {
			p.quality.told = p.quality.now
			of[p.ID] = p.quality.now
		}
	}
	r.rated = nil
	if len(of) == 0 || r.dead {
		return
	}
	for _, p := range r.participants {
		if p.here {
			p.member.Notify(QualitiesChanged{Of: of})
		}
	}
}

// Moment is what is so in a room just now and stands in no log.
type Moment struct {
	Speakers  []string // loudest first; shared
	Qualities map[string]sfu.Quality
	Layers    []LayersWanted // of the participant whose Moment it is
	Waiting   []Waiter       // to be let in, if that participant may
}

// Moment is how things stand for p, which may have missed what it was told of them.
func (p *Participant) Moment() Moment {
	r := p.room
	r.mu.Lock()
	defer r.mu.Unlock()
	m := Moment{Speakers: r.speaking, Qualities: make(map[string]sfu.Quality)}
	for _, other := range r.participants {
		if other.here && other.quality.told != sfu.QualityUnknown {
			m.Qualities[other.ID] = other.quality.told
		}
	}
	if p.Admin() {
		m.Waiting = r.waiting.list()
	}
	for _, pub := range p.publications {
		if pub.wanted != nil {
			m.Layers = append(m.Layers, LayersWanted{Mid: pub.mid, RIDs: pub.wanted})
		}
	}
	return m
}
