package sfu

import "time"

// senderClock is what a publisher's last report said of one stream: what time it was by its own clock, and by the
// stream's timestamps. The streams of one publisher have that clock in common.
type senderClock struct {
	ntp uint64 // see ntpTime
	rtp uint32
	at  time.Time // when the report came; zero: none yet
}

// reportAge is how old a report may be to go by.
const reportAge = 30 * time.Second

// fresh tells whether the report is good to go by.
func (c *senderClock) fresh(now time.Time) bool {
	return c != nil && !c.at.IsZero() && now.Sub(c.at) <= reportAge
}

// timestampAt is the stream's timestamp at a moment of ours.
func (c *senderClock) timestampAt(now time.Time, rate uint32) (timestamp uint32, ok bool) {
	if !c.fresh(now) {
		return 0, false
	}
	return c.rtp + ticks(now.Sub(c.at), rate), true
}

// translate is the timestamp in this stream of what has the given one in another stream of the same publisher.
func (c *senderClock) translate(other *senderClock, timestamp, rate uint32, now time.Time) (uint32, bool) {
	if !c.fresh(now) || !other.fresh(now) {
		return 0, false
	}
	apart := int64(other.ntp-c.ntp) >> 16 // the two reports, in 1/65536 s
	return timestamp - other.rtp + c.rtp + uint32(apart*int64(rate)>>16), true
}

// ticks is a time in timestamps.
func ticks(d time.Duration, rate uint32) uint32 {
	return uint32(int64(d) * int64(rate) / int64(time.Second))
}

// ntpTime is a moment in the format of sender reports: seconds since 1900 and their fraction.
func ntpTime(t time.Time) uint64 {
	const between1900And1970 = 2208988800
	seconds := uint64(t.Unix()) + between1900And1970
	return seconds<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}
