package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// How long to wait before the second attempt to come back and at most. The first is made at once.
const (
	redialFirst = 50 * time.Millisecond
	redialMost  = time.Second
)

// dial opens another WebSocket after a wait, off the loop: to resume, or to join anew once the session is gone.
func (c *Client) dial(wait time.Duration) {
	if c.dialing {
		return
	}
	c.dialing = true
	first, want := c.rejoin, "joined"
	if first == nil {
		ref := c.Session()
		first, want = encode(resumeFrame{"resume", resumeRef{ref.Session, ref.Token}}), "resumed"
	}
	c.wg.Go(func() {
		select {
		case <-time.After(wait):
		case <-c.ctx.Done():
			return
		}
		ctx, cancel := context.WithTimeout(c.ctx, redialTimeout)
		defer cancel()
		g, err := c.handshake(ctx, first, want)
		if !c.post(func() { c.dialed(g, err) }) && g != nil {
			_ = g.ws.Close()
		}
	})
}

// dialed takes the outcome of dial.
func (c *Client) dialed(g *greeting, err error) {
	c.dialing = false
	switch {
	case err != nil:
		c.notLetIn(err)
	case c.rejoin != nil:
		c.rejoined(g)
	default:
		c.resumed(g)
	}
}

// notLetIn tries again, another way, or not at all.
func (c *Client) notLetIn(err error) {
	refusal, refused := errors.AsType[*Error](err)
	switch {
	case refused && refusal.Code == "session_not_found" && c.opt.Rejoin && c.rejoin == nil:
		c.startOver()
	case refused && refusal.Retry == 0 && refusal.Code != "draining":
		c.fail(refusal)
		c.cancel()
	default:
		c.log.Debug().Err(err).Msg("not back yet")
		c.backoff = min(max(2*c.backoff, redialFirst), redialMost)
		wait := c.backoff/2 + rand.N(c.backoff/2)
		if refused {
			wait = max(wait, refusal.Retry)
		}
		c.dial(wait)
	}
}

// resumed goes on with the session over a new WebSocket.
func (c *Client) resumed(g *greeting) {
	c.backoff = 0
	r := &g.m
	c.look(func() {
		c.session.Token = r.RT
		c.stats.Resumes++
	})
	c.openSocket(g)
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
	c.askAgain()
	c.takeRest(g)
}

// startOver prepares a join in the place of a session that is gone. It is tried, the same each time, until it gets through.
func (c *Client) startOver() {
	former := c.media
	frame, err := c.joining()
	if err != nil {
		c.fail(err)
		c.cancel()
		return
	}
	if former != nil {
		c.channelEnded(former.channel)
		c.discard(former)
	}
	c.rejoin, c.backoff = frame, 0
	c.dial(0)
}

// rejoined begins a new session where the former one is gone. What was on its way then has an unknown fate; what was not
// goes out now.
func (c *Client) rejoined(g *greeting) {
	former, fates := c.ledger, c.fates
	if err := c.joined(g); err != nil {
		_ = g.ws.Close()
		c.fail(err)
		c.cancel()
		return
	}
	c.rejoin, c.backoff = nil, 0
	unconfirmed := 0
	c.fates = map[uint64]*Pending{}
	for _, o := range former.unacked {
		p := fates[o.id]
		if o.id > former.out {
			c.fates[c.ledger.queue(o.what)] = p
			continue
		}
		unconfirmed++
		p.err = ErrUnconfirmed
		close(p.done)
	}
	if c.offering != nil { // the join had it
		c.offering.result <- nil
		c.offering = nil
	}
	c.nextOffer()
	c.look(func() { c.stats.Rejoins++ })
	c.inbox.add(
		item{kind: anEvent, event: &Event{
			Epoch: g.m.Epoch, Offset: g.m.Position, Kind: "reset", Reason: "session_not_found", Unconfirmed: unconfirmed,
		}},
		item{kind: aPosition, position: g.m.Position})
	c.expectState(g.m.Position, g.m.State, false)
	c.askAgain()
	c.takeRest(g)
}

// takeRest takes what stood behind the answer in its frame.
func (c *Client) takeRest(g *greeting) {
	first := true
	err := split(g.frame, !g.text, func(o object) error {
		if first {
			first = false
			return nil
		}
		return c.take(c.ws, o)
	})
	if err != nil {
		c.fail(err)
		c.cancel()
	}
}
