package client

import (
	"errors"
	"fmt"
	"sort"
)

// errGap means that entries were lost on the way: the log must be attached again.
var errGap = errors.New("entries are missing")

// errStale means an answer to an attach that was superseded by another one.
var errStale = errors.New("answer to a former attach")

// batchBytes bounds one frame of small messages: a data channel message is best kept small.
const batchBytes = 16 << 10

// batchMessages is the most objects that a frame may have.
const batchMessages = 256

// A server slows a sender by not reading, and then answers no ping either. So no more is on its way than about a
// second's worth of what it allows; what comes back in the log makes room for more. These hold unless joined says.
const (
	defaultMessages = 200
	defaultBytes    = 256 << 10
)

// ledger is the bookkeeping of a session, without a link, a clock or a goroutine: how far the log was read, what was
// sent and what became of it. It outlives every link.
type ledger struct {
	session  string
	epoch    string
	position uint64
	gen      uint64
	attached bool // the server answered the attach of gen
	cells    int  // of the snapshot that came
	of       int  // how many it has

	windowMessages, windowBytes int

	n       uint64     // number of the last message queued
	ids     uint64     // how many were queued: what fates go by, since numbers can be given anew
	out     uint64     // the highest id that was handed to a link
	unacked []outgoing // ascending by n, without those whose fate is known
	queued  int        // bytes of unacked
	sent    int        // how many of unacked are on their way
	flying  int        // their bytes

	fates []fate // used again by each take
}

type outgoing struct {
	id, n uint64
	what  numbered
	frame []byte // its JSON
}

func (o *outgoing) size() int { return len(o.frame) + len(o.what.blob) }

// fate is what became of a message.
type fate struct {
	id     uint64
	offset uint64
	err    error
}

// newLedger begins at a snapshot of the room that has so many cells of state.
func newLedger(session, epoch string, position uint64, cells int, limits Limits) ledger {
	l := ledger{
		session: session, epoch: epoch, position: position, gen: 1, attached: true, // after joined the WebSocket is attached with generation 1
		of: cells, windowMessages: limits.MessagesPerSecond, windowBytes: limits.BytesPerSecond,
	}
	if l.windowMessages == 0 {
		l.windowMessages = defaultMessages
	}
	if l.windowBytes == 0 {
		l.windowBytes = defaultBytes
	}
	return l
}

// queue numbers a message, and gives the id of its fate. It goes out with next.
func (l *ledger) queue(m numbered) (id uint64) {
	l.n++
	l.ids++
	o := outgoing{l.ids, l.n, m, m.frame(l.n)}
	l.queued += o.size()
	l.unacked = append(l.unacked, o)
	return l.ids
}

// next is the frame to send now, with as many messages as fit; count is 0 if there is none.
func (l *ledger) next() (frame outFrame, count int) {
	if !l.attached || l.sent == len(l.unacked) || l.flying >= l.windowBytes {
		return outFrame{}, 0
	}
	waiting := l.unacked[l.sent:]
	size := 0
	for count < len(waiting) && count < batchMessages && l.sent+count < l.windowMessages {
		size += waiting[count].size() + 1
		if count > 0 && size > batchBytes {
			break
		}
		count++
	}
	switch count {
	case 0:
		return outFrame{}, 0
	case 1:
		return compose([][]byte{waiting[0].frame}, blobs(waiting[:1])), 1
	}
	objects := make([][]byte, count)
	for i := range objects {
		objects[i] = waiting[i].frame
	}
	return compose(objects, blobs(waiting[:count])), count
}

func blobs(batch []outgoing) (all [][]byte) {
	for i := range batch {
		if blob := batch[i].what.blob; blob != nil {
			all = append(all, blob)
		}
	}
	return all
}

// wentOut says that the count messages of next were handed to the link.
func (l *ledger) wentOut(count int) {
	l.count(l.sent + count)
	if count > 0 {
		l.out = max(l.out, l.unacked[l.sent-1].id)
	}
}

// count says that the first sent of unacked are on their way.
func (l *ledger) count(sent int) {
	for ; l.sent < sent; l.sent++ {
		l.flying += l.unacked[l.sent].size()
	}
	for ; l.sent > sent; l.sent-- {
		l.flying -= l.unacked[l.sent-1].size()
	}
}

