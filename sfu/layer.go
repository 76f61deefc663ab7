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
	// follow tells that from has ended and the track goes on in to.
	follow(from, to *layer)
}

// scratch is memory for one packet on its way out.
type scratch struct {
	header  rtp.Header
	level   [1]byte
	payload []byte
}

func newScratch() *scratch {
	return &scratch{
		header:  rtp.Header{Extensions: make([]rtp.Extension, 0, 1)},
		payload: make([]byte, 0, packetBytes),
	}
}

// packetBytes is the largest packet that is taken or sent.
const packetBytes = 1600

// layerOwner is the publishing peer.
type layerOwner interface {
	askAgain(ssrc uint32, sequences []uint16) // sends a NACK
	poke()                                    // a key frame is wanted; must not block
	dropped(reason string)
}

// layer is one RTP stream of a track. One goroutine reads it and hands each packet to all sinks; the list of sinks
// is copied on write, so that nobody who comes or goes holds up a packet.
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
	deadline func(time.Time) error
	packets  *atomic.Uint64 // of the whole engine

	sinks atomic.Pointer[[]sink]

	// Owned by run.
	parser  parser
	losses  losses
	buf     []byte
	nacks   []uint16
	scratch *scratch
	packet  packet

	mu sync.Mutex
	// Guarded by mu.
	ring      *ring
	reception reception
	keyframes keyframes
	ended     bool
}

func newLayer(t *Track, owner layerOwner, ssrc uint32, payload, levelID uint8) *layer {
	return &layer{
		track: t, owner: owner, ssrc: ssrc, payload: payload, kind: t.kind, clock: clockRate(t.kind),
		parser:  parser{format: formatOf(t.mime), levelID: levelID},
		buf:     make([]byte, packetBytes),
		scratch: newScratch(),
		ring:    newRing(t.kind),
	}
}

// repairTick is how often a reader looks for retransmitted packets while some are missing. They come on a stream of
// their own, which is only looked at when the main one is read.
const repairTick = 20 * time.Millisecond

// maxBadReads ends a layer of which nothing can be read any more.
const maxBadReads = 1000

// run reads until the stream ends.
func (l *layer) run() {
	bad, ticking := 0, false
	for {
		n, err := l.read(l.buf)
		now := time.Now()
		var timeout net.Error
		switch {
		case err == nil:
			bad = 0
			l.take(l.buf[:n], now)
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrClosedPipe):
			return
		case errors.As(err, &timeout) && timeout.Timeout():
			l.repair(now)
		default:
			l.owner.dropped("bad_rtp")
			if bad++; bad > maxBadReads {
				return
			}
		}
		if l.losses.pending() {
			ticking = true
			_ = l.deadline(now.Add(repairTick))
		} else if ticking {
			ticking = false
			_ = l.deadline(time.Time{})
		}
	}
}

// take handles one packet.
func (l *layer) take(b []byte, now time.Time) {
	p := &l.packet
	if err := l.parser.parse(b, p); err != nil {
		l.owner.dropped("bad_rtp")
		return
	}
	if l.parser.raw.PayloadType != l.payload {
		l.owner.dropped("payload_type")
		return
	}
	switch l.losses.add(p.sequence, now) {
	case duplicate, tooOld:
		return
	case restarted:
		p.restart = true
	case fresh, recovered:
	}
	l.mu.Lock()
	if len(p.payload) > 0 {
		l.ring.put(p.sequence, b)
	}
	l.reception.add(p.sequence, p.timestamp, now, l.clock)
	l.mu.Unlock()
	if l.packets != nil {
		l.packets.Add(1)
	}
	l.fanOut(p, now)
	l.repair(now)
}

func (l *layer) fanOut(p *packet, now time.Time) {
	if l.track.silent.Load() {
		return
	}
	if sinks := l.sinks.Load(); sinks != nil {
		for _, s := range *sinks {
			s.write(l, p, l.scratch, now)
		}
	}
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
	defer l.mu.Unlock()
	if l.ended {
		return false
	}
	var next []sink
	if now := l.sinks.Load(); now != nil {
		if slices.Contains(*now, s) {
			return true
		}
		next = append(next, *now...)
	}
	next = append(next, s)
	l.sinks.Store(&next)
	return true
}

func (l *layer) detach(s sink) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.sinks.Load()
	if now == nil || !slices.Contains(*now, s) {
		return
	}
	next := make([]sink, 0, len(*now)-1)
	for _, other := range *now {
		if other != s {
			next = append(next, other)
		}
	}
	l.sinks.Store(&next)
}

// end takes the sinks off; nothing can be attached any more.
func (l *layer) end() []sink {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if sinks := l.sinks.Swap(nil); sinks != nil {
		return *sinks
	}
	return nil
}

// requestKeyframe asks the publisher for one, merged with what others ask for.
func (l *layer) requestKeyframe() {
	if l.kind != Video {
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

// copyPacket copies a packet for retransmission; 0 if it is gone.
func (l *layer) copyPacket(sequence uint16, b []byte) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ring.get(sequence, b)
}

func (l *layer) senderReport(sr *rtcp.SenderReport, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reception.senderReport(sr, now)
}

func (l *layer) report(now time.Time) (rtcp.ReceptionReport, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reception.report(l.ssrc, now)
}

func (l *layer) clockAt(now time.Time) (uint32, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reception.clockAt(now, l.clock)
}
