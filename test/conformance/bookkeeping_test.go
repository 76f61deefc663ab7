package conformance

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

const (
	ackEvery  = 200 * time.Millisecond
	pingEvery = 400 * time.Millisecond // below the shortest lost-after
)

// startLocked makes a new line work.
func (p *person) startLocked(l *line) {
	p.lines = append(p.lines, l)
	go p.pump(l)
	go p.tend(l)
}

// pump writes messages to l while it is the data line.
func (p *person) pump(l *line) {
	for {
		frame, bin := p.next(l)
		if frame == nil {
			return
		}
		if err := l.send(frame, bin); err != nil {
			l.end(err)
			return
		}
	}
}

// next waits until l has messages to send; nil when it has ended.
func (p *person) next(l *line) (frame []byte, bin bool) {
	for {
		p.mu.Lock()
		if p.over {
			p.mu.Unlock()
			return nil, false
		}
		if p.data == l && p.attached {
			frame, bin = p.batchLocked()
		}
		changed := p.changed
		p.mu.Unlock()
		if frame != nil {
			return frame, bin
		}
		select {
		case <-changed:
		case <-l.ended:
			return nil, false
		}
	}
}

// batchLocked takes what fits into a frame and the window.
func (p *person) batchLocked() (frame []byte, bin bool) {
	flying := 0
	for _, m := range p.unacked[:p.sent] {
		flying += len(m.frame)
	}
	for count := 0; p.sent < len(p.unacked) && count < 200; count++ {
		m := p.unacked[p.sent]
		switch {
		case p.sent >= p.windowMessages, p.sent > 0 && flying+len(m.frame) > p.windowBytes:
		case frame == nil:
			frame, bin = m.frame, m.bin
			if !bin && len(frame) < 16<<10 {
				frame = append(append(make([]byte, 0, 16<<10), '['), frame...)
			}
			flying += len(m.frame)
			p.sent++
			if frame[0] != '[' {
				return frame, bin
			}
			continue
		case !m.bin && len(frame)+len(m.frame) < 16<<10:
			frame = append(append(frame, ','), m.frame...)
			flying += len(m.frame)
			p.sent++
			continue
		}
		break
	}
	if len(frame) > 0 && frame[0] == '[' && !bin {
		frame = append(frame, ']')
	}
	return frame, bin
}

// tend acknowledges and pings while l lives.
func (p *person) tend(l *line) {
	ack, ping := time.NewTicker(ackEvery), time.NewTicker(pingEvery)
	defer ack.Stop()
	defer ping.Stop()
	for {
		var frame object
		select {
		case <-ack.C:
			p.mu.Lock()
			if p.data == l && p.attached && p.position > p.acked && !p.mute {
				p.acked = p.position
				frame = object{"t": "ack", "position": p.position}
			}
			p.mu.Unlock()
		case <-ping.C:
			p.mu.Lock()
			if !p.mute && (l.kind == overWebRTC || l.kind == overWebSocket) {
				frame = object{"t": "ping", "id": 0}
			}
			p.mu.Unlock()
		case <-l.ended:
			p.mu.Lock()
			p.wakeLocked() // somebody may wait for what this line will not bring
			p.mu.Unlock()
			return
		}
		if frame != nil {
			_ = l.say(frame) // it ends, or it does not
		}
	}
}

// hear takes what a line brought.
func (p *person) hear(l *line, all []told) {
	p.mu.Lock()
	var beat bool
	for i := range all {
		p.handleLocked(l, &all[i])
		beat = beat || all[i].T == "beat" && !p.mute
	}
	position := p.position
	p.wakeLocked()
	p.mu.Unlock()
	if beat {
		go func() { _ = l.say(object{"t": "ack", "position": position}) }()
	}
}

