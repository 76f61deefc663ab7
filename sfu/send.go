package sfu

import (
	"encoding/binary"
	"time"

	"github.com/parlorhq/parlor/sfu/bandwidth"
)

// admitLocked asks the peer's line for the number of a packet that is ready in o, and writes it there. What may wait is of
// pictures, and of slots that send again on another stream.
//
// Without such a stream what is sent again are the same bytes under the same key, and so the same number.
func (s *slot) admitLocked(kind bandwidth.Kind, o *scratch, payload []byte, now time.Time) verdict {
	if s.numberID == 0 {
		return goes
	}
	again := s.retransmits()
	p := outgoing{
		slot: s, kind: kind, sequence: o.header.SequenceNumber, number: s.numberID, writer: s.writer,
		size:  o.header.MarshalSize() + len(payload) + int(o.header.PaddingSize),
		waits: again && (kind == bandwidth.Video || kind == bandwidth.Repeat),
	}
	if !again {
		if t := s.toldLocked(p.sequence); t.sent && t.sequence == p.sequence {
			binary.BigEndian.PutUint16(o.number[:], t.number)
			return goes
		}
	}
	number, v := s.line.admit(&p, o, payload, now)
	if v == goes {
		binary.BigEndian.PutUint16(o.number[:], number)
		if !again {
			*s.toldLocked(p.sequence) = told{p.sequence, number, true}
		}
	}
	return v
}

// retransmits tells whether what is sent again goes on a stream of its own (RTX).
func (s *slot) retransmits() bool { return s.rtxSSRC != 0 && s.format.rtx != 0 }

// toldLocked is where the number of a packet is kept.
func (s *slot) toldLocked(sequence uint16) *told {
	if s.told == nil {
		s.told = make([]told, s.forward.window)
	}
	return &s.told[sequence&(s.forward.window-1)]
}

// kindOf is what the line takes what flows in a slot for.
func (s *slot) kindOf() bandwidth.Kind {
	if s.kind == Audio {
		return bandwidth.Audio
	}
	return bandwidth.Video
}

const (
	// Padding is what was sent lately, so that it is of use to somebody; where that is too large, nothing in packets of padBytes.
	padBytes = 255
	padAgain = 16 // packets
)

// pad sends bytes on the retransmission stream, so that it is seen whether the line carries them.
func (s *slot) pad(bytes int, r *repeater, now time.Time) {
	for n := uint16(0); bytes > 0; n++ {
		sent := 0
		if bytes > padBytes {
			sent = s.padAgain(n%padAgain, r, now)
		}
		if sent == 0 {
			sent = s.padEmpty(min(bytes, padBytes), r, now)
		}
		if sent == 0 {
			return
		}
		bytes -= sent
	}
}

// padAgain sends what was sent so many packets before the last.
func (s *slot) padAgain(before uint16, r *repeater, now time.Time) (size int) {
	s.mu.Lock()
	sequence := s.forward.sequence - before
	source := s.source
	in, ok := s.forward.again(sequence)
	ok = ok && source != nil && s.retransmits() && !s.line.busy() // what waits has not been sent yet
	s.mu.Unlock()
	if !ok {
		return 0
	}
	return s.again(source, in, sequence, bandwidth.Padding, r, now)
}

// padEmpty sends nothing but padding.
func (s *slot) padEmpty(bytes int, r *repeater, now time.Time) (size int) {
	o := r.scratch
	s.mu.Lock()
	writer := s.writer
	payload := s.padsLocked()
	if writer == nil || payload == 0 {
		s.mu.Unlock()
		return 0
	}
	s.fillLocked(&packet{}, rewritten{empty: true, timestamp: s.forward.timestamp}, o)
	s.rtxSequence++
	h := &o.header
	h.SSRC, h.PayloadType, h.SequenceNumber = s.rtxSSRC, payload, s.rtxSequence
	h.Padding, h.PaddingSize = true, byte(bytes)
	size = h.MarshalSize() + bytes
	s.admitLocked(bandwidth.Padding, o, nil, now)
	s.mu.Unlock()
	if _, err := writer.WriteRTP(h, nil); err != nil {
		return 0
	}
	return size
}

// pads tells whether padding can be sent here.
func (s *slot) pads() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.padsLocked() != 0
}

// padsLocked is the payload type for padding: also where nothing has flowed yet, since it may be for want of a line. 0: none
// can be sent.
func (s *slot) padsLocked() (payload uint8) {
	if s.kind != Video || s.numberID == 0 || s.rtxSSRC == 0 {
		return 0
	}
	payload = s.format.rtx
	for _, f := range s.formats {
		if payload == 0 {
			payload = f.rtx
		}
	}
	return payload
}
