package client

import "errors"

// frame takes one frame of a link.
func (c *Client) frame(l *link, frame []byte, isBinary bool) {
	if l != c.ws && l != c.dc && l != c.lossyChannel() {
		return // of a link that was given up
	}
	var err error
	if isBinary && len(frame) > 0 && frame[0] == onePiece {
		if frame, isBinary, _, err = l.assembly.take(frame[1:]); err == nil && frame == nil {
			return
		}
	}
	if err == nil {
		err = split(frame, isBinary, func(o object) error { return c.take(l, o) })
	}
	if err != nil {
		c.fail(err)
		c.cancel()
	}
}

// take takes one object of a frame.
func (c *Client) take(l *link, o object) error {
	switch o.t {
	case "log":
		if err := c.words.readLog(o, &c.coming); err != nil {
			return err
		}
		return c.takeLog(l, &c.coming)
	case "e":
		return c.takeLossy(o)
	case "state":
		return c.takeState(l, o)
	case "history":
		return c.takeHistory(o)
	}
	var m inbound
	if err := o.decode(&m); err != nil {
		return err
	}
	c.handle(l, &m)
	return nil
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
	case "attached":
		if l == c.data {
			c.broken(c.ledger.answered(m.Gen, m.N, m.Epoch))
		}
	case "reset":
		c.takeReset(l, m)
	case "slots":
		c.bindSlots(m.Rev, m.Slots)
	case "layers", "speakers", "quality":
		c.takeMoment(m)
	case "answer":
		c.takeAnswer(m)
	case "error":
		c.takeError(l, m)
	case "closed":
		c.takeClosed(m)
	}
}

// takeClosed ends the client, unless the server only goes away and we may come back by ourselves.
func (c *Client) takeClosed(m *inbound) {
	switch {
	case c.leaving:
		c.cancel()
	case c.opt.Rejoin && (m.Code == "draining" || m.Code == "internal" || m.Code == "slow_consumer"):
		if c.ws != nil {
			c.socketEnded(c.ws, m.err())
		}
	default:
		c.fail(m.err())
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

func (c *Client) takeLog(l *link, f *logFrame) error {
	if l != c.data || !c.ledger.attached {
		return nil // fenced: what it carries comes again on the link that is attached
	}
	entries, fates, err := c.ledger.take(f)
	if err != nil {
		c.broken(err)
		return nil
	}
	c.settle(fates)
	items := c.items[:0]
	for i := range entries {
		e := &entries[i]
		switch {
		case e.Event:
			var h happening
			if err := unmarshal(e.json, &h); err != nil {
				return err
			}
			var ev Event
			c.look(func() { ev, c.view = c.roster.apply(&h), nil })
			ev.Epoch = c.ledger.epoch
			items = append(items, item{kind: anEvent, event: &ev})
		case e.Ops != nil:
			change := &Change{Epoch: c.ledger.epoch, Offset: e.O, From: e.From, SentAt: millis(e.At)}
			if err := unmarshal(e.Ops, &change.Ops); err != nil {
				return err
			}
			items = append(items, item{kind: aChange, change: change})
		case e.From != "":
			items = append(items, item{kind: aMessage, message: e.content(c.ledger.epoch)})
		}
	}
	items = append(items, item{kind: aPosition, position: f.position})
	c.inbox.add(items...)
	clear(items)
	c.items = items
	return nil
}

func (c *Client) takeReset(l *link, m *inbound) {
	if l != c.data {
		return
	}
	unknown, err := c.ledger.reset(m)
	if err != nil {
		c.broken(err)
		return
	}
	c.settle(unknown)
	c.look(func() { c.roster, c.view = newRoster(c.you.ID, m.Participants), nil })
	c.acked = 0 // the offsets of a new epoch may be lower
	c.inbox.add(
		item{kind: anEvent, event: &Event{
			Epoch: m.Epoch, Offset: m.Position, Kind: "reset", Reason: m.Reason, Unconfirmed: len(unknown),
		}},
		item{kind: aPosition, position: m.Position})
	c.expectState(m.Position, m.State, m.Since)
}

func (c *Client) settle(fates []fate) {
	for _, f := range fates {
		p := c.fates[f.id]
		if p == nil {
			continue
		}
		delete(c.fates, f.id)
		p.err = f.err
		if f.offset > 0 {
			p.place = Place{c.ledger.session, c.ledger.epoch, f.offset}
		}
		close(p.done)
	}
}

func (c *Client) takeError(l *link, m *inbound) {
	c.log.Debug().Str("code", m.Code).Str("re", m.Re).Str("message", m.Message).Msg("refused")
	switch {
	case m.Re == "offer" && c.offering != nil && m.ID == c.offers:
		c.endOffer(m.err())
	case m.Re == "history":
		c.answered(m.ID, history{err: m.err()})
	case (m.Re == "m" || m.Re == "s" || m.Re == "attach") && l == c.data:
		c.reattach = true // at the next tick, so that a server that refuses for ever is not asked for ever at once
	}
}
