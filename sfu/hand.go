package sfu

// held is a packet in hand, and its memory.
type held struct {
	packet
	buf [packetBytes]byte
}

// handful is how many packets of a picture go out together, if they are there: each sink gets all of them before the next
// sink gets any, which is how its socket makes one call of them, and finds more of what it needs in the caches.
const handful = 8

func newHand(kind Kind) []held {
	if kind == Audio {
		return make([]held, 1)
	}
	return make([]held, handful)
}
