package sfu

// parseAV1 reads the aggregation header of the AV1 RTP payload: begins is true if the payload does not go on with a part
// of something before (Z), fresh if a coded video sequence begins with it (N). Which layer it is, only the dependency
// descriptor says.
func parseAV1(b []byte) (begins, fresh bool) {
	if len(b) < 2 {
		return false, false
	}
	return b[0]&0x80 == 0, b[0]&0x08 != 0
}
