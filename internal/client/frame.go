package client

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// object is one thing that a server said, not yet read.
type object struct {
	t    string
	json []byte
	raw  *raw
}

// raw is what follows the JSON in a frame with bytes. Its objects own it in the order in which they stand.
type raw struct{ rest []byte }

func (r *raw) take(value []byte) ([]byte, error) {
	n, err := number(value)
	if err != nil {
		return nil, err
	}
	if n > uint64(len(r.rest)) {
		return nil, fmt.Errorf("%w: %d bytes promised, %d there", errFrame, n, len(r.rest))
	}
	if n == 0 {
		return []byte{}, nil // bytes, though none
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b, nil
}

// split finds the objects of a frame that is not a piece and calls f for each, in order.
func split(frame []byte, isBinary bool, f func(object) error) error {
	text, after := frame, raw{}
	if isBinary {
		if len(frame) == 0 || frame[0] != withBytes {
			return fmt.Errorf("%w: of an unknown kind", errFrame)
		}
		n, used := binary.Uvarint(frame[1:])
		if used <= 0 || n > uint64(len(frame)-1-used) {
			return fmt.Errorf("%w: JSON longer than its frame", errFrame)
		}
		text = frame[1+used:][:n]
		after.rest = frame[1+used+int(n):]
	}
	one := func(json []byte) error {
		t, err := kind(json)
		if err != nil {
			return err
		}
		return f(object{t, json, &after})
	}
	text = bytes.TrimSpace(text)
	var err error
	if len(text) > 0 && text[0] == '[' {
		err = elements(text, one)
	} else {
		err = one(text)
	}
	if err == nil && len(after.rest) > 0 {
		err = fmt.Errorf("%w: %d bytes are nobody's", errFrame, len(after.rest))
	}
	return err
}

// kind is the t of an object.
func kind(json []byte) (t string, err error) {
	err = members(json, func(key, value []byte) error {
		if string(key) != "t" {
			return nil
		}
		if b, ok := unquoted(value); ok {
			switch string(b) { // without an allocation
			case "log":
				t = "log"
			case "pong":
				t = "pong"
			case "e":
				t = "e"
			default:
				t = string(b)
			}
		}
		return errStop
	})
	return t, err
}

// decode reads an object of a kind for which there is no quicker way.
func (o *object) decode(v any) error {
	if err := json.Unmarshal(o.json, v); err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	return nil
}

// compose makes one frame of objects and the bytes that they own.
func compose(objects [][]byte, blobs [][]byte) outFrame {
	size, tail := len(objects)+1, 0
	for _, o := range objects {
		size += len(o)
	}
	for _, b := range blobs {
		tail += len(b)
	}
	if len(blobs) == 0 {
		if len(objects) == 1 {
			return outFrame{bytes: objects[0]}
		}
		return outFrame{bytes: appendObjects(make([]byte, 0, size), objects)}
	}
	if len(objects) == 1 {
		size = len(objects[0])
	}
	frame := append(make([]byte, 0, 1+binary.MaxVarintLen32+size+tail), withBytes)
	frame = binary.AppendUvarint(frame, uint64(size))
	frame = appendObjects(frame, objects)
	for _, b := range blobs {
		frame = append(frame, b...)
	}
	return outFrame{frame, true}
}

func appendObjects(b []byte, objects [][]byte) []byte {
	if len(objects) == 1 {
		return append(b, objects[0]...)
	}
	for i, o := range objects {
		b = append(b, "[,"[min(i, 1)])
		b = append(b, o...)
	}
	return append(b, ']')
}
