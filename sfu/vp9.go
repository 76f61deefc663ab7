package sfu

// parseVP9 reads the payload descriptor of RFC 9628, 4.2, up to the layers. The numbers of pictures that are left out
// are left out: references count them.
func parseVP9(b []byte) (s shape, c counters) {
	const (
		hasPicture   = 0x80
		predicted    = 0x40
		hasLayers    = 0x20
		flexible     = 0x10
		beginsFrame  = 0x08
		endsFrame    = 0x04
		switchableUp = 0x10 // of the layers' octet
	)
	if len(b) < 1 {
		return s, c
	}
	flags, n := b[0], 1
	if flags&hasPicture != 0 {
		if n = c.readPictureID(b, n); n == 0 {
			return s, counters{}
		}
	}
	up := false
	if flags&hasLayers != 0 {
		if len(b) <= n {
			return s, counters{}
		}
		s.temporal = min(b[n]>>5, maxTemporal)
		s.spatial = min(b[n]>>1&0x07, maxSpatial)
		up = b[n]&switchableUp != 0
		n++
		if flags&flexible == 0 {
			if len(b) <= n {
				return shape{}, counters{}
			}
			c.tl0At, c.tl0 = n, b[n]
			n++
		}
	}
	s.frame = flags&beginsFrame != 0 && len(b) > n
	s.end = flags&endsFrame != 0
	s.start = s.frame && flags&predicted == 0 && s.spatial == 0
	if s.frame && up {
		for t := s.temporal; t <= maxTemporal; t++ {
			s.upper.add(tierOf(s.spatial, t))
		}
	}
	return s, c
}
