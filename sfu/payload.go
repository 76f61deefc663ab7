package sfu

// What payload descriptors say: where a decoder can begin, and VP8's counters. Every function takes bytes a
// stranger sent and must only look at what is there.

// vp8 is the part of a VP8 payload descriptor that is rewritten, with where it stands.
type vp8 struct {
	pictureID   uint16
	tl0         uint8
	pictureAt   int // offset of the picture id in the payload; 0: there is none
	pictureLong bool
	tl0At       int // offset of TL0PICIDX; 0: there is none
}

// parseVP8 reads the descriptor (RFC 7741, 4.2). start is true for the first packet of a key frame.
func parseVP8(b []byte) (d vp8, start bool) {
	if len(b) < 1 {
		return d, false
	}
	first := b[0]
	n := 1
	if first&0x80 != 0 { // X
		if len(b) < 2 {
			return d, false
		}
		ext := b[1]
		n = 2
		if ext&0x80 != 0 { // I
			if len(b) <= n {
				return vp8{}, false
			}
			d.pictureAt = n
			if b[n]&0x80 != 0 {
				if len(b) <= n+1 {
					return vp8{}, false
				}
				d.pictureLong = true
				d.pictureID = uint16(b[n]&0x7f)<<8 | uint16(b[n+1])
				n += 2
			} else {
				d.pictureID = uint16(b[n])
				n++
			}
		}
		if ext&0x40 != 0 { // L
			if len(b) <= n {
				return vp8{}, false
			}
			d.tl0At, d.tl0 = n, b[n]
			n++
		}
		if ext&0x30 != 0 { // T or K
			n++
		}
	}
	// S set and partition 0: the frame begins here, and the first bit of its header is 0 for a key frame.
	return d, first&0x10 != 0 && first&0x07 == 0 && len(b) > n && b[n]&0x01 == 0
}

// write puts new counters into a copy of the payload that d was read from.
func (d vp8) write(b []byte, pictureID uint16, tl0 uint8) {
	if d.pictureAt > 0 {
		if d.pictureLong {
			b[d.pictureAt] = 0x80 | byte(pictureID>>8)&0x7f
			b[d.pictureAt+1] = byte(pictureID)
		} else {
			b[d.pictureAt] = byte(pictureID) & 0x7f
		}
	}
	if d.tl0At > 0 {
		b[d.tl0At] = tl0
	}
}

// H.264 NAL unit types (RFC 6184).
const (
	nalIDR   = 5
	nalSPS   = 7
	nalSTAPA = 24
	nalFUA   = 28
)

// startsH264 tells whether a decoder can begin with this packet: it carries a sequence parameter set or the
// beginning of an IDR picture, alone, aggregated or fragmented.
func startsH264(b []byte) bool {
	if len(b) < 1 {
		return false
	}
	switch t := b[0] & 0x1f; t {
	case nalIDR, nalSPS:
		return true
	case nalSTAPA:
		for rest := b[1:]; len(rest) > 2; {
			size := int(rest[0])<<8 | int(rest[1])
			if size == 0 || len(rest) < 2+size {
				return false
			}
			if t := rest[2] & 0x1f; t == nalIDR || t == nalSPS {
				return true
			}
			rest = rest[2+size:]
		}
		return false
	case nalFUA:
		return len(b) > 1 && b[1]&0x80 != 0 && (b[1]&0x1f == nalIDR || b[1]&0x1f == nalSPS)
	default:
		return false
	}
}

// startsVP9 reads the descriptor of RFC 9628: the beginning of a frame that is not predicted from others, of the
// lowest spatial layer.
func startsVP9(b []byte) bool {
	if len(b) < 1 {
		return false
	}
	const i, p, l, begin = 0x80, 0x40, 0x20, 0x08
	if b[0]&p != 0 || b[0]&begin == 0 {
		return false
	}
	n := 1
	if b[0]&i != 0 {
		if len(b) <= n {
			return false
		}
		if b[n]&0x80 != 0 {
			n++
		}
		n++
	}
	if b[0]&l != 0 {
		return len(b) > n && b[n]>>1&0x07 == 0
	}
	return len(b) > n
}

// startsAV1 reads the aggregation header: N says that a coded video sequence begins, Z that the packet goes on
// with a fragment.
func startsAV1(b []byte) bool {
	return len(b) > 1 && b[0]&0x08 != 0 && b[0]&0x80 == 0
}