func (p *person) handleLocked(l *line, m *told) {
	switch m.T {
	case "joined":
		p.joinedLocked(l, m)
	case "resumed":
		p.rt, p.signal, p.closed = m.RT, l, nil
		p.startLocked(l)
		l.first <- *m
	case "log":
		p.logLocked(l, m)
	case "attached":
		p.attachedLocked(l, m)
	case "reset":
		p.resetLocked(l, m)
	case "state":
		p.stateLocked(l, m)
	case "e":
		p.lossy = append(p.lossy, *m)
	case "pong":
		p.pongs[m.ID] = true
	case "answer", "history":
		p.answers[m.ID] = *m
	case "closed":
		p.closed = m
	case "error":
		p.errors = append(p.errors, *m)
		if m.ID != 0 {
			p.answers[m.ID] = *m
		}
		if m.Re == "join" || m.Re == "resume" {
			select {
			case l.first <- *m:
			default:
			}
		}
	case "beat", "slots", "layers", "speakers", "quality":
	default:
		p.faultLocked("%q is no kind of message", m.T)
	}
}

func (p *person) joinedLocked(l *line, m *told) {
	p.in, p.id, p.rt, p.epoch, p.position = *m, m.You.ID, m.RT, m.Epoch, m.Position
	p.acked, p.gen, p.attached, p.data, p.signal = m.Position, 1, true, l, l
	p.of = m.State
	p.windowMessages = min(m.Limits.MessagesPerSecond, 1024)
	p.windowBytes = min(m.Limits.BytesPerSecond, 1<<20)
	p.rosterLocked(m.Participants)
	p.startLocked(l)
	l.first <- *m
}

func (p *person) rosterLocked(all []participant) {
	clear(p.others)
	for _, other := range all {
		p.others[other.ID] = other.Name
	}
}

func (p *person) attachedLocked(l *line, m *told) {
	if l != p.data || m.Gen != p.gen || p.attached {
		return // it was overtaken by another attach
	}
	switch {
	case m.Epoch == "":
		p.faultLocked("attached without an epoch")
	case m.N < p.confirmed:
		p.faultLocked("has messages up to %d after %d was acknowledged", m.N, p.confirmed)
	case m.N > p.n:
		p.faultLocked("has messages up to %d of %d", m.N, p.n)
	}
	p.attached, p.epoch = true, m.Epoch
	p.againLocked(m.N)
}

// againLocked sends what is beyond n again.
func (p *person) againLocked(n uint64) {
	p.sent = 0
	for p.sent < len(p.unacked) && p.unacked[p.sent].n <= n {
		p.sent++
	}
}

func (p *person) resetLocked(l *line, m *told) {
	if l != p.data || m.Gen != p.gen {
		return
	}
	if !p.mayReset {
		p.faultLocked("an unexpected reset: %s", m.Reason)
	}
	if m.N < p.confirmed && m.Reason != "epoch" {
		p.faultLocked("has messages up to %d after %d was acknowledged", m.N, p.confirmed)
	}
	p.epoch, p.position, p.acked, p.attached = m.Epoch, m.Position, m.Position, true
	p.rosterLocked(m.Participants)
	kept := p.unacked[:0:0]
	for _, u := range p.unacked {
		if u.n <= m.N {
			p.unknown = append(p.unknown, u.n)
			continue
		}
		kept = append(kept, u)
	}
	p.unacked = kept
	p.againLocked(m.N)
	p.got, p.of = 0, m.State
	if !m.Since {
		clear(p.cells)
	}
	p.resets = append(p.resets, *m)
	p.timeline = append(p.timeline, event{o: m.Position, typ: "(reset)", body: m.Reason, at: time.Now()})
}

