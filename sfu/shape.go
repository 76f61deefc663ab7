package sfu

// shape is what a packet is a part of. A picture is made of a frame for each of its spatial layers, and is in one
// temporal layer; a stream without layers has one of each.
type shape struct {
	start bool // the first packet of a key picture: a decoder can begin with it
	frame bool // the first packet of a frame
	end   bool // the last packet of a frame

	spatial, temporal uint8 // at most maxSpatial and maxTemporal

	// sync: the frame needs none of its own temporal layer, so who has those below may go up to it.
	sync bool
	// upper are the tiers that who has this frame may go up to, from the next frame on.
	upper tiers

	targeting
}

// What is above these counts as the last.
const (
	maxSpatial  = 3
	maxTemporal = 3
)

// tier is how much of a stream is sent: all up to one spatial and one temporal layer.
type tier uint8

// top is all of a stream.
const top tier = maxSpatial<<2 | maxTemporal

func tierOf(spatial, temporal uint8) tier { return tier(spatial<<2 | temporal) }

func (t tier) spatial() uint8  { return uint8(t >> 2) }
func (t tier) temporal() uint8 { return uint8(t & 3) }

// takes tells whether a packet of this shape is in the tier.
func (t tier) takes(s *shape) bool { return s.spatial <= t.spatial() && s.temporal <= t.temporal() }

// meet is what two tiers have in common.
func (t tier) meet(u tier) tier {
	return tierOf(min(t.spatial(), u.spatial()), min(t.temporal(), u.temporal()))
}

// tiers is a set of them.
type tiers uint16

func (s tiers) has(t tier) bool { return s&(1<<t) != 0 }

func (s *tiers) add(t tier) { *s |= 1 << t }

// size is how large a picture is.
type size struct{ width, height uint16 }

// sizes are those of a picture's spatial layers, the smallest first.
type sizes struct {
	of    [maxSpatial + 1]size
	count int // 0: not known
}

func (s *sizes) add(of size) {
	if s.count < len(s.of) {
		s.of[s.count] = of
		s.count++
	}
}

// counters are the numbers of pictures in a payload descriptor of VP8 or VP9, and where they stand.
type counters struct {
	pictureID   uint16
	tl0         uint8
	pictureLong bool
	dense       bool // a picture that is left out must not leave out a number
	pictureAt   int  // offset of the picture id in the payload; 0: there is none
	tl0At       int  // offset of TL0PICIDX; 0: there is none
}

// readPictureID reads a picture id of 7 or 15 bits that stands at n, and returns what comes after it; 0 if the payload
// ends before.
func (c *counters) readPictureID(b []byte, n int) int {
	if len(b) <= n {
		return 0
	}
	if b[n]&0x80 == 0 {
		c.pictureAt, c.pictureID = n, uint16(b[n])
		return n + 1
	}
	if len(b) <= n+1 {
		return 0
	}
	c.pictureAt, c.pictureLong = n, true
	c.pictureID = uint16(b[n]&0x7f)<<8 | uint16(b[n+1])
	return n + 2
}

// write puts new numbers into a copy of the payload that c was read from.
func (c *counters) write(b []byte, pictureID uint16, tl0 uint8) {
	if c.pictureAt > 0 {
		if c.pictureLong {
			b[c.pictureAt] = 0x80 | byte(pictureID>>8)&0x7f
			b[c.pictureAt+1] = byte(pictureID)
		} else {
			b[c.pictureAt] = byte(pictureID) & 0x7f
		}
	}
	if c.tl0At > 0 {
		b[c.tl0At] = tl0
	}
}
