package bench

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
)

// stampBytes is what every message begins with: sender, number and time of sending, in hexadecimal so that it is text on
// any transport.
const stampBytes = 2 * (4 + 8 + 8)

// MinSize is the least that a message can have.
const MinSize = stampBytes + 2

var errStamp = errors.New("not a message of this load")

// stamp makes a message of size bytes: a JSON string.
func stamp(size int, sender uint32, number uint64, at int64) []byte {
	var raw [stampBytes / 2]byte
	binary.BigEndian.PutUint32(raw[:], sender)
	binary.BigEndian.PutUint64(raw[4:], number)
	binary.BigEndian.PutUint64(raw[12:], uint64(at))
	b := make([]byte, 0, size)
	b = append(b, '"')
	b = hex.AppendEncode(b, raw[:])
	b = append(b, bytes.Repeat([]byte{'.'}, size-len(b)-1)...)
	return append(b, '"')
}

func readStamp(message []byte) (sender uint32, number uint64, at int64, err error) {
	var raw [stampBytes / 2]byte
	if len(message) < MinSize || message[0] != '"' {
		return 0, 0, 0, errStamp
	}
	if _, err := hex.Decode(raw[:], message[1:1+stampBytes]); err != nil {
		return 0, 0, 0, errStamp
	}
	return binary.BigEndian.Uint32(raw[:]), binary.BigEndian.Uint64(raw[4:]), int64(binary.BigEndian.Uint64(raw[12:])), nil
}
