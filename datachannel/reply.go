package datachannel

import "strconv"

// What a session says beside the log: docs/protocol.md, attach, reset, state, ping, error, closed.

func appendPong(buf []byte, id uint64) []byte {
	buf = append(buf, `{"t":"pong","id":`...)
	buf = strconv.AppendUint(buf, id, 10)
	return append(buf, '}')
}

func appendAttached(buf []byte, gen, n uint64, epoch string) []byte {
	buf = append(buf, `{"t":"attached","gen":`...)
	buf = strconv.AppendUint(buf, gen, 10)
	buf = append(buf, `,"n":`...)
	buf = strconv.AppendUint(buf, n, 10)
	buf = append(buf, `,"epoch":`...)
	buf = appendString(buf, epoch)
	return append(buf, '}')
}

// appendReset appends a reset; participants is the snapshot as JSON.
func appendReset(buf []byte, gen uint64, reason, epoch string, n uint64, snap *Snapshot) []byte {
	buf = append(buf, `{"t":"reset","gen":`...)
	buf = strconv.AppendUint(buf, gen, 10)
	buf = append(buf, `,"reason":`...)
	buf = appendString(buf, reason)
	buf = append(buf, `,"epoch":`...)
	buf = appendString(buf, epoch)
	buf = append(buf, `,"position":`...)
	buf = strconv.AppendUint(buf, snap.Position, 10)
	buf = append(buf, `,"n":`...)
	buf = strconv.AppendUint(buf, n, 10)
	buf = append(buf, `,"state":`...)
	buf = strconv.AppendInt(buf, int64(len(snap.Cells)), 10)
	if !snap.Full {
		buf = append(buf, `,"since":true`...)
	}
	buf = append(buf, `,"participants":`...)
	if len(snap.Participants) == 0 {
		buf = append(buf, `[]`...)
	} else {
		buf = append(buf, snap.Participants...)
	}
	if len(snap.About) > 0 {
		buf = append(buf, ',')
		buf = append(buf, snap.About...)
	}
	return append(buf, '}')
}

func appendError(buf []byte, re, code, text string) []byte {
	buf = append(buf, `{"t":"error","re":`...)
	buf = appendString(buf, re)
	buf = append(buf, `,"code":`...)
	buf = appendString(buf, code)
	buf = append(buf, `,"message":`...)
	buf = appendString(buf, text)
	return append(buf, '}')
}

func appendClosed(buf []byte, code, text string) []byte {
	buf = append(buf, `{"t":"closed","code":`...)
	buf = appendString(buf, code)
	buf = append(buf, `,"message":`...)
	buf = appendString(buf, text)
	return append(buf, '}')
}

// appendState appends a frame with cells of a snapshot from at on: as many as fit into limit bytes, one at least. It
// returns the place after the last.
func appendState(buf []byte, snap *Snapshot, at, limit int) ([]byte, int) {
	buf = append(buf, `{"t":"state","position":`...)
	buf = strconv.AppendUint(buf, snap.Position, 10)
	buf = append(buf, `,"at":`...)
	buf = strconv.AppendInt(buf, int64(at), 10)
	buf = append(buf, `,"of":`...)
	buf = strconv.AppendInt(buf, int64(len(snap.Cells)), 10)
	buf = append(buf, `,"cells":[`...)
	for first := at; at < len(snap.Cells) && (at == first || len(buf) < limit); at++ {
		if at > first {
			buf = append(buf, ',')
		}
		buf = appendCell(buf, snap.Cells[at])
	}
	return append(buf, `]}`...), at
}
