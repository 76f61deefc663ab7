package client

import (
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/webrtc/v4"
)

const (
	pingEvery     = 2 * time.Second
	channelDead   = 4 * time.Second // docs/protocol.md, ping
	socketDead    = 8 * time.Second
	socketWrite   = 10 * time.Second
	channelBuffer = 128 << 10 // more only makes pings and pieces wait in line
)

// link is one way to move the session on.
type link struct {
	// Static.
	kind  Transport
	write func(outFrame) error // may block
	free  func() bool          // nil, or says that write would not block now
	drop  func()               // ends it without a word; idempotent
	piece int                  // bytes of the largest piece
	out   chan outFrame        // one frame for the writer
	ended chan struct{}        // closed by end
	once  sync.Once

	// Owned by the client's loop.
	busy     bool       // the writer has a frame
	pending  []outFrame // small frames that go before messages
	turn     bool       // the last thing it was asked for was a lossy message
	cut      *cut       // a frame that goes in pieces: it is finished even if the log went to another link
	assembly assembly   // of what comes
	ping     uint64     // id of the ping that is out, 0 = none
	pinged   time.Time
	pings    uint64
	echoed   bool // a ping was answered
}

// say puts a small text frame in line.
func (l *link) say(frame []byte) { l.pending = append(l.pending, outFrame{bytes: frame}) }

func (l *link) end() {
	l.once.Do(func() { close(l.ended) })
	l.drop()
}

func (l *link) sendPing(now time.Time) {
	l.pings++
	l.ping, l.pinged = l.pings, now
	l.say(encode(pingFrame{"ping", l.ping}))
}

// dead says that a ping waited too long.
func (l *link) dead(now time.Time) bool {
	limit := socketDead
	if l.kind == WebRTC {
		limit = channelDead
	}
	return l.ping != 0 && now.Sub(l.pinged) >= limit
}

// writeLoop is the link's writer.
func (c *Client) writeLoop(l *link) {
	for {
		select {
		case frame := <-l.out:
			err := l.write(frame)
			if !c.post(func() { c.written(l, err) }) {
				return
			}
			if err != nil {
				return
			}
		case <-l.ended:
			return
		case <-c.ctx.Done():
			return
		}
	}
}

// newSocketLink makes a link of a WebSocket whose first answer was read already. Its goroutines start with start.
func newSocketLink(ws *websocket.Conn) *link {
	return &link{
		kind: WebSocket,
		write: func(frame outFrame) error {
			kind := websocket.TextMessage
			if frame.binary {
				kind = websocket.BinaryMessage
			}
			_ = ws.SetWriteDeadline(time.Now().Add(socketWrite))
			return ws.WriteMessage(kind, frame.bytes)
		},
		drop:     func() { _ = ws.Close() },
		piece:    socketPiece,
		assembly: assembly{limit: readLimit},
		out:      make(chan outFrame, 1),
		ended:    make(chan struct{}),
	}
}

func (c *Client) readSocket(l *link, ws *websocket.Conn) {
	for {
		c.inbox.room(c.ctx)
		kind, frame, err := ws.ReadMessage()
		if !c.post(func() {
			if err != nil {
				c.socketEnded(l, err)
				return
			}
			c.frame(l, frame, kind == websocket.BinaryMessage)
		}) || err != nil {
			return
		}
	}
}

// newChannelLink makes a link of a data channel.
func newChannelLink(dc *webrtc.DataChannel) *link {
	l := &link{
		kind: WebRTC, piece: channelPiece, assembly: assembly{limit: readLimit},
		out: make(chan outFrame, 1), ended: make(chan struct{}), drop: func() {},
	}
	low := make(chan struct{}, 1)
	dc.SetBufferedAmountLowThreshold(channelBuffer / 4)
	dc.OnBufferedAmountLow(func() { token(low) })
	// A channel takes what fits in its buffer at once. Going by another goroutine costs a lone message two wake-ups.
	l.free = func() bool { return dc.BufferedAmount() <= channelBuffer }
	l.write = func(frame outFrame) error {
		for !l.free() {
			select {
			case <-low:
			case <-l.ended:
				return net.ErrClosed
			}
		}
		var err error
		if frame.binary {
			err = dc.Send(frame.bytes)
		} else {
			err = dc.SendText(string(frame.bytes))
		}
		if err != nil {
			return fmt.Errorf("data channel: %w", err)
		}
		return nil
	}
	return l
}
