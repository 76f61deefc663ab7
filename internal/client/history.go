package client

import (
	"context"
	"fmt"
)

// HistoryQuery says which kept messages are asked for. All may be empty.
type HistoryQuery struct {
	Type   string
	Before uint64 // only those with a lower offset
	Limit  int
}

type historyFrame struct {
	T      string `json:"t"`
	ID     uint64 `json:"id"`
	Type   string `json:"type,omitempty"`
	Before uint64 `json:"before,omitempty"`
	Limit  int    `json:"limit,omitempty"`
}

// request is a question that waits for its answer.
type request struct {
	frame  outFrame
	result chan history // one
}

type history struct {
	messages []Message
	more     bool
	err      error
}

// History asks for messages that were kept: the newest that fit, oldest first. more says that there are older ones.
func (c *Client) History(ctx context.Context, q HistoryQuery) (messages []Message, more bool, err error) {
	r := &request{result: make(chan history, 1)}
	var id uint64
	if err := c.do(ctx, func() error {
		c.asked++
		id = c.asked
		r.frame.bytes = encode(historyFrame{"history", id, q.Type, q.Before, q.Limit})
		c.asking[id] = r
		c.ask(r)
		return nil
	}); err != nil {
		return nil, false, err
	}
	select {
	case h := <-r.result:
		return h.messages, h.more, h.err
	case <-ctx.Done():
		c.post(func() { delete(c.asking, id) })
		return nil, false, ctx.Err()
	case <-c.ctx.Done():
		return nil, false, c.ended()
	}
}

// ask sends a request. One that finds no WebSocket, or loses it, is sent again by resumed.
func (c *Client) ask(r *request) {
	if c.ws != nil {
		c.ws.pending = append(c.ws.pending, r.frame)
	}
}

// askAgain repeats what the former WebSocket may have taken along.
func (c *Client) askAgain() {
	for _, r := range c.asking {
		c.ask(r)
	}
}

func (c *Client) answered(id uint64, h history) {
	if r := c.asking[id]; r != nil {
		delete(c.asking, id)
		r.result <- h
	}
}

func (c *Client) takeHistory(o object) error {
	var id uint64
	var h history
	err := members(o.json, func(key, value []byte) (err error) {
		switch string(key) {
		case "id":
			id, err = number(value)
		case "more":
			h.more = string(value) == "true"
		case "entries":
			var entries []entry
			if entries, err = c.words.readEntries(value, o.raw, nil); err != nil {
				return err
			}
			h.messages = make([]Message, len(entries))
			for i := range entries {
				h.messages[i] = entries[i].content(c.ledger.epoch)
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	c.answered(id, h)
	return nil
}
