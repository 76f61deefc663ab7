package sfu

import (
	"time"
)

// forwarder gives the packets of changing sources the numbers of one continuous stream.
//
// It is pure: no clock, no lock, no goroutine. Sequence numbers out go up by one for each packet that is to be
// sent, and by more only for packets that the source numbered and that may still come late; a late packet gets
// the number that was kept for it, and is judged by what was sent of the source then. Packets that are only padding, and
// those of layers that are not sent, take no number. A new source begins at a packet a decoder can begin with, at the
// next sequence number, picture id and frame number, at a timestamp ahead of all before.
//
// Pictures of VP8 that are left out take no picture id either: a decoder waits for one that is missing. Those of VP9, and
// the frame numbers of the dependency descriptor, keep their distances within a source, since references count by them.
type forwarder struct {
	// Static after newForwarder.
	clock  uint32
	step   uint32 // least step of the timestamp between two sources
	window uint16 // how far back late packets and retransmissions reach; a power of two

	// The stream out.
	sequence  uint16    // last number given or kept
	timestamp uint32    // highest sent
	sentAt    time.Time // when that was
	sent      bool      // anything ever
	pictureID uint16    // of the newest packet
	tl0       uint8
	pictures  bool // there were any
	frame     uint16
	frames    bool

	// The source now.
	state       forwarderState
	selection   selection
	head        uint16 // highest source sequence number seen
	span        uint16 // how many before head belong to this run; at most window-1
	kept        uint16 // how many numbers out belong to this run, at most window
	newest      uint32 // highest timestamp in
	offset      uint32 // timestamp out minus timestamp in
	floor       uint32 // first timestamp out of this run
	joinAt      uint32 // where the first timestamp out should be
	joins       bool
	live        uint32 // timestamp in at which what was kept ends
	catches     bool   // there is such
	pidOffset   uint16
	tl0Offset   uint8
	frameOffset uint16
	masks       bool     // since the last structure something was left out, so that it must be said which targets are active
	numbers     []number // by source sequence number
	sources     []uint16 // source sequence number by number out
}

type forwarderState uint8

const (
	idle    forwarderState = iota // no source
	waiting                       // a source, nothing to begin with yet
	running
)

// number is what became of a source sequence number.
type number struct {
	out       uint16
	pidOffset uint16
	fate      fate
	tier      tier // what was sent of the source then
	again     uint8
	marker    bool
	masks     bool
}

type fate uint8

const (
	kept    fate = iota // it has a number and has not come
	sent                // it was sent
	skipped             // it was padding, or of no layer that is sent
)

// rewritten is what a packet becomes on the way out.
type rewritten struct {
	sequence  uint16
	timestamp uint32
	pictureID uint16
	frame     uint16
	tl0       uint8
	marker    bool
	masks     bool // its descriptor is to say that these are the active targets:
	mask      uint32
	// empty: send the header only. A number was kept for what turned out not to be sent; it must be filled or the
	// receiver would ask for it forever.
	empty bool
	// above: it is not sent because its layer is not.
	above bool
}

// maxPause bounds what a pause adds to timestamps, which compare only within half their range.
const maxPause = time.Hour

// maxSkew is how far publishers' clocks are believed against the time that passed here.
const maxSkew = time.Second

func newForwarder(kind Kind, sequence uint16, timestamp uint32) *forwarder {
	f := &forwarder{clock: clockRate(kind), sequence: sequence, timestamp: timestamp}
	if kind == Audio {
		f.window, f.step = 128, audioClock/50
	} else {
		f.window, f.step = 1024, videoClock/30
	}
	return f
}

// begin makes a source the current one, of which up to a tier is sent. It flows from its next packet that can be begun
// with.
func (f *forwarder) begin(aim tier) {
	if f.numbers == nil {
		f.numbers = make([]number, f.window)
		f.sources = make([]uint16, f.window)
	}
	f.state, f.span, f.kept, f.joins, f.catches = waiting, 0, 0, false, false
	f.selection.aim, f.masks = aim, false
}

// join is begin with another stream of the same pictures, whose next packet was captured when the current source had this
// timestamp.
func (f *forwarder) join(aim tier, timestamp uint32) {
	joins := f.state == running
	f.begin(aim)
	f.joinAt, f.joins = timestamp+f.offset, joins
}

// follows says that the source begins with pictures that were kept, up to the one with this timestamp.
func (f *forwarder) follows(live uint32) { f.live, f.catches = live, true }

