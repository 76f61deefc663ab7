package sfu

import (
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// What flows in a slot. aim and stop are called by the slot's peer, one at a time; write, by the readers of up to two
// layers; follow, by whoever ends one.

// aim says what shall flow. It is gone to where a decoder can follow, and until then the former flows on: up and down
// within a stream as selection has it, to another stream with its next key frame, which is asked for. The zero target is
// a pause, at once.
func (s *slot) aim(to target, now time.Time) {
	if to.layer == nil {
		s.stop()
		return
	}
	live, keeps := to.layer.live(now), to.layer.keeps(now)
	s.mu.Lock()
	format, ok := s.formats[to.layer.track.codecKey()]
	if !ok {
		s.mu.Unlock()
		s.stop()
		return
	}
	var left *layer
	joins, ask := false, false
	switch {
	case to.layer == s.source:
		left, s.next = s.next, nil
		if s.forward.selection.aim != to.tier() {
			s.forward.selection.aim, s.missed = to.tier(), time.Time{}
		}
	case to.layer == s.next:
		s.nextTier = to.tier()
	case s.source == nil || s.forward.waits() && live:
		left = s.source
		s.source, s.format = to.layer, format
		s.forward.begin(to.tier())
		joins, ask = true, s.begun || !keeps
	default:
		left, s.next, s.nextTier = s.next, to.layer, to.tier()
		joins, ask = true, live && s.quota.take(now)
	}
	if ask {
		s.asked = now
	}
	s.mu.Unlock()
	if joins {
		s.attend(to.layer)
	}
	if left != nil {
		s.attend(left)
	}
	if ask {
		to.layer.requestKeyframe()
	}
}

// flows is what is sent now, as far as it has begun.
func (s *slot) flows() target {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.source == nil || s.forward.state != running {
		return target{}
	}
	now := s.forward.selection.now
	return target{layer: s.source, spatial: now.spatial(), temporal: now.temporal()}
}

// attend takes packets of a layer exactly if it flows or is about to. Whoever changes what flows calls it afterwards.
func (s *slot) attend(l *layer) {
	for {
		wants := s.wants(l)
		if !wants {
			l.detach(s)
		} else if !l.attach(s) {
			s.lose(l)
		}
		if s.wants(l) == wants {
			return
		}
	}
}

func (s *slot) wants(l *layer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source == l || s.next == l
}

// lose forgets a layer that has ended. What was about to take its place now begins.
func (s *slot) lose(l *layer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == l {
		s.next = nil
	}
	if s.source != l {
		return
	}
	if s.source, s.next = s.next, nil; s.source != nil {
		s.forward.begin(s.nextTier)
	} else {
		s.forward.stop()
	}
}

// stop ends what flows, at once: a packet on its way in is not sent any more, nor one that waits. It returns the last timestamp sent.
func (s *slot) stop() (after uint32, has bool) {
	s.mu.Lock()
	source, next := s.source, s.next
	s.source, s.next = nil, nil
	s.forward.stop()
	if s.numberID != 0 {
		s.forward.unsend(s.line.cut(s, s.forward.sequence))
	}
	after, has = s.forward.after()
	s.mu.Unlock()
	for _, l := range []*layer{source, next} {
		if l != nil {
			s.attend(l)
		}
	}
	return after, has
}

// leave is stop for good: what comes next is another track. To be called with the peer's mu held.
func (s *slot) leave() (after uint32, has bool) {
	s.pause(false)
	after, has = s.stop()
	s.mu.Lock()
	s.quota, s.begun = quota{}, false
	s.mu.Unlock()
	return after, has
}

// follow goes on with another layer of the same track.
func (s *slot) follow(from, to *layer) {
	s.mu.Lock()
	switch {
	case to == nil || s.source == to || s.next == to:
	case s.next == from:
		s.next = to
	case s.source == from && s.next == nil:
		s.next, s.nextTier = to, s.forward.selection.aim
	}
	s.mu.Unlock()
	s.lose(from)
	if to != nil {
		if s.attend(to); s.wants(to) {
			to.requestKeyframe()
		}
	}
}

// write sends one packet of a layer, if it is of what flows.
func (s *slot) write(l *layer, p *packet, o *scratch, now time.Time) {
	s.turn.Lock()
	left, ask, late := s.send(l, p, o, now)
	if late && l.recite(p, now, func(p *packet) { s.send(l, p, o, now) }) {
		left, ask, _ = s.send(l, p, o, now)
	}
	s.turn.Unlock()
	if left != nil {
		s.attend(left)
	}
	if ask {
		l.requestKeyframe()
	}
}

// send is write in its turn: left is a layer that does not flow any more, and ask that a key frame is wanted. It is late if
// nothing was sent yet of what the slot was given: a key picture that was kept would do. Who had it before, and lost it for want
// of a line, had better not be sent much at once.
func (s *slot) send(l *layer, p *packet, o *scratch, now time.Time) (left *layer, ask, late bool) {
	s.mu.Lock()
	if s.writer == nil || l != s.source && l != s.next {
		s.mu.Unlock()
		return nil, false, false
	}
	if l != s.source {
		if !p.start || len(p.payload) == 0 {
			ask = s.asksLocked(now) && s.quota.take(now)
			s.mu.Unlock()
			return nil, ask, false
		}
		left = s.takeOverLocked(l, p, now)
	}
	out, ok := s.forward.translate(p, now)
	if !ok {
		if late = s.forward.waits() && !s.begun && l.key.good(p.sequence, now); late {
			s.forward.follows(p.timestamp)
		} else {
			ask = s.forward.waits() && s.asksLocked(now) || out.above && s.missesLocked(p, now)
		}
		s.mu.Unlock()
		if out.above {
			s.counts.above.Add(1)
		}
		return left, ask, late
	}
	payload := s.fillLocked(p, out, o)
	v := s.admitLocked(s.kindOf(), o, payload, now)
	s.begun = true
	if v == refused {
		// The rest of the picture is of no use then, nor is what builds on it.
		s.forward.begin(s.forward.selection.aim)
		if out.sequence == s.forward.sequence {
			s.forward.unsend(1)
		}
		ask = s.asksLocked(now)
	} else {
		s.sentPackets++
		s.sentBytes += uint32(len(payload))
	}
	writer := s.writer
	s.mu.Unlock()

	if v == goes {
		if _, err := writer.WriteRTP(&o.header, payload); err == nil {
			s.counts.out.Add(1)
		}
	}
	return left, ask, false
}

// takeOverLocked puts the next layer in place of the one that flows, with the key picture that begins with p.
func (s *slot) takeOverLocked(l *layer, p *packet, now time.Time) (left *layer) {
	left = s.source
	if at, ok := left.sender.Load().translate(l.sender.Load(), p.timestamp, l.clock, now); ok {
		s.forward.join(s.nextTier, at)
	} else {
		s.forward.begin(s.nextTier)
	}
	s.source, s.next, s.missed = l, nil, time.Time{}
	s.counts.switches.Add(1)
	return left
}

// asksLocked tells whether to ask for a key frame: one that was asked for is waited for a while.
func (s *slot) asksLocked(now time.Time) bool {
	if now.Sub(s.asked) < keyframeAgain {
		return false
	}
	s.asked = now
	return true
}

// missesLocked tells whether to ask for a key frame because of a packet that is not sent: only with one can what is sent
// grow in space; in time it mostly grows without.
func (s *slot) missesLocked(p *packet, now time.Time) bool {
	sel := &s.forward.selection
	if !sel.aim.takes(&p.shape) {
		return false
	}
	if s.missed.IsZero() {
		s.missed = now
	}
	if p.spatial <= sel.now.spatial() && now.Sub(s.missed) < temporalPatience {
		return false
	}
	return s.asksLocked(now) && s.quota.take(now)
}

// fillLocked writes the header into o and returns the payload, which is p's own if nothing in it changes.
func (s *slot) fillLocked(p *packet, out rewritten, o *scratch) []byte {
	o.header = rtp.Header{
		Version: 2, Marker: out.marker, PayloadType: s.format.payload,
		SequenceNumber: out.sequence, Timestamp: out.timestamp, SSRC: s.ssrc,
		Extensions: o.header.Extensions[:0],
	}
	if out.empty {
		if s.numberID != 0 {
			_ = o.header.SetExtension(s.numberID, o.number[:])
		}
		return nil
	}
	o.extend(p, &s.ids, s.numberID, &out)
	switch {
	case p.red:
		var payload []byte
		payload, o.header.PayloadType = s.unwrapLocked(p.payload)
		return payload
	case p.pictureAt > 0 && out.pictureID != p.pictureID, p.tl0At > 0 && out.tl0 != p.tl0:
		o.payload = append(o.payload[:0], p.payload...)
		p.counters.write(o.payload, out.pictureID, out.tl0)
		return o.payload
	default:
		return p.payload
	}
}

// report is the sender report for what flows now.
func (s *slot) report(now time.Time) (*rtcp.SenderReport, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.source == nil || s.forward.state != running || s.sentPackets == 0 {
		return nil, false
	}
	timestamp, known := s.source.sender.Load().timestampAt(now, s.source.clock)
	if known {
		timestamp += s.forward.offset
	} else {
		timestamp = s.forward.timestamp + ticks(now.Sub(s.forward.sentAt), s.source.clock)
	}
	return &rtcp.SenderReport{
		SSRC: s.ssrc, NTPTime: ntpTime(now), RTPTime: timestamp,
		PacketCount: s.sentPackets, OctetCount: s.sentBytes,
	}, true
}

// wantsKeyframe handles a browser's request for one.
func (s *slot) wantsKeyframe(now time.Time) bool {
	s.mu.Lock()
	source := s.source
	ok := source != nil && s.quota.take(now)
	s.mu.Unlock()
	if ok {
		source.requestKeyframe()
	}
	return ok
}
