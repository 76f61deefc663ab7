package sfu

import (
	"slices"
	"time"
)

// restAfter is for how long nobody must have been shown an encoding before its publisher is told: who looks away for a
// moment costs no key frame.
const restAfter = 2 * time.Second

// audience knows which encodings of a track its publisher is to send. It is pure.
type audience struct {
	encodings []watching
	begun     bool // the publisher was told something: until then it sends all
}

// watching is how one encoding stands.
type watching struct {
	rid     string
	here    bool      // there is such a layer
	watched bool      // somebody is shown it
	since   time.Time // nobody is
	on      bool      // it is to be sent
	told    bool      // so the publisher knows
}

// begin is a new look at all layers, each of which is to be noted.
func (a *audience) begin() {
	for i := range a.encodings {
		a.encodings[i].here = false
	}
}

// note says whether somebody is shown an encoding; at is when it is to be looked at again if nothing changes, if ever.
func (a *audience) note(rid string, watched bool, now time.Time) (at time.Time) {
	e := a.of(rid, now)
	if e.watched && !watched {
		e.since = now
	}
	e.here, e.watched = true, watched
	if watched {
		e.on = true
		return time.Time{}
	}
	if rests := e.since.Add(restAfter); e.on && now.Before(rests) {
		return rests
	}
	e.on = false
	return time.Time{}
}

// change tells which encodings the publisher is to send, if that is not what it was told.
func (a *audience) change() (rids []string, changed bool) {
	a.encodings = slices.DeleteFunc(a.encodings, func(e watching) bool { return !e.here })
	for _, e := range a.encodings {
		changed = changed || e.on != e.told
	}
	if !changed {
		return nil, false
	}
	a.begun, rids = true, []string{}
	for i := range a.encodings {
		e := &a.encodings[i]
		if e.told = e.on; e.on {
			rids = append(rids, e.rid)
		}
	}
	return rids, true
}

// of is how an encoding stands. One that is new is sent, as long as the publisher knows nothing else.
func (a *audience) of(rid string, now time.Time) *watching {
	for i := range a.encodings {
		if a.encodings[i].rid == rid {
			return &a.encodings[i]
		}
	}
	a.encodings = append(a.encodings, watching{rid: rid, since: now, on: true, told: !a.begun})
	return &a.encodings[len(a.encodings)-1]
}

// tellAudience says for each video track of the peer which encodings somebody is shown; at is when to look again, if ever.
func (p *Peer) tellAudience(now time.Time) (at time.Time) {
	p.mu.Lock()
	tracks := p.video[:0]
	for _, t := range p.tracks {
		if t.kind == Video {
			tracks = append(tracks, t)
		}
	}
	p.video = tracks
	p.mu.Unlock()
	for t := range p.audiences {
		if !slices.Contains(tracks, t) {
			delete(p.audiences, t)
		}
	}
	for _, t := range tracks {
		a := p.audiences[t]
		if a == nil {
			a = &audience{}
			p.audiences[t] = a
		}
		a.begin()
		layers := t.all()
		for _, l := range layers {
			at = sooner(at, a.note(l.rid, l.watched(), now))
		}
		if rids, changed := a.change(); changed {
			p.handler.LayersWanted(t, rids)
			for _, l := range layers {
				if !slices.Contains(rids, l.rid) {
					l.rest()
				}
			}
		}
	}
	return at
}

// sooner is the earlier of two moments; zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
