package signaling

import (
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

// enter reads the first message of a WebSocket and serves it as what it asks to be: a newcomer's or a session's that
// is back. An error is one from before that; after it, the session speaks for itself.
func (h *Handler) enter(s *socket) error {
	if err := s.conn.SetReadDeadline(time.Now().Add(h.cfg.Limits.FirstMessage)); err != nil {
		return fmt.Errorf("first message: %w", err)
	}
	raw, binary, err := s.ReadFrame()
	if err != nil {
		return fmt.Errorf("first message: %w", err)
	}
	if binary {
		return fmt.Errorf("first message: %w", errBinary)
	}
	if !utf8.Valid(raw) {
		return fmt.Errorf("%w: not UTF-8", errBadMessage)
	}
	kind, err := kindOf(raw)
	if err != nil {
		return err
	}
	switch kind {
	case kindJoin:
		var m joinRequest
		if err = decode(raw, &m); err == nil {
			err = h.join(s, m)
		}
	case kindResume:
		var m resumeRequest
		if err = decode(raw, &m); err == nil {
			err = h.resume(s, m)
		}
	default:
		return fmt.Errorf("%w: the first message must be a join or a resume", errBadMessage)
	}
	if err != nil {
		return &refusal{kind, err}
	}
	return nil
}

// authorize says who somebody is and what they may do.
func (h *Handler) authorize(m joinRequest, now time.Time) (room.JoinRequest, error) {
	req := room.JoinRequest{Room: m.Room, Name: m.Name, Create: m.Create == nil || *m.Create, Grant: room.Everything()}
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
	g := room.Grant{Publish: c.Publish, Subscribe: c.Subscribe, Data: c.Data, Admin: c.Admin}
	for _, s := range c.Sources {
		g.Sources = append(g.Sources, room.Source(s))
	}
	return g
}

// join lets a newcomer in and serves it until its WebSocket ends.
func (h *Handler) join(s *socket, m joinRequest) error {
	req, err := h.authorize(m, time.Now())
	if err != nil {
		return err
	}
	c := newClient(h)
	id := h.sessions.add(c)
	c.id = id.ID
	req.Member = c
	former, replaced := h.sessions.replaced(m.Resume)
	req.Replaces = replaced
	p, snap, err := h.cfg.Rooms.Join(req)
	if former != nil {
		former.end("replaced", "you went on in another page")
	}
	if err != nil {
		h.sessions.remove(c.id)
		c.cancel(err)
		return err
	}
	c.begin(p, snap, 0)
	reply := joinedReply{
		T: "joined", Room: snap.Room, session: id, Epoch: snap.Log.Epoch(), Position: snap.Position,
		You: renderParticipant(p.Info()), Grant: renderGrant(p.Grant), Participants: renderParticipants(snap.Participants),
		ICEServers: []iceServer{}, State: len(snap.Cells), History: append([]string{}, h.cfg.History...), Limits: h.advertise(),
	}
	if m.Offer != "" {
		reply.Answer, err = p.Answer(c.ctx, m.Offer, true, publishes(m.Tracks))
		if err != nil {
			h.sessions.remove(c.id)
			c.session.Close("bad_offer", err.Error())
			p.Leave(room.ReasonLeft)
			c.forget()
			c.cancel(err)
			return err
		}
		var slots []room.Slot
		reply.Rev, slots = p.Slots()
		reply.Slots, c.rev = renderSlots(slots), reply.Rev
	}
	c.keep()
	h.running.Go(c.run)
	c.serveSocket(s, reply, true)
	return nil
}

// begin makes the session of p, of which so many messages were taken in a former life of the server.
func (c *client) begin(p *room.Participant, snap room.Snapshot, taken uint64) {
	c.participant = p
	c.log = p.Logger().With().Str("session", c.id[:8]).Logger()
	c.session = datachannel.NewSession(datachannel.SessionConfig{
		ID: c.id, Participant: p.ID, Log: snap.Log, Position: snap.Position, Cells: snap.Cells, Latest: snap.Latest,
		Taken: taken, Poster: p, Limits: c.h.cfg.Limits.Data,
		Signals:  func(_ *datachannel.Link, kind string, raw json.RawMessage) { c.request(kind, raw) },
		Snapshot: c.snapshot, Metrics: c.h.cfg.Metrics, Logger: c.log,
	})
}

// resume gives a session a new WebSocket and serves it until that ends.
func (h *Handler) resume(s *socket, m resumeRequest) error {
	c, token, err := h.sessions.resume(m.session)
	if err != nil {
		return err
	}
	here := c.participant.Here()
	if err := c.participant.Return(); err != nil {
		return err
	}
	reply := resumedReply{T: "resumed", Token: token, Here: here, Peer: c.participant.HasPeer()}
	rev, slots := c.participant.Slots()
	reply.Rev, reply.Slots = rev, renderSlots(slots)
	c.keep()
	c.log.Info().Bool("here", here).Msg("session resumed")
	c.serveSocket(s, reply, false)
	return nil
}

// snapshot is what a reader gets that can't go on in the log.
func (c *client) snapshot(since uint64) datachannel.Snapshot {
	snap := c.participant.Snapshot(since)
	return datachannel.Snapshot{View: snap.View, Participants: marshal(renderParticipants(snap.Participants))}
}

func (h *Handler) advertise() advertised {
	d := h.cfg.Limits.Data.WithDefaults()
	return advertised{
		MessageBytes: d.MessageBytes, FrameBytes: d.FrameBytes(), LossyBytes: d.LossyBytes, KeyBytes: d.KeyBytes,
		ValueBytes: d.ValueBytes, MessagesPerSecond: d.MessagesPerSecond, MessageBurst: d.MessageBurst,
		BytesPerSecond: d.BytesPerSecond, ByteBurst: d.ByteBurst, MediaLines: h.cfg.Limits.MediaLines,
	}
}
