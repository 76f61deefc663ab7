package client

import (
	"fmt"
	"time"

	"github.com/gorilla/websocket"
)

const (
	tickEvery  = 250 * time.Millisecond
	ackEvery   = 5 * time.Second // docs/protocol.md, ack
	ackEntries = 1024
	maxUnacked = 4096
	// maxQueued bounds the bytes of messages whose fate is unknown.
	maxQueued  = 64 << 20
	freshEvery = time.Second
)

// owned is what the client's goroutine owns.
type owned struct {
	ledger   ledger
	roster   roster // edited under mu
	fates    map[uint64]*Pending
	ackedAt  time.Time
	acked    uint64
	since    bool                       // the snapshot that comes is only what changed
	lossyOut latest[lossyKey, outFrame] // that waits for a link
	asking   map[uint64]*request        // history that was asked for
	asked    uint64

	words  words    // of the frames that come
	coming logFrame // used again for each
	items  []item   // likewise

	ws      *link // nil while it is broken
	dialing bool
	backoff time.Duration
	rejoin  []byte // the join that takes the place of a session that is gone; nil while there is one
	dc      *link  // nil until open
	data    *link  // what carries the log; nil while nothing can

	reattach  bool // the log broke off: attach again, even to the same link
	leaving   bool // we said leave
	returning bool // … to come back

	media    *media
	rev      uint64
	offers   uint64 // id of the last offer
	offering *negotiation
	waiting  []*negotiation
	freshAt  time.Time
}

// run is the client's loop.
func (c *Client) run() {
	defer c.teardown()
	c.flush()
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for c.ctx.Err() == nil {
		var more <-chan queued
		if len(c.ledger.unacked) < maxUnacked && c.ledger.queued < maxQueued {
			more = c.queued
		}
		select {
		case f := <-c.events:
			f()
		case q := <-more:
			c.fates[c.ledger.queue(q.what)] = q.fate
		case <-tick.C:
			c.tick(time.Now())
		case <-c.ctx.Done():
			return
		}
		c.flush()
	}
}

func (c *Client) teardown() {
	c.cancel()
	for _, l := range []*link{c.ws, c.dc} {
		if l != nil {
			l.end()
		}
	}
	if c.media != nil {
		c.discard(c.media)
	}
	err := c.ended()
	for _, f := range c.fates {
		f.err = err
		close(f.done)
	}
	if c.offering != nil {
		c.waiting = append(c.waiting, c.offering)
	}
	for _, n := range c.waiting {
		n.result <- err
	}
	c.look(func() {})
}

// tick does what is due.
func (c *Client) tick(now time.Time) {
	for _, l := range []*link{c.ws, c.dc} {
		if l != nil && l.ping == 0 && now.Sub(l.pinged) >= pingEvery {
			l.sendPing(now)
		}
	}
	if c.ws != nil && c.ws.dead(now) {
		c.socketEnded(c.ws, fmt.Errorf("no answer for %s", socketDead))
	}
	if c.dc != nil && c.dc.dead(now) {
		c.dc.echoed = false // it may come to life again: then its ping is answered after all
	}
	if c.media != nil && c.media.broken && c.ws != nil && !now.Before(c.freshAt) {
		c.refresh()
	}
	c.arrange()
	if now.Sub(c.ackedAt) >= ackEvery {
		c.ack()
	}
}

// arrange chooses the link that carries the log: the first of the pinned kinds that works.
func (c *Client) arrange() {
	var want *link
	for _, kind := range c.opt.Pin {
		switch {
		case want != nil:
		case kind == WebRTC && c.dc != nil && c.dc.echoed:
			want = c.dc
		case kind == WebSocket && c.ws != nil:
			want = c.ws
		}
	}
	if want == nil || want == c.data && !c.reattach {
		return
	}
	c.data, c.reattach = want, false
	want.say(encode(c.ledger.attach()))
	c.log.Debug().Str("transport", string(want.kind)).Uint64("gen", c.ledger.gen).Uint64("position", c.ledger.position).
		Msg("attach")
	c.look(func() {
		c.stats.Attaches++
		c.stats.Transport = want.kind
	})
}

