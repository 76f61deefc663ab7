package sfu

import (
	"time"

	"github.com/parlorhq/parlor/sfu/bandwidth"
)

// repeater sends packets again that a browser missed. It belongs to the goroutine that reads a peer's RTCP.
type repeater struct {
	raw     [packetBytes]byte
	parser  parser
	packet  packet
	scratch *scratch
	body    []byte
}

func newRepeater() *repeater {
	return &repeater{scratch: newScratch(), body: make([]byte, 0, packetBytes+2)}
}

// repeatBudget bounds what one slot sends again: a browser that asks for everything gets at most repeatRate.
type repeatBudget struct {
	left float64
	at   time.Time
}

const (
	repeatRate  = 500 // packets a second
	repeatBurst = 256
)

func (b *repeatBudget) take(now time.Time) bool {
	if b.at.IsZero() {
		b.left = repeatBurst
	} else {
		b.left = min(b.left+now.Sub(b.at).Seconds()*repeatRate, repeatBurst)
	}
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// repeat sends the packet with this number again, on the retransmission stream if there is one. It is false if the
// packet is gone, belongs to what the slot showed before, or is over the budget.
func (s *slot) repeat(sequence uint16, r *repeater, now time.Time) bool {
	if s.kind == Video && s.line != nil && s.line.full.Load() {
		return false // the queue has to go first
	}
	s.mu.Lock()
	source := s.source
	if source == nil || s.writer == nil {
		s.mu.Unlock()
		return false
	}
	in, ok := s.forward.again(sequence)
	ok = ok && s.forward.repeated(in) && s.budget.take(now)
	s.mu.Unlock()
	if !ok {
		return false
	}
	if s.again(source, in, sequence, s.kindAgain(), r, now) == 0 {
		return false
	}
	s.counts.repeats.Add(1)
	return true
}

// kindAgain is what the line takes what is sent again for.
func (s *slot) kindAgain() bandwidth.Kind {
	if s.kind == Audio {
		return bandwidth.Audio
	}
	return bandwidth.Repeat
}

// again sends a packet of the source that had this number out, and returns how large it was; 0: it was not.
func (s *slot) again(source *layer, in, sequence uint16, kind bandwidth.Kind, r *repeater, now time.Time) (size int) {
	var shape shape
	n := source.copyPacket(in, r.raw[:], &shape)
	r.parser.like(&source.parser)
	if n == 0 || r.parser.read(r.raw[:n], &r.packet) != nil {
		return 0
	}
	r.parser.recall(&r.packet, shape)

	s.mu.Lock()
	if still, ok := s.forward.again(sequence); !ok || still != in || s.source != source || s.writer == nil {
		s.mu.Unlock()
		return 0
	}
	payload := s.fillLocked(&r.packet, s.forward.repeat(&r.packet), r.scratch)
	h := &r.scratch.header
	if s.retransmits() {
		s.rtxSequence++
		r.body = append(append(r.body[:0], byte(sequence>>8), byte(sequence)), payload...)
		h.SSRC, h.PayloadType, h.SequenceNumber = s.rtxSSRC, s.format.rtx, s.rtxSequence
		payload = r.body
	}
	size = h.MarshalSize() + len(payload)
	writer, v := s.writer, s.admitLocked(kind, r.scratch, payload, now)
	s.mu.Unlock()

	if v == refused {
		return 0
	}
	if v == goes {
		if _, err := writer.WriteRTP(h, payload); err != nil {
			return 0
		}
	}
	return size
}
