package datachannel

import (
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"github.com/parlorhq/parlor/internal/steady"
)

// HistoryConfig says which messages are kept for newcomers, and how many. Zero fields have their defaults, but without
// Types nothing is kept.
type HistoryConfig struct {
	Types []string
	Count int           // of each type; 100
	Age   time.Duration // 24 h
	Bytes int           // of all together; 4 MiB
}

// recall is what makes a record worth keeping beyond the log.
type recall struct{ typ, name string }

// remembered is a message of the history.
type remembered struct {
	offset  uint64
	typ     string
	name    string
	body    []byte
	payload []byte
	at      int64
}

// history is the messages that newcomers may ask for, oldest first. The Log's mu guards it.
type history struct {
	cfg   HistoryConfig
	clock steady.Clock
	list  []remembered
	bytes int
	count map[string]int
	gone  []uint64 // offsets given up since they were last taken away from the store
}

func newHistory(c HistoryConfig, clock steady.Clock) *history {
	orDefault(&c.Count, 100)
	orDefault(&c.Bytes, 4<<20)
	if c.Age <= 0 {
		c.Age = 24 * time.Hour
	}
	return &history{cfg: c, clock: clock, count: make(map[string]int)}
}

func (h *history) wants(typ string) bool { return slices.Contains(h.cfg.Types, typ) }

func (h *history) add(offset uint64, r *record, now time.Time) {
	h.put(remembered{offset, r.recall.typ, r.recall.name, r.body, r.payload, r.at})
	h.trim(now)
}

func (h *history) put(m remembered) {
	h.list = append(h.list, m)
	h.count[m.typ]++
	h.bytes += len(m.body) + len(m.payload)
}

// oldest is how old a message may be, as its time.
func (h *history) oldest(now time.Time) int64 { return h.clock.At(now).Add(-h.cfg.Age).UnixNano() }

// trim gives up what is too old or too much.
func (h *history) trim(now time.Time) {
	oldest := h.oldest(now)
	h.list = slices.DeleteFunc(h.list, func(m remembered) bool {
		if m.at >= oldest && h.count[m.typ] <= h.cfg.Count && h.bytes <= h.cfg.Bytes {
			return false
		}
		h.count[m.typ]--
		h.bytes -= len(m.body) + len(m.payload)
		h.gone = append(h.gone, m.offset)
		return true
	})
}

func (m *remembered) marshal() []byte {
	buf := appendBlob([]byte{recordVersion, flag(m.payload != nil)}, m.typ)
	buf = appendBlob(buf, m.name)
	buf = binary.AppendVarint(buf, m.at)
	buf = appendBlob(buf, m.body)
	return appendBlob(buf, m.payload)
}

func (m *remembered) unmarshal(offset uint64, raw []byte) error {
	if len(raw) < 2 || raw[0] != recordVersion {
		return errBadRow
	}
	b := blobs{rest: raw[2:]}
	m.offset, m.typ, m.name, m.at = offset, string(b.blob()), string(b.blob()), b.varint()
	m.body = slices.Clone(b.blob())
	if payload := b.blob(); raw[1] != 0 {
		m.payload = append([]byte{}, payload...)
	}
	if b.bad || len(m.body) < 2 || len(b.rest) > 0 {
		return errBadRow
	}
	return nil
}

// How much of the history one answer may have.
const (
	historyMessages = 200
	historyBytes    = 256 << 10
)

// question asks for a part of the history.
type question struct {
	id, before uint64
	limit      int
	typ        string
}

// recollect answers a question: a `history` frame.
func (l *Log) recollect(q question, now time.Time) (frame []byte, binary bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	limit := historyMessages
	if q.limit > 0 {
		limit = min(limit, q.limit)
	}
	oldest := l.history.oldest(now)
	var found []remembered // newest first
	size, more := 0, false
	for _, m := range slices.Backward(l.history.list) {
		if q.before > 0 && m.offset >= q.before || q.typ != "" && m.typ != q.typ || m.at < oldest {
			continue
		}
		size += len(m.body) + len(m.payload) + len(m.name)
		if len(found) == limit || len(found) > 0 && size > historyBytes {
			more = true
			break
		}
		found = append(found, m)
	}
	buf := append(make([]byte, 0, min(size, historyBytes)+64), `{"t":"history","id":`...)
	buf = strconv.AppendUint(buf, q.id, 10)
	buf = append(buf, `,"entries":[`...)
	var payloads [][]byte
	for i, m := range slices.Backward(found) {
		buf = append(buf, m.body[:len(m.body)-1]...)
		buf = append(buf, `,"name":`...)
		buf = appendString(buf, m.name)
		buf = append(buf, '}')
		if i > 0 {
			buf = append(buf, ',')
		}
		if m.payload != nil {
			payloads = append(payloads, m.payload)
		}
	}
	buf = append(buf, `],"more":`...)
	buf = strconv.AppendBool(buf, more)
	buf = append(buf, '}')
	if payloads == nil {
		return buf, false
	}
	return appendWithBytes(nil, buf, payloads...), true
}

// newest is the offset of the last message there is, 0 if there is none.
func (h *history) newest() uint64 {
	if len(h.list) == 0 {
		return 0
	}
	return h.list[len(h.list)-1].offset
}
