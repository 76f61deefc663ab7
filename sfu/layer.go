package sfu

import (
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// sink is where the packets of a layer go. write is called from the layer's reader and must not block; the packet
// and what it points to are only good during the call. o is memory of the reader's that a sink may use meanwhile.
type sink interface {
	write(l *layer, p *packet, o *scratch, now time.Time)
	// follow tells that from has ended and the track goes on in to; nil: it does not.
	follow(from, to *layer)
}

// scratch is memory for one packet on its way out.
type scratch struct {
	header     rtp.Header
	number     [numberBytes]byte // in header
	dependency []byte
	payload    []byte
}

func newScratch() *scratch {
	return &scratch{
		header:     rtp.Header{Extensions: make([]rtp.Extension, 0, extensionKinds+2)},
		dependency: make([]byte, 0, 256),
		payload:    make([]byte, 0, packetBytes),
	}
}

// packetBytes is the largest packet that is taken or sent.
const packetBytes = 1600

// layerOwner is the publishing peer.
type layerOwner interface {
	askAgain(ssrc uint32, sequences []uint16) // sends a NACK
	poke()                                    // a key frame is wanted, or who is shown it has changed; must not block
	dropped(reason string)
}

// layer is one RTP stream of a track. One goroutine reads it and hands each packet to all sinks; the list of sinks
// is copied on write, so that nobody who comes or goes holds up a packet. A stream that was announced and has not come yet
// is a layer too, with the SSRC 0: sinks may wait there.
type layer struct {
	// Static after newLayer.
	track    *Track
	owner    layerOwner
	rid      string
	ssrc     uint32
	payload  uint8
	kind     Kind
	clock    uint32
	read     func([]byte) (int, error)
	waiting  func() int // packets that read has without waiting
	deadline func(time.Time) error
	packets  *atomic.Uint64 // of the whole engine

	sinks  atomic.Pointer[[]sink]      // nil: nobody
	sender atomic.Pointer[senderClock] // by its last report; nil: none yet

	// Owned by run.
	parser   parser
	losses   losses
	hand     []held // the packets that go out together
	inHand   int    // so many of them
	nacks    []uint16
	scratch  *scratch
	silenced bool // the last packet was kept back
	recital  *recital

	mu sync.Mutex
	// Guarded by mu.
	ring      *ring
	reception reception
	keyframes keyframes
	key       keyPicture // written by run only
	newest    uint16     // sequence number
	meter     meter
	sizes     sizes // by what the stream last said
	ended     bool
}

func newLayer(t *Track, owner layerOwner, ssrc uint32, payload uint8, ids extensionIDs) *layer {
	return &layer{
		track: t, owner: owner, ssrc: ssrc, payload: payload, kind: t.kind, clock: clockRate(t.kind),
		parser:  parser{format: formatOf(t.mime), ids: ids},
		hand:    newHand(t.kind),
		scratch: newScratch(),
		ring:    newRing(t.kind),
	}
}

// newAwaited is a layer for an encoding of which nothing has come.
func newAwaited(t *Track, owner layerOwner, rid string) *layer {
	return &layer{track: t, owner: owner, rid: rid, kind: t.kind, clock: clockRate(t.kind), ring: newRing(t.kind)}
}

func (l *layer) awaited() bool { return l.ssrc == 0 }

// repairTick is how often a reader looks for retransmitted packets while some are missing. They come on a stream of
// their own, which is only looked at when the main one is read.
const repairTick = 20 * time.Millisecond

// maxBadReads ends a layer of which nothing can be read any more.
const maxBadReads = 1000

// run reads until the stream ends.
func (l *layer) run() {
	bad, ticking := 0, false
	for {
		buf := l.hand[l.inHand].buf[:]
		n, err := l.read(buf)
		now := time.Now()
		var timeout net.Error
		switch {
		case err == nil:
			bad = 0
			l.accept(buf[:n], now)
			if l.inHand < len(l.hand) && l.waiting() > 0 {
				continue
			}
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrClosedPipe):
			return
		case errors.As(err, &timeout) && timeout.Timeout():
		default:
			l.owner.dropped("bad_rtp")
			if bad++; bad > maxBadReads {
				return
			}
		}
		l.forward(now)
		l.repair(now)
		if l.losses.pending() {
			ticking = true
			_ = l.deadline(now.Add(repairTick))
		} else if ticking {
			ticking = false
			_ = l.deadline(time.Time{})
		}
	}
}

// take handles one packet by itself.
func (l *layer) take(b []byte, now time.Time) {
	l.accept(b, now)
	l.forward(now)
	l.repair(now)
}

