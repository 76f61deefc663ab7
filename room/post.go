package room

import (
	"slices"
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
	case m.Ops == nil && !p.Grant.maySend(m.Type):
		return datachannel.Refusal{Code: "not_allowed", Text: "you may not send messages of this type"}
	}
	for i := range m.Ops {
		if !p.Grant.mayWrite(m.Ops[i].Key) {
			return datachannel.Refusal{Code: "not_allowed", Text: "you may not change this part of the state"}
		}
		m.Ops[i].Moderates = p.Grant.Admin
	}
	if m.To != nil {
		var stranger error
		if e.To, stranger = r.recipientsLocked(m.To); stranger != nil {
			return stranger
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
	if !p.here || !p.Grant.maySend(e.Type) {
		r.rooms.cfg.Metrics.Dropped("lossy_not_allowed")
		return
	}
	if e.To != nil {
		e.To, _ = r.recipientsLocked(e.To) // nobody is told of strangers either
	}
	r.data.Hurry(time.Now()) // it would be ignored by who has not heard that p is here
	r.latest.Put(e)
}

// recipientsLocked are those of the participants in to who are in the room, each once: whoever keeps them keeps ids of
// ours, not what a peer wrote. The error is the refusal of a message that names somebody else.
func (r *Room) recipientsLocked(to []string) (ids []string, stranger error) {
	ids = []string{}
	for _, id := range to {
		p := r.participants[id]
		switch {
		case p == nil:
			stranger = datachannel.Refusal{Code: "unknown_participant", Text: "nobody here has the id " + id}
		case !slices.Contains(ids, p.ID):
			ids = append(ids, p.ID)
		}
	}
	return ids, stranger
}
