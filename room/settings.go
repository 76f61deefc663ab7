package room

import (
	"fmt"

	"github.com/parlorhq/parlor/datachannel"
)

// Settings say who gets into a room. They hold as long as somebody is in it or expected back; the next to enter finds the
// defaults again.
type Settings struct {
	// Locked: nobody new gets in, but for those who may administer.
	Locked bool
	// Lobby: whoever is new waits to be let in.
	Lobby bool
}

// Change is what is to become of Settings; nil: it stays.
type Change struct{ Locked, Lobby *bool }

// Set changes how people get into the room. It is for those with the grant to administer. Without a lobby those who wait in it
// are let in, but for those whose token says that they wait.
//
// Errors: ErrNotAllowed, ErrGone.
func (p *Participant) Set(c Change) error {
	if !p.Admin() {
		return fmt.Errorf("%w to change how people get in", ErrNotAllowed)
	}
	r := p.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if !p.here {
		return ErrGone
	}
	s := r.settings
	if c.Locked != nil {
		s.Locked = *c.Locked
	}
	if c.Lobby != nil {
		s.Lobby = *c.Lobby
	}
	r.changeLocked(s, p.ID)
	if !s.Lobby {
		r.noLobbyLocked()
	}
	return nil
}

// changeLocked tells everyone of settings that are not as they were.
func (r *Room) changeLocked(s Settings, by string) {
	if s == r.settings {
		return
	}
	r.settings = s
	r.tellLocked(SettingsChanged{Settings: s, By: by}, datachannel.Note(r.name, settingsNote, s.bytes()))
}

// settingsNote is under which name the store has a room's settings, so that a room is still locked after a restart.
const settingsNote = "settings"

func (s Settings) bytes() []byte {
	b := []byte{0}
	if s.Locked {
		b[0] |= 1
	}
	if s.Lobby {
		b[0] |= 2
	}
	return b
}

// settingsOf is what bytes has written; what is not there are the defaults.
func settingsOf(b []byte, otherwise Settings) Settings {
	if len(b) != 1 {
		return otherwise
	}
	return Settings{Locked: b[0]&1 != 0, Lobby: b[0]&2 != 0}
}
