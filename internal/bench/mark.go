package bench

import (
	"encoding/binary"

	"github.com/parlorhq/parlor/internal/client"
)

// markBytes is what every media payload of a load ends with: stream, time of sending and, as synthetic packets have by
// themselves, number. A server rewrites the beginning of a payload, never its end.
const markBytes = 4 + 8 + 8

// mark writes stream and time. The number is there.
func mark(payload []byte, stream uint32, at int64) {
	end := payload[len(payload)-markBytes:]
	binary.BigEndian.PutUint32(end, stream)
	binary.BigEndian.PutUint64(end[4:], uint64(at))
}

func readMark(payload []byte) (stream uint32, number uint64, at int64, ok bool) {
	if len(payload) < markBytes {
		return 0, 0, 0, false
	}
	end := payload[len(payload)-markBytes:]
	number, ok = client.Stamp(payload)
	return binary.BigEndian.Uint32(end), number, int64(binary.BigEndian.Uint64(end[4:])), ok
}
