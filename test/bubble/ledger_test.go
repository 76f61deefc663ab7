package bubble_test

import (
	"fmt"
	"strconv"
)

// ledger is the bookkeeping that docs/protocol.md asks of a client: its place in the log, what it sent, and what has
// become of it.
type ledger struct {
	epoch                string
	position, acked, gen uint64
	attached             bool // the server answered the attach of gen

	windowMessages, windowBytes int

	n         uint64 // of the last that has a number
	confirmed uint64 // the highest whose fate is known
	flying    []*flight
	sent      int // of flying
	cells     *view
}

// flight is something on its way.
type flight struct {
	n    uint64
	kind string // m or s
	body []byte // the members behind n
	raw  []byte // bytes that it owns
	post *post
	ever bool // it has left
}

func (f *flight) frame() []byte {
	b := append([]byte(`{"t":"`+f.kind+`","n":`), strconv.FormatUint(f.n, 10)...)
	return append(append(b, f.body...), '}')
}

func (f *flight) size() int { return len(f.body) + len(f.raw) + 32 }

// enter begins anew. What had no number yet keeps its place in line.
func (l *ledger) enter(m *told) {
	l.epoch, l.position, l.acked, l.gen, l.attached = m.Epoch, m.Position, m.Position, 1, true
	l.windowMessages, l.windowBytes = m.Limits.MessagesPerSecond, m.Limits.BytesPerSecond
	l.n, l.confirmed, l.sent = 0, 0, 0
	for _, f := range l.flying {
		l.n++
		f.n = l.n
	}
}

// queue puts something in line.
func (l *ledger) queue(f *flight) {
	l.n++
	f.n = l.n
	l.flying = append(l.flying, f)
}

// forsake is the end of a session: of what has left nobody knows the fate.
func (l *ledger) forsake(w *witness) {
	kept := l.flying[:0:0]
	for _, f := range l.flying {
		if f.ever {
			w.settles(f.post, unknown)
			continue
		}
		kept = append(kept, f)
	}
	l.flying, l.sent, l.attached = kept, 0, false
}

// again is the attach for where it is.
func (l *ledger) again() object {
	l.gen++
	l.attached, l.sent = false, 0
	frame := object{"t": "attach", "gen": l.gen, "epoch": l.epoch, "position": l.position}
	if !l.cells.whole() {
		frame["state"] = l.cells.got
	}
	return frame
}

// answered takes `attached`: the server has messages up to n.
func (l *ledger) answered(m *told) error {
	if m.N < l.confirmed || m.N > l.n {
		return fmt.Errorf("attached with n=%d, of %d messages %d were confirmed", m.N, l.n, l.confirmed)
	}
	l.attached, l.epoch = true, m.Epoch
	for l.sent < len(l.flying) && l.flying[l.sent].n <= m.N {
		l.sent++
	}
	return nil
}

// reset takes `reset`. With forgets the server may have lost what it had said no to.
func (l *ledger) reset(m *told, w *witness, forgets bool) error {
	if (m.N < l.confirmed && !forgets) || m.N > l.n {
		return fmt.Errorf("reset with n=%d, of %d messages %d were confirmed", m.N, l.n, l.confirmed)
	}
	l.attached, l.epoch, l.position, l.acked = true, m.Epoch, m.Position, m.Position
	kept := l.flying[:0:0]
	l.n = m.N
	for _, f := range l.flying {
		if f.n <= m.N {
			w.settles(f.post, unknown)
			continue
		}
		l.n++
		f.n = l.n // the same, unless the server forgot a refusal
		kept = append(kept, f)
	}
	l.flying, l.sent, l.confirmed = kept, 0, m.N
	return nil
}

// settle takes the fate of message n. Fates come in order.
func (l *ledger) settle(n uint64) (*post, error) {
	if len(l.flying) == 0 || l.flying[0].n != n {
		return nil, fmt.Errorf("fate of message %d, which is not the next: %d on their way of %d, %d confirmed",
			n, len(l.flying), l.n, l.confirmed)
	}
	own := l.flying[0].post
	l.flying = l.flying[1:]
	l.sent = max(l.sent-1, 0)
	l.confirmed = n
	return own, nil
}

// next is the frame to send now: one message with bytes, or as many others as fit.
func (l *ledger) next() (p parcel, ok bool) {
	if !l.attached {
		return p, false
	}
	flying := 0
	for _, f := range l.flying[:l.sent] {
		flying += f.size()
	}
	for count := 0; l.sent < len(l.flying) && count < 100; count++ {
		f := l.flying[l.sent]
		if l.sent >= l.windowMessages || l.sent > 0 && flying+f.size() > l.windowBytes {
			break
		}
		if f.raw != nil || f.size() > 16<<10 {
			if count == 0 {
				l.sent++
				f.ever = true
				if p.frame = f.frame(); f.raw != nil {
					p = parcel{frame: framed(p.frame, f.raw), isBinary: true}
				}
				p.again = len(p.frame) <= largest
				return p, true
			}
			break
		}
		l.sent++
		f.ever = true
		flying += f.size()
		p.frame = append(append(p.frame, ','), f.frame()...)
	}
	if p.frame == nil {
		return p, false
	}
	p.frame[0] = '['
	return parcel{frame: append(p.frame, ']'), again: true}, true
}
