package sfu

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/parlorhq/parlor/sfu/bandwidth"
)

// decideEvery is how often a peer looks again at what its video slots could be sent, while any is.
const decideEvery = 200 * time.Millisecond

// after is the next of the moments, so far apart, at which every peer looks again: a processor that wakes up for one does
// it for all.
func after(now time.Time, every time.Duration) time.Time {
	return now.Add(every - time.Duration(now.UnixNano()%int64(every)))
}

// decision is memory for one, and when the next is due.
type decision struct {
	at      time.Time // zero: none is due
	want    int       // what would be shown on a better line, see bandwidth.Share
	slots   []*slot   // best first
	options [][]option
	buf     []option
	offered []bandwidth.Option
	demands []bandwidth.Demand
	choices []bandwidth.Choice
}

// decide asks the line and looks again if it is time to; at is when to do so again, if ever.
func (p *Peer) decide(now time.Time) (at time.Time) {
	p.mu.Lock()
	d := &p.decision
	if d.at.IsZero() {
		p.mu.Unlock()
		return time.Time{}
	}
	due := !now.Before(d.at) || p.line.fell.Swap(false) || p.line.back.Load()
	var pads *slot
	var advice bandwidth.Advice
	if due || !now.Before(p.again) {
		full := p.line.full.Load()
		advice = p.line.tick(now, d.want)
		p.again = now.Add(max(advice.Again, time.Millisecond))
		if !p.line.numbered.Load() {
			p.again = after(now, decideEvery)
		}
		if advice.Padding > 0 {
			pads = p.padsLocked()
		}
		due = due || full && !advice.Full
	}
	if due {
		p.decideLocked(now)
	}
	at = sooner(p.decision.at, p.again)
	p.mu.Unlock()
	if pads != nil {
		if p.padder == nil {
			p.padder = newRepeater()
		}
		pads.pad(advice.Padding, p.padder, now)
	}
	return at
}

// padsLocked is a slot on which padding can be sent; nil if there is none.
func (p *Peer) padsLocked() *slot {
	for _, s := range p.decision.slots {
		if s.pads() {
			return s
		}
	}
	return nil
}

// decideLocked aims every slot that may flow: video slots at what the line carries and their places need, audio slots at
// all there is.
func (p *Peer) decideLocked(now time.Time) {
	d := &p.decision
	d.at = time.Time{}
	d.slots, d.options, d.buf = d.slots[:0], d.options[:0], d.buf[:0]
	d.offered, d.demands = d.offered[:0], d.demands[:0]
	for _, s := range p.slots {
		if s.track == nil || !s.flowing {
			continue
		}
		if s.kind == Audio {
			if l := s.track.best(); l != nil {
				s.aim(target{l, maxSpatial, maxTemporal}, now)
			}
			continue
		}
		d.slots = append(d.slots, s)
	}
	if len(d.slots) == 0 {
		return
	}
	slices.SortFunc(d.slots, func(a, b *slot) int { return cmp.Compare(p.order[a.track], p.order[b.track]) })
	for _, s := range d.slots {
		from := len(d.buf)
		d.buf = s.track.options(now, d.buf)
		d.demand(s, p.wishes[p.order[s.track]], d.buf[from:])
	}
	d.at = after(now, decideEvery)
	if p.line.back.Swap(false) {
		for i := range d.demands {
			// What went into the silence is lost, and the browser asks for a key frame every three seconds only.
			d.slots[i].wantsKeyframe(now)
			d.slots[i].past.Forgive()
			d.demands[i].Past = d.slots[i].past
		}
	}
	bits, full := p.line.carries(now, d.want)
	tried := 0
	if least := d.least(); least > bits && !p.line.strained() {
		bits, tried = least, least
	}
	d.choices, d.want = bandwidth.Share(now, bits, d.demands, d.choices)
	d.want = max(d.want, tried)
	for i, c := range d.choices {
		if c.Option != bandwidth.Paused {
			bits -= d.options[i][c.Option].bitrate
		}
	}
	changed := false
	for i, c := range d.choices {
		s, options := d.slots[i], d.options[i]
		s.take(c, options, now)
		paused := c.Option == bandwidth.Paused && len(options) > 0
		if said := paused && s.pauses(now); s.paused != said {
			s.pause(said)
			changed = true
		}
		switch {
		case paused:
			s.aim(target{}, now)
		case c.Option != bandwidth.Paused:
			if options[c.Option].live || s.waits.IsZero() {
				s.waits = now
			}
			s.approach(options, c.Option, bits, full, now)
		}
	}
	if changed {
		p.rev++
		p.pokeLocked()
	}
}

// least is what the best picture takes at least. It is tried on a line of which nothing bad is known: if it were not, there might be
// nothing on the line to know it by.
func (d *decision) least() int {
	if len(d.demands) == 0 || len(d.demands[0].Options) == 0 {
		return 0
	}
	return d.demands[0].Options[0].Bitrate
}

