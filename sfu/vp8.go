package sfu

// Parsers of payloads take bytes that a stranger sent and only look at what is there. What is cut short is taken for a
// packet of no particular shape.

// parseVP8 reads the payload descriptor of RFC 7741, 4.2. Where a frame ends is for the RTP marker to say.
func parseVP8(b []byte) (s shape, c counters) {
	if len(b) < 1 {
		return s, c
	}
	n := 1
	if b[0]&0x80 != 0 { // X
		if len(b) < 2 {
			return s, c
		}
		ext := b[1]
		n = 2
		if ext&0x80 != 0 { // I
			if n = c.readPictureID(b, n); n == 0 {
				return s, counters{}
			}
		}
		if ext&0x40 != 0 { // L
			if len(b) <= n {
				return s, counters{}
			}
			c.tl0At, c.tl0 = n, b[n]
			n++
		}
		if ext&0x30 != 0 { // T or K
			if len(b) > n && ext&0x20 != 0 {
				s.temporal = b[n] >> 6
				s.sync = s.temporal > 0 && b[n]&0x20 != 0 // Y
			}
			n++
		}
	}
	c.dense = true
	// S set and partition 0: the frame begins here, and the first bit of its header is 0 for a key frame.
	s.frame = b[0]&0x10 != 0 && b[0]&0x07 == 0 && len(b) > n
	s.start = s.frame && b[n]&0x01 == 0
	return s, c
}
