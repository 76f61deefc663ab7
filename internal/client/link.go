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
	channelBuffer = 1 << 20
)

// link is one way to move the session on.
type link struct {
	// Static.
	kind  Transport
	write func([]byte) error // may block
	drop  func()             // ends it without a word; idempotent
	out   chan []byte        // one frame for the writer
	ended chan struct{}      // closed by end
	once  sync.Once

	// Owned by the client's loop.
	busy    bool     // the writer has a frame
	pending [][]byte // small frames that go before messages
	ping    uint64   // id of the ping that is out, 0 = none
	pinged  time.Time
	pings   uint64
	echoed  bool // a ping was answered
}

func (l *link) end() {
	l.once.Do(func() { close(l.ended) })
	l.drop()
}

func (l *link) sendPing(now time.Time) {
	l.pings++
	l.ping, l.pinged = l.pings, now
	l.pending = append(l.pending, encode(pingFrame{"ping", l.ping}))
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
		write: func(frame []byte) error {
			_ = ws.SetWriteDeadline(time.Now().Add(socketWrite))
			return ws.WriteMessage(websocket.TextMessage, frame)
		},
		drop:  func() { _ = ws.Close() },
		out:   make(chan []byte, 1),
		ended: make(chan struct{}),
	}
}

func (c *Client) readSocket(l *link, ws *websocket.Conn) {
	for {
		c.inbox.room(c.ctx)
		_, frame, err := ws.ReadMessage()
		if !c.post(func() {
			if err != nil {
				c.socketEnded(l, err)
				return
			}
			c.frame(l, frame)
		}) || err != nil {
			return
		}
	}
}

// newChannelLink makes a link of an open data channel.
func newChannelLink(dc *webrtc.DataChannel) *link {
	l := &link{kind: WebRTC, out: make(chan []byte, 1), ended: make(chan struct{}), drop: func() {}}
	low := make(chan struct{}, 1)
	dc.SetBufferedAmountLowThreshold(channelBuffer / 4)
	dc.OnBufferedAmountLow(func() { token(low) })
	l.write = func(frame []byte) error {
		for dc.BufferedAmount() > channelBuffer {
			select {
			case <-low:
			case <-l.ended:
				return net.ErrClosed
			}
		}
		if err := dc.SendText(string(frame)); err != nil {
			return fmt.Errorf("data channel: %w", err)
		}
		return nil
	}
	return l
}