// accept takes a packet into the hand, if it is to be sent on. It stays in b until then.
func (l *layer) accept(b []byte, now time.Time) {
	p := &l.hand[l.inHand].packet
	if err := l.parser.read(b, p); err != nil {
		l.owner.dropped("bad_rtp")
		return
	}
	if l.parser.raw.PayloadType != l.payload && !p.red {
		l.owner.dropped("payload_type")
		return
	}
	arrival := l.losses.add(p.sequence, now)
	switch arrival {
	case duplicate, tooOld:
		return
	case restarted:
		p.restart = true
	case fresh, recovered:
	}
	l.parser.look(p)
	if level := p.extensions[extensionLevel]; len(level) > 0 {
		l.track.loudness.add(level[0], now)
	}
	sends := l.sinks.Load() != nil
	if l.track.silent.Load() {
		sends, l.silenced = false, true
	} else if l.silenced {
		p.restart, l.silenced = true, false
	}
	l.mu.Lock()
	if p.restart || !sends {
		l.key = keyPicture{}
	}
	if arrival != recovered {
		l.newest = p.sequence
		if p.start && sends {
			l.key.begins(p.sequence, now)
		}
	}
	if p.start {
		l.keyframes.came()
	}
	if len(p.payload) > 0 {
		if sends { // who comes later begins with a later key frame
			l.ring.put(p.sequence, b, &p.shape)
		}
		l.meter.add(&p.shape, p.timestamp, len(b), now)
		if p.frame {
			l.sizes = l.parser.sizes
		}
	}
	l.reception.add(p.sequence, p.timestamp, now, l.clock)
	l.mu.Unlock()
	if l.packets != nil {
		l.packets.Add(1)
	}
	if sends {
		l.inHand++
	}
}

// forward gives the packets in hand to all sinks.
func (l *layer) forward(now time.Time) {
	if l.inHand == 0 {
		return
	}
	if sinks := l.sinks.Load(); sinks != nil {
		for _, s := range *sinks {
			for i := range l.hand[:l.inHand] {
				s.write(l, &l.hand[i].packet, l.scratch, now)
			}
		}
	}
	l.inHand = 0
}

// repair asks the publisher for what is missing.
func (l *layer) repair(now time.Time) {
	if !l.losses.pending() {
		return
	}
	l.nacks = l.losses.due(now, l.nacks[:0])
	if len(l.nacks) > 0 {
		l.owner.askAgain(l.ssrc, l.nacks)
	}
}

// attach adds a sink; false if the layer has ended.
func (l *layer) attach(s sink) bool {
	l.mu.Lock()
	if l.ended {
		l.mu.Unlock()
		return false
	}
	var next []sink
	now := l.sinks.Load()
	if now != nil {
		if slices.Contains(*now, s) {
			l.mu.Unlock()
			return true
		}
		next = append(next, *now...)
	}
	next = append(next, s)
	l.sinks.Store(&next)
	l.mu.Unlock()
	if now == nil {
		l.owner.poke()
	}
	return true
}

func (l *layer) detach(s sink) {
	l.mu.Lock()
	now := l.sinks.Load()
	if now == nil || !slices.Contains(*now, s) {
		l.mu.Unlock()
		return
	}
	last := len(*now) == 1
	if last {
		l.sinks.Store(nil)
	} else {
		next := make([]sink, 0, len(*now)-1)
		for _, other := range *now {
			if other != s {
				next = append(next, other)
			}
		}
		l.sinks.Store(&next)
	}
	l.mu.Unlock()
	if last {
		l.owner.poke()
	}
}

// watched tells whether anybody is shown the layer, or waits to be.
func (l *layer) watched() bool { return l.sinks.Load() != nil }

// rest gives back what is only of use while somebody watches.
func (l *layer) rest() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sinks.Load() == nil {
		l.ring.free()
	}
}

// end takes the sinks off; nothing can be attached any more.
func (l *layer) end() []sink {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.ring.free()
	if sinks := l.sinks.Swap(nil); sinks != nil {
		return *sinks
	}
	return nil
}

// pass ends the layer and leaves its sinks to another; nil: to none.
func (l *layer) pass(next *layer) {
	for _, s := range l.end() {
		s.follow(l, next)
	}
}

// live tells whether packets come.
func (l *layer) live(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.meter.live(now)
}

// requestKeyframe asks the publisher for one, merged with what others ask for. A stream that has not come begins with one
// anyway.
func (l *layer) requestKeyframe() {
	if l.kind != Video || l.awaited() {
		return
	}
	l.mu.Lock()
	l.keyframes.want()
	l.mu.Unlock()
	l.owner.poke()
}

// keyframeDue is asked by the owner after a poke.
func (l *layer) keyframeDue(now time.Time) (ask bool, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keyframes.due(now)
}

// copyPacket copies a packet for retransmission, with its shape; 0 if it is gone.
func (l *layer) copyPacket(sequence uint16, b []byte, s *shape) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ring.get(sequence, b, s)
}

func (l *layer) senderReport(sr *rtcp.SenderReport, now time.Time) {
	l.sender.Store(&senderClock{ntp: sr.NTPTime, rtp: sr.RTPTime, at: now})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reception.senderReport(sr, now)
}

// lately is what was expected of the stream between the last two reports, and what of it did not come.
func (l *layer) lately() (expected, missed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reception.expected, l.reception.missed
}

func (l *layer) report(now time.Time) (rtcp.ReceptionReport, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reception.report(l.ssrc, now)
}
