package sfu

// redMime is what was said a moment ago once more with each packet (RFC 2198): who loses one has it in the next. It may be
// around Opus wherever both ends said so, so it is no format of a track. Nothing in it is changed here; a receiver that did not
// offer it is sent the primary part alone, which is plain Opus.
const redMime = "audio/red"

// primaryOf finds the newest of the blocks of a RED payload, and the payload type that its publisher has for it. It is false if
// the payload is not what it says.
func primaryOf(b []byte) (primary []byte, payload uint8, ok bool) {
	at, older := 0, 0
	for ; at < len(b) && b[at]&0x80 != 0; at += 4 { // a block that is not the last: type, 14 bits of time, 10 of length
		if len(b) < at+4 {
			return nil, 0, false
		}
		older += int(b[at+2]&0x03)<<8 | int(b[at+3])
	}
	if at >= len(b) || len(b) <= at+1+older {
		return nil, 0, false
	}
	return b[at+1+older:], b[at], true
}

// unwrapLocked is what of a RED payload is sent here, and as which payload type. Blocks name the types of what is in them by the
// publisher's numbers, so the receiver's must be the same.
func (s *slot) unwrapLocked(b []byte) (payload []byte, as uint8) {
	primary, named, _ := primaryOf(b)
	if s.red != 0 && named == s.format.payload {
		return b, s.red
	}
	return primary, s.format.payload
}
