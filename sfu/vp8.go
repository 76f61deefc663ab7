package sfu

// Parsers of payloads take bytes that a stranger sent and only look at what is there. What is cut short is taken for a
// packet of no particular shape.

// parseVP8 reads the payload descriptor of RFC 7741, 4.2; body is what follows it. Where a frame ends is for the RTP marker
// to say.
func parseVP8(b []byte) (s shape, c counters, body []byte) {
	if len(b) < 1 {
		return s, c, nil
	}
	n := 1
	if b[0]&0x80 != 0 { // X
		if len(b) < 2 {
			return s, c, nil
		}
		ext := b[1]
		n = 2
		if ext&0x80 != 0 { // I
			if n = c.readPictureID(b, n); n == 0 {
				return s, counters{}, nil
			}
		}
		if ext&0x40 != 0 { // L
			if len(b) <= n {
				return s, counters{}, nil
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
	body = b[min(n, len(b)):]
	// S set and partition 0: the frame begins here, and the first bit of its header is 0 for a key frame.
	s.frame = b[0]&0x10 != 0 && b[0]&0x07 == 0 && len(body) > 0
	s.start = s.frame && body[0]&0x01 == 0
	return s, c, body
}

// sizeVP8 reads how large the picture is from the header of a key frame (RFC 6386, 9.1).
func sizeVP8(body []byte, sizes *sizes) {
	if len(body) < 10 || body[3] != 0x9d || body[4] != 0x01 || body[5] != 0x2a {
		return
	}
	sizes.count = 0
	sizes.add(size{uint16(body[7]&0x3f)<<8 | uint16(body[6]), uint16(body[9]&0x3f)<<8 | uint16(body[8])})
}
