package bench

import "time"

// Report is what came of a load. Only readers' receptions count.
type Report struct {
	Readers   int     `json:"readers"`
	Senders   int     `json:"senders"`
	Rate      float64 `json:"rate"`
	Size      int     `json:"size"`
	Transport string  `json:"transport"`
	Seconds   float64 `json:"seconds"` // that were measured

	Delivered uint64  `json:"delivered"` // while it was measured
	PerSecond float64 `json:"deliveredPerSecond"`
	Sent      uint64  `json:"sent"` // in all, warm-up included; so the four below
	Lost      uint64  `json:"lost"`
	Doubled   uint64  `json:"doubled"`
	Reordered uint64  `json:"reordered"`
	Wrong     uint64  `json:"wrong"` // that nobody sent like this

	LatencyMs Quantiles `json:"latencyMs"`
	JoinMs    Quantiles `json:"joinMs"`

	PacketsForwarded uint64       `json:"packetsForwarded"` // that came while it was measured
	Media            *MediaReport `json:"media,omitempty"`

	// If it is known which process the server is; so the three below. In cores. Others are everybody else on this machine:
	// the more they use, the less the rest is worth.
	ServerCPU float64 `json:"serverCPU,omitempty"`
	LoadCPU   float64 `json:"loadCPU,omitempty"`
	OthersCPU float64 `json:"othersCPU,omitempty"`

	MicrosPerMessage  float64 `json:"serverMicrosPerDelivered,omitempty"`
	MicrosPerPacket   float64 `json:"serverMicrosPerPacket,omitempty"`
	KiBPerParticipant float64 `json:"serverKiBPerParticipant,omitempty"`
}

// MediaReport is what came of the media of a load. Of a packet only the first coming counts.
type MediaReport struct {
	Publishers int     `json:"publishers"`
	Video      float64 `json:"video"` // packets a second of each
	Audio      float64 `json:"audio"`
	Simulcast  bool    `json:"simulcast"`

	Sent      uint64  `json:"sent"` // by publishers while it was measured
	PerSecond float64 `json:"forwardedPerSecond"`
	Lost      uint64  `json:"lost"`    // of those sent while it was measured, for each who should be shown them
	Doubled   uint64  `json:"doubled"` // from the beginning; so the four below
	Reordered uint64  `json:"reordered"`
	Repaired  uint64  `json:"repaired"` // that came by retransmission alone
	Wrong     uint64  `json:"wrong"`    // that nobody sent like this
	Blind     int     `json:"blind"`    // who were shown nothing

	LatencyMs Quantiles `json:"latencyMs"` // from sending to receiving
	FirstMs   Quantiles `json:"firstMs"`   // from joining to the first packet

	KiBPerParticipant float64 `json:"serverKiBPerParticipant,omitempty"` // when it was measured
}

// Quantiles are in milliseconds.
type Quantiles struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
}

func milliseconds(l *latency) Quantiles {
	ms := func(q float64) float64 { return float64(l.quantile(q)) / float64(time.Millisecond) }
	return Quantiles{ms(0.5), ms(0.99), ms(0.999)}
}

// took takes what was used and done between two readings.
func (r *Report) took(before, after meter) {
	r.Seconds = after.at.Sub(before.at).Seconds()
	r.Delivered = after.received - before.received
	r.PacketsForwarded = after.forwarded - before.forwarded
	r.PerSecond = float64(r.Delivered) / r.Seconds
	r.LoadCPU = (after.load - before.load).Seconds() / r.Seconds
	server := after.server - before.server
	if after.server == 0 {
		return
	}
	r.ServerCPU = server.Seconds() / r.Seconds
	r.OthersCPU = max(0, (after.machine-before.machine).Seconds()/r.Seconds-r.ServerCPU-r.LoadCPU)
	if r.Delivered > 0 {
		r.MicrosPerMessage = float64(server.Microseconds()) / float64(r.Delivered)
	}
	if r.PacketsForwarded > 0 {
		r.MicrosPerPacket = float64(server.Microseconds()) / float64(r.PacketsForwarded)
	}
}

// report sums up what the readers saw.
func (r *run) report(into *Report) {
	var all latency
	for _, s := range r.senders {
		into.Sent += s.sent.Load()
	}
	for _, rd := range r.readers {
		rd.mu.Lock()
		all.merge(&rd.latency)
		into.Wrong += rd.wrong
		for i := range rd.tallies {
			t := &rd.tallies[i]
			into.Lost += t.lost(r.senders[i].sent.Load())
			into.Doubled += t.doubled
			into.Reordered += t.reordered
			into.Wrong += t.foreign
		}
		rd.mu.Unlock()
	}
	into.LatencyMs = milliseconds(&all)
}
