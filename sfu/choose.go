package sfu

import (
	"math"
	"time"
)

// choose decides which of its options each wish gets: the index of one, or -1 for none at the moment. It is pure.
//
// By size alone: the smallest picture that fills its place, the largest if none does, with all its temporal layers. A
// place whose size is not known is taken to be its share of a page.
func choose(wishes []Wish, options [][]option, _ time.Time) []int {
	shared := guessedHeight / max(int(math.Ceil(math.Sqrt(float64(len(wishes))))), 1)
	out := make([]int, len(wishes))
	for i, w := range wishes {
		height := w.Height
		if height <= 0 {
			height = shared
		}
		out[i] = smallest(options[i], w.Width, height)
	}
	return out
}

// spare is by how much a picture may be enlarged.
const spare = 1.125

// smallest is the option with the smallest picture that fills a place of this height, and of this width if that is known.
// Of pictures of one size it is the dearest; -1 if there is no option.
func smallest(options []option, width, height int) int {
	best := -1
	for i, o := range options {
		if best < 0 || better(o, options[best], width, height) {
			best = i
		}
	}
	return best
}

func better(a, b option, width, height int) bool {
	fills, filled := a.fills(width, height), b.fills(width, height)
	switch {
	case fills != filled:
		return fills
	case a.height == b.height:
		return a.bitrate >= b.bitrate
	default:
		return (a.height < b.height) == fills
	}
}

// fills tells whether the picture, shown whole in a place, would not have to be enlarged by much.
func (o option) fills(width, height int) bool {
	need := float64(height)
	if width > 0 {
		need = min(need, float64(width*o.height)/float64(o.width))
	}
	return float64(o.height)*spare >= need
}
