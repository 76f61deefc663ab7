package client

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// logFrame is a log frame whose entries stand in a slice that is used again.
type logFrame struct {
	after, position uint64
	entries         []entry
}

// entry is one entry of the log: somebody's message, a change of the state, the fate of one of ours, or an event.
type entry struct {
	O  uint64
	At int64

	From   string
	Name   string // in history
	Type   string
	Data   json.RawMessage // null if Bytes
	Bytes  []byte          // nil unless the data is bytes
	Direct bool

	OK      uint64
	Refused uint64
	Code    string
	Message string

	Ops   []byte // not decoded
	Event bool   // the rest is in json
	json  []byte
}

// happening is an entry with an event.
type happening struct {
	O           uint64          `json:"o"`
	Event       string          `json:"event"`
	Participant *Participant    `json:"participant"`
	ID          string          `json:"id"`
	Track       json.RawMessage `json:"track"` // an object in published, an id elsewhere
	Muted       bool            `json:"muted"`
	By          string          `json:"by"`
	Reason      string          `json:"reason"`
}

func (h *happening) track() (t Track) {
	if bytes.HasPrefix(bytes.TrimSpace(h.Track), []byte("{")) {
		_ = json.Unmarshal(h.Track, &t)
		return t
	}
	_ = json.Unmarshal(h.Track, &t.ID)
	return t
}

// readLog reads a log frame into f, whose entries are overwritten.
func (w words) readLog(o object, f *logFrame) error {
	*f = logFrame{entries: f.entries[:0]}
	return members(o.json, func(key, value []byte) (err error) {
		switch string(key) {
		case "after":
			f.after, err = number(value)
		case "position":
			f.position, err = number(value)
		case "entries":
			f.entries, err = w.readEntries(value, o.raw, f.entries)
		}
		return err
	})
}

func (w words) readEntries(array []byte, r *raw, into []entry) ([]entry, error) {
	err := elements(array, func(value []byte) error {
		into = append(into, entry{})
		return w.readEntry(value, r, &into[len(into)-1])
	})
	return into, err
}

func (w words) readEntry(value []byte, r *raw, e *entry) error {
	e.json = value
	return members(value, func(key, value []byte) (err error) {
		switch string(key) {
		case "o":
			e.O, err = number(value)
		case "from":
			e.From, err = w.read(value)
		case "type":
			e.Type, err = w.read(value)
		case "data":
			e.Data = value
		case "bytes":
			e.Bytes, err = r.take(value)
		case "at":
			var at uint64
			at, err = number(value)
			e.At = int64(at)
		case "direct":
			e.Direct = string(value) == "true"
		case "ok":
			e.OK, err = number(value)
		case "refused":
			e.Refused, err = number(value)
		case "code":
			e.Code, err = w.read(value)
		case "message":
			err = unmarshal(value, &e.Message)
		case "name":
			e.Name, err = w.read(value)
		case "ops":
			e.Ops = value
		case "event":
			e.Event = true
		}
		return err
	})
}

func unmarshal(value []byte, v any) error {
	if err := json.Unmarshal(value, v); err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	return nil
}

// content is an entry of the log of an epoch as a message.
func (e *entry) content(epoch string) Message {
	return Message{
		Epoch: epoch, Offset: e.O, From: e.From, Name: e.Name, Type: e.Type, Data: e.Data, Bytes: e.Bytes,
		SentAt: millis(e.At), Direct: e.Direct,
	}
}
