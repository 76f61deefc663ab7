package sfu

import (
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Track is what a peer publishes in one sending m-line. It lives from the first packet until the m-line or the peer
// ends. It has a layer for each encoding; slots show one of them.
type Track struct {
	// Static after newTrack.
	id   string
	mid  string
	kind Kind
	mime string
	key  string // see codecKey

	silent   atomic.Bool
	loudness loudness

	mu sync.Mutex
	// Guarded by mu.
	layers        []*layer // in the order in which the m-line announces them, then of arrival
	width, height int
	encodings     []Encoding
}

// NewTrack returns a track without media: for those who only pass tracks around, and their tests.
func NewTrack(id, mid string, kind Kind) *Track {
	return &Track{id: id, mid: mid, kind: kind}
}

func newTrack(mid string, kind Kind, mime, fmtp string) *Track {
	return &Track{
		id: "t_" + strings.ToLower(rand.Text()[:16]), mid: mid, kind: kind, mime: mime, key: codecKey(mime, fmtp),
	}
}

// ID is a random word that nothing else has.
func (t *Track) ID() string { return t.id }

// Mid is that of the publisher's m-line.
func (t *Track) Mid() string { return t.mid }

// Kind is audio or video.
func (t *Track) Kind() Kind { return t.kind }

// Codec is the media type of what is sent, like video/VP8.
func (t *Track) Codec() string { return t.mime }

// Describe says how large the picture is as it is captured, and in which encodings it is published. What is not described
// is guessed.
func (t *Track) Describe(width, height int, encodings []Encoding) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.width, t.height, t.encodings = width, height, slices.Clone(encodings)
}

// Described is what Describe said last.
func (t *Track) Described() (width, height int, encodings []Encoding) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.width, t.height, slices.Clone(t.encodings)
}

// Silence stops (or lets go on) what is forwarded of the track, whatever its publisher sends.
func (t *Track) Silence(silent bool) { t.silent.Store(silent) }

// Silenced says whether Silence has stopped it.
func (t *Track) Silenced() bool { return t.silent.Load() }

// Level is how loud the track is: 0 is silence and 127 as loud as can be, smoothed over about 200 ms. It is 0 for what
// is no sound, is silenced, or does not say (RFC 6464).
func (t *Track) Level() float64 {
	if t.silent.Load() {
		return 0
	}
	return t.loudness.at(time.Now())
}

func (t *Track) codecKey() string { return t.key }

// announce makes layers for encodings of which nothing has come yet.
func (t *Track) announce(owner layerOwner, rids []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, rid := range rids {
		t.layers = append(t.layers, newAwaited(t, owner, rid))
	}
}

// add takes a layer, in place of a former one of its encoding; without one, unless there are most already.
func (t *Track) add(l *layer, most int) bool {
	t.mu.Lock()
	former := t.ofLocked(l.rid)
	switch {
	case former != nil:
		t.layers[slices.Index(t.layers, former)] = l
	case len(t.layers) < most:
		t.layers = append(t.layers, l)
	default:
		t.mu.Unlock()
		return false
	}
	t.mu.Unlock()
	if former != nil {
		former.pass(l)
	}
	return true
}

// ofLocked is the layer of an encoding. Streams without a name are never one in place of another.
func (t *Track) ofLocked(rid string) *layer {
	for _, l := range t.layers {
		if rid != "" && l.rid == rid {
			return l
		}
	}
	return nil
}

// drop takes out a layer that has ended and moves its sinks to another. It is true if nothing is left that has come.
func (t *Track) drop(l *layer) (last bool) {
	t.mu.Lock()
	t.layers = slices.DeleteFunc(t.layers, func(other *layer) bool { return other == l })
	var next *layer
	if i := slices.IndexFunc(t.layers, func(other *layer) bool { return !other.awaited() }); i >= 0 {
		next = t.layers[i]
	}
	ended := []*layer{l}
	if next == nil {
		ended, t.layers = append(ended, t.layers...), nil
	}
	t.mu.Unlock()
	for _, l := range ended {
		l.pass(next)
	}
	return next == nil
}

// best is the layer to show of what has no choice; nil if there is none.
func (t *Track) best() *layer {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.layers {
		if !l.awaited() {
			return l
		}
	}
	return nil
}

func (t *Track) all() []*layer {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]*layer(nil), t.layers...)
}
