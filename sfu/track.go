package sfu

import (
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

	silent atomic.Bool

	mu sync.Mutex
	// Guarded by mu.
	layers        []*layer
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

// Silence stops (or lets go on) what is forwarded of the track, whatever its publisher sends.
func (t *Track) Silence(silent bool) { t.silent.Store(silent) }

// Level is how loud the track is: 0 is silence and 127 as loud as can be, smoothed over about 200 ms. It is 0 for what
// is no sound, is silenced, or does not say (RFC 6464).
func (t *Track) Level() float64 { return 0 }

func (t *Track) codecKey() string { return t.key }

// add takes a layer unless there are max already.
func (t *Track) add(l *layer, most int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.layers) >= most {
		return false
	}
	t.layers = append(t.layers, l)
	return true
}

// drop takes out a layer that has ended and moves its sinks to another. It is true if that was the last.
func (t *Track) drop(l *layer) (last bool) {
	t.mu.Lock()
	for i, other := range t.layers {
		if other == l {
			t.layers = append(t.layers[:i], t.layers[i+1:]...)
			break
		}
	}
	var next *layer
	if len(t.layers) > 0 {
		next = t.layers[0]
	}
	t.mu.Unlock()
	for _, s := range l.end() {
		s.follow(l, next)
	}
	return next == nil
}

// best is the layer to show; nil if there is none.
func (t *Track) best() *layer {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.layers) == 0 {
		return nil
	}
	return t.layers[0]
}

func (t *Track) all() []*layer {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]*layer(nil), t.layers...)
}
