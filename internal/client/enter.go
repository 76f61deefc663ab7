package client

import (
	"context"
	"crypto/rand"
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

// greeting is what came back on a new WebSocket: the answer, and what stood behind it in the same frame.
type greeting struct {
	ws    *websocket.Conn
	m     inbound
	frame []byte
	text  bool
}

// enter joins for the first time, before the loop runs.
func (c *Client) enter(ctx context.Context) error {
	frame, err := c.joining()
	if err != nil {
		return err
	}
	g, err := c.handshake(ctx, frame, "joined")
	if err == nil {
		if err = c.joined(g); err != nil {
			_ = g.ws.Close()
		}
	}
	if err != nil {
		if c.media != nil {
			c.discard(c.media)
		}
		return err
	}
	c.entered = Place{g.m.SID, g.m.Epoch, g.m.Position}
	c.inbox.hand(g.m.Position)
	c.takeRest(g)
	return nil
}

// joining makes a join, with a new PeerConnection unless there is to be none.
func (c *Client) joining() ([]byte, error) {
	join := joinFrame{T: "join", Room: c.opt.Room, Name: c.opt.Name, Token: c.opt.Token, Attempt: rand.Text()}
	if c.opt.MustExist {
		create := false
		join.Create = &create
	}
	if r := c.opt.Resume; r != nil && c.Session() == (Resume{}) {
		join.Resume = &resumeRef{r.Session, r.Token}
	}
	if c.opt.NoMedia {
		return encode(join), nil
	}
	audio, video, pubs := c.opt.AudioSlots, c.opt.VideoSlots, make([]*published, 0, len(c.opt.Publish))
	if former := c.media; former != nil {
		audio, video, pubs = former.audio, former.video, former.again()
	} else {
		for _, p := range c.opt.Publish {
			pubs = append(pubs, &published{Publication: p})
		}
	}
	m, err := c.newMedia(pubs, audio, video)
	if err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	c.media, c.rev = m, 0
	if join.Offer, err = m.offer(); err != nil {
		c.discard(m)
		return nil, fmt.Errorf("offer: %w", err)
	}
	join.Tracks = m.tracks()
	return encode(join), nil
}

// joined takes the answer to a join: from here on this is another session.
func (c *Client) joined(g *greeting) error {
	j := &g.m
	if c.media != nil && j.Answer != "" {
		if err := c.answer(c.media, j.Answer); err != nil {
			return err
		}
	}
	c.ledger = newLedger(j.SID, j.Epoch, j.Position, j.State, j.Limits)
	c.since = false
	c.acked = j.Position
	c.look(func() {
		c.roster, c.view = newRoster(j.You.ID, j.Participants), nil
		c.you, c.grant, c.limits, c.kept = j.You, j.Grant, j.Limits, j.History
		c.session = Resume{j.SID, j.RT}
		c.stats.Transport = WebSocket
		if c.media != nil {
			c.stats.Offers++
		}
	})
	c.openSocket(g)
	c.data = c.ws
	if c.media != nil {
		c.bindSlots(j.Rev, j.Slots)
	}
	return nil
}

// handshake opens a WebSocket, says first and returns what came back, whose first object is of kind want.
func (c *Client) handshake(ctx context.Context, first []byte, want string) (*greeting, error) {
	dialer := websocket.Dialer{NetDialContext: c.opt.Dial, HandshakeTimeout: 10 * time.Second}
	header := http.Header{}
	if c.opt.Origin != "" {
		header.Set("Origin", c.opt.Origin)
	}
	ws, response, err := dialer.DialContext(ctx, socketURL(c.opt.URL), header)
	if err != nil {
		if response != nil {
			_ = response.Body.Close()
			return nil, fmt.Errorf("websocket: %w: %s", err, response.Status)
		}
		return nil, fmt.Errorf("websocket: %w", err)
	}
	ws.SetReadLimit(readLimit)
	stop := context.AfterFunc(ctx, func() { _ = ws.Close() })
	g, err := firstAnswer(ws, first, want)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = ws.Close()
		return nil, err
	}
	return g, nil
}

func firstAnswer(ws *websocket.Conn, first []byte, want string) (*greeting, error) {
	if err := ws.WriteMessage(websocket.TextMessage, first); err != nil {
		return nil, fmt.Errorf("websocket: %w", err)
	}
	pieces := assembly{limit: readLimit}
	g := &greeting{ws: ws}
	for g.frame == nil {
		kind, frame, err := ws.ReadMessage()
		if err != nil {
			return nil, fmt.Errorf("websocket: %w", err)
		}
		g.frame, g.text = frame, kind == websocket.TextMessage
		if !g.text && len(frame) > 0 && frame[0] == onePiece {
			var isBinary bool
			if g.frame, isBinary, _, err = pieces.take(frame[1:]); err != nil {
				return nil, err
			}
			g.text = !isBinary
		}
	}
	return g, g.read(want)
}

// read reads the first object; the others wait for the loop.
func (g *greeting) read(want string) error {
	err := split(g.frame, !g.text, func(o object) error {
		if err := o.decode(&g.m); err != nil {
			return err
		}
		return errStop
	})
	if !errors.Is(err, errStop) {
		return errors.Join(errFrame, err)
	}
	switch g.m.T {
	case want:
		return nil
	case "error", "closed":
		return g.m.err()
	}
	return fmt.Errorf("%w: %q before %q", errFrame, g.m.T, want)
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
