// Package signaling is the door for browsers: it speaks the session protocol of docs/protocol.md over WebSockets, and
// over plain HTTP where none gets through, and turns it into calls on rooms.
//
// It knows HTTP, WebSockets and JSON, tokens and origins. It does not know RTP, nor how a log is kept; it sees a room
// only through package room, and a data channel only as a stream of frames.
//
// A link is one thing to the session, whatever it runs over: a socket is one connection; a stream or a poll is requests
// that come and go, which find their link by its key, and the session by its id, and end when the link does.
//
// A client is one browser: a goroutine and a mailbox, which outlive its connections. Signalling goes through that
// mailbox; messages do not (package datachannel takes them from the link to the log), so strokes never wait behind SDP.
package signaling
