package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/parlorhq/parlor/datachannel"
)

// A journal is records one after the other. A record is one Write, or one Forget, all of it or none:
//
//	"PLJ1"  length of the payload (4 bytes)  its CRC-32C (4 bytes)  payload
//	payload = seconds since 1970 (8 bytes)  operation...
//	operation = 'p' room table key value | 'd' room table key | 'f' room
//
// Integers are big-endian; room, key and value are each a uvarint and that many bytes, the table is one byte.
const (
	recordMagic  = "PLJ1"
	recordHeader = len(recordMagic) + 4 + 4

	opPut    = 'p'
	opDelete = 'd'
	opForget = 'f'
)

// Longer names than these do not fit into a page of the table.
const (
	maxRoom = 1 << 10
	maxKey  = 1 << 10
)

var errRecord = errors.New("not a record")

func castagnoli(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// newRecord begins a record of about this size.
func newRecord(at int64, size int) []byte {
	b := make([]byte, recordHeader, recordHeader+8+size)
	copy(b, recordMagic)
	return binary.BigEndian.AppendUint64(b, uint64(at))
}

// seal ends a record.
func seal(b []byte) []byte {
	payload := b[recordHeader:]
	binary.BigEndian.PutUint32(b[len(recordMagic):], uint32(len(payload)))
	binary.BigEndian.PutUint32(b[len(recordMagic)+4:], castagnoli(payload))
	return b
}

// encode makes a record of rows, and says whether any of them takes room.
func encode(rows []datachannel.Row, at int64) (record []byte, grows bool, err error) {
	size := 0
	for i := range rows {
		r := &rows[i]
		if len(r.Room) > maxRoom || len(r.Key) > maxKey || r.Table == 0 {
			return nil, false, fmt.Errorf("row of table %d with a room of %d and a key of %d bytes: %w",
				r.Table, len(r.Room), len(r.Key), errRecord)
		}
		size += len(r.Room) + len(r.Key) + len(r.Value) + 2 + 3*binary.MaxVarintLen32
	}
	if size > 1<<30 {
		return nil, false, fmt.Errorf("rows of %d bytes in one write: %w", size, errRecord)
	}
	b := newRecord(at, size)
	for i := range rows {
		r := &rows[i]
		op := byte(opPut)
		if r.Value == nil {
			op = opDelete
		}
		b = append(b, op)
		b = appendBytes(b, r.Room)
		b = append(b, byte(r.Table))
		b = appendBytes(b, r.Key)
		if r.Value != nil {
			b = appendBytes(b, r.Value)
			grows = true
		}
	}
	return seal(b), grows, nil
}

func encodeForget(room string, at int64) []byte {
	b := append(newRecord(at, len(room)+8), opForget)
	return seal(appendBytes(b, room))
}

func appendBytes[T string | []byte](b []byte, v T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

// firstRecord is the size of the record that b begins with, 0 if there is no whole one.
func firstRecord(b []byte) int {
	if len(b) < recordHeader+8 || string(b[:len(recordMagic)]) != recordMagic {
		return 0
	}
	size := uint64(binary.BigEndian.Uint32(b[len(recordMagic):]))
	if size < 8 || size > uint64(len(b)-recordHeader) {
		return 0
	}
	end := recordHeader + int(size)
	if castagnoli(b[recordHeader:end]) != binary.BigEndian.Uint32(b[len(recordMagic)+4:]) {
		return 0
	}
	return end
}

// anyRecord says whether there is a whole record anywhere in b.
func anyRecord(b []byte) bool {
	for {
		i := bytes.Index(b, []byte(recordMagic))
		if i < 0 {
			return false
		}
		if firstRecord(b[i:]) > 0 {
			return true
		}
		b = b[i+1:]
	}
}

// operation is one change, as it stands in a record. It shares the record's bytes.
type operation struct {
	op    byte
	room  []byte
	key   []byte // the table's byte and the row's key
	value []byte // not nil if it is a put
	at    int64
}

// operations calls f with what a whole record says, in order.
func operations(record []byte, f func(operation)) error {
	b := record[recordHeader:]
	o := operation{at: int64(binary.BigEndian.Uint64(b))}
	b = b[8:]
	for len(b) > 0 {
		o.op, o.key, o.value = b[0], nil, nil
		var ok bool
		if o.room, b, ok = cutBytes(b[1:]); !ok {
			return errRecord
		}
		switch o.op {
		case opForget:
			f(o)
			continue
		case opPut, opDelete:
		default:
			return errRecord
		}
		if len(b) == 0 {
			return errRecord
		}
		table := b[0]
		var key []byte
		if key, b, ok = cutBytes(b[1:]); !ok {
			return errRecord
		}
		o.key = append([]byte{table}, key...)
		if o.op == opPut {
			if o.value, b, ok = cutBytes(b); !ok {
				return errRecord
			}
		}
		f(o)
	}
	return nil
}

func cutBytes(b []byte) (v, rest []byte, ok bool) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return nil, nil, false
	}
	end := used + int(n)
	return b[used:end:end], b[end:], true
}
