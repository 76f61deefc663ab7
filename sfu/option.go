package sfu

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// target is what of a track flows in a slot: a stream of it, up to a spatial and a temporal layer.
type target struct {
	layer             *layer // nil: nothing
	spatial, temporal uint8
}

func (t target) tier() tier { return tierOf(t.spatial, t.temporal) }

// option is a target that a track has, and what it costs.
type option struct {
	target        target
	width, height int
	bitrate       int  // bits a second
	guessed       bool // the bit rate is
	live          bool // it comes; else its publisher would have to switch it on
}

// What is taken for the size of a picture that nobody described, and for its cost before it is measured.
const (
	guessedWidth  = 1280
	guessedHeight = 720
	bitsPerPixel  = 1.8     // a second
	beginsWith    = 300_000 // bits a second: browsers begin with about that, if there is one encoding
)

// options are all that can be shown of a track, cheapest first, appended to buf. The dearest of a stream is always all of
// it.
//
// An encoding counts as large as it is described, also while its publisher is short of power or line and sends less: to
// ask such a one for a larger encoding would make it worse. Without a description it is as large as it says, and those
// that do not flow are larger or smaller than guessed by the same factor, since browsers that adapt do it to all.
func (t *Track) options(now time.Time, buf []option) []option {
	t.mu.Lock()
	defer t.mu.Unlock()
	from, factor, largest := len(buf), 1.0, 0
	for _, l := range t.layers {
		if _, height := t.describedLocked(l); t.height <= 0 && height > largest {
			if measured := l.measured(now); measured > 0 {
				factor, largest = float64(measured)/float64(height), height
			}
		}
	}
	for _, l := range t.layers {
		if t.omitsLocked(l, now) {
			continue
		}
		width, height := t.describedLocked(l)
		buf = l.options(buf, max(int(float64(width)*factor), 1), max(int(float64(height)*factor), 1), t.height > 0, now)
	}
	if len(buf) == from+1 && buf[from].guessed && buf[from].live {
		buf[from].bitrate = min(buf[from].bitrate, beginsWith)
	}
	slices.SortStableFunc(buf[from:], func(a, b option) int {
		return cmp.Or(cmp.Compare(a.bitrate, b.bitrate), cmp.Compare(a.height, b.height))
	})
	return buf
}

// omitsLocked tells whether the publisher does not send an encoding that it announced, by its own description: small pictures
// have fewer. To wait for it would be to wait for ever.
func (t *Track) omitsLocked(l *layer, now time.Time) bool {
	described := func(l *layer) bool {
		return slices.ContainsFunc(t.encodings, func(e Encoding) bool { return e.RID == l.rid })
	}
	return !described(l) && slices.ContainsFunc(t.layers, described) && !l.live(now)
}

// describedLocked is how large the largest picture of a layer should be.
func (t *Track) describedLocked(l *layer) (width, height int) {
	width, height = t.width, t.height
	if width <= 0 || height <= 0 {
		width, height = guessedWidth, guessedHeight
	}
	scale := 0.0
	for _, e := range t.encodings {
		if e.RID == l.rid && e.Scale >= 1 {
			scale = e.Scale
		}
	}
	if scale == 0 {
		scale = math.Pow(2, float64(t.largerLocked(l)))
	}
	return max(int(float64(width)/scale), 1), max(int(float64(height)/scale), 1)
}

// clearlyMore is by how much streams differ whose sizes differ.
const clearlyMore = 1.3

// largerLocked guesses how many layers are larger than this one: those that clearly take more. Where they do not all tell,
// it is their order: browsers want the smallest first.
func (t *Track) largerLocked(l *layer) (n int) {
	rate := l.full()
	for i, other := range t.layers {
		if other == l {
			continue
		}
		of := other.full()
		switch {
		case rate == 0 || of == 0 || of < rate*clearlyMore && rate < of*clearlyMore:
			if i > slices.Index(t.layers, l) {
				n++
			}
		case of > rate:
			n++
		}
	}
	return n
}

// full is what all of a layer takes; 0: not measured.
func (l *layer) full() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.meter.rate(top)
}

// measured is how high the largest picture is that flows; 0: none does, or it does not say.
func (l *layer) measured(now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	spatials, _ := l.depthLocked()
	if !l.meter.live(now) || l.sizes.count == 0 {
		return 0
	}
	return int(l.sizes.of[spatials-1].height)
}

// depthLocked is how many spatial and temporal layers flow.
func (l *layer) depthLocked() (spatials, temporals uint8) {
	spatials, temporals = l.meter.depth()
	if n := l.sizes.count; n > 0 {
		spatials = min(spatials, uint8(n)) // there were more
	}
	return spatials, temporals
}

// options are those of one stream, of which the largest picture has this size. If that is guessed, or there are smaller
// ones, the stream knows better.
func (l *layer) options(buf []option, width, height int, described bool, now time.Time) []option {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := &l.meter
	spatials, temporals := l.depthLocked()
	live := m.live(now)
	says := live && (l.sizes.count > 1 || l.sizes.count == 1 && !described)
	for s := range spatials {
		o := option{live: live}
		smaller := spatials - 1 - s
		o.width, o.height = max(width>>smaller, 1), max(height>>smaller, 1)
		if said := l.sizes.of[s]; says && said.width > 0 && said.height > 0 {
			o.width, o.height = int(said.width), int(said.height)
		}
		for t := range temporals {
			o.target = target{layer: l, spatial: s, temporal: t}
			if s == spatials-1 {
				o.target.spatial = maxSpatial
			}
			if t == temporals-1 {
				o.target.temporal = maxTemporal
			}
			o.bitrate = int(m.rate(o.target.tier()))
			if o.guessed = o.bitrate == 0; o.guessed {
				o.bitrate = int(float64(o.width*o.height) * bitsPerPixel)
			}
			buf = append(buf, o)
		}
	}
	return buf
}