// haste is how many times faster pictures go by that were kept: they come all at once, and a receiver that believed their
// times would play what comes then so much later.
const haste = 64

// timestampOf is the timestamp out of one in.
func (f *forwarder) timestampOf(in uint32) uint32 {
	if behind := f.live - in; f.catches && int32(behind) > 0 {
		return f.live - behind/haste + f.offset
	}
	return in + f.offset
}

// stop ends the current source: nothing more comes out of translate, and nothing of it is sent again.
func (f *forwarder) stop() { f.state, f.span, f.kept = idle, 0, 0 }

// unsend takes back the last numbers given, of packets that were not sent after all. To be called after stop.
func (f *forwarder) unsend(packets int) { f.sequence -= uint16(packets) }

// waits tells whether there is a source that has not begun, for want of a key frame.
func (f *forwarder) waits() bool { return f.state == waiting }

// after is the highest timestamp sent, if anything was.
func (f *forwarder) after() (uint32, bool) { return f.timestamp, f.sent }

// translate renumbers a packet of the current source; ok is false if it is not to be sent.
func (f *forwarder) translate(p *packet, now time.Time) (out rewritten, ok bool) {
	switch f.state {
	case idle:
		return out, false
	case running:
		ahead := int16(p.sequence - f.head)
		switch {
		case p.restart, ahead >= int16(f.window):
			// The source jumped. What lies between is not known, so a decoder has to begin anew.
			f.begin(f.selection.aim)
		case ahead > 0:
			return f.next(p, uint16(ahead), now)
		default:
			return f.late(p, uint16(-ahead))
		}
	}
	return f.first(p, now)
}

// first begins a run with p, if that is possible.
func (f *forwarder) first(p *packet, now time.Time) (rewritten, bool) {
	if !p.start || len(p.payload) == 0 {
		return rewritten{}, false
	}
	start := f.startAt(now)
	f.catches = f.catches && int32(f.live-p.timestamp) > 0
	f.offset = 0
	f.offset, f.floor, f.newest = start-f.timestampOf(p.timestamp), start, p.timestamp
	f.pidOffset, f.tl0Offset, f.frameOffset = 0, 0, 0
	if f.pictures {
		f.pidOffset = f.pictureID + 1 - p.pictureID
		f.tl0Offset = f.tl0 + 1 - p.tl0
	}
	if n, has := frameNumber(p.extensions[extensionDependency]); has && f.frames {
		f.frameOffset = f.frame + 1 - n
	}
	f.state, f.head, f.span, f.kept = running, p.sequence, 0, 0
	f.selection.begin()
	f.target(p)
	return f.give(p, now), true
}

// startAt is the timestamp out of what begins now: by the publisher's clocks where they are known, else by the time that
// passed.
func (f *forwarder) startAt(now time.Time) uint32 {
	if !f.sent {
		return f.timestamp
	}
	passed := ticks(min(max(now.Sub(f.sentAt), 0), maxPause), f.clock)
	if f.joins {
		skew := int32(f.joinAt - (f.timestamp + passed))
		if most := int32(ticks(maxSkew, f.clock)); -most < skew && skew < most {
			if int32(f.joinAt-f.timestamp) > 0 {
				return f.joinAt
			}
			return f.timestamp + 1 // the same picture, but not the same frame
		}
	}
	return f.timestamp + max(passed, f.step)
}

// next handles a packet ahead of all before by the given distance.
func (f *forwarder) next(p *packet, ahead uint16, now time.Time) (rewritten, bool) {
	for n := uint16(1); n < ahead; n++ {
		f.keep(f.head + n)
	}
	f.span = min(f.span+ahead, f.window-1)
	f.head = p.sequence
	// A timestamp from before the run belongs to what the slot showed before. (Only at its beginning: timestamps
	// wrap.)
	old := f.span < f.window-1 && int32(f.timestampOf(p.timestamp)-f.floor) < 0
	if len(p.payload) == 0 || old {
		f.numbers[p.sequence&(f.window-1)].fate = skipped
		return rewritten{}, false
	}
	newer := int32(p.timestamp-f.newest) > 0
	if newer {
		f.newest = p.timestamp
		f.catches = f.catches && int32(p.timestamp-f.live) < 1<<30 // or is so long ago that it would seem to be ahead
	}
	f.selection.move(&p.shape, newer)
	f.target(p)
	if !f.selection.now.takes(&p.shape) {
		f.numbers[p.sequence&(f.window-1)].fate = skipped
		if newer && p.dense {
			f.pidOffset--
		}
		return rewritten{above: true}, false
	}
	return f.give(p, now), true
}

