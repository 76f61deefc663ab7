package datachannel

import (
	"encoding/json"
	"fmt"
	"time"
)

// Message is what a session sends: content for others, or changes of the state. Data and Bytes are valid until Post
// returns.
type Message struct {
	Type    string
	Data    json.RawMessage
	Bytes   []byte   // instead of Data; nil: none
	Ops     []Op     // not nil: a change of the state, and all of the above is empty
	To      []string // nil: everyone; never empty otherwise
	From    string   // the session's participant
	Session string
	N       uint64
}

// Entry is the message as an entry of the log.
func (m *Message) Entry() Entry {
	kind := EntryMessage
	if m.Ops != nil {
		kind = EntryState
	}
	return Entry{
		Kind: kind, From: m.From, Session: m.Session, N: m.N,
		To: m.To, Direct: m.To != nil, Type: m.Type, Data: m.Data, Bytes: m.Bytes, Ops: m.Ops,
	}
}

// Poster takes the messages of a room.
type Poster interface {
	// Post appends one entry with the message's Session and N to the log and returns nil, or appends nothing and returns
	// an error: a Refusal if the sender is to know why.
	Post(m Message, now time.Time) error
	// PostLossy passes on a lossy message, or does not.
	PostLossy(e Lossy)
}

// post takes message in from l: if it is the next one it is in the log when post returns, as itself or refused.
func (s *Session) post(l *Link, in *Inbound, now time.Time) {
	s.order.Lock()
	defer s.order.Unlock()
	s.mu.Lock()
	last := s.lastN
	if s.closed || s.data != l || in.N <= last {
		s.mu.Unlock()
		return
	}
	if in.N > last+1 {
		if !l.gapTold { // one answer for a whole burst
			l.gapTold = true
			s.cfg.Metrics.Refused(codeGap)
			s.replyLocked(l, whole(appendError(nil, kindMessage, codeGap,
				fmt.Sprintf("message %d came after %d", in.N, last)), false))
		}
		s.mu.Unlock()
		return
	}
	l.gapTold = false
	s.mu.Unlock()

	var err error
	if in.Refusal != nil {
		err = *in.Refusal
	} else {
		err = s.cfg.Poster.Post(Message{
			Type: in.Type, Data: in.Data, Bytes: in.Bytes, Ops: in.Ops, To: in.To,
			From: s.cfg.Participant, Session: s.cfg.ID, N: in.N,
		}, now)
	}
	if err != nil {
		s.refuse(in.N, err, now)
	}

	s.mu.Lock()
	s.lastN = in.N
	s.mu.Unlock()
}

// historyCost is how many pings one look into the history counts for.
const historyCost = 5

// refusalCost is how many messages a refused one counts for: everyone's history has an entry less for it.
const refusalCost = 10

func (s *Session) refuse(n uint64, err error, now time.Time) {
	r := refusalOf(err)
	s.cfg.Metrics.Refused(r.Code)
	if r.Code == codeInternal {
		s.cfg.Logger.Error().Err(err).Uint64("n", n).Msg("message not stored")
	}
	s.mu.Lock()
	s.messages.Take(refusalCost-1, now)
	s.mu.Unlock()
	if _, err := s.log.Append(Entry{Kind: EntryRefused, Session: s.cfg.ID, N: n, Code: r.Code, Text: r.Text}, now); err != nil {
		s.cfg.Logger.Error().Err(err).Uint64("n", n).Msg("refusal not stored")
	}
}

// pay charges for one object and returns how long to wait before it is handled. The bytes of one that came in pieces are
// paid for already.
func (s *Session) pay(in *Inbound, prepaid bool, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch in.Kind {
	case kindLossy:
		if in.Refusal == nil || prepaid {
			return 0 // it is dropped instead
		}
		return s.bytes.Take(len(in.Raw)+len(in.Bytes), now) // above a limit, which has nothing to do with being fast
	case kindMessage, kindState:
		wait := s.messages.Take(1, now)
		if prepaid {
			return wait
		}
		return max(wait, s.bytes.Take(len(in.Raw)+len(in.Bytes), now))
	case kindHistory:
		return s.control.Take(historyCost, now)
	}
	return s.control.Take(1, now)
}

// payBytes charges for a piece of a frame.
func (s *Session) payBytes(n int, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes.Take(n, now)
}

// postLossy takes a lossy message, or not: the sender is neither slowed nor told.
func (s *Session) postLossy(in *Inbound, now time.Time) {
	s.mu.Lock()
	over := s.lossy.Take(1, now) > 0
	if over {
		s.lossy.Take(-1, now) // what was dropped costs nothing
	}
	s.mu.Unlock()
	reason := "lossy_rate"
	switch {
	case in.Refusal != nil:
		reason = "lossy_" + in.Refusal.Code
	case !over:
		s.cfg.Poster.PostLossy(Lossy{
			From: s.cfg.Participant, Type: in.Type, Key: in.Key, Data: in.Data, Bytes: in.Bytes, Binary: in.owned, To: in.To,
		})
		return
	}
	s.cfg.Metrics.Dropped(reason)
}
