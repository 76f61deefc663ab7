package sfu

// NAL unit types of RFC 6184.
const (
	nalIDR   = 5
	nalSPS   = 7
	nalSTAPA = 24
	nalFUA   = 28
)

// parseH264 tells what of a key picture begins in a payload: its sequence parameter set, which comes first, or a slice
// of it, alone, aggregated or fragmented.
func parseH264(b []byte) (sps, idr bool) {
	if len(b) < 1 {
		return false, false
	}
	switch t := b[0] & 0x1f; t {
	case nalSTAPA:
		for rest := b[1:]; len(rest) > 2; {
			size := int(rest[0])<<8 | int(rest[1])
			if size == 0 || len(rest) < 2+size {
				break
			}
			t := rest[2] & 0x1f
			sps, idr = sps || t == nalSPS, idr || t == nalIDR
			rest = rest[2+size:]
		}
		return sps, idr
	case nalFUA:
		if len(b) < 2 || b[1]&0x80 == 0 {
			return false, false
		}
		return b[1]&0x1f == nalSPS, b[1]&0x1f == nalIDR
	default:
		return t == nalSPS, t == nalIDR
	}
}
