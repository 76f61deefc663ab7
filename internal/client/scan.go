package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// A reader of a busy room spends its time on log frames, and encoding/json reads each byte of them twice. These walk over
// JSON that a server wrote without building anything: they find where members begin and end, and leave to the JSON
// package what is rare. They accept some things that are not JSON; values that matter are checked where they are used.

// errFrame means that a server sent something that is no frame of the protocol.
var errFrame = errors.New("not a frame")

// errStop ends a walk without an error.
var errStop = errors.New("enough")

// members calls f for each member of an object, until f returns an error. Keys come without their quotes.
func members(object []byte, f func(key, value []byte) error) error {
	i := space(object, 0)
	if i == len(object) || object[i] != '{' {
		return errFrame
	}
	i = space(object, i+1)
	if i < len(object) && object[i] == '}' {
		return nil
	}
	for {
		begin := i
		if i = stringEnd(object, begin); i < 0 {
			return errFrame
		}
		key := object[begin+1 : i-1]
		if i = space(object, i); i == len(object) || object[i] != ':' {
			return errFrame
		}
		begin = space(object, i+1)
		if i = valueEnd(object, begin); i < 0 {
			return errFrame
		}
		if err := f(key, object[begin:i]); err != nil {
			if errors.Is(err, errStop) {
				return nil
			}
			return err
		}
		i = space(object, i)
		switch {
		case i < len(object) && object[i] == ',':
			i = space(object, i+1)
		case i < len(object) && object[i] == '}':
			return nil
		default:
			return errFrame
		}
	}
}

// elements calls f for each element of an array, until f returns an error.
func elements(array []byte, f func(value []byte) error) error {
	i := space(array, 0)
	if i == len(array) || array[i] != '[' {
		return errFrame
	}
	i = space(array, i+1)
	if i < len(array) && array[i] == ']' {
		return nil
	}
	for {
		begin := i
		if i = valueEnd(array, begin); i < 0 {
			return errFrame
		}
		if err := f(array[begin:i]); err != nil {
			return err
		}
		i = space(array, i)
		switch {
		case i < len(array) && array[i] == ',':
			i = space(array, i+1)
		case i < len(array) && array[i] == ']':
			return nil
		default:
			return errFrame
		}
	}
}

// space is where the next thing begins.
func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// valueEnd is where the value that begins at i ends, or -1.
func valueEnd(b []byte, i int) int {
	if i >= len(b) {
		return -1
	}
	switch b[i] {
	case '"':
		return stringEnd(b, i)
	case '{', '[':
		return nestEnd(b, i)
	}
	begin := i
	for i < len(b) {
		switch b[i] {
		case ',', '}', ']', ':', '"', ' ', '\n', '\t', '\r':
			if i == begin {
				return -1
			}
			return i
		}
		i++
	}
	return i
}

// stringEnd is behind the closing quote of the string that begins at i.
func stringEnd(b []byte, i int) int {
	if i >= len(b) || b[i] != '"' {
		return -1
	}
	for begin := i; ; {
		j := bytes.IndexByte(b[i+1:], '"')
		if j < 0 {
			return -1
		}
		i += 1 + j
		slashes := 0
		for i-1-slashes > begin && b[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i + 1
		}
	}
}

// nestEnd is behind the object or array that begins at i.
func nestEnd(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			if i = stringEnd(b, i); i < 0 {
				return -1
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return -1
}

func number(value []byte) (uint64, error) {
	n, err := strconv.ParseUint(string(value), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %q is no number", errFrame, value)
	}
	return n, nil
}

// unquoted is a string that needs no unescaping, as almost all do that are not data.
func unquoted(value []byte) ([]byte, bool) {
	if len(value) < 2 || value[0] != '"' || bytes.IndexByte(value, '\\') >= 0 {
		return nil, false
	}
	return value[1 : len(value)-1], true
}

// words remembers the strings that come again in every frame: ids of senders and types.
type words map[string]string

// maxWords bounds what is remembered.
const maxWords = 4096

func (w words) read(value []byte) (string, error) {
	b, ok := unquoted(value)
	if !ok {
		var s string
		if err := json.Unmarshal(value, &s); err != nil {
			return "", fmt.Errorf("%w: %w", errFrame, err)
		}
		return s, nil
	}
	if s, known := w[string(b)]; known {
		return s, nil
	}
	s := string(b)
	if len(w) < maxWords {
		w[s] = s
	}
	return s, nil
}
