package signaling

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"
)

// writeChunk is what must have gone within writeTimeout: a large frame on a slow line takes longer, a dead line is seen.
const writeChunk = 64 << 10

// appendEvent appends a frame as one server-sent event. A frame of ours has no line ends, but data that somebody else
// wrote may have some between its tokens: there a line end is as good as another, and each line goes as one.
func appendEvent(buf, frame []byte, binary bool) []byte {
	if binary {
		buf = append(buf, "event: b\ndata: "...)
		buf = base64.StdEncoding.AppendEncode(buf, frame)
		return append(buf, "\n\n"...)
	}
	for {
		end := bytes.IndexAny(frame, "\r\n")
		if end < 0 {
			break
		}
		buf = appendData(buf, frame[:end])
		if frame[end] == '\r' && end+1 < len(frame) && frame[end+1] == '\n' {
			end++
		}
		frame = frame[end+1:]
	}
	buf = appendData(buf, frame)
	return append(buf, '\n')
}

func appendData(buf, line []byte) []byte {
	buf = append(buf, "data: "...)
	buf = append(buf, line...)
	return append(buf, '\n')
}

// events is a response of server-sent events.
type events struct {
	w http.ResponseWriter
	c *http.ResponseController
}

// newEvents sets the headers; the first write or flush sends them.
func newEvents(w http.ResponseWriter) events {
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would keep them until there are many
	return events{w, http.NewResponseController(w)}
}

// write sends what was encoded and leaves nothing in our buffers.
func (e events) write(encoded []byte) error {
	// HTTP/2 ends a stream at its deadline even if nothing is being written.
	defer e.deadline(time.Time{})
	for {
		e.deadline(time.Now().Add(writeTimeout))
		n := min(len(encoded), writeChunk)
		if _, err := e.w.Write(encoded[:n]); err != nil {
			return fmt.Errorf("write events: %w", err)
		}
		if err := e.c.Flush(); err != nil {
			return fmt.Errorf("write events: %w", err)
		}
		if encoded = encoded[n:]; len(encoded) == 0 {
			return nil
		}
	}
}

// deadline bounds writing. An error says that the response is gone, as the next write does, or in memory only.
func (e events) deadline(t time.Time) { _ = e.c.SetWriteDeadline(t) }
