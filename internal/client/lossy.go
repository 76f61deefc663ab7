package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// Lossy is a lossy message: the latest of its sender, type and key.
type Lossy struct {
	From  string
	Type  string
	Key   string
	Data  json.RawMessage
	Bytes []byte // instead of Data: nil unless bytes were sent
}

// maxLossy bounds what waits for a link or for the application. What is above is dropped: it is lossy.
const maxLossy = 4096

// errLossyFull means that too many different lossy messages wait.
var errLossyFull = errors.New("too many lossy messages")

// latest keeps the newest value of each key, in the order in which the keys came. The zero value is empty. It has no
// lock of its own.
type latest[K comparable, V any] struct {
	values map[K]V
	order  []K
}

func (l *latest[K, V]) put(key K, value V) bool {
	if _, waits := l.values[key]; !waits {
		if len(l.order) >= maxLossy {
			return false
		}
		if l.values == nil {
			l.values = map[K]V{}
		}
		l.order = append(l.order, key)
	}
	l.values[key] = value
	return true
}

func (l *latest[K, V]) pop() (value V, ok bool) {
	if len(l.order) == 0 {
		return value, false
	}
	key := l.order[0]
	l.order = l.order[1:]
	value = l.values[key]
	delete(l.values, key)
	return value, true
}

// lossyKey is what the latest of wins. On its way out it has no sender.
type lossyKey struct{ from, typ, key string }

// Lossy sends the latest value of typ and key. It returns as soon as the client has it: an older value that still waits
// is replaced. Nothing says whether it arrived.
func (c *Client) Lossy(typ, key string, data any, to ...string) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("lossy %s: %w", typ, err)
	}
	return c.lossy(typ, key, raw, nil, to)
}

// LossyBytes is Lossy for bytes, which must not be written to afterwards.
func (c *Client) LossyBytes(typ, key string, data []byte, to ...string) error {
	return c.lossy(typ, key, nil, data, to)
}

func (c *Client) lossy(typ, key string, raw, blob []byte, to []string) error {
	b := append([]byte(`{"t":"e","type":`), encode(typ)...)
	if key != "" {
		b = append(append(b, `,"key":`...), encode(key)...)
	}
	var blobs [][]byte
	if raw != nil {
		b = append(append(b, `,"data":`...), raw...)
	} else {
		b = strconv.AppendInt(append(b, `,"bytes":`...), int64(len(blob)), 10)
		blobs = [][]byte{blob}
	}
	if len(to) > 0 {
		b = append(append(b, `,"to":`...), encode(to)...)
	}
	frame := compose([][]byte{append(b, '}')}, blobs)
	return c.do(c.ctx, func() error {
		if !c.lossyOut.put(lossyKey{typ: typ, key: key}, frame) {
			return errLossyFull
		}
		return nil
	})
}

// lossyLink is what lossy messages leave by, or nil: their own channel beside a data channel that carries the log, else
// the link that does.
func (c *Client) lossyLink() *link {
	switch {
	case c.data == nil || !c.ledger.attached:
		return nil
	case c.data == c.dc && c.media != nil && c.media.lossyOpen:
		return c.media.lossy
	}
	return c.data
}

// takeLossy takes a lossy message, from whichever link.
func (c *Client) takeLossy(o object) error {
	var e Lossy
	if err := members(o.json, func(key, value []byte) (err error) {
		switch string(key) {
		case "from":
			e.From, err = c.words.read(value)
		case "type":
			e.Type, err = c.words.read(value)
		case "key":
			e.Key, err = c.words.read(value)
		case "data":
			e.Data = value
		case "bytes":
			e.Bytes, err = o.raw.take(value)
		}
		return err
	}); err != nil {
		return err
	}
	if _, here := c.roster.others[e.From]; here && c.opt.OnLossy != nil { // else its sender's leaving overtook it
		c.inbox.addLossy(e)
	}
	return nil
}
