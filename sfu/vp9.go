package sfu

// What the first octet of the payload descriptor of RFC 9628, 4.2, says.
const (
	vp9Picture   = 0x80
	vp9Predicted = 0x40
	vp9Layers    = 0x20
	vp9Flexible  = 0x10
	vp9Begins    = 0x08
	vp9Ends      = 0x04
	vp9Structure = 0x02
)

// parseVP9 reads the payload descriptor up to the layers; rest is what follows. The numbers of pictures that are left out
// are left out: references count them.
func parseVP9(b []byte) (s shape, c counters, rest []byte) {
	if len(b) < 1 {
		return s, c, nil
	}
	flags, n := b[0], 1
	if flags&vp9Picture != 0 {
		if n = c.readPictureID(b, n); n == 0 {
			return s, counters{}, nil
		}
	}
	up := false
	if flags&vp9Layers != 0 {
		if len(b) <= n {
			return s, counters{}, nil
		}
		s.temporal = min(b[n]>>5, maxTemporal)
		s.spatial = min(b[n]>>1&0x07, maxSpatial)
		up = b[n]&0x10 != 0 // U
		n++
		if flags&vp9Flexible == 0 {
			if len(b) <= n {
				return shape{}, counters{}, nil
			}
			c.tl0At, c.tl0 = n, b[n]
			n++
		}
	}
	s.frame = flags&vp9Begins != 0 && len(b) > n
	s.end = flags&vp9Ends != 0
	s.start = s.frame && flags&vp9Predicted == 0 && s.spatial == 0
	if s.frame && up {
		for t := s.temporal; t <= maxTemporal; t++ {
			s.upper.add(tierOf(s.spatial, t))
		}
	}
	return s, c, b[n:]
}

// sizesVP9 reads how large the spatial layers are, if the descriptor says so; rest is what parseVP9 left of it.
func sizesVP9(flags byte, rest []byte, sizes *sizes) {
	if flags&vp9Structure == 0 {
		return
	}
	if flags&vp9Predicted != 0 && flags&vp9Flexible != 0 {
		for more := true; more; { // the pictures it needs
			if len(rest) < 1 {
				return
			}
			more, rest = rest[0]&0x01 != 0, rest[1:]
		}
	}
	if len(rest) < 1 || rest[0]&0x10 == 0 {
		return
	}
	layers := int(rest[0]>>5) + 1
	if rest = rest[1:]; len(rest) < 4*layers {
		return
	}
	sizes.count = 0
	for i := range min(layers, maxSpatial+1) {
		sizes.add(size{uint16(rest[4*i])<<8 | uint16(rest[4*i+1]), uint16(rest[4*i+2])<<8 | uint16(rest[4*i+3])})
	}
}
