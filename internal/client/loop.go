package client

import (
	"errors"
	"fmt"
	"time"

	"github.com/gorilla/websocket"
)

const (
	tickEvery  = 100 * time.Millisecond
	ackEntries = 64
	maxUnacked = 4096
	freshEvery = time.Second
)

// state is what the client's goroutine owns.
type state struct {
	ledger ledger
	roster roster
	fates  map[uint64]*Pending
	acked  uint64

	ws        *link // nil while it is broken
	socket    *websocket.Conn
	dialing   bool
	redialAt  time.Time
	backoff   time.Duration
	dc        *link // nil until open
	data      *link // what carries the log; nil while nothing can
	reattach  bool  // the log broke off: attach again, even to the same link
	backlog   []inbound
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
	c.openSocket(c.ws, c.socket)
	for i := range c.backlog {
		c.handle(c.ws, &c.backlog[i])
	}
	c.backlog = nil
	c.flush()
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for c.ctx.Err() == nil {
		var more <-chan queued
		if len(c.ledger.unacked) < maxUnacked {
			more = c.queued
		}
		select {
		case f := <-c.events:
			f()
		case q := <-more:
			c.fates[c.ledger.queue(q.m)] = q.fate
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
	if c.ws == nil && !c.dialing && !now.Before(c.redialAt) {
		c.dialing = true
		c.wg.Go(c.redial)
	}
	if c.media != nil && c.media.broken && c.ws != nil && !now.Before(c.freshAt) {
		c.refresh()
	}
	c.arrange()
	c.ack()
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
	want.pending = append(want.pending, encode(c.ledger.attach()))
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
		c.acked = position
		c.data.pending = append(c.data.pending, encode(ackFrame{"ack", position}))
	}
}

// flush gives each idle writer its next frame.
func (c *Client) flush() {
	if c.inbox.position() >= c.acked+ackEntries {
		c.ack()
	}
	for _, l := range []*link{c.ws, c.dc} {
		if l == nil || l.busy {
			continue
		}
		var frame []byte
		if len(l.pending) > 0 {
			frame, l.pending = l.pending[0], l.pending[1:]
		} else if l == c.data {
			var count int
			frame, count = c.ledger.next()
			c.ledger.wentOut(count)
		}
		if frame != nil {
			l.busy = true
			l.out <- frame // has room: the writer was idle
		}
	}
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
		c.ws.pending = append(c.ws.pending, frame)
	}
}

func (c *Client) openSocket(l *link, ws *websocket.Conn) {
	c.ws, c.socket = l, ws
	c.wg.Go(func() { c.readSocket(l, ws) })
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
		c.redialAt = time.Now()
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

// frame takes one frame of a link.
func (c *Client) frame(l *link, frame []byte) {
	if l != c.ws && l != c.dc {
		return // of a link that was given up
	}
	all, err := decode(frame)
	if err != nil {
		c.fail(err)
		c.cancel()
		return
	}
	for i := range all {
		c.handle(l, &all[i])
	}
}

func (c *Client) handle(l *link, m *inbound) {
	switch m.T {
	case "pong":
		if m.ID == l.ping {
			l.ping, l.echoed = 0, true
			c.arrange()
			if c.returning && l == c.ws {
				c.cancel()
			}
		}
	case "log":
		c.takeLog(l, m)
	case "attached":
		if l == c.data {
			c.broken(c.ledger.answered(m.Gen, m.N))
		}
	case "reset":
		c.takeReset(l, m)
	case "slots":
		c.bindSlots(m.Rev, m.Slots)
	case "answer":
		c.takeAnswer(m)
	case "error":
		c.takeError(l, m)
	case "closed":
		if !c.leaving {
			c.fail(m.err())
		}
		c.cancel()
	}
}

// broken acts on what the ledger found wrong.
func (c *Client) broken(err error) {
	switch {
	case err == nil, errors.Is(err, errStale):
	case errors.Is(err, errGap):
		c.log.Debug().Err(err).Msg("attach again")
		c.reattach = true
		c.arrange()
	default:
		c.fail(err)
		c.cancel()
	}
}

func (c *Client) takeLog(l *link, m *inbound) {
	if l != c.data || !c.ledger.attached {
		return // fenced: what it carries comes again on the link that is attached
	}
	entries, fates, err := c.ledger.take(m.After, m.Position, m.Entries)
	if err != nil {
		c.broken(err)
		return
	}
	c.settle(fates)
	items := make([]any, 0, len(entries)+1)
	changed := false
	for i := range entries {
		e := &entries[i]
		if ev, ok := c.roster.apply(e); ok {
			items = append(items, ev)
			changed = true
			continue
		}
		if e.Event == "" && e.From != "" {
			items = append(items, Message{
				Offset: e.O, From: e.From, Type: e.Type, Data: e.Data,
				SentAt: time.UnixMilli(e.At), Direct: e.Direct,
			})
		}
	}
	c.inbox.add(append(items, m.Position)...)
	if changed {
		c.look(func() { c.view = c.roster.list() })
	}
}

func (c *Client) takeReset(l *link, m *inbound) {
	if l != c.data {
		return
	}
	unknown, err := c.ledger.reset(m.Gen, m.Epoch, m.Position, m.N)
	if err != nil {
		c.broken(err)
		return
	}
	c.settle(unknown)
	c.roster = newRoster(c.you.ID, m.Participants)
	c.acked = 0 // the offsets of a new epoch may be lower
	c.inbox.add(Event{Offset: m.Position, Kind: "reset", Reason: m.Reason}, m.Position)
	c.look(func() { c.view = c.roster.list() })
}

func (c *Client) settle(fates []fate) {
	for _, f := range fates {
		p := c.fates[f.n]
		if p == nil {
			continue
		}
		delete(c.fates, f.n)
		p.offset, p.err = f.offset, f.err
		close(p.done)
	}
}

func (c *Client) takeError(l *link, m *inbound) {
	c.log.Debug().Str("code", m.Code).Str("re", m.Re).Str("message", m.Message).Msg("refused")
	switch {
	case m.Re == "offer" && c.offering != nil && m.ID == c.offers:
		c.endOffer(m.err())
	case (m.Re == "m" || m.Re == "attach") && l == c.data:
		c.reattach = true // at the next tick, so that a server that refuses for ever is not asked for ever at once
	}
}
