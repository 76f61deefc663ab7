package sfu

// selection decides which packets of a stream with layers are sent: all up to one tier, which it moves towards its aim
// where a decoder can follow. It is pure.
//
// Down goes at once, with the next picture. Up goes where the stream says that nothing is needed of what was left out, else
// with a key picture. A picture that has begun does not grow: its end was told.
type selection struct {
	now tier
	aim tier
}

// begin is a start at a key picture.
func (s *selection) begin() { s.now = s.aim }

// move looks at a packet that is ahead of all before; newer means that it is of a new picture. It is true if that changed
// what is sent.
func (s *selection) move(p *shape, newer bool) bool {
	if s.now == s.aim {
		return false
	}
	was := s.now
	if newer {
		s.now = s.now.meet(s.aim)
	}
	if s.now != s.aim && s.now.meet(s.aim) == s.now && p.frame {
		s.rise(p)
	}
	return s.now != was
}

func (s *selection) rise(p *shape) {
	if p.start {
		s.now = s.aim
		return
	}
	if p.sync && p.temporal == s.now.temporal()+1 && s.aim.takes(p) && p.spatial <= s.now.spatial() {
		s.now = tierOf(s.now.spatial(), p.temporal) // with this frame, the first of its layer
		return
	}
	if p.upper == 0 || !s.now.takes(p) {
		return
	}
	for spatial := s.aim.spatial(); ; spatial-- {
		for temporal := s.aim.temporal(); ; temporal-- {
			if t := tierOf(spatial, temporal); t != s.now && p.upper.has(t) {
				s.now = t
				return
			}
			if temporal <= s.now.temporal() {
				break
			}
		}
		if spatial <= s.now.spatial() {
			return
		}
	}
}
