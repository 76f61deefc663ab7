package datachannel

import "encoding/binary"

// What the first byte of a binary frame says, and the flags of a piece. See docs/protocol.md, Frames.
const (
	frameWithBytes = 1
	framePiece     = 2

	pieceFirst  = 1
	pieceLast   = 2
	pieceBinary = 4
)

// appendWithBytes makes a frame of JSON, and of the bytes that objects in it own.
func appendWithBytes(buf, text []byte, payloads ...[]byte) []byte {
	buf = append(buf, frameWithBytes)
	buf = binary.AppendUvarint(buf, uint64(len(text)))
	buf = append(buf, text...)
	for _, p := range payloads {
		buf = append(buf, p...)
	}
	return buf
}
