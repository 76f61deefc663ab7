package bubble_test

import "time"

// hear takes what a link brought.
func (g *guest) hear(h *hose, all []told) {
	h.heard = time.Now()
	for i := range all {
		if !g.hoses[h] {
			return
		}
		g.handle(h, &all[i])
	}
	g.flush()
}

func (g *guest) handle(h *hose, m *told) {
	carries := h == g.data
	switch m.T {
	case "log":
		if carries && g.attached {
			g.log(m)
		}
	case "attached":
		if carries && m.Gen == g.gen && !g.attached {
			if err := g.answered(m); err != nil {
				g.fault("%v", err)
			}
		}
	case "reset":
		if carries && m.Gen == g.gen {
			g.reset(m)
		}
	case "state":
		if carries && g.attached {
			if err := g.view.page(m, g.position); err != nil {
				g.fault("%v", err)
			}
		}
	case "e":
		if _, here := g.others[m.From]; here {
			g.view.lossy[m.From+" "+m.Type+" "+m.Key] = string(m.Data)
		}
	case "history":
		g.kept = m.Entries
		close(g.asked)
	case "beat":
		h.quickly(object{"t": "ack", "position": g.position})
	case "closed":
		g.note("closed: %s", m.Code)
		g.closed(m.Code)
	case "error":
		g.refused(h, m)
	case "pong", "slots", "layers", "speakers", "quality":
	default:
		g.fault("%q is no kind of message", m.T)
	}
}

func (g *guest) closed(code string) {
	switch {
	case g.leaving:
		g.gone()
	case code == "draining" || code == "replaced" || code == "idle":
	default:
		g.fault("closed: %s", code)
	}
}

// refused takes an error. One may come of what a later attach has overtaken.
func (g *guest) refused(h *hose, m *told) {
	switch {
	case m.Re == "attach" && m.Code == "bad_message":
		if h == g.data && !g.attached {
			g.attach(h)
		}
	case m.Re == "m" && m.Code == "gap" && h != g.data:
	case m.Re == "m" && m.Code == "gap" && h.kind != overWebSocket: // POSTs have overtaken each other
		if g.attached {
			g.note("a POST was overtaken")
			g.attach(h)
		}
	default:
		g.fault("error %s of %s: %s", m.Code, m.Re, m.Message)
	}
}

func (g *guest) log(m *told) {
	if m.After > g.position {
		g.fault("a gap: log after %d at position %d", m.After, g.position)
		return
	}
	if !g.view.whole() && len(m.Entries) > 0 {
		g.fault("log up to %d before all of the state: %d of %d", m.Position, g.got, g.of)
	}
	last := m.After
	for i := range m.Entries {
		e := &m.Entries[i]
		if e.O <= last || e.O > m.Position {
			g.fault("entry %d after %d in a log up to %d", e.O, last, m.Position)
			return
		}
		if last = e.O; e.O <= g.position {
			continue // a former link was faster
		}
		g.entry(e)
	}
	g.position = max(g.position, m.Position)
	g.saw.reaches(g.position)
}

func (g *guest) entry(e *entry) {
	s := sight{offset: e.O, from: e.From, direct: e.Direct, kind: "m"}
	if len(e.Ops) > 0 {
		s.kind, s.body = "ops", opsText(e.Ops)
		g.view.apply(e)
	}
	switch {
	case e.OK != 0 || e.Refused != 0:
		own, err := g.settle(max(e.OK, e.Refused))
		if err != nil {
			g.fault("%v", err)
			return
		}
		s.own = own
		if e.Refused != 0 {
			s.kind, s.body = "refused", e.Code
		} else if len(e.Ops) == 0 {
			s.kind, s.body = "ok", own.body
		}
	case e.Event != "":
		s.kind, s.body = "event", g.view.event(e)
	case e.Ops != nil:
	case e.Bytes != nil:
		s.body = digest(e.raw, true)
	default:
		s.body = digest(e.Data, false)
	}
	g.saw.sees(s)
}

func (g *guest) reset(m *told) {
	g.note("reset: %s at %d with n=%d, %d cells", m.Reason, m.Position, m.N, m.State)
	g.resets++
	if err := g.storm.mayReset(m.Reason); err != nil && !(m.Reason == "trimmed" && g.half) {
		g.fault("%v", err)
	}
	g.saw.wakes()
	if err := g.ledger.reset(m, g.saw, g.storm.mayForget()); err != nil {
		g.fault("%v", err)
	}
	g.view.enter(m.Participants, int(m.State), m.Since)
	g.saw.begins(g.storm.logOf(m.Epoch), g.life.sid, g.life.id, m.Position)
}
