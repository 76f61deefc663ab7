package datachannel

import "errors"

// How a link or a session ends, and what it cannot take.
var (
	ErrClosed     = errors.New("the session is closed")
	ErrOverflow   = errors.New("too much waits to be sent")
	ErrSilent     = errors.New("nothing was heard for too long")
	ErrSuperseded = errors.New("a newer link took this one's place")
	ErrBadMessage = errors.New("bad message")
	ErrTooLarge   = errors.New("too large")
)

// Codes of docs/protocol.md that this package says itself.
const (
	codeBadMessage = "bad_message"
	codeTooLarge   = "too_large"
	codeGap        = "gap"
	codeNobody     = "unknown_participant"
	codeInternal   = "internal"
	codeLimit      = "limit_exceeded"
	codeDraining   = "draining"
	codeNotStored  = "not_stored"
	codeRate       = "rate_limited"
)

// Refusal is a message that was understood and not taken. The sender learns of it as an entry of the log, at the
// message's own place in the order, so exactly once. Code is one of docs/protocol.md.
type Refusal struct{ Code, Text string }

func (r Refusal) Error() string { return r.Code + ": " + r.Text }

// refusalOf is what a sender is told about err.
func refusalOf(err error) Refusal {
	if r, ok := errors.AsType[Refusal](err); ok {
		return r
	}
	if errors.Is(err, ErrNotStored) {
		return Refusal{codeNotStored, "the message could not be written"}
	}
	if errors.Is(err, ErrTooLarge) {
		return Refusal{codeTooLarge, "the message is too large"}
	}
	return Refusal{codeInternal, "the message could not be stored"}
}
