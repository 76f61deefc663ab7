package signaling

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"github.com/parlorhq/parlor/room"
)

func (h *Handler) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	ip := remoteIP(r)
	err := h.admit(ip)
	if err == nil {
		defer h.release(ip)
		if h.ctx.Err() != nil {
			err = room.ErrDraining
		}
	}
	if err != nil {
		h.refuseRequest(w, err)
		return
	}
	conn, err := h.upgrader.Upgrade(outletWriter{w}, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	h.sockets.Add(1)
	defer h.sockets.Add(-1)
	s := newSocket(conn, h.cfg.Limits.FrameBytes)
	a, err := h.greet(s, caller{ip: ip, host: r.Host})
	if err != nil {
		h.refuse(s, err)
		return
	}
	a.client.serveSocket(s, a)
}

// maxEarlyPings is how many pings are answered to somebody who has not said yet who they are.
const maxEarlyPings = 10

// greet reads on to the first message of a WebSocket that is more than a ping, and does what it asks for.
func (h *Handler) greet(s *socket, from caller) (arrival, error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(h.cfg.Limits.FirstMessage)); err != nil {
		return arrival{}, fmt.Errorf("first message: %w", err)
	}
	for pings := 0; ; pings++ {
		raw, binary, err := s.ReadFrame()
		if err != nil {
			return arrival{}, fmt.Errorf("first message: %w", err)
		}
		if binary {
			return arrival{}, fmt.Errorf("first message: %w", errBinary)
		}
		var ping pingRequest
		if pings == maxEarlyPings || decode(raw, &ping) != nil || ping.T != kindPing {
			return h.enterOrWait(s, raw, from)
		}
		if err := s.WriteFrame(marshal(pongReply{T: "pong", ID: ping.ID}), false); err != nil {
			return arrival{}, fmt.Errorf("pong: %w", err)
		}
	}
}

// enterOrWait is enter for a WebSocket, which stays while its client waits to be let in.
func (h *Handler) enterOrWait(s *socket, raw []byte, from caller) (arrival, error) {
	a, err := h.enter(raw, from)
	for {
		w, waits := errors.AsType[*room.Waiting](err)
		if !waits {
			return a, err
		}
		a, err = h.await(s, w.Knock, from)
	}
}

// refuse says why somebody was not let in.
func (h *Handler) refuse(s *socket, err error) {
	closeCode := websocket.ClosePolicyViolation
	word, message := code(err)
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case isNet && timeout.Timeout():
		closeCode, word, message = closeFirstMessage, "bad_message", "the first message did not come in time"
	case errors.Is(err, websocket.ErrReadLimit):
		closeCode, word, message = websocket.CloseMessageTooBig, "too_large", "the first message is too large"
	case errors.Is(err, errBinary):
		closeCode, word, message = websocket.CloseUnsupportedData, "bad_message", errBinary.Error()
	case isGone(err):
		s.drain()
		return
	}
	h.note(word, err)
	reply := errorReply{T: "error", Code: word, Message: message}
	if refused, ok := errors.AsType[*refusal](err); ok {
		reply.Re = refused.kind
	}
	if s.WriteFrame(marshal(reply), false) == nil {
		_ = s.CloseConn(closeCode, word) // it is over either way
	}
	s.drain()
}

// isGone is true when there is nobody to be told anything: they left before they said a word.
func isGone(err error) bool {
	_, closed := errors.AsType[*websocket.CloseError](err)
	_, broken := errors.AsType[*net.OpError](err)
	return closed || broken || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
