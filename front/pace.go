package front

import "time"

const (
	// gather is how long a packet may wait for others to its destination.
	gather = time.Millisecond

	// burstPackets make a burst: so many to one destination, with less than gather between them.
	burstPackets = 3

	// payingRepeats is how many packets in one gather follow another to their destination before it pays to wait for
	// them: a timer and who wakes by it cost as much as ten to twenty calls.
	payingRepeats = 32

	// warm is how long it is remembered that there were bursts.
	warm = 250 * time.Millisecond
)

// pace decides which packets wait for others. It is pure: times are since some beginning, and rise.
//
// A socket waits only while it pays, which is when many packets follow others to their destinations. Then it waits with
// those, and with the first packet of those who lately got bursts. Whoever gets single packets gets them at once.
type pace struct {
	places [places]struct {
		at, warm time.Duration
		run      int32
	}
	warm    time.Duration
	begin   time.Duration // of the count of
	repeats int
}

// waits counts a packet to a destination of this place, and says whether it is to wait.
func (p *pace) waits(place int, now time.Duration) bool {
	at := &p.places[place]
	repeat := now-at.at < gather
	at.at = now
	if now-p.begin >= gather {
		p.begin, p.repeats = now, 0
	}
	if !repeat {
		at.run = 1
		return now < p.warm && now < at.warm
	}
	if at.run++; at.run >= burstPackets {
		at.warm = now + warm
	}
	if p.repeats++; p.repeats >= payingRepeats {
		p.warm = now + warm
	}
	return now < p.warm
}
