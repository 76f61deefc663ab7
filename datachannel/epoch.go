package datachannel

import (
	"encoding/binary"
	"slices"
)

// epochs are the lives of a log. A log that is read back from a store begins another life: of what it had said before it
// was killed, some may never have been written, so a client may have seen offsets that will be given out again. Its word
// for the epoch tells.
type epochs struct {
	now    string
	former []formerEpoch
}

// formerEpoch was good up to an offset.
type formerEpoch struct {
	word string
	end  uint64
}

// formerEpochs is how many are remembered: who was away for so many restarts begins anew.
const formerEpochs = 64

// begin is the start of another life, after head.
func (e *epochs) begin(word string, head uint64) {
	if e.now != "" {
		e.former = append(e.former, formerEpoch{e.now, head})
		if len(e.former) > formerEpochs {
			e.former = slices.Delete(e.former, 0, len(e.former)-formerEpochs)
		}
	}
	e.now = word
}

// end is up to where the offsets of an epoch are what its clients have seen.
func (e *epochs) end(word string, last uint64) (uint64, bool) {
	if word == e.now {
		return last, true
	}
	for _, f := range e.former {
		if f.word == word {
			return f.end, true
		}
	}
	return 0, false
}

func (e *epochs) marshal() []byte {
	buf := appendBlob([]byte{recordVersion}, e.now)
	buf = binary.AppendUvarint(buf, uint64(len(e.former)))
	for _, f := range e.former {
		buf = appendBlob(buf, f.word)
		buf = binary.AppendUvarint(buf, f.end)
	}
	return buf
}

func (e *epochs) unmarshal(raw []byte) error {
	if len(raw) == 0 || raw[0] != recordVersion {
		return errBadRow
	}
	b := blobs{rest: raw[1:]}
	e.now = string(b.blob())
	n := b.uvarint()
	if n > formerEpochs {
		return errBadRow
	}
	e.former = make([]formerEpoch, n)
	for i := range e.former {
		e.former[i] = formerEpoch{string(b.blob()), b.uvarint()}
	}
	if b.bad || e.now == "" {
		return errBadRow
	}
	return nil
}

// newest is the offset at which the last of the former lives ended.
func (e *epochs) newest() uint64 {
	if len(e.former) == 0 {
		return 0
	}
	return e.former[len(e.former)-1].end
}
