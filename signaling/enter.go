package signaling

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/parlorhq/parlor/auth"
	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/room"
)

// refusal is an error of the first message, with its kind.
type refusal struct {
	kind string
	err  error
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// arrival is what a first message led to: a newcomer's session, or one that is back.
type arrival struct {
	client   *client
	hello    []byte // is to be said first on the link
	attached bool   // the log follows it at once
	rev      uint64 // of the slots it tells of
	host     string // the client came to
}

// caller is where a first message comes from.
type caller struct {
	ip   string
	host string // that it came to, as it says
	key  string // of the link, for the client to know; empty for a WebSocket
}

// enter does what the first message of a link asks for. An error is one from before there is a session to speak for
// itself.
func (h *Handler) enter(raw []byte, from caller) (arrival, error) {
	if !utf8.Valid(raw) {
		return arrival{}, fmt.Errorf("%w: not UTF-8", errBadMessage)
	}
	kind, err := kindOf(raw)
	if err != nil {
		return arrival{}, err
	}
	var a arrival
	switch {
	case kind != kindJoin && kind != kindResume:
		return arrival{}, fmt.Errorf("%w: the first message must be a join or a resume", errBadMessage)
	case h.ctx.Err() != nil: // sessions end now, and some go on when the server is back
		err = room.ErrDraining
	case kind == kindJoin:
		var m joinRequest
		if err = decode(raw, &m); err == nil {
			a, err = h.join(m, from)
		}
	default:
		var m resumeRequest
		if err = decode(raw, &m); err == nil {
			a, err = h.resume(m, from)
		}
	}
	if err != nil {
		return arrival{}, &refusal{kind, err}
	}
	return a, nil
}

// authorize says who somebody is and what they may do.
func (h *Handler) authorize(m joinRequest, now time.Time) (room.JoinRequest, error) {
	req := room.JoinRequest{Room: m.Room, Name: m.Name, Create: m.Create == nil || *m.Create, Grant: room.Everything(), Watching: m.Watch}
	if h.cfg.Verifier == nil || (m.Token == "" && h.cfg.Open) {
		return req, nil
	}
	claims, err := h.cfg.Verifier.Verify(m.Token, m.Room, now)
	if err != nil {
		return req, err
	}
	req.Identity, req.Metadata, req.Grant = claims.Identity, claims.Metadata, grantOf(claims)
	if claims.Name != "" {
		req.Name = claims.Name // what the token says, nobody can change
	}
	return req, nil
}

func grantOf(c auth.Claims) room.Grant {
	g := room.Grant{Knock: c.Knock, Publish: c.Publish, Subscribe: c.Subscribe, Data: c.Data, Admin: c.Admin, SendTypes: c.SendTypes, WriteState: c.WriteState}
	for _, s := range c.Sources {
		g.Sources = append(g.Sources, room.Source(s))
	}
	return g
}

// An attempt to join is named by a word that nobody guesses.
const minAttempt, maxAttempt = 16, 64

// sessionsFor is how many sessions there may be where there may be so many connections: some wait for their clients to
// come back.
func sessionsFor(connections int) int { return 2 * connections }

// join lets a newcomer in.
func (h *Handler) join(m joinRequest, from caller) (arrival, error) {
	if n := len(m.Attempt); n > 0 && n < minAttempt || n > maxAttempt {
		return arrival{}, fmt.Errorf("%w: an attempt has %d to %d characters", errBadMessage, minAttempt, maxAttempt)
	}
	req, err := h.authorize(m, time.Now())
	if err != nil {
		return arrival{}, err
	}
	id := newSession()
	l := &h.cfg.Limits
	if err := h.sessions.hold(id.ID, from.ip, sessionsFor(l.Connections), sessionsFor(l.ConnectionsPerIP)); err != nil {
		return arrival{}, err
	}
	c := newClient(h)
	c.id, c.first, c.attempt, c.fileKey = id.ID, id.Token, m.Attempt, rand.Text()
	req.Member = c
	req.Attempt = m.Attempt
	former, replaced, err := h.sessions.replaced(m.Resume, m.Attempt)
	if err != nil {
		h.sessions.remove(id.ID)
		c.cancel(err)
		return arrival{}, err
	}
	req.Replaces = replaced
	if former != nil {
		c.turn = former.turn + 1
	}
	p, snap, err := h.cfg.Rooms.Join(req)
	if former != nil {
		former.end("replaced", "you went on in another page")
	}
	if err != nil {
		h.sessions.remove(id.ID)
		c.cancel(err)
		return arrival{}, err
	}
	c.since = snap.Position
	c.begin(p, snap, 0)
	// From here on others may find it: another join of the same attempt takes its place.
	if rival := h.sessions.add(c, id, m.Attempt); rival != nil {
		rival.end("replaced", "you joined again")
	}
	reply := joinedReply{
		T: "joined", Room: snap.Room, session: id, Epoch: snap.Log.Epoch(), Position: snap.Position,
		You: renderParticipant(p.Info()), Grant: renderGrant(p), Participants: renderParticipants(snap.Participants),
		Settings:   renderSettings(snap.Settings),
		ICEServers: h.iceServers(p.ID, from.host), State: len(snap.Cells), History: append([]string{}, h.cfg.History...),
		Limits: h.advertise(), Link: from.key, FileKey: c.fileKey,
	}
	if m.Offer != "" {
		reply.Answer, err = p.Answer(c.ctx, m.Offer, true, publishes(m.Tracks))
		if err != nil {
			c.undo("bad_offer", err)
			return arrival{}, err
		}
		var slots []room.Slot
		reply.Rev, slots = p.Slots()
		reply.Slots, c.rev = renderSlots(slots), reply.Rev
	}
	c.keep()
	if !h.start(c) {
		c.undo("draining", room.ErrDraining)
		return arrival{}, room.ErrDraining
	}
	return arrival{c, marshal(reply), true, reply.Rev, from.host}, nil
}

// undo takes back a join before anybody heard of it.
func (c *client) undo(code string, err error) {
	c.h.sessions.remove(c.id)
	c.session.Close(code, err.Error())
	c.leaving.Store(true)
	c.participant.Leave(room.ReasonLeft)
	c.forget()
	c.cancel(err)
}

// begin makes the session of p, of which so many messages were taken in a former life of the server.
func (c *client) begin(p *room.Participant, snap room.Snapshot, taken uint64) {
	c.participant = p
	c.log = p.Logger().With().Str("session", c.id[:8]).Logger()
	c.session = datachannel.NewSession(datachannel.SessionConfig{
		ID: c.id, Participant: p.ID, Log: snap.Log, Position: snap.Position, Cells: snap.Cells, Latest: snap.Latest,
		Since: c.since, Taken: taken, Poster: p, Limits: c.h.cfg.Limits.Data,
		Signals:  func(_ *datachannel.Link, kind string, raw json.RawMessage) { c.request(kind, raw) },
		Snapshot: c.snapshot, Metrics: c.h.cfg.Metrics, Logger: c.log,
	})
}

// resume finds a session that takes up a new link.
func (h *Handler) resume(m resumeRequest, from caller) (arrival, error) {
	c, token, err := h.sessions.resume(m.session)
	if err != nil {
		return arrival{}, err
	}
	c.session.Hear() // or the clock of its silence could strike in between
	here := c.participant.Here()
	if err := c.participant.Return(); err != nil {
		return arrival{}, err
	}
	reply := resumedReply{T: "resumed", Token: token, Link: from.key, Here: here, Peer: c.participant.HasPeer()}
	reply.ICEServers = h.iceServers(c.participant.ID, from.host)
	rev, slots := c.participant.Slots()
	reply.Rev, reply.Slots = rev, renderSlots(slots)
	c.keep()
	c.log.Info().Bool("here", here).Msg("session resumed")
	return arrival{c, marshal(reply), false, reply.Rev, from.host}, nil
}

// iceServers are never null.
func (h *Handler) iceServers(id, host string) []ICEServer {
	if h.cfg.ICEServers == nil {
		return []ICEServer{}
	}
	return append([]ICEServer{}, h.cfg.ICEServers(id, host)...)
}

// snapshot is what a reader gets that can't go on in the log.
func (c *client) snapshot(since uint64) datachannel.Snapshot {
	snap := c.participant.Snapshot(since)
	return datachannel.Snapshot{
		View: snap.View, Participants: marshal(renderParticipants(snap.Participants)),
		About: members(struct {
			Settings settings `json:"settings"`
			Grant    grant    `json:"grant"`
		}{renderSettings(snap.Settings), renderGrant(c.participant)}),
	}
}

func (h *Handler) advertise() advertised {
	d := h.cfg.Limits.Data.WithDefaults()
	return advertised{
		MessageBytes: d.MessageBytes, FrameBytes: d.FrameBytes(), LossyBytes: d.LossyBytes, KeyBytes: d.KeyBytes,
		ValueBytes: d.ValueBytes, MessagesPerSecond: d.MessagesPerSecond, MessageBurst: d.MessageBurst,
		BytesPerSecond: d.BytesPerSecond, ByteBurst: d.ByteBurst, MediaLines: h.cfg.Limits.MediaLines, FileBytes: h.cfg.Files.Largest(),
	}
}
