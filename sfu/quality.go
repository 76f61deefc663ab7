package sfu

import (
	"time"

	"github.com/parlorhq/parlor/sfu/bandwidth"
)

// uplink is what came of a peer's streams between two reports.
type uplink struct{ expected, missed int }

func (u *uplink) add(expected, missed int) {
	u.expected += expected
	u.missed += missed
}

const (
	uplinkLeast = 20   // packets, or nothing can be said
	uplinkPoor  = 0.05 // of them are lost, though asked for again
	poorAfter   = 3 * time.Second
	goodAfter   = 5 * time.Second
)

// opinion is how well a peer's connection seems to carry both what it is sent and what it sends: the worse counts. What
// is thought of the way out is steady already. It is pure.
type opinion struct {
	gone   bool // nothing is heard of the browser at all
	uplink uplink
	thinks Quality // of the way in
	since  time.Time
	in     Quality
	said   Quality
}

// update is to be called about once a second.
func (o *opinion) update(out bandwidth.Quality, now time.Time) (q Quality, changed bool) {
	in := o.thinks
	if o.uplink.expected >= uplinkLeast {
		if in = QualityGood; float64(o.uplink.missed) > uplinkPoor*float64(o.uplink.expected) {
			in = QualityPoor
		}
	}
	if in != o.thinks {
		o.thinks, o.since = in, now
	}
	wait := poorAfter
	if in == QualityGood && o.in == QualityPoor {
		wait = goodAfter
	}
	if o.in == QualityUnknown && in == QualityGood || now.Sub(o.since) >= wait {
		o.in = in
	}
	q = max(o.in, qualityOf(out))
	if o.gone {
		q = QualityLost
	}
	if q == o.said {
		return q, false
	}
	o.said = q
	return q, q != QualityUnknown
}

func qualityOf(q bandwidth.Quality) Quality {
	switch q {
	case bandwidth.Good:
		return QualityGood
	case bandwidth.Poor:
		return QualityPoor
	case bandwidth.Lost:
		return QualityLost
	default:
		return QualityUnknown
	}
}

// judge tells the handler how well the connection seems to carry what it should, when that has changed.
func (p *Peer) judge(now time.Time) {
	p.mu.Lock()
	idle := p.decision.at.IsZero()
	connected := p.connected
	p.mu.Unlock()
	if !connected {
		return
	}
	if idle { // nobody else asks, and there is nothing to pad
		p.line.tick(now, 0)
	}
	if q, changed := p.opinion.update(p.line.quality(), now); changed {
		p.handler.QualityChanged(q)
	}
}
