package sfu

import "time"

// A key picture that has just been is as good to somebody who comes as the next would be, with all that came since: who
// comes within keyframeEvery of one needs no other, which could not be asked for yet, and has a picture at once. Later, what came
// since is more than a new one takes.
const (
	keptFor  = keyframeEvery
	keptMost = 256 // packets, less than a ring has
)

// keyPicture is where in a layer's ring its last key picture begins. It is pure.
type keyPicture struct {
	sequence uint16
	came     time.Time // zero: there is none
}

// begins notes a packet that a decoder can begin with.
func (k *keyPicture) begins(sequence uint16, now time.Time) { k.sequence, k.came = sequence, now }

// good tells whether somebody may begin with it who goes on with the packet of the given number.
func (k *keyPicture) good(sequence uint16, now time.Time) bool {
	return !k.came.IsZero() && now.Sub(k.came) < keptFor && sequence-k.sequence < keptMost
}

// recital is memory for packets that are read from a ring once more. It belongs to the reader of a layer.
type recital struct {
	raw    [packetBytes]byte
	parser parser
	packet packet
}

// keeps tells whether somebody who comes now can begin with what is kept.
func (l *layer) keeps(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.key.good(l.newest, now)
}

// recite gives what came from the last key picture on, up to the packet before this one; false if there is nothing. To be called
// by the reader of the layer.
func (l *layer) recite(before *packet, now time.Time, give func(*packet)) bool {
	k := &l.key // which only the reader writes
	if !k.good(before.sequence, now) {
		return false
	}
	if l.recital == nil {
		l.recital = &recital{}
		l.recital.parser.like(&l.parser)
	}
	r := l.recital
	for sequence := k.sequence; sequence != before.sequence; sequence++ {
		var shape shape
		if n := l.copyPacket(sequence, r.raw[:], &shape); n > 0 && r.parser.read(r.raw[:n], &r.packet) == nil {
			r.parser.recall(&r.packet, shape)
			give(&r.packet)
		}
	}
	return true
}
