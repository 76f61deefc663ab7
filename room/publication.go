package room

import (
	"fmt"

	"github.com/parlorhq/parlor/sfu"
)

// publication is a sending m-line: declared by its owner, and announced to all once it has a track.
type publication struct {
	// Static.
	owner *Participant
	mid   string

	// Guarded by room.mu.
	source    Source
	muted     bool // by its owner
	silenced  bool // by somebody who may
	declared  bool
	announced bool
	track     *sfu.Track // nil until its first packet came
	size      size
	wanted    []string // the encodings that somebody is shown; nil: not known, so all
}

// size is how a track is published, as far as its owner says.
type size struct {
	width, height int
	layers        []sfu.Encoding
}

// Publish says what one sending m-line carries.
type Publish struct {
	Mid    string
	Source Source
	Muted  bool
	// Width and Height are those of the whole picture, and Layers the encodings it is sent in. What is zero is left as it
	// was said before.
	Width, Height int
	Layers        []sfu.Encoding
}

// What a publisher may say of its pictures.
const (
	maxPixels = 16384 // each way
	maxLayers = 4
	maxScale  = 64
	maxRID    = 32 // bytes
)

// check says what is wrong with a Publish, whoever says it.
func (t *Publish) check() error {
	switch {
	case !t.Source.Valid():
		return fmt.Errorf("%w: %q", ErrBadSource, t.Source)
	case len(t.Layers) > maxLayers:
		return fmt.Errorf("%w: at most %d layers", ErrTooMuch, maxLayers)
	case t.Width < 0 || t.Width > maxPixels || t.Height < 0 || t.Height > maxPixels:
		return fmt.Errorf("%w: a picture has up to %d pixels each way", ErrOutOfRange, maxPixels)
	}
	for _, l := range t.Layers {
		if len(l.RID) > maxRID || l.Scale < 1 || l.Scale > maxScale {
			return fmt.Errorf("%w: a layer has a rid of up to %d bytes and a scale of 1 to %d", ErrOutOfRange, maxRID, maxScale)
		}
	}
	return nil
}

// Publish declares what a sending m-line carries, whether it is muted now, and how large it is. The others hear of it once
// its first packet has come. One that is not muted is not muted by anybody else any more either.
//
// Errors: ErrNotAllowed, ErrTooManyTracks, ErrBadSource, ErrTooMuch, ErrOutOfRange, ErrGone.
func (p *Participant) Publish(t Publish) error {
	if err := t.check(); err != nil {
		return err
	}
	if !p.Grant.mayPublish(t.Source) {
		return fmt.Errorf("%w to publish: %s", ErrNotAllowed, t.Source)
	}
	r := p.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if !p.here {
		return ErrGone
	}
	pub := p.publications[t.Mid]
	switch {
	case pub == nil:
		if len(p.publications) >= r.rooms.cfg.Limits.Tracks {
			r.rooms.cfg.Metrics.Refused("too_many_tracks")
			return ErrTooManyTracks
		}
		pub = p.publicationLocked(t.Mid)
	case pub.declared && pub.source != t.Source:
		p.unannounceLocked(pub)
		pub.size = size{}
	}
	was := pub.quiet()
	pub.declared, pub.source, pub.muted = true, t.Source, t.Muted
	if !t.Muted {
		pub.silence(false)
	}
	pub.describe(t)
	if pub.announced {
		r.mutedLocked(pub, was, "")
		return nil
	}
	p.announceLocked(pub)
	return nil
}

// describe takes what is said of the size.
func (pub *publication) describe(t Publish) {
	if t.Width > 0 && t.Height > 0 {
		pub.size.width, pub.size.height = t.Width, t.Height
	}
	if len(t.Layers) > 0 {
		pub.size.layers = t.Layers
	}
	if pub.track != nil {
		pub.track.Describe(pub.size.width, pub.size.height, pub.size.layers)
	}
}

// arrive gives the publication its track.
func (pub *publication) arrive(t *sfu.Track) {
	pub.track = t
	t.Describe(pub.size.width, pub.size.height, pub.size.layers)
}

// Unpublish takes back what an m-line carries. The m-line stays and can be published again.
func (p *Participant) Unpublish(mid string) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	pub := p.publications[mid]
	if pub == nil {
		return
	}
	pub.declared = false
	p.unannounceLocked(pub)
	if pub.track == nil {
		delete(p.publications, mid)
	}
}

func (p *Participant) publicationLocked(mid string) *publication {
	pub := p.publications[mid]
	if pub == nil {
		if p.publications == nil {
			p.publications = make(map[string]*publication)
		}
		pub = &publication{owner: p, mid: mid}
		p.publications[mid] = pub
	}
	return pub
}

func (pub *publication) info() TrackInfo {
	return TrackInfo{ID: pub.track.ID(), Kind: pub.track.Kind(), Source: pub.source, Muted: pub.quiet()}
}

// announceLocked tells everyone of a track that is both declared and there.
func (p *Participant) announceLocked(pub *publication) {
	if !pub.declared || pub.track == nil || pub.announced || !p.here {
		return
	}
	pub.announced = true
	p.room.published.add(pub)
	p.room.tellLocked(Published{ID: p.ID, Track: pub.info()})
	p.room.showLocked(pub)
	p.log.Info().Str("track", pub.track.ID()).Str("source", string(pub.source)).Str("codec", pub.track.Codec()).Msg("track published")
}

func (p *Participant) unannounceLocked(pub *publication) {
	if !pub.announced {
		return
	}
	pub.announced = false
	p.room.published.remove(pub)
	p.room.tellLocked(Unpublished{ID: p.ID, Track: pub.track.ID()})
	p.room.showLocked(pub)
	p.log.Info().Str("track", pub.track.ID()).Msg("track unpublished")
}

// retractLocked ends all that p publishes, and says so.
func (p *Participant) retractLocked() {
	gone := p.takeBackLocked()
	for _, pub := range gone {
		p.room.tellLocked(Unpublished{ID: p.ID, Track: pub.track.ID()})
	}
	p.room.showLocked(gone...)
}

// takeBackLocked ends all that p publishes, and returns what others knew of.
func (p *Participant) takeBackLocked() (gone []*publication) {
	for _, pub := range p.publications {
		if pub.announced {
			pub.announced = false
			p.room.published.remove(pub)
			gone = append(gone, pub)
		}
	}
	p.publications = nil
	return gone
}
