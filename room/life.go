package room

import (
	"time"

	"github.com/parlorhq/parlor/datachannel"
)

// open reads what is kept of the room. Whoever is to enter calls it first; it takes as long as the disk does, and the
// clock of an empty room does not run before somebody has tried.
func (r *Room) open() error {
	r.opening.Do(func() {
		c := r.rooms.cfg.Data
		c.Room, c.Metrics = r.name, r.rooms.cfg.Metrics
		data, err := datachannel.NewLog(c)
		if err != nil {
			r.failed = err
			r.log.Error().Err(err).Msg("room not readable")
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.data = data
		r.latest = datachannel.NewLatest(datachannel.LatestConfig{Metrics: c.Metrics})
		if r.dead { // it was closed meanwhile
			data.Close()
			return
		}
		r.settings = settingsOf(data.Note(settingsNote), r.settings)
		r.expireLocked(time.Now())
		r.log.Info().Uint64("position", data.Head()).Msg("room opened")
	})
	return r.failed
}

// expireAgain is when to try again to delete what has lived its time but could not be deleted: the disk does not write.
const expireAgain = time.Second

// expireLocked deletes what of the state has lived its time, and sees to it that it is done again in time.
func (r *Room) expireLocked(now time.Time) {
	next, more := r.data.Expire(now)
	if r.expiry != nil {
		r.expiry.Stop()
		r.expiry = nil
	}
	if more && !r.dead {
		wait := next.Sub(now)
		if wait <= 0 {
			wait = expireAgain
		}
		r.expires = now.Add(wait)
		r.expiry = time.AfterFunc(wait, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			if !r.dead {
				r.expireLocked(time.Now())
			}
		})
	}
}

// settleLocked deletes what belongs to people who are not here: they were in a former life of the room, or what they had
// could not be deleted when they left.
func (r *Room) settleLocked(now time.Time) {
	r.data.LeaveBut(func(id string) bool { p := r.participants[id]; return p != nil && p.here }, now)
}

// tidy has the log forget what is too old, and makes up for what the server could not delete while the disk did not write.
func (r *Room) tidy(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.data == nil || r.dead {
		return
	}
	r.data.Trim(now)
	r.settleLocked(now)
	r.expireLocked(now)
}

// armLocked starts the clock of an empty room.
func (r *Room) armLocked() {
	if len(r.participants) == 0 && !r.closed {
		r.emptiedLocked()
	}
	if len(r.participants) > 0 || len(r.waiting.all) > 0 || r.empty != nil || r.closed {
		return
	}
	r.empty = time.AfterFunc(r.rooms.cfg.EmptyTimeout, func() { r.rooms.drop(r) })
}

// writeAgain is when to look again whether an empty room is written, at the earliest.
const writeAgain = time.Second

// die marks an empty room as gone; false if somebody is in it, or if it is not written yet: whoever entered it next would
// find it without its end, and what is written then would be of two logs.
func (r *Room) die() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.participants) > 0 || len(r.waiting.all) > 0 || r.dead {
		return false
	}
	if r.data != nil && !r.data.Written() {
		if r.empty != nil {
			r.empty.Reset(max(writeAgain, r.rooms.cfg.EmptyTimeout))
		}
		return false
	}
	r.endLocked()
	r.log.Info().Msg("room dropped, nobody came back")
	return true
}

// close puts everyone out.
func (r *Room) close() {
	r.mu.Lock()
	r.closed = true
	peers := r.expelAllLocked()
	r.endLocked()
	r.mu.Unlock()
	for _, peer := range peers {
		closePeer(peer)
	}
	r.log.Info().Msg("room closed")
}

// pause ends the room without a word to the log, for a server that is going to be started again.
func (r *Room) pause() {
	r.mu.Lock()
	var peers []peer
	for _, p := range r.participants {
		peers = append(peers, p.peer)
		p.peer, p.gone = nil, true
	}
	r.closed = true
	r.endLocked()
	r.mu.Unlock()
	for _, peer := range peers {
		closePeer(peer)
	}
	r.log.Info().Msg("room paused")
}

// endLocked stops the room's clocks and gives back what it holds.
func (r *Room) endLocked() {
	r.dead = true
	for _, t := range []*time.Timer{r.empty, r.expiry, r.listening, r.rating, r.waiting.telling} {
		if t != nil {
			t.Stop()
		}
	}
	if r.data != nil {
		r.data.Close()
	}
}

func closePeer(p peer) {
	if p != nil {
		p.Close()
	}
}
