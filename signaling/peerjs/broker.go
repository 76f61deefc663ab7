package peerjs

import (
	"errors"
	"maps"
	"slices"
	"time"
)

// Why a client is not let in.
var (
	errLimit = errors.New("there are as many clients as there may be")
	errTaken = errors.New("somebody else has this id")
)

// outlet is where a client is reached. Its methods never wait.
type outlet interface {
	// send takes a frame, or reports false if the client does not read.
	send(frame []byte) bool
	// end closes the connection, after what it took was sent.
	end()
}

// limits bound what a broker keeps.
type limits struct {
	clients    int           // at a time
	silence    time.Duration // without a heartbeat, after which a client is let go
	expiry     time.Duration // that something waits for who is not here
	waiting    int           // messages for one who is not here
	bytes      int           // of them
	totalBytes int           // of all messages for all who are not here
}

// broker hands messages on from one client to another. It is pure but for its outlets: what time it is it is told. Whoever
// calls it does so one at a time.
type broker struct {
	limits  limits
	dropped func(reason string)

	members map[string]*member
	queues  map[string]*queue // by who is waited for
	queued  int               // bytes in all of them
}

// member is a client that has its id.
type member struct {
	id    string
	proof string // who has the same is the same
	out   outlet
	heard time.Time
}

func newBroker(l limits, dropped func(reason string)) *broker {
	return &broker{limits: l, dropped: dropped, members: map[string]*member{}, queues: map[string]*queue{}}
}

// enter gives a client its id, and what waited for that. Who has it already, with the same proof, is let go: it is the
// same client, on its former connection.
//
// Errors: errLimit, errTaken.
func (b *broker) enter(id, proof string, out outlet, now time.Time) (*member, error) {
	former := b.members[id]
	switch {
	case former == nil && len(b.members) >= b.limits.clients:
		return nil, errLimit
	case former != nil && former.proof != proof:
		return nil, errTaken
	case former != nil:
		former.out.end()
	}
	m := &member{id: id, proof: proof, out: out, heard: now}
	b.members[id] = m
	if !out.send(encode(message{Type: kindOpen})) {
		b.dropped("peerjs_slow")
	}
	if q := b.queues[id]; q != nil {
		b.forget(id)
		for _, w := range q.frames {
			b.deliver(m, w.src, w.frame)
		}
	}
	return m, nil
}

// leave takes a client's id from it, unless it is on another connection by now.
func (b *broker) leave(m *member) {
	if b.members[m.id] == m {
		delete(b.members, m.id)
	}
}

// ids are those of all clients, in order.
func (b *broker) ids() []string { return slices.Sorted(maps.Keys(b.members)) }

// take does what a client's message asks for.
func (b *broker) take(from *member, in message, now time.Time) {
	if b.members[from.id] != from {
		return // it went on elsewhere
	}
	switch {
	case in.Type == kindHeartbeat:
		from.heard = now
	case !in.relayed():
		b.dropped("peerjs_unknown")
	case in.Dst == "":
		if in.Type == kindLeave {
			from.out.end()
			b.leave(from)
		}
	default:
		in.Src = from.id
		b.relay(in, now)
	}
}

func (b *broker) relay(m message, now time.Time) {
	frame := encode(m)
	if to := b.members[m.Dst]; to != nil {
		b.deliver(to, m.Src, frame)
		return
	}
	if m.waits() {
		b.keep(m.Dst, m.Src, frame, now)
	}
}

// deliver sends a frame. Who does not read is let go, and the sender is told as if it had left.
func (b *broker) deliver(to *member, src string, frame []byte) {
	if to.out.send(frame) {
		return
	}
	b.dropped("peerjs_slow")
	to.out.end()
	b.leave(to)
	if from := b.members[src]; from != nil {
		from.out.send(encode(message{Type: kindLeave, Src: to.id, Dst: src})) // or it does not read either
	}
}

// keep has a frame wait for who is not here.
func (b *broker) keep(dst, src string, frame []byte, now time.Time) {
	q := b.queues[dst]
	if q == nil {
		q = &queue{began: now}
	}
	if len(q.frames) >= b.limits.waiting || q.bytes+len(frame) > b.limits.bytes || b.queued+len(frame) > b.limits.totalBytes {
		b.dropped("peerjs_queue")
		return
	}
	b.queues[dst] = q
	b.queued += len(frame)
	q.add(src, frame)
}

func (b *broker) forget(dst string) {
	b.queued -= b.queues[dst].bytes
	delete(b.queues, dst)
}

// sweep tells who waited too long for somebody that nobody came, and lets go of who is silent.
func (b *broker) sweep(now time.Time) {
	for dst, q := range b.queues {
		if now.Sub(q.began) < b.limits.expiry {
			continue
		}
		b.forget(dst)
		for _, src := range q.sources() {
			if from := b.members[src]; from != nil {
				b.deliver(from, dst, encode(message{Type: kindExpire, Src: dst, Dst: src}))
			}
		}
	}
	for _, m := range b.members {
		if now.Sub(m.heard) >= b.limits.silence {
			b.dropped("peerjs_silent")
			m.out.end()
			b.leave(m)
		}
	}
}