func (p *person) stateLocked(l *line, m *told) {
	if l != p.data || !p.attached {
		return
	}
	if m.Position != p.position || m.At != p.got || m.Of != p.of || m.At+uint64(len(m.Cells)) > m.Of {
		p.faultLocked("state at %d of %d as of %d, after %d of %d as of %d", m.At, m.Of, m.Position, p.got, p.of, p.position)
		return
	}
	for _, c := range m.Cells {
		if c.Del {
			delete(p.cells, c.K)
			continue
		}
		if _, twice := p.cells[c.K]; twice && len(p.resets) == 0 {
			p.faultLocked("two cells of %s", c.K)
		}
		p.cells[c.K] = c
	}
	p.got += uint64(len(m.Cells))
}

func (p *person) logLocked(l *line, m *told) {
	if l != p.data || !p.attached {
		return // fenced: what it carries comes again on the line that is attached
	}
	if m.After > p.position {
		p.faultLocked("a gap: log after %d at position %d", m.After, p.position)
		return
	}
	if p.got < p.of && len(m.Entries) > 0 {
		p.faultLocked("log up to %d before all of the state: %d of %d", m.Position, p.got, p.of)
	}
	last := m.After
	for i := range m.Entries {
		e := &m.Entries[i]
		if e.O <= last || e.O > m.Position {
			p.faultLocked("entry %d after %d in a log up to %d", e.O, last, m.Position)
			return
		}
		if last = e.O; e.O > p.position {
			p.entryLocked(e)
		}
	}
	p.position = max(p.position, m.Position)
}

func (p *person) entryLocked(e *entry) {
	ev := event{o: e.O, from: e.From, typ: e.Type, direct: e.Direct, at: time.Now()}
	switch {
	case e.OK != 0 || e.Refused != 0:
		own, ok := p.settleLocked(e)
		if !ok || e.Refused != 0 {
			return
		}
		ev.from, ev.typ, ev.body, ev.direct = own.from, own.typ, own.body, own.direct
		if own.typ == "(ops)" && len(e.Ops) == 0 {
			return // every change of it lost against a higher version: there is nothing to be seen
		}
	case e.Event != "":
		ev.from, ev.typ, ev.body = e.ID, "("+e.Event+")", e.Reason
		switch e.Event {
		case "joined":
			ev.from = e.Participant.ID
			p.others[ev.from] = e.Participant.Name
		case "left":
			delete(p.others, e.ID)
		}
	case e.Ops != nil:
		ev.typ = "(ops)"
	case e.Bytes != nil:
		ev.body = digest(e.raw)
	default:
		ev.body = brief(string(e.Data))
	}
	if e.Ops != nil {
		if len(e.Ops) == 0 {
			return
		}
		ev.body = asJSON(e.Ops)
		p.applyLocked(e)
	}
	p.timeline = append(p.timeline, ev)
}

// settleLocked notes the fate of an own message. Fates come in order.
func (p *person) settleLocked(e *entry) (event, bool) {
	n := max(e.OK, e.Refused)
	if n <= p.confirmed {
		p.faultLocked("fate of message %d after that of %d", n, p.confirmed)
		return event{}, false
	}
	p.confirmed = n
	if len(p.unacked) == 0 || p.unacked[0].n != n {
		p.faultLocked("fate of message %d, which is not the next", n)
		return event{}, false
	}
	own := p.unacked[0]
	p.unacked = p.unacked[1:]
	p.sent = max(p.sent-1, 0)
	p.fates[n] = *e
	return own.event, true
}

func (p *person) applyLocked(e *entry) {
	for _, o := range e.Ops {
		if o.Del {
			delete(p.cells, o.K)
			continue
		}
		p.cells[o.K] = cell{K: o.K, V: o.V, O: e.O}
	}
}

// digest stands for bytes, brief for JSON that is too long to look at.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return fmt.Sprintf("%d bytes %s", len(b), hex.EncodeToString(sum[:8]))
}

func brief(data string) string {
	if len(data) <= 200 {
		return data
	}
	return digest([]byte(data))
}

// canonical is JSON without what does not matter.
func canonical(raw json.RawMessage) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return string(raw)
	}
	return asJSON(v)
}
