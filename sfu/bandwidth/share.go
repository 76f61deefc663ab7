package bandwidth

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Demand is one place on the page that wants a picture.
type Demand struct {
	Rank          uint8 // a higher one goes first
	Width, Height int   // of the place; 0: not known, so nothing is too large for it
	Options       []Option
	Past          Past
}

// Option is a way to show a picture. Those of a demand ascend by bit rate.
type Option struct {
	Width, Height int // 0: not known
	Bitrate       int // bits a second
	Live          bool
}

// Choice is what a demand gets.
type Choice struct {
	Option int // Paused if the line does not carry it
	// Show is Option, or the best below it that its publisher sends at the moment. Paused: there is none yet.
	Show int
	// Enough is true if more would be of no use in that place.
	Enough bool
}

// Paused is the choice of nothing.
const Paused = -1

const (
	// What is given already stays while it is not more than staysWithin of the budget: the estimate falls to 0.85 of
	// what arrives, so that a queue drains, and does not mean by that that so much less should be sent.
	staysWithin = 1.1
	// More is given only if the line carries it and somewhat over, and not soon after it did not.
	upHeadroom = 1.15
	upAfter    = 10 * time.Second
	upAfterMax = 15 * time.Second // when that happened again and again
	keptAfter  = 15 * time.Second // from then on it could be kept
)

// Past is what a demand was given before. The zero value is for a new one.
type Past struct {
	current int // option + 1
	rose    time.Time
	fell    time.Time
	wait    time.Duration // until it may rise again
}

// Take notes a choice. It is to be called with each.
func (p *Past) Take(c Choice, now time.Time) {
	switch was := p.option(); {
	case c.Option > was:
		p.rose = now
	case c.Enough: // if it is less than before, that is for the place
	case c.Option < was && c.Option != Paused && p.wait > 0 && now.Sub(p.rose) < keptAfter:
		p.fell, p.wait = now, dither(upAfterMax, now)
	case c.Option < was:
		p.fell, p.wait = now, upAfter
	}
	p.current = c.Option + 1
}

// Became says that the options have changed, and which of them now is what was given last; Paused: it is none of them.
func (p *Past) Became(option int) { p.current = max(option, Paused) + 1 }

// Forgive lets it rise as if it had never fallen: that was not for want of room.
func (p *Past) Forgive() { p.fell, p.rose, p.wait = time.Time{}, time.Time{}, 0 }

// dither makes a wait up to half as long again, so that two who fell together do not rise together.
func dither(d time.Duration, now time.Time) time.Duration {
	return d + d/2*time.Duration(uint64(now.UnixNano())*0x9e3779b97f4a7c15>>56)/256
}

func (p *Past) option() int { return p.current - 1 }

// fresh tells that it was never given anything that it did not keep.
func (p *Past) fresh() bool { return p.fell.IsZero() }

func (p *Past) rises(now time.Time) bool { return p.fresh() || now.Sub(p.fell) >= p.wait }

// Share divides a budget of bits a second. Out has a choice for each demand, in their order, on the memory of choices. Want
// is what everything would take together, or 0 if everybody got the best for its place.
//
// First everybody gets the least there is of its picture, by rank and then by size, and who finds nothing left is paused. Then
// the ranks are served one after the other; within a rank all are raised by one step before one is raised by two. Nothing is
// larger than its place needs.
func Share(now time.Time, budget int, demands []Demand, choices []Choice) (out []Choice, want int) {
	order := make([]int, len(demands))
	out = choices[:0]
	for i := range demands {
		order[i] = i
		out = append(out, Choice{Option: Paused, Show: Paused})
	}
	slices.SortStableFunc(order, func(a, b int) int { return before(&demands[a], &demands[b]) })

	s := sharing{now: now, budget: budget, demands: demands, out: out}
	for _, i := range order {
		s.raise(i, demands[i].next(Paused))
	}
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && demands[order[to]].Rank == demands[order[from]].Rank {
			to++
		}
		for raised := true; raised; {
			raised = false
			for _, i := range order[from:to] {
				if out[i].Option != Paused && s.raise(i, demands[i].next(out[i].Option)) {
					raised = true
				}
			}
		}
		from = to
	}

	content := true
	for i := range demands {
		d, best := &demands[i], demands[i].best()
		out[i].Show, out[i].Enough = d.live(out[i].Option), out[i].Option == best
		content = content && out[i].Enough
		if best != Paused {
			want += d.Options[best].Bitrate
		}
	}
	if content {
		want = 0
	}
	return out, want
}

// before orders demands: by rank, then the larger, then who is shown already.
func before(a, b *Demand) int {
	if c := cmp.Compare(b.Rank, a.Rank); c != 0 {
		return c
	}
	if c := cmp.Compare(b.Width*b.Height, a.Width*a.Height); c != 0 {
		return c
	}
	return cmp.Compare(min(b.Past.current, 1), min(a.Past.current, 1))
}

// sharing is a budget while it is divided.
type sharing struct {
	now     time.Time
	budget  int
	spent   int
	demands []Demand
	out     []Choice
}

// raise gives a demand an option if that can be afforded and it may rise. Who may come back only later has its room kept
// until then, so that nobody is given it for a few seconds.
func (s *sharing) raise(i, option int) bool {
	d := &s.demands[i]
	if option == Paused {
		return false
	}
	has := s.out[i].Option
	cost := d.Options[option].Bitrate
	if has != Paused {
		cost -= d.Options[has].Bitrate
	}
	rises := option > d.Past.option()
	comes := rises && has == Paused && d.Past.fresh()
	if !s.affords(cost, rises, comes) {
		return false
	}
	if rises && !d.Past.rises(s.now) {
		if has == Paused {
			s.spent += cost
		}
		return false
	}
	s.spent += cost
	s.out[i].Option = option
	return true
}

func (s *sharing) affords(cost int, rises, comes bool) bool {
	switch left := float64(s.budget - s.spent); {
	case comes:
		return float64(cost) <= left
	case rises:
		return upHeadroom*float64(cost) <= left
	default:
		return float64(s.spent+cost) <= staysWithin*float64(s.budget)
	}
}

// next is the option above one that the place has a use for; Paused if there is none.
func (d *Demand) next(option int) int {
	needs := d.needs()
	for i := option + 1; i < len(d.Options); i++ {
		if d.Options[i].pixels() <= needs {
			return i
		}
	}
	if option == Paused && len(d.Options) > 0 {
		return 0
	}
	return Paused
}

// best is the highest option that the place has a use for.
func (d *Demand) best() int {
	best := Paused
	for next := d.next(best); next != Paused; next = d.next(best) {
		best = next
	}
	return best
}

// needs is the size of the smallest option that fills the place; without one nothing is too large.
func (d *Demand) needs() int {
	if d.Width <= 0 || d.Height <= 0 {
		return math.MaxInt
	}
	least := math.MaxInt
	for _, o := range d.Options {
		if o.fills(d.Width, d.Height) {
			least = min(least, o.pixels())
		}
	}
	return least
}

// live is the best option up to this one that flows from its publisher.
func (d *Demand) live(option int) int {
	for ; option >= 0; option-- {
		if d.Options[option].Live {
			return option
		}
	}
	return Paused
}

// fills tells whether a picture reaches the edges of a place, one way or the other: a tenth less is not seen.
func (o Option) fills(width, height int) bool {
	return o.Width > 0 && o.Height > 0 && (o.Width*10 >= width*9 || o.Height*10 >= height*9)
}

func (o Option) pixels() int { return o.Width * o.Height }
