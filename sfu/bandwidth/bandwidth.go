// Package bandwidth finds out what the line to one browser carries, and divides it among the pictures shown there.
//
// It knows how large the packets were and when they were sent, and what the browser reports of their arrival
// (transport-wide congestion control). It knows no tracks, no slots, no encryption, no sockets and no pion: whoever writes
// packets asks Line for their numbers, hands it the reports, and does what its advice says.
//
// Everything here is pure: no goroutine, no lock, no clock. Time is passed in, and a Line belongs to one lock of the
// caller's. What is done for each packet and each report does not allocate.
//
// A browser can lie in its reports. It gets nothing by that but more or less of what it asked to see itself. What is
// kept for it is bounded, whatever it says.
package bandwidth

import "time"

// Kind is what a packet is sent for.
type Kind uint8

// Audio goes before everything, Video is what is left for, Repeat is what was lost, Padding is there to be counted.
const (
	Audio Kind = iota
	Video
	Repeat
	Padding
	kinds
)

// Config bounds the estimate, in bits a second. A zero field takes its default.
type Config struct {
	Start int // 600 kb/s, until something is known
	Least int // 30 kb/s: a voice is always tried
	Most  int // 20 Mb/s
}

func (c Config) withDefaults() Config {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&c.Start, 600_000)
	set(&c.Least, 30_000)
	set(&c.Most, 20_000_000)
	c.Most = max(c.Most, c.Least)
	c.Start = min(max(c.Start, c.Least), c.Most)
	return c
}

// Advice is what to do now.
type Advice struct {
	// Video is what pictures may take, in bits a second: the estimate without audio and what is sent again.
	Video int
	// Full is true while packets wait on the line for long. Pictures that are to go down stop at once then, without waiting
	// for a key frame of the lower one; that is asked for when the line is not full any more, and until then nothing of a
	// picture is sent again.
	Full bool
	// Padding is how many bytes to send now, in one packet or more, so that it is seen whether the line carries them.
	Padding int
	// Again is when to ask again at the latest: soon while padding is sent.
	Again time.Duration
	// Quality is for people.
	Quality Quality
}

// Figures are for metrics and for people who look for what is wrong.
type Figures struct {
	Estimate  int // bits a second
	Acked     int // bits a second that arrive
	Loss      float64
	Own       float64 // of Loss, what the line loses whatever is sent
	RoundTrip time.Duration
	Queue     time.Duration // what packets wait on the line, beyond its least
	Usage     string        // normal, overuse, underuse
	Full      bool
	InFlight  int // bytes

	Overuses  uint64 // the estimate fell because of a queue
	Probes    uint64 // bursts of padding
	Raised    uint64 // those that raised the estimate
	Silences  uint64 // the estimate fell because nothing was heard
	Stray     uint64 // reports that are none, or of what was never sent
	Forgotten uint64 // packets that made room for others before anything was reported of them
	Padding   uint64 // bytes
}
