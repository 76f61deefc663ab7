package auth

import (
	"fmt"
	"time"
)

// Claims are who the bearer is and what it may do, in Parlor's words.
type Claims struct {
	Identity, Name, Metadata string
	Room                     string

	Publish, Subscribe, Data, Admin, Create, List, Hidden bool

	// Sources are all that may be published (microphone, camera, screen, screen_audio); none means all.
	Sources []string
	// SendTypes are all types of messages that may be sent, and WriteState the prefixes of all keys of a room's state that may be
	// written; nil means all that Data allows, empty means none.
	SendTypes, WriteState []string

	// Knock says whether its bearer waits to be let in; nil: as the room has it.
	Knock *bool

	Expires time.Time
}

// claims turns a payload whose signature and times are good into what it grants in room.
func (p *payload) claims(room string) (Claims, error) {
	g := &p.video
	switch {
	case p.subject == "":
		return Claims{}, fmt.Errorf("%w: it has no identity", ErrUnauthorized)
	case !g.join:
		return Claims{}, fmt.Errorf("%w: roomJoin", ErrNotAllowed)
	case g.room == "" || g.room != room:
		return Claims{}, fmt.Errorf("%w: it is for another room", ErrNotAllowed)
	}
	c := Claims{
		Identity: p.subject, Name: p.name, Metadata: p.metadata, Room: g.room,
		Publish: or(g.publish, true), Subscribe: or(g.subscribe, true),
		Knock:     g.knock,
		SendTypes: g.sendTypes, WriteState: g.writeState,
		Admin: g.admin, Create: g.create, List: g.list, Hidden: g.hidden,
		Expires: time.Unix(int64(*p.expires), 0),
	}
	// As with LiveKit: who may not publish may not send data either, unless the token says so.
	c.Data = or(g.data, c.Publish)
	for _, source := range g.sources {
		c.Sources = append(c.Sources, sourceFromWire(source))
	}
	return c, nil
}

func or(b *bool, fallback bool) bool {
	if b == nil {
		return fallback
	}
	return *b
}

// sourceFromWire translates LiveKit's words. A source nobody knows stays as it is: it then allows nothing, where
// leaving it out could allow everything.
func sourceFromWire(s string) string {
	switch s {
	case "screen_share":
		return "screen"
	case "screen_share_audio":
		return "screen_audio"
	}
	return s
}

func sourceToWire(s string) string {
	switch s {
	case "screen":
		return "screen_share"
	case "screen_audio":
		return "screen_share_audio"
	}
	return s
}