// ack tells the server what the application has.
func (c *Client) ack() {
	if position := c.inbox.position(); position > c.acked && c.data != nil && c.ledger.attached {
		c.acked, c.ackedAt = position, time.Now()
		c.data.say(encode(ackFrame{"ack", position}))
	}
}

// flush gives each idle writer its next frame.
func (c *Client) flush() {
	if c.inbox.position() >= c.acked+ackEntries {
		c.ack()
	}
	lossy := c.lossyLink()
	for _, l := range [...]*link{c.ws, c.dc, c.lossyChannel()} {
		for l != nil && !l.busy {
			frame, ok := c.nextFrame(l, l == lossy)
			if !ok {
				break
			}
			if l.free == nil || !l.free() {
				l.busy = true
				l.out <- frame // has room: the writer was idle
			} else if err := l.write(frame); err != nil {
				c.written(l, err)
				break
			}
		}
	}
}

// nextFrame is what goes out on an idle link: small things first, and lossy messages between others in turn.
func (c *Client) nextFrame(l *link, lossy bool) (frame outFrame, ok bool) {
	if len(l.pending) > 0 {
		frame, l.pending = l.pending[0], l.pending[1:]
		return frame, true
	}
	if l.turn = lossy && !l.turn; l.turn {
		if frame, ok = c.lossyOut.pop(); ok {
			return frame, true
		}
	}
	if l.cut == nil && l == c.data {
		var count int
		if frame, count = c.ledger.next(); count > 0 {
			c.ledger.wentOut(count)
			if len(frame.bytes) <= wholeBytes {
				return frame, true
			}
			l.cut = &cut{frame: frame, size: l.piece}
		}
	}
	if l.cut == nil {
		if lossy {
			return c.lossyOut.pop()
		}
		return outFrame{}, false
	}
	frame, done := l.cut.next()
	if done {
		l.cut = nil
	}
	return frame, true
}

func (c *Client) written(l *link, err error) {
	l.busy = false
	if err == nil {
		return
	}
	if l.kind == WebSocket {
		c.socketEnded(l, err)
	} else {
		c.channelEnded(l)
	}
}

// signal sends a frame over the WebSocket. While there is none it is lost: resumed says the state again.
func (c *Client) signal(frame []byte) {
	if c.ws != nil {
		c.ws.say(frame)
	}
}

func (c *Client) openSocket(g *greeting) {
	l := newSocketLink(g.ws)
	c.ws = l
	c.wg.Go(func() { c.readSocket(l, g.ws) })
	c.wg.Go(func() { c.writeLoop(l) })
}

func (c *Client) socketEnded(l *link, err error) {
	l.end()
	if l != c.ws {
		return
	}
	c.log.Debug().Err(err).Msg("websocket ended")
	c.ws = nil
	if c.data == l {
		c.data = nil
		c.ledger.attached = false
	}
	switch {
	case c.leaving:
		c.cancel()
	case websocket.IsCloseError(err, 4000, websocket.ClosePolicyViolation, websocket.CloseMessageTooBig):
		c.fail(fmt.Errorf("websocket: %w", err)) // nothing that resuming would mend
		c.cancel()
	default:
		c.dial(0)
	}
}

func (c *Client) channelOpen(m *media) {
	if m != c.media {
		return
	}
	c.dc = m.channel
	c.dc.sendPing(time.Now()) // its answer promotes the channel
	c.wg.Go(func() { c.writeLoop(m.channel) })
}

func (c *Client) lossyOpen(m *media) {
	if m == c.media {
		m.lossyOpen = true
		c.wg.Go(func() { c.writeLoop(m.lossy) })
	}
}

// lossyChannel is the channel for lossy messages, nil until it is open.
func (c *Client) lossyChannel() *link {
	if c.media == nil || !c.media.lossyOpen {
		return nil
	}
	return c.media.lossy
}

func (c *Client) channelEnded(l *link) {
	l.end()
	if l != c.dc {
		return
	}
	c.dc = nil
	if c.data == l {
		c.data = nil
		c.ledger.attached = false
	}
	c.arrange()
}