// target finds out whether descriptors are to say what is active from p on.
func (f *forwarder) target(p *packet) {
	f.masks = f.masks && !p.structured || p.leaves(f.selection.now)
}

// late handles a packet behind the newest: it is sent if a number was kept for it.
func (f *forwarder) late(p *packet, behind uint16) (rewritten, bool) {
	if behind > f.span {
		return rewritten{}, false // before this run, or too old
	}
	n := &f.numbers[p.sequence&(f.window-1)]
	if n.fate != kept {
		return rewritten{}, false
	}
	return f.settle(p, n), true
}

// settle is what is sent under the number that was kept for p.
func (f *forwarder) settle(p *packet, n *number) rewritten {
	n.marker = n.ends(p)
	out := f.rewrite(p, n)
	if n.fate = sent; len(p.payload) == 0 || !n.tier.takes(&p.shape) || int32(out.timestamp-f.floor) < 0 {
		out.empty, out.marker, n.fate = true, false, skipped // never sent a second time with other bytes
	}
	return out
}

// give sends p as the newest packet of the stream.
func (f *forwarder) give(p *packet, now time.Time) rewritten {
	f.keep(p.sequence)
	n := &f.numbers[p.sequence&(f.window-1)]
	n.fate, n.marker = sent, n.ends(p)
	out := f.rewrite(p, n)
	if !f.sent || int32(out.timestamp-f.timestamp) >= 0 {
		f.timestamp, f.sentAt, f.sent = out.timestamp, now, true
	}
	if p.pictureAt > 0 || p.tl0At > 0 {
		f.pictureID, f.tl0, f.pictures = out.pictureID, out.tl0, true
	}
	if len(p.extensions[extensionDependency]) > 0 {
		f.frame, f.frames = out.frame, true
	}
	return out
}

// keep gives a source number the next number out.
func (f *forwarder) keep(source uint16) {
	f.sequence++
	f.numbers[source&(f.window-1)] = number{
		out: f.sequence, fate: kept, pidOffset: f.pidOffset, tier: f.selection.now, masks: f.masks,
	}
	f.sources[f.sequence&(f.window-1)] = source
	f.kept = min(f.kept+1, f.window)
}

// ends tells whether a picture ends with p: it does with the last layer that is sent of it.
func (n *number) ends(p *packet) bool { return p.marker || p.end && p.spatial == n.tier.spatial() }

// rewrite is p under its number.
func (f *forwarder) rewrite(p *packet, n *number) rewritten {
	frame, _ := frameNumber(p.extensions[extensionDependency])
	out := rewritten{
		sequence:  n.out,
		timestamp: f.timestampOf(p.timestamp),
		pictureID: (p.pictureID + n.pidOffset) & 0x7fff,
		tl0:       p.tl0 + f.tl0Offset,
		frame:     frame + f.frameOffset,
		marker:    n.marker,
	}
	if n.masks && p.targets != nil {
		out.masks, out.mask = true, p.serves(n.tier)
	}
	return out
}

// maxAgain is how often one packet is sent again: who still does not have it then will not get it.
const maxAgain = 5

// again tells which packet of the current source was sent as the given number, or would have been had it come in time.
func (f *forwarder) again(sequence uint16) (source uint16, ok bool) {
	if f.state != running || f.sequence-sequence >= f.kept {
		return 0, false
	}
	source = f.sources[sequence&(f.window-1)]
	if f.head-source > f.span {
		return 0, false
	}
	n := f.numbers[source&(f.window-1)]
	return source, n.out == sequence && n.fate != skipped
}

// repeated notes that a packet that again found is sent again; false if it was often enough.
func (f *forwarder) repeated(source uint16) bool {
	n := &f.numbers[source&(f.window-1)]
	if n.again >= maxAgain {
		return false
	}
	n.again++
	return true
}

// repeat is what is sent again of a packet that again found.
func (f *forwarder) repeat(p *packet) rewritten {
	n := &f.numbers[p.sequence&(f.window-1)]
	if n.fate == kept {
		return f.settle(p, n)
	}
	return f.rewrite(p, n)
}