// attach begins a new generation: nothing is taken from older links, nothing is sent until the answer.
func (l *ledger) attach() attachFrame {
	l.gen++
	l.attached = false
	l.count(0)
	f := attachFrame{T: "attach", Gen: l.gen, Epoch: l.epoch, Position: l.position}
	if cells := l.cells; cells < l.of {
		f.State = &cells
	}
	return f
}

// answered takes the answer to attach: the server has our messages up to n, the others go again. epoch is the log's name
// from now on.
func (l *ledger) answered(gen, n uint64, epoch string) error {
	if gen != l.gen || l.attached {
		return errStale
	}
	if n > l.n {
		return fmt.Errorf("%w: the server has message %d, we sent %d", errFrame, n, l.n)
	}
	l.attached = true
	if epoch != "" {
		l.epoch = epoch
	}
	l.count(sort.Search(len(l.unacked), func(i int) bool { return l.unacked[i].n > n }))
	return nil
}

// page takes note of a page of the snapshot: its position, the number of its first cell, how many the snapshot has and
// how many came.
func (l *ledger) page(position uint64, at, of, count int) error {
	if position != l.position || at != l.cells || of != l.of || at+count > of {
		return fmt.Errorf("%w: cells %d of %d at %d, want %d of %d at %d", errGap, at, of, position, l.cells, l.of, l.position)
	}
	l.cells += count
	return nil
}

// take reads a log frame. It returns the entries that are new, in the place of the old, and the fates of own messages
// among them, which are good until the next take.
func (l *ledger) take(f *logFrame) (fresh []entry, fates []fate, err error) {
	if f.after > l.position || l.cells < l.of {
		return nil, nil, fmt.Errorf("%w: from %d to %d with %d of %d cells", errGap, l.position, f.after, l.cells, l.of)
	}
	last := f.after
	for i := range f.entries {
		if o := f.entries[i].O; o <= last || o > f.position {
			return nil, nil, fmt.Errorf("%w: entry %d after %d in a log up to %d", errFrame, o, last, f.position)
		}
		last = f.entries[i].O
	}
	fresh, l.fates = f.entries[:0], l.fates[:0]
	for i := range f.entries {
		e := &f.entries[i]
		if e.O <= l.position {
			continue
		}
		switch {
		case e.OK != 0:
			l.settle(e.OK, e.O, nil)
		case e.Refused != 0:
			l.settle(e.Refused, e.O, &Error{Re: "m", Code: e.Code, Message: e.Message})
		}
		if e.Refused == 0 && (e.OK == 0 || e.Ops != nil) {
			fresh = append(fresh, *e)
		}
	}
	l.position = max(l.position, f.position)
	return fresh, l.fates, nil
}

// reset is the server's word that it cannot go on where we are.
func (l *ledger) reset(m *inbound) (unknown []fate, err error) {
	if m.Gen != l.gen {
		return nil, errStale
	}
	l.epoch, l.position, l.attached = m.Epoch, m.Position, true
	l.cells, l.of = 0, m.State
	kept := l.unacked[:0:0]
	l.queued = 0
	l.n = m.N
	for _, o := range l.unacked {
		if o.n <= m.N {
			unknown = append(unknown, fate{id: o.id, err: ErrUnconfirmed})
			continue
		}
		if l.n++; o.n != l.n { // the server has forgotten what it refused
			o.n, o.frame = l.n, o.what.frame(l.n)
		}
		kept = append(kept, o)
		l.queued += o.size()
	}
	l.unacked, l.sent, l.flying = kept, 0, 0
	return unknown, nil
}

// settle removes message n, whose fate is known, from those to be sent again.
func (l *ledger) settle(n, offset uint64, err error) {
	i := sort.Search(len(l.unacked), func(i int) bool { return l.unacked[i].n >= n })
	if i == len(l.unacked) || l.unacked[i].n != n {
		return
	}
	o := &l.unacked[i]
	l.queued -= o.size()
	if i < l.sent {
		l.sent--
		l.flying -= o.size()
	}
	if refusal, ok := errors.AsType[*Error](err); ok {
		refusal.Re = o.what.kind
	}
	l.fates = append(l.fates, fate{id: o.id, offset: offset, err: err})
	if i == 0 { // almost always: fates come in the order of the messages
		l.unacked[0] = outgoing{} // not kept by the slice
		l.unacked = l.unacked[1:]
	} else {
		l.unacked = append(l.unacked[:i], l.unacked[i+1:]...)
	}
}
