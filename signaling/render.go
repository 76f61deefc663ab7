package signaling

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/parlorhq/parlor/auth"
	"github.com/parlorhq/parlor/files"
	"github.com/parlorhq/parlor/room"
	"github.com/parlorhq/parlor/sfu"
)

// EncodeEvent renders an event of a room as the members of its log entry. It is a room.Encoder.
func EncodeEvent(e room.Event) []byte {
	switch e := e.(type) {
	case room.Joined:
		return marshal(struct {
			Event       string      `json:"event"`
			Participant participant `json:"participant"`
		}{"joined", renderParticipant(e.Participant)})
	case room.SettingsChanged:
		return marshal(struct {
			Event string `json:"event"`
			settings
			By string `json:"by,omitempty"`
		}{"settings", renderSettings(e.Settings), e.By})
	case room.Appointed:
		return marshal(struct {
			Event string `json:"event"`
			ID    string `json:"id"`
		}{"appointed", e.ID})
	case room.Restarted:
		return marshal(struct {
			Event string `json:"event"`
		}{"restarted"})
	case room.Left:
		return marshal(struct {
			Event  string      `json:"event"`
			ID     string      `json:"id"`
			Reason room.Reason `json:"reason"`
		}{"left", e.ID, e.Reason})
	case room.Published:
		return marshal(struct {
			Event string `json:"event"`
			ID    string `json:"id"`
			Track track  `json:"track"`
		}{"published", e.ID, renderTrack(e.Track)})
	case room.Unpublished:
		return marshal(struct {
			Event string `json:"event"`
			ID    string `json:"id"`
			Track string `json:"track"`
		}{"unpublished", e.ID, e.Track})
	case room.Muted:
		return marshal(struct {
			Event string `json:"event"`
			ID    string `json:"id"`
			Track string `json:"track"`
			Muted bool   `json:"muted"`
			By    string `json:"by,omitempty"`
		}{"muted", e.ID, e.Track, e.Muted, e.By})
	}
	panic(fmt.Sprintf("signaling: no message for the event %T", e))
}

// marshal encodes what we made ourselves, which always can be.
func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("signaling: %T: %v", v, err))
	}
	return b
}

// members are those of an object, without its braces.
func members(v any) []byte {
	b := marshal(v)
	return b[1 : len(b)-1]
}

func renderParticipant(i room.Info) participant {
	p := participant{ID: i.ID, Identity: i.Identity, Name: i.Name, Metadata: i.Metadata, Admin: i.Admin, Watching: i.Watching}
	for _, t := range i.Tracks {
		p.Tracks = append(p.Tracks, renderTrack(t))
	}
	return p
}

func renderParticipants(infos []room.Info) []participant {
	out := make([]participant, len(infos)) // [] rather than null
	for i, info := range infos {
		out[i] = renderParticipant(info)
	}
	return out
}

func renderTrack(t room.TrackInfo) track {
	return track{ID: t.ID, Kind: t.Kind.String(), Source: t.Source, Muted: t.Muted}
}

func renderSlots(slots []room.Slot) []slot {
	out := make([]slot, len(slots))
	for i, s := range slots {
		out[i] = slot{Mid: s.Mid, Kind: s.Kind.String(), Track: s.Track, Participant: s.Participant, Paused: s.Paused}
		if s.HasAfter {
			out[i].After = &slots[i].After
		}
	}
	return out
}

// renderGrant is what p may do.
func renderGrant(p *room.Participant) grant {
	g := p.Grant
	return grant{
		Publish: g.Publish, Subscribe: g.Subscribe, Data: g.Data, Admin: p.Admin(), Sources: g.Sources,
		SendTypes: g.SendTypes, WriteState: g.WriteState,
	}
}

// codes are the words of docs/protocol.md for what can go wrong.
func codes() []codeOf {
	return []codeOf{
		{errBadMessage, "bad_message"},
		{files.ErrEmpty, "bad_message"},
		{files.ErrTooLarge, "too_large"},
		{files.ErrFull, "storage_full"},
		{files.ErrShort, "bad_message"},
		{files.ErrNotFound, "not_found"},
		{errTooManyRequests, "rate_limited"},
		{errNoSession, "session_not_found"},
		{errStaleLink, "stale_link"},
		{errTooLarge, "too_large"},
		{errNoResource, "bad_message"},
		{errEncoded, "bad_message"},
		{errTooManyConnections, "overloaded"},
		{errTooManySessions, "overloaded"},
		{auth.ErrTokenExpired, "token_expired"},
		{auth.ErrNotAllowed, "not_allowed"},
		{auth.ErrUnauthorized, "unauthorized"},
		{room.ErrNotFound, "room_not_found"},
		{room.ErrFull, "room_full"},
		{room.ErrClosed, "room_closed"},
		{room.ErrLocked, "room_locked"},
		{room.ErrLobbyFull, "lobby_full"},
		{room.ErrDenied, "denied"},
		{room.ErrRemoved, "removed"},
		{room.ErrTooManyRooms, "too_many_rooms"},
		{room.ErrDraining, "draining"},
		{room.ErrBadName, "bad_name"},
		{room.ErrNotAllowed, "not_allowed"},
		{room.ErrGone, "session_not_found"},
		{room.ErrTooManyTracks, "too_many_media"},
		{room.ErrBadSource, "bad_message"},
		{room.ErrOutOfRange, "bad_message"},
		{room.ErrTooMuch, "too_large"},
		{room.ErrUnknownParticipant, "unknown_participant"},
		{sfu.ErrTooLarge, "too_large"},
		{sfu.ErrTooManyMedia, "too_many_media"},
		{sfu.ErrBadOffer, "bad_offer"},
		{context.Canceled, "draining"},
	}
}

// count notes a refusal, unless the floor that refused has counted it.
func (h *Handler) count(word string, err error) {
	for _, counted := range []error{sfu.ErrTooLarge, sfu.ErrTooManyMedia, sfu.ErrBadOffer, room.ErrTooManyTracks} {
		if errors.Is(err, counted) {
			return
		}
	}
	h.cfg.Metrics.Refused(word)
}

type codeOf struct {
	err  error
	code string
}

// code is the word for an error, and what to say with it. It is the one place where errors become words.
func code(err error) (word, message string) {
	for _, c := range codes() {
		if errors.Is(err, c.err) {
			return c.code, err.Error()
		}
	}
	return "internal", "something went wrong in the server" // its own words stay in its own log
}
