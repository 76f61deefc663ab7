package front

import "encoding/binary"

// kind is what a client of the TCP port speaks.
type kind uint8

const (
	kindUnknown kind = iota // nothing that is served here
	kindHTTP
	kindTLS
	kindICE  // STUN, DTLS and RTP, each behind its length (RFC 4571)
	kindTURN // STUN and ChannelData, each of which says its own length
	kinds
)

// tellBytes are always enough to tell.
const tellBytes = 10

// cookie is in every STUN message (RFC 8489).
const cookie = 0x2112A442

// tell says what a client speaks by its first bytes, or that more of them are needed. What it said of some bytes it says
// of any more.
func tell(first []byte) (k kind, told bool) {
	if len(first) == 0 {
		return kindUnknown, false
	}
	switch b := first[0]; {
	case b >= 'A' && b <= 'Z': // a method; all of them are in capitals
		return kindHTTP, true
	case b == 0x16: // a handshake, of SSL 3.0 or later
		if len(first) < 2 {
			return kindUnknown, false
		}
		if first[1] == 3 {
			return kindTLS, true
		}
		return kindUnknown, true
	case b > 0x3f:
		return kindUnknown, true
	}
	// The first two bits of STUN are zero, those of the length before a STUN message too.
	if len(first) < tellBytes {
		return kindUnknown, false
	}
	switch {
	case binary.BigEndian.Uint32(first[4:]) == cookie:
		return kindTURN, true
	case binary.BigEndian.Uint32(first[6:]) == cookie && first[2] <= 0x3f:
		return kindICE, true
	}
	return kindUnknown, true
}
