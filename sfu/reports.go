package sfu

import (
	"time"

	"github.com/pion/rtcp"
)

// reception counts what came of one layer, for the reports its publisher gets (RFC 3550, A.3 and A.8). It is pure.
type reception struct {
	started  bool
	base     uint32 // extended sequence number of the first packet
	highest  uint32 // extended
	received uint32

	priorExpected uint32
	priorReceived uint32
	expected      int // between the last two reports
	missed        int // of them

	jitter   float64 // in timestamp units
	transit  int64
	measured bool

	reportNTP uint64 // of the publisher's last sender report
	reportAt  time.Time
}

// add notes a packet. An old one does not move highest.
func (r *reception) add(sequence uint16, timestamp uint32, now time.Time, clock uint32) {
	if !r.started {
		*r = reception{started: true, base: uint32(sequence) + 1<<16, highest: uint32(sequence) + 1<<16}
	}
	if ahead := int16(sequence - uint16(r.highest)); ahead > 0 {
		r.highest += uint32(ahead)
	}
	r.received++
	transit := now.UnixMicro()*int64(clock)/1e6 - int64(timestamp)
	if r.measured {
		d := transit - r.transit
		if d < 0 {
			d = -d
		}
		if d < int64(clock)*10 { // not a jump of the sender's clock
			r.jitter += (float64(d) - r.jitter) / 16
		}
	}
	r.transit, r.measured = transit, true
}

// senderReport notes when the publisher's last one came.
func (r *reception) senderReport(sr *rtcp.SenderReport, now time.Time) {
	r.reportNTP, r.reportAt = sr.NTPTime, now
}

// report is the block for this layer since the last one; ok is false before the first packet.
func (r *reception) report(ssrc uint32, now time.Time) (block rtcp.ReceptionReport, ok bool) {
	if !r.started {
		return block, false
	}
	expected := r.highest - r.base + 1
	lost := int64(expected) - int64(r.received)
	span := expected - r.priorExpected
	missed := int64(span) - int64(r.received-r.priorReceived)
	r.priorExpected, r.priorReceived = expected, r.received
	r.expected, r.missed = int(span), int(max(missed, 0))
	block = rtcp.ReceptionReport{
		SSRC:               ssrc,
		LastSequenceNumber: r.highest,
		TotalLost:          uint32(min(max(lost, 0), 1<<23-1)),
		Jitter:             uint32(r.jitter),
	}
	if span > 0 && missed > 0 {
		block.FractionLost = uint8(min(missed<<8/int64(span), 255))
	}
	if !r.reportAt.IsZero() {
		block.LastSenderReport = uint32(r.reportNTP >> 16)
		block.Delay = uint32(int64(now.Sub(r.reportAt)) << 16 / int64(time.Second))
	}
	return block, true
}
