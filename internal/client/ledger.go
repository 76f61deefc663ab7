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

// batchBytes bounds one frame of messages: a data channel message may have 64 KiB.
const batchBytes = 16 << 10

// batchMessages is the most objects that a frame may have.
const batchMessages = 256

// A server slows a sender by not reading, and then answers no ping either. So no more is on its way than about a
// second's worth of what servers allow; what comes back in the log makes room for more.
const (
	windowMessages = 200
	windowBytes    = 256 << 10
)

// ledger is the bookkeeping of a session, without a link, a clock or a goroutine: how far the log was read, what was
// sent and what became of it. It outlives every link.
type ledger struct {
	epoch    string
	position uint64
	gen      uint64
	attached bool // the server answered the attach of gen

	n       uint64     // number of the last message queued
	unacked []outgoing // ascending by n, without those whose fate is known
	sent    int        // how many of unacked are on their way
	flying  int        // their bytes
}

type outgoing struct {
	n     uint64
	frame []byte
}

// fate is what became of a message.
type fate struct {
	n      uint64
	offset uint64
	err    error
}

func newLedger(epoch string, position uint64) ledger {
	// After joined, the WebSocket is attached with generation 1.
	return ledger{epoch: epoch, position: position, gen: 1, attached: true}
}

// queue numbers a message. It goes out with next.
func (l *ledger) queue(m messageFrame) uint64 {
	l.n++
	m.T, m.N = "m", l.n
	l.unacked = append(l.unacked, outgoing{l.n, encode(m)})
	return l.n
}

// next is the frame to send now, with as many messages as fit, or nil.
func (l *ledger) next() (frame []byte, count int) {
	if !l.attached || l.sent == len(l.unacked) || l.flying >= windowBytes {
		return nil, 0
	}
	waiting := l.unacked[l.sent:]
	size := 0
	for count < len(waiting) && count < batchMessages && l.sent+count < windowMessages {
		size += len(waiting[count].frame) + 1
		if count > 0 && size > batchBytes {
			break
		}
		count++
	}
	switch count {
	case 0:
		return nil, 0
	case 1:
		return waiting[0].frame, 1
	}
	frame = append(make([]byte, 0, size+2), '[')
	for i, m := range waiting[:count] {
		if i > 0 {
			frame = append(frame, ',')
		}
		frame = append(frame, m.frame...)
	}
	return append(frame, ']'), count
}

// wentOut says that the count messages of next were handed to the link.
func (l *ledger) wentOut(count int) { l.count(l.sent + count) }

// count says that the first sent of unacked are on their way.
func (l *ledger) count(sent int) {
	for ; l.sent < sent; l.sent++ {
		l.flying += len(l.unacked[l.sent].frame)
	}
	for ; l.sent > sent; l.sent-- {
		l.flying -= len(l.unacked[l.sent-1].frame)
	}
}

// attach begins a new generation: nothing is taken from older links, nothing is sent until the answer.
func (l *ledger) attach() attachFrame {
	l.gen++
	l.attached = false
	l.count(0)
	return attachFrame{T: "attach", Gen: l.gen, Epoch: l.epoch, Position: l.position}
}

// answered takes the answer to attach: the server has our messages up to n, the others go again.
func (l *ledger) answered(gen, n uint64) error {
	if gen != l.gen || l.attached {
		return errStale
	}
	if n > l.n {
		return fmt.Errorf("%w: the server has message %d, we sent %d", errFrame, n, l.n)
	}
	l.attached = true
	l.count(sort.Search(len(l.unacked), func(i int) bool { return l.unacked[i].n > n }))
	return nil
}

// take reads a log frame. It returns the entries that are new, and the fates of own messages among them.
func (l *ledger) take(after, position uint64, entries []entry) (fresh []entry, fates []fate, err error) {
	if after > l.position {
		return nil, nil, fmt.Errorf("%w: from %d to %d", errGap, l.position, after)
	}
	last := after
	for i := range entries {
		e := &entries[i]
		if e.O <= last || e.O > position {
			return nil, nil, fmt.Errorf("%w: entry %d after %d in a log up to %d", errFrame, e.O, last, position)
		}
		last = e.O
		if e.O <= l.position {
			continue
		}
		switch {
		case e.OK != 0:
			fates = append(fates, l.settle(e.OK, e.O, nil)...)
		case e.Refused != 0:
			fates = append(fates, l.settle(e.Refused, e.O, &Error{Re: "m", Code: e.Code, Message: e.Message})...)
		default:
			fresh = append(fresh, *e)
		}
	}
	l.position = max(l.position, position)
	return fresh, fates, nil
}

// reset is the server's word that it cannot go on where we are.
func (l *ledger) reset(gen uint64, epoch string, position, n uint64) (unknown []fate, err error) {
	if gen != l.gen {
		return nil, errStale
	}
	l.epoch, l.position, l.attached = epoch, position, true
	kept := l.unacked[:0:0]
	for _, m := range l.unacked {
		if m.n <= n {
			unknown = append(unknown, fate{n: m.n, err: ErrUnconfirmed})
			continue
		}
		kept = append(kept, m)
	}
	l.unacked, l.sent, l.flying = kept, 0, 0
	return unknown, nil
}

// settle removes message n, whose fate is known, from those to be sent again.
func (l *ledger) settle(n, offset uint64, err error) []fate {
	i := sort.Search(len(l.unacked), func(i int) bool { return l.unacked[i].n >= n })
	if i == len(l.unacked) || l.unacked[i].n != n {
		return nil
	}
	if i < l.sent {
		l.sent--
		l.flying -= len(l.unacked[i].frame)
	}
	if i == 0 { // almost always: fates come in the order of the messages
		l.unacked = l.unacked[1:]
	} else {
		l.unacked = append(l.unacked[:i], l.unacked[i+1:]...)
	}
	return []fate{{n: n, offset: offset, err: err}}
}
