package datachannel

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Cell is what the last change of a key made of it. It is never edited.
type Cell struct {
	Key     string
	Value   json.RawMessage // nil: the key was deleted, and this is its tombstone
	Offset  uint64          // of the change in the log
	By      string          // owner, under rule Owned
	Version uint64          // under rule HigherVersion
	Nonce   uint64
	Expires int64 // nanoseconds since 1970; 0: never
}

func (c *Cell) living() bool { return c != nil && c.Value != nil }

// owner is whose c is, empty if nobody's.
func (c *Cell) owner() string {
	if !c.living() {
		return ""
	}
	return c.By
}

// size is what c counts for in StateConfig.MaxBytes.
func (c *Cell) size() int { return len(c.Key) + len(c.Value) }

// beats says whether c wins over a cell that came before it, under rule HigherVersion.
func (c *Cell) beats(former *Cell) bool {
	if c.Version != former.Version {
		return c.Version > former.Version
	}
	return c.Nonce < former.Nonce
}

// compareCells is the order of snapshots: by offset, then by key.
func compareCells(a, b *Cell) int {
	return cmp.Or(cmp.Compare(a.Offset, b.Offset), strings.Compare(a.Key, b.Key))
}

// appendOps appends the `ops` of a log entry: what was done.
func appendOps(buf []byte, cells []*Cell) []byte {
	buf = append(buf, '[')
	for i, c := range cells {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(c.appendChange(buf), '}')
	}
	return append(buf, ']')
}

// appendCell appends c as a cell of a `state` frame.
func appendCell(buf []byte, c *Cell) []byte {
	buf = c.appendChange(buf)
	buf = append(buf, `,"o":`...)
	buf = strconv.AppendUint(buf, c.Offset, 10)
	if c.By != "" {
		buf = append(buf, `,"by":`...)
		buf = appendString(buf, c.By)
	}
	return append(buf, '}')
}

// appendChange appends what ops and cells have in common, and leaves the object open.
func (c *Cell) appendChange(buf []byte) []byte {
	buf = append(buf, `{"k":`...)
	buf = appendString(buf, c.Key)
	if c.living() {
		buf = append(buf, `,"v":`...)
		buf = append(buf, c.Value...)
	} else {
		buf = append(buf, `,"del":true`...)
	}
	if c.Version != 0 || c.Nonce != 0 {
		buf = append(buf, `,"ver":`...)
		buf = strconv.AppendUint(buf, c.Version, 10)
	}
	if c.Nonce != 0 {
		buf = append(buf, `,"nonce":`...)
		buf = strconv.AppendUint(buf, c.Nonce, 10)
	}
	return buf
}

// A cell in a Store is the row of its key: a byte that says in which way it is written, a byte of flags, the offset,
// then what the flags say is there (the owner with its length before it, version and nonce, the time) and, until the
// end, the value. Numbers are unsigned LEB128.
const (
	cellFormat = 1

	cellLives    = 1
	cellOwned    = 2
	cellVersions = 4
	cellExpires  = 8
)

var errBadCell = errors.New("not a cell")

// marshalCell appends c as the value of its row.
func marshalCell(buf []byte, c *Cell) []byte {
	flags := byte(0)
	set := func(is bool, flag byte) {
		if is {
			flags |= flag
		}
	}
	set(c.living(), cellLives)
	set(c.By != "", cellOwned)
	set(c.Version != 0 || c.Nonce != 0, cellVersions)
	set(c.Expires > 0, cellExpires)

	buf = append(buf, cellFormat, flags)
	buf = binary.AppendUvarint(buf, c.Offset)
	if flags&cellOwned != 0 {
		buf = binary.AppendUvarint(buf, uint64(len(c.By)))
		buf = append(buf, c.By...)
	}
	if flags&cellVersions != 0 {
		buf = binary.AppendUvarint(buf, c.Version)
		buf = binary.AppendUvarint(buf, c.Nonce)
	}
	if flags&cellExpires != 0 {
		buf = binary.AppendUvarint(buf, uint64(c.Expires))
	}
	return append(buf, c.Value...)
}

// unmarshalCell reads the row of key. It takes exactly what marshalCell makes, and copies it.
func unmarshalCell(key string, row []byte) (*Cell, error) {
	r := rowReader{rest: row}
	if format := r.byte(); format != cellFormat {
		return nil, fmt.Errorf("%w: format %d", errBadCell, format)
	}
	flags := r.byte()
	c := &Cell{Key: key, Offset: r.number()}
	if flags&cellOwned != 0 {
		c.By = string(r.bytes(r.number()))
		r.bad = r.bad || c.By == ""
	}
	if flags&cellVersions != 0 {
		c.Version, c.Nonce = r.number(), r.number()
		r.bad = r.bad || c.Version == 0 && c.Nonce == 0
	}
	if flags&cellExpires != 0 {
		c.Expires = int64(r.number())
		r.bad = r.bad || c.Expires <= 0
	}
	if flags&cellLives != 0 {
		c.Value = append(json.RawMessage{}, r.rest...)
		s := scanner{text: c.Value}
		r.bad = r.bad || !utf8.Valid(c.Value) || !s.value(0) || s.space() != 0 || s.at != len(c.Value)
	} else {
		r.bad = r.bad || len(r.rest) > 0
	}
	if r.bad || flags > cellLives|cellOwned|cellVersions|cellExpires || c.Offset == 0 || key == "" {
		return nil, fmt.Errorf("%w: the row of %.64q", errBadCell, key)
	}
	return c, nil
}

// rowReader takes a row apart. What is missing or not written in the shortest way makes it bad.
type rowReader struct {
	rest []byte
	bad  bool
}

func (r *rowReader) byte() byte {
	b := r.bytes(1)
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

func (r *rowReader) bytes(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.bad = true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *rowReader) number() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || n > 1 && r.rest[n-1] == 0 {
		r.bad = true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}
