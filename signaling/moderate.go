package signaling

import (
	"fmt"

	"github.com/parlorhq/parlor/room"
)

type muteRequest struct {
	T           string `json:"t"`
	Participant string `json:"participant"`
	Track       string `json:"track"`
	Muted       bool   `json:"muted"`
}

type removeRequest struct {
	T           string `json:"t"`
	Participant string `json:"participant"`
}

// settings are how people get into a room.
type settings struct {
	Locked bool `json:"locked"`
	Lobby  bool `json:"lobby"`
}

type settingsRequest struct {
	T      string `json:"t"`
	Locked *bool  `json:"locked,omitempty"`
	Lobby  *bool  `json:"lobby,omitempty"`
}

// decideRequest lets people in or sends them away.
type decideRequest struct {
	T     string `json:"t"`
	Knock string `json:"knock,omitempty"`
	All   bool   `json:"all,omitempty"`
}

type endRequest struct {
	T string `json:"t"`
}

type knocksNotice struct {
	T     string  `json:"t"`
	Knock []knock `json:"knocks"`
}

// knock is somebody who waits to be let in.
type knock struct {
	ID       string `json:"id"`
	Identity string `json:"identity,omitempty"`
	Name     string `json:"name"`
}

// moderate does what those may ask for who may administer.
func (c *client) moderate(r request) error {
	p := c.participant
	switch r.kind {
	case kindMute:
		return ask(r, func(m muteRequest) error { return p.Mute(m.Participant, m.Track, m.Muted) })
	case kindRemove:
		return ask(r, func(m removeRequest) error { return p.Remove(m.Participant) })
	case kindSettings:
		return ask(r, func(m settingsRequest) error { return p.Set(room.Change{Locked: m.Locked, Lobby: m.Lobby}) })
	case kindAdmit:
		return ask(r, func(m decideRequest) error { return m.decide(p.Admit) })
	case kindDeny:
		return ask(r, func(m decideRequest) error { return m.decide(p.Deny) })
	case kindEnd:
		return ask(r, func(endRequest) error { return p.End() })
	}
	return fmt.Errorf("%w: unknown or out of place here", errBadMessage)
}

// ask decodes a request for do.
func ask[T any](r request, do func(T) error) error {
	var m T
	if err := decode(r.raw, &m); err != nil {
		return err
	}
	return do(m)
}

func (m decideRequest) decide(do func(knock string) error) error {
	if m.All != (m.Knock == "") {
		return fmt.Errorf("%w: either the knock of one, or all", errBadMessage)
	}
	return do(m.Knock)
}

func renderSettings(s room.Settings) settings { return settings{Locked: s.Locked, Lobby: s.Lobby} }

// tellWaiting says who waits to be let in, all of them.
func (c *client) tellWaiting(waiting []room.Waiter) {
	c.knocks = len(waiting) > 0
	n := knocksNotice{T: "knocks", Knock: make([]knock, len(waiting))}
	for i, w := range waiting {
		n.Knock[i] = knock{ID: w.ID, Identity: w.Identity, Name: w.Name}
	}
	c.signalState("knocks", n)
}
