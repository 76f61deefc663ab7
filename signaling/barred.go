package signaling

import (
	"time"

	"github.com/parlorhq/parlor/room"
)

// maxBarred is how many sessions are known that may not come back. Of more the oldest is forgotten: its client is told that
// there is no such session, and may join anew.
const maxBarred = 4096

// bar is a session whose participant was put out, for as long as it could have been resumed.
type bar struct {
	id, token, former, code string
	until                   time.Time
}

// barred are such sessions, the oldest first.
type barred []bar

// err is what its client is told; nil: it may join anew.
func (b bar) err() error {
	switch b.code {
	case "removed":
		return room.ErrRemoved
	case "room_closed":
		return room.ErrClosed
	}
	return nil
}

// add notes a session that has ended, if it may not come back.
func (bs *barred) add(b bar, now time.Time) {
	if b.err() == nil {
		return
	}
	for len(*bs) > 0 && (len(*bs) >= maxBarred || now.After((*bs)[0].until)) {
		*bs = (*bs)[1:]
	}
	*bs = append(*bs, b)
}

// why is what keeps a session from coming back; nil: nothing is known of it.
func (bs barred) why(s session, now time.Time) error {
	for _, b := range bs {
		if b.id == s.ID && now.Before(b.until) && (equal(s.Token, b.token) || b.former != "" && equal(s.Token, b.former)) {
			return b.err()
		}
	}
	return nil
}
