package room

import (
	"time"

	"github.com/parlorhq/parlor/datachannel"
)

var _ datachannel.Poster = (*Participant)(nil)

// Post puts a message into the room's order.
//
// Errors are datachannel.Refusals, which the sender gets to know in the same order.
func (p *Participant) Post(m datachannel.Message, now time.Time) error {
	r := p.room
	r.mu.Lock()
	defer r.mu.Unlock()
	e := m.Entry()
	e.Name = p.Name
	switch {
	case !p.here:
		return datachannel.Refusal{Code: "not_allowed", Text: "you are not in the room"}
	case !p.Grant.Data:
		return datachannel.Refusal{Code: "not_allowed", Text: "you may not send messages"}
	}
	for _, id := range m.To {
		if r.participants[id] == nil {
			return datachannel.Refusal{Code: "unknown_participant", Text: "nobody here has the id " + id}
		}
	}
	if _, err := r.data.Append(e, now); err != nil {
		return err
	}
	if next, more := r.data.NextExpiry(); m.Ops != nil && more && (r.expiry == nil || next.Before(r.expires)) {
		r.expireLocked(now)
	}
	return nil
}

// PostLossy passes a lossy message on, if p may send any. Nobody is told if not.
func (p *Participant) PostLossy(e datachannel.Lossy) {
	r := p.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.here && p.Grant.Data {
		r.latest.Put(e)
	}
}
