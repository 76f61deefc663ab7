package sfu

import (
	"time"
)

// forwarder gives the packets of changing sources the numbers of one continuous stream.
//
// It is pure: no clock, no lock, no goroutine. Sequence numbers out go up by one for each packet that is to be
// sent, and by more only for packets that the source numbered and that may still come late; a late packet gets
// the number that was kept for it. Packets that are only padding take no number. A new source begins at a packet a
// decoder can begin with, at the next sequence number and picture id, at a timestamp ahead of all before.
type forwarder struct {
	// Static after newForwarder.
	clock  uint32
	frame  uint32 // least step of the timestamp between two sources
	window uint16 // how far back late packets and retransmissions reach; a power of two

	// The stream out.
	sequence  uint16    // last number given or kept
	timestamp uint32    // highest sent
	sentAt    time.Time // when that was
	sent      bool      // anything ever
	pictureID uint16    // of the newest VP8 packet
	tl0       uint8
	sentVP8   bool

	// The source now.
	state     forwarderState
	head      uint16 // highest source sequence number seen
	span      uint16 // how many before head belong to this run; at most window-1
	kept      uint16 // how many numbers out belong to this run, at most window
	offset    uint32 // timestamp out minus timestamp in
	floor     uint32 // first timestamp out of this run
	pidOffset uint16
	tl0Offset uint8
	numbers   []number // by source sequence number
	sources   []uint16 // source sequence number by number out
}

type forwarderState uint8

const (
	idle    forwarderState = iota // no source
	waiting                       // a source, nothing to begin with yet
	running
)

// number is what became of a source sequence number.
type number struct {
	out   uint16
	fate  fate
	again uint8 // how often it was asked for again
}

type fate uint8

const (
	kept    fate = iota // it has a number and has not come
	sent                // it was sent
	skipped             // it was padding
)

// rewritten is what a packet becomes on the way out.
type rewritten struct {
	sequence  uint16
	timestamp uint32
	pictureID uint16
	tl0       uint8
	// empty: send the header only. A number was kept for what turned out to be padding; it must be filled or the
	// receiver would ask for it forever.
	empty bool
}

// maxPause bounds what a pause adds to timestamps, which compare only within half their range.
const maxPause = time.Hour

func newForwarder(kind Kind, sequence uint16, timestamp uint32) *forwarder {
	f := &forwarder{clock: clockRate(kind), sequence: sequence, timestamp: timestamp}
	if kind == Audio {
		f.window, f.frame = 128, audioClock/50
	} else {
		f.window, f.frame = 1024, videoClock/30
	}
	return f
}

// begin makes a source the current one. It flows from its next packet that can be begun with.
func (f *forwarder) begin() {
	if f.numbers == nil {
		f.numbers = make([]number, f.window)
		f.sources = make([]uint16, f.window)
	}
	f.state, f.span, f.kept = waiting, 0, 0
}

// stop ends the current source: nothing more comes out of translate, and nothing of it is sent again.
func (f *forwarder) stop() { f.state, f.span, f.kept = idle, 0, 0 }

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
			f.begin()
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
	start := f.timestamp
	if f.sent {
		pause := min(max(now.Sub(f.sentAt), 0), maxPause)
		start += max(uint32(int64(pause)*int64(f.clock)/int64(time.Second)), f.frame)
	}
	f.offset, f.floor = start-p.timestamp, start
	f.pidOffset, f.tl0Offset = 0, 0
	if f.sentVP8 {
		f.pidOffset = f.pictureID + 1 - p.vp8.pictureID
		f.tl0Offset = f.tl0 + 1 - p.vp8.tl0
	}
	f.state, f.head, f.span, f.kept = running, p.sequence, 0, 0
	return f.give(p, now), true
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
	old := f.span < f.window-1 && int32(p.timestamp+f.offset-f.floor) < 0
	if len(p.payload) == 0 || old {
		f.numbers[p.sequence&(f.window-1)] = number{fate: skipped}
		return rewritten{}, false
	}
	return f.give(p, now), true
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
	n.fate = sent
	out := f.rewrite(p, n.out)
	if len(p.payload) == 0 || int32(out.timestamp-f.floor) < 0 {
		out.empty, n.fate = true, skipped // never sent a second time with other bytes
	}
	return out, true
}

// give sends p as the newest packet of the stream.
func (f *forwarder) give(p *packet, now time.Time) rewritten {
	f.keep(p.sequence)
	f.numbers[p.sequence&(f.window-1)].fate = sent
	out := f.rewrite(p, f.sequence)
	if !f.sent || int32(out.timestamp-f.timestamp) >= 0 {
		f.timestamp, f.sentAt, f.sent = out.timestamp, now, true
	}
	if p.vp8.pictureAt > 0 || p.vp8.tl0At > 0 {
		f.pictureID, f.tl0, f.sentVP8 = out.pictureID, out.tl0, true
	}
	return out
}

// keep gives a source number the next number out.
func (f *forwarder) keep(source uint16) {
	f.sequence++
	f.numbers[source&(f.window-1)] = number{out: f.sequence, fate: kept}
	f.sources[f.sequence&(f.window-1)] = source
	f.kept = min(f.kept+1, f.window)
}

func (f *forwarder) rewrite(p *packet, sequence uint16) rewritten {
	return rewritten{
		sequence:  sequence,
		timestamp: p.timestamp + f.offset,
		pictureID: (p.vp8.pictureID + f.pidOffset) & 0x7fff,
		tl0:       p.vp8.tl0 + f.tl0Offset,
	}
}

// maxAgain is how often one packet is sent again: who still does not have it then will not get it.
const maxAgain = 5

// again tells which packet of the current source was sent as the given number.
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
