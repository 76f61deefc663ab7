package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// readLimit bounds a server's frame: a snapshot of a large room is the biggest.
	readLimit = 8 << 20
	// redialTimeout is how long one attempt to resume may take.
	redialTimeout = 5 * time.Second
)

// enter joins: one WebSocket, one frame out, one frame back.
func (c *Client) enter(ctx context.Context) error {
	join := joinFrame{T: "join", Room: c.opt.Room, Name: c.opt.Name, Token: c.opt.Token}
	if c.opt.MustExist {
		create := false
		join.Create = &create
	}
	if r := c.opt.Resume; r != nil {
		join.Resume = &resumeRef{r.Session, r.Token}
	}
	if !c.opt.NoMedia {
		pubs := make([]*published, 0, len(c.opt.Publish))
		for _, p := range c.opt.Publish {
			pubs = append(pubs, &published{Publication: p})
		}
		m, err := c.newMedia(pubs, c.opt.AudioSlots, c.opt.VideoSlots)
		if err != nil {
			return fmt.Errorf("media: %w", err)
		}
		c.media = m
		if join.Offer, err = m.offer(); err != nil {
			c.discard(m)
			return fmt.Errorf("offer: %w", err)
		}
		join.Tracks = m.tracks()
	}
	ws, answers, err := c.handshake(ctx, encode(join), "joined")
	if err == nil && c.media != nil && answers[0].Answer != "" {
		if err = c.media.answer(answers[0].Answer); err != nil {
			_ = ws.Close()
		}
	}
	if err != nil {
		if c.media != nil {
			c.discard(c.media)
		}
		return err
	}
	j := &answers[0]
	c.you, c.grant = j.You, j.Grant
	c.ledger = newLedger(j.Epoch, j.Position)
	c.inbox.hand(j.Position)
	c.acked = j.Position
	c.roster = newRoster(j.You.ID, j.Participants)
	c.fates = map[uint64]*Pending{}
	c.ws = newSocketLink(ws)
	c.socket = ws
	c.data = c.ws
	c.backlog = answers[1:]
	c.look(func() {
		c.view = c.roster.list()
		c.session = Resume{j.SID, j.RT}
		c.stats.Transport = WebSocket
		if c.media != nil {
			c.stats.Offers = 1
		}
	})
	if c.media != nil {
		c.bindSlots(j.Rev, j.Slots)
	}
	return nil
}

// handshake opens a WebSocket, says first and returns what came back, whose first object is of kind want.
func (c *Client) handshake(ctx context.Context, first []byte, want string) (*websocket.Conn, []inbound, error) {
	dialer := websocket.Dialer{NetDialContext: c.opt.Dial, HandshakeTimeout: 10 * time.Second}
	header := http.Header{}
	if c.opt.Origin != "" {
		header.Set("Origin", c.opt.Origin)
	}
	ws, response, err := dialer.DialContext(ctx, socketURL(c.opt.URL), header)
	if err != nil {
		if response != nil {
			_ = response.Body.Close()
			return nil, nil, fmt.Errorf("websocket: %w: %s", err, response.Status)
		}
		return nil, nil, fmt.Errorf("websocket: %w", err)
	}
	ws.SetReadLimit(readLimit)
	stop := context.AfterFunc(ctx, func() { _ = ws.Close() })
	answers, err := firstAnswer(ws, first, want)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = ws.Close()
		return nil, nil, err
	}
	return ws, answers, nil
}

func firstAnswer(ws *websocket.Conn, first []byte, want string) ([]inbound, error) {
	if err := ws.WriteMessage(websocket.TextMessage, first); err != nil {
		return nil, fmt.Errorf("websocket: %w", err)
	}
	_, frame, err := ws.ReadMessage()
	if err != nil {
		return nil, fmt.Errorf("websocket: %w", err)
	}
	answers, err := decode(frame)
	if err != nil {
		return nil, err
	}
	if len(answers) == 0 {
		return nil, errFrame
	}
	switch a := &answers[0]; a.T {
	case want:
		return answers, nil
	case "error", "closed":
		return nil, a.err()
	default:
		return nil, fmt.Errorf("%w: %q before %q", errFrame, a.T, want)
	}
}

// socketURL makes the address of the WebSocket of whatever address of the server was given.
func socketURL(u string) string {
	if rest, ok := strings.CutPrefix(u, "http"); ok {
		u = "ws" + rest
	}
	if !strings.HasSuffix(u, "/v1/ws") {
		u = strings.TrimSuffix(u, "/") + "/v1/ws"
	}
	return u
}

// redial makes one attempt to resume, off the loop.
func (c *Client) redial() {
	ref := c.Session()
	ctx, cancel := context.WithTimeout(c.ctx, redialTimeout)
	defer cancel()
	ws, answers, err := c.handshake(ctx, encode(resumeFrame{"resume", resumeRef{ref.Session, ref.Token}}), "resumed")
	if !c.post(func() { c.resumed(ws, answers, err) }) && ws != nil {
		_ = ws.Close()
	}
}

// resumed takes the outcome of redial.
func (c *Client) resumed(ws *websocket.Conn, answers []inbound, err error) {
	c.dialing = false
	if err != nil {
		if refusal, ok := errors.AsType[*Error](err); ok && refusal.Retry == 0 {
			c.fail(refusal)
			c.cancel()
			return
		}
		c.log.Debug().Err(err).Msg("resume failed")
		c.backoff = min(max(2*c.backoff, 250*time.Millisecond), 2*time.Second)
		c.redialAt = time.Now().Add(c.backoff)
		return
	}
	c.backoff = 0
	r := &answers[0]
	c.look(func() {
		c.session.Token = r.RT
		c.stats.Resumes++
	})
	c.openSocket(newSocketLink(ws), ws)
	if c.media != nil {
		if !r.Peer || c.offering != nil || c.media.broken {
			c.refresh()
		} else {
			c.bindSlots(r.Rev, r.Slots)
			for _, s := range c.media.tracks() { // what was said last may have been lost with the old WebSocket
				c.signal(encode(publishFrame{"publish", s}))
			}
		}
	}
	for i := range answers[1:] {
		c.handle(c.ws, &answers[1+i])
	}
}
