package client

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Message is what another participant sent.
type Message struct {
	Epoch  string // of the log that Offset is in
	Offset uint64
	From   string
	Name   string // of the sender, in history only
	Type   string
	Data   json.RawMessage
	Bytes  []byte // instead of Data: nil unless bytes were sent
	SentAt time.Time
	Direct bool // it was for us and not for all
}

func millis(ms int64) time.Time { return time.UnixMilli(ms) }

// Place is a place in a room's order: an offset in the log of an epoch, and the session it was given to. Offsets of
// different epochs have nothing to do with each other, unless the server keeps logs in a data-dir.
type Place struct {
	Session string
	Epoch   string
	Offset  uint64
}

// Pending is a message on its way.
type Pending struct {
	done  chan struct{}
	place Place
	err   error
}

// Wait is for the message's place in the room's order, or its refusal.
func (p *Pending) Wait(ctx context.Context) (offset uint64, err error) {
	select {
	case <-p.done:
		return p.place.Offset, p.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Done is closed when the message's fate is known.
func (p *Pending) Done() <-chan struct{} { return p.done }

// Place is where the message, or its refusal, stands in the room's order. It is zero if the fate is unknown, and may be
// asked for once Done is closed.
func (p *Pending) Place() Place { return p.place }

// numbered is what has a number and an answer in the log: a message or a change of the state.
type numbered struct {
	kind string // m or s
	body []byte // the members behind n, each with a comma before it
	blob []byte // nil unless its data is bytes
}

// frame is the JSON of a numbered thing.
func (m *numbered) frame(n uint64) []byte {
	b := make([]byte, 0, len(m.body)+32)
	b = append(b, `{"t":"`...)
	b = append(b, m.kind...)
	b = append(b, `","n":`...)
	b = strconv.AppendUint(b, n, 10)
	b = append(b, m.body...)
	return append(b, '}')
}

func message(typ string, raw, blob []byte, to []string) numbered {
	b := append(make([]byte, 0, len(typ)+len(raw)+32), `,"type":`...)
	b = append(b, encode(typ)...)
	if raw != nil {
		b = append(append(b, `,"data":`...), raw...)
	} else {
		b = strconv.AppendInt(append(b, `,"bytes":`...), int64(len(blob)), 10)
	}
	if len(to) > 0 {
		b = append(append(b, `,"to":`...), encode(to)...)
	}
	return numbered{"m", b, blob}
}

type queued struct {
	what numbered
	fate *Pending
}

func (c *Client) queue(ctx context.Context, m numbered) (*Pending, error) {
	if limit := c.Limits().FrameBytes; limit > 0 && len(m.body)+len(m.blob)+64 > limit {
		return nil, &Error{Re: m.kind, Code: "too_large", Message: fmt.Sprintf("no frame may have more than %d bytes", limit)}
	}
	q := queued{m, &Pending{done: make(chan struct{})}}
	select {
	case c.queued <- q:
		return q.fate, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.ctx.Done():
		return nil, c.ended()
	}
}

// Queue puts a message in line and returns at once unless very many are on their way already.
func (c *Client) Queue(ctx context.Context, typ string, data any, to ...string) (*Pending, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("message %s: %w", typ, err)
	}
	return c.queue(ctx, message(typ, raw, nil, to))
}

// QueueBytes is Queue for bytes, which must not be written to afterwards.
func (c *Client) QueueBytes(ctx context.Context, typ string, data []byte, to ...string) (*Pending, error) {
	return c.queue(ctx, message(typ, nil, data, to))
}

// Send sends a message and waits for its offset. If ctx ends first, the message is on its way nevertheless.
func (c *Client) Send(ctx context.Context, typ string, data any, to ...string) (offset uint64, err error) {
	p, err := c.Queue(ctx, typ, data, to...)
	if err != nil {
		return 0, err
	}
	return p.Wait(ctx)
}

// SendBytes is Send for bytes, which must not be written to afterwards.
func (c *Client) SendBytes(ctx context.Context, typ string, data []byte, to ...string) (offset uint64, err error) {
	p, err := c.QueueBytes(ctx, typ, data, to...)
	if err != nil {
		return 0, err
	}
	return p.Wait(ctx)
}