// demand notes what a slot could be sent.
func (d *decision) demand(s *slot, w Wish, options []option) {
	from := len(d.offered)
	for _, o := range options {
		d.offered = append(d.offered, bandwidth.Option{Width: o.width, Height: o.height, Bitrate: o.bitrate, Live: o.live})
	}
	s.recall(options)
	width, height := room(w, len(d.slots))
	d.options = append(d.options, options)
	d.demands = append(d.demands, bandwidth.Demand{
		Rank: uint8(w.Rank), Width: width, Height: height, Options: d.offered[from:], Past: s.past,
	})
}

// room is the size of the place for a wish. One whose size is not known is taken to be its share of a page; what is known
// of a size only by half, for that of a usual picture.
func room(w Wish, of int) (width, height int) {
	width, height = w.Width, w.Height
	if width <= 0 && height <= 0 {
		height = guessedHeight / max(int(math.Ceil(math.Sqrt(float64(of)))), 1)
	}
	if height <= 0 {
		height = max(width*guessedHeight/guessedWidth, 1)
	}
	if width <= 0 {
		width = max(height*guessedWidth/guessedHeight, 1)
	}
	return width, height
}

// take notes what the slot was given. If that is less because what it had costs more than was guessed, it has not fallen.
func (s *slot) take(c bandwidth.Choice, options []option, now time.Time) {
	s.past.Take(c, now)
	if s.guessed && c.Option < s.option {
		s.past.Forgive()
	}
	if s.given, s.guessed = (target{}), false; c.Option != bandwidth.Paused {
		s.given, s.guessed, s.had = options[c.Option].target, options[c.Option].guessed, true
	}
}

// pausedAfter is for how long a slot may wait for its first picture before that is said to be paused: a line that has just
// begun is soon known better.
const pausedAfter = time.Second

// pauses tells whether a slot that is given nothing is paused.
func (s *slot) pauses(now time.Time) bool {
	if s.wanted.IsZero() {
		s.wanted = now
	}
	return s.had || now.Sub(s.wanted) >= pausedAfter
}

// recall finds what the slot was given among options that may be others than before: streams begin, and have more layers
// than was known.
func (s *slot) recall(options []option) {
	at := bandwidth.Paused
	if s.given.layer == nil {
		s.option = at
		return
	}
	for i, o := range options {
		if o.target.layer == s.given.layer && (at < 0 || options[at].target != s.given) {
			if t := o.target.tier(); t.meet(s.given.tier()) == t || at < 0 {
				at = i
			}
		}
	}
	s.option = at
	s.past.Became(at)
}

// approach goes for the chosen option. Spare is what is left of the line beside what was chosen for all. While the line is
// full, what has to give way to another stream stops at once, and that begins when the queue has gone.
func (s *slot) approach(options []option, chosen, spare int, full bool, now time.Time) {
	afford := chosen + 1
	for afford < len(options) && options[afford].bitrate-options[chosen].bitrate <= spare {
		afford++
	}
	flows := s.flows()
	to := approach(options[:afford], chosen, flows, now.Sub(s.waits))
	if full && to.layer != flows.layer {
		above := flows.layer == nil
		for _, o := range options[chosen+1:] {
			above = above || o.target.layer == flows.layer
		}
		if above {
			s.aim(target{}, now)
		}
		return
	}
	s.aim(to, now)
}

// How long an encoding that is off is waited for, before a smaller one is tried as well: while another flows, and while
// nothing does.
const (
	patience    = 3 * time.Second
	dryPatience = 500 * time.Millisecond
)

// approach is what to aim at in order to get to the chosen option, which has not come for some time. As long as another
// flows it is waited for, and in turn with it those between: its publisher's line may not carry it. Else the nearest one
// that comes is the way, and if none does, one after the other of those below is tried too. It is pure.
func approach(options []option, chosen int, flows target, waited time.Duration) target {
	o := options[chosen]
	if o.live {
		return o.target
	}
	way, flowing := -1, -1
	for i, other := range options {
		if !other.live {
			continue
		}
		if other.target.layer == flows.layer {
			flowing = i
		}
		// The largest that is not larger than what was chosen, else the smallest.
		if way < 0 || other.height <= o.height && (other.height >= options[way].height || options[way].height > o.height) {
			way = i
		}
	}
	switch {
	case flowing >= 0:
		return try(options, chosen, options[flowing].height, int(waited/patience))
	case way >= 0:
		return options[way].target
	default:
		return try(options, chosen, 0, int(waited/dryPatience))
	}
}

// try is the nth below the chosen option in size, of those above a height. After the last it begins anew.
func try(options []option, chosen, above, n int) target {
	at := chosen
	for range n {
		next := -1
		for i, o := range options {
			if o.height < options[at].height && o.height > above && (next < 0 || o.height >= options[next].height) {
				next = i
			}
		}
		if at = next; at < 0 {
			at = chosen
		}
	}
	return options[at].target
}

// pause notes whether the slot is paused, for those who count.
func (s *slot) pause(paused bool) {
	if s.paused == paused {
		return
	}
	if s.paused = paused; paused {
		s.counts.paused.Add(1)
	} else {
		s.counts.paused.Add(-1)
	}
}
