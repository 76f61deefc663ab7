package client

import (
	"slices"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// bindSlots takes what the slots show from now on and confirms it: from here on no packet counts for the former tracks.
func (c *Client) bindSlots(rev uint64, bindings []Binding) {
	if c.media == nil || rev < c.rev || len(bindings) == 0 {
		return
	}
	c.rev = rev
	m := c.media
	m.mu.Lock()
	for _, b := range bindings {
		if s := m.slots[b.Mid]; s != nil {
			if s.binding.Track == b.Track && b.After == nil {
				b.After = s.binding.After // still the same change
			}
			s.binding = b
		} else {
			m.slots[b.Mid] = &slot{b}
		}
	}
	m.mu.Unlock()
	c.look(func() { c.slots = slices.Clone(bindings) })
	if c.opt.OnSlots != nil {
		c.opt.OnSlots(rev, slices.Clone(bindings))
	}
	c.signal(encode(slottedFrame{"slotted", rev}))
}

// shows says what a packet that came in a slot belongs to.
func (m *media) shows(mid string, timestamp uint32) (Binding, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.slots[mid]
	if s == nil || s.binding.Track == "" {
		return Binding{}, false
	}
	if after := s.binding.After; after != nil {
		if int32(timestamp-*after) <= 0 {
			return Binding{}, false // a straggler of the former track
		}
		s.binding.After = nil
	}
	return s.binding, true
}

// readSlot reads one slot for as long as the PeerConnection lives. pion runs it on a goroutine of its own and waits
// for it when it closes.
func (c *Client) readSlot(m *media, t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
	mid := ""
	for _, line := range m.pc.GetTransceivers() {
		if line.Receiver() == r {
			mid = line.Mid()
		}
	}
	c.wg.Go(func() { // sender reports; also drives the interceptors
		for {
			if _, _, err := r.ReadRTCP(); err != nil {
				return
			}
		}
	})
	var missing gaps
	for {
		packet, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		if t.Kind() == webrtc.RTPCodecTypeVideo {
			if missing.has(packet.SequenceNumber) {
				continue
			}
			if ask := missing.add(packet.SequenceNumber, time.Now()); ask != nil {
				_ = m.pc.WriteRTCP(nack(uint32(t.SSRC()), ask)) // lost feedback is made good by the next try
			}
		}
		c.received(m, mid, packet)
	}
}

func (c *Client) received(m *media, mid string, packet *rtp.Packet) {
	if binding, ok := m.shows(mid, packet.Timestamp); ok && c.opt.OnRTP != nil {
		c.opt.OnRTP(binding, packet)
	}
}
