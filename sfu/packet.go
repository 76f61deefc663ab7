package sfu

import (
	"errors"

	"github.com/pion/rtp"
)

// errNotRTP is a packet that cannot be read.
var errNotRTP = errors.New("not an RTP packet")

// packet is one RTP packet of a layer, read once for all slots. Its payload and extensions are shared and never written
// to.
type packet struct {
	sequence   uint16
	timestamp  uint32
	marker     bool
	restart    bool   // the numbering of the layer begins anew with it
	red        bool   // the payload is RED, see primaryOf
	payload    []byte // without padding; empty for a packet that is only padding
	extensions [extensionKinds][]byte
	shape
	counters
}

// parser reads the packets of one layer without allocating.
type parser struct {
	format     format
	ids        extensionIDs // as the publisher's m-line numbers them
	red        uint8        // payload type of RED; 0: there is none
	dependency dependency
	raw        rtp.Packet

	// The newest timestamp, for payloads that do not say where a frame begins.
	newest  uint32
	started bool

	// How large pictures are, by what they last said.
	sizes sizes
}

// like makes it read what another reads.
func (r *parser) like(other *parser) { r.format, r.ids, r.red = other.format, other.ids, other.red }

// read fills p from one packet but for what its payload says. What p points to is in b.
func (r *parser) read(b []byte, p *packet) error {
	if err := r.raw.Unmarshal(b); err != nil || r.raw.Version != 2 {
		return errNotRTP
	}
	*p = packet{
		sequence:  r.raw.SequenceNumber,
		timestamp: r.raw.Timestamp,
		marker:    r.raw.Marker,
		payload:   r.raw.Payload,
		red:       r.red != 0 && r.raw.PayloadType == r.red,
	}
	if r.raw.Extension {
		for kind, id := range r.ids {
			if id != 0 {
				p.extensions[kind] = r.raw.GetExtension(id)
			}
		}
	}
	return nil
}

// look fills in what the payload of p says.
func (r *parser) look(p *packet) {
	if len(p.payload) == 0 {
		return
	}
	newer := !r.started || int32(p.timestamp-r.newest) > 0
	if newer {
		r.newest, r.started = p.timestamp, true
	}
	switch r.format {
	case formatVP8:
		var body []byte
		p.shape, p.counters, body = parseVP8(p.payload)
		p.end = p.marker
		if p.start {
			sizeVP8(body, &r.sizes)
		}
	case formatVP9:
		var rest []byte
		p.shape, p.counters, rest = parseVP9(p.payload)
		if p.frame {
			sizesVP9(p.payload[0], rest, &r.sizes)
		}
	case formatH264:
		sps, idr := parseH264(p.payload)
		p.frame, p.end = newer, p.marker
		p.start = sps || idr && newer
	case formatAV1:
		begins, fresh := parseAV1(p.payload)
		p.frame, p.end = begins && newer, p.marker
		p.start = begins && fresh
	default:
		p.start, p.frame, p.end = true, true, true
		if _, _, ok := primaryOf(p.payload); p.red && !ok {
			p.payload = nil // there is nothing in it
		}
	}
	// Who sends it may leave layers out of the payload; Chromium does for VP8.
	if descriptor := p.extensions[extensionDependency]; descriptor != nil {
		r.dependency.look(descriptor, &p.shape, &r.sizes)
	}
}

// recall fills in what the payload of a packet says of which the shape is known.
func (r *parser) recall(p *packet, s shape) {
	switch r.format {
	case formatVP8:
		_, p.counters, _ = parseVP8(p.payload)
	case formatVP9:
		_, p.counters, _ = parseVP9(p.payload)
	default:
	}
	p.shape = s
}
