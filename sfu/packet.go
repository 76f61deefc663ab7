package sfu

import (
	"errors"

	"github.com/pion/rtp"
)

// errNotRTP is a packet that cannot be read.
var errNotRTP = errors.New("not an RTP packet")

// packet is one RTP packet of a layer, read once for all slots. Its payload is shared and never written to.
type packet struct {
	sequence  uint16
	timestamp uint32
	marker    bool
	payload   []byte // without padding; empty for a packet that is only padding
	start     bool   // a decoder can begin with it
	restart   bool   // the numbering of the layer begins anew with it
	vp8       vp8
	level     byte // the audio level extension as it came
	hasLevel  bool
}

// parser reads the packets of one layer without allocating.
type parser struct {
	format  format
	levelID uint8 // id of the audio level extension; 0: not negotiated
	raw     rtp.Packet
}

// parse fills p from one packet. The payload of p points into b.
func (r *parser) parse(b []byte, p *packet) error {
	if err := r.raw.Unmarshal(b); err != nil {
		return errNotRTP
	}
	if r.raw.Version != 2 {
		return errNotRTP
	}
	*p = packet{
		sequence:  r.raw.SequenceNumber,
		timestamp: r.raw.Timestamp,
		marker:    r.raw.Marker,
		payload:   r.raw.Payload,
	}
	if r.levelID != 0 && r.raw.Extension {
		if level := r.raw.GetExtension(r.levelID); len(level) > 0 {
			p.level, p.hasLevel = level[0], true
		}
	}
	if len(p.payload) == 0 {
		return nil
	}
	switch r.format {
	case formatVP8:
		p.vp8, p.start = parseVP8(p.payload)
	case formatVP9:
		p.start = startsVP9(p.payload)
	case formatH264:
		p.start = startsH264(p.payload)
	case formatAV1:
		p.start = startsAV1(p.payload)
	default:
		p.start = true
	}
	return nil
}
