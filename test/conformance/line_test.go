package conformance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// The kinds of lines, by the names of docs/protocol.md.
const (
	overWebRTC    = "webrtc"
	overWebSocket = "websocket"
	overSSE       = "sse"
	overPoll      = "poll"
)

// channelDead is the silence after which a client takes a line for dead.
const channelDead = 4 * time.Second

// dialer opens TCP connections: to the server, or to a proxy that stands before it.
type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// line is one link as a client has it. What it brings goes to hear, on one goroutine; nothing is read while it is held.
type line struct {
	kind  string
	slice int                                // bytes of a piece it sends
	write func(frame []byte, bin bool) error // one message of the transport
	drop  func()                             // ends the transport without a word; idempotent
	hear  func(*line, []told)

	unframer unframer // owned by the reader

	frames sync.Mutex // held for one message of the transport
	large  sync.Mutex // held for all pieces of a frame

	mu    sync.Mutex
	held  chan struct{} // closed when it is let go; nil: not held
	err   error         // why it ended
	ended chan struct{}
	first chan told // joined, resumed or error
}

func newLine(kind string, hear func(*line, []told)) *line {
	slice := largest - 16
	if kind == overWebRTC {
		slice = 16_000
	}
	return &line{kind: kind, slice: slice, hear: hear, ended: make(chan struct{}), first: make(chan told, 1)}
}

// send sends a frame, in pieces if it must be. It waits as long as the transport does.
func (l *line) send(frame []byte, bin bool) error {
	if len(frame) <= largest {
		return l.put(frame, bin)
	}
	l.large.Lock()
	defer l.large.Unlock()
	for _, p := range pieces(frame, bin, l.slice) {
		if err := l.put(p, true); err != nil {
			return err
		}
	}
	return nil
}

// put sends one message of the transport.
func (l *line) put(frame []byte, bin bool) error {
	l.frames.Lock()
	defer l.frames.Unlock()
	select {
	case <-l.ended:
		return net.ErrClosed
	default:
		return l.write(frame, bin)
	}
}

func (l *line) say(v any) error { return l.send([]byte(asJSON(v)), false) }

// hold makes the reader stop; the transport fills up as it does with a page that hangs.
func (l *line) hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		l.held = make(chan struct{})
	}
}

// letGo ends hold.
func (l *line) letGo() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held != nil {
		close(l.held)
		l.held = nil
	}
}

// take hands on one message of the transport.
func (l *line) take(frame []byte, bin bool) error {
	l.mu.Lock()
	held := l.held
	l.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-l.ended:
			return net.ErrClosed
		}
	}
	text, raw, err := l.unframer.take(frame, bin)
	if err != nil || text == nil {
		return err
	}
	all, err := listen(text, raw)
	if err != nil {
		return err
	}
	if (l.kind == overWebSocket || l.kind == overWebRTC) && len(frame) > largest {
		switch all[0].T {
		case "log", "state", "history", "e", "reset":
			return fmt.Errorf("%w: %s of %d bytes in one", errFrame, all[0].T, len(frame))
		}
	}
	l.hear(l, all)
	return nil
}

// cut ends the line without a word.
func (l *line) cut() { l.end(net.ErrClosed) }

func (l *line) end(err error) {
	l.mu.Lock()
	if l.err == nil {
		l.err = err
		close(l.ended)
	}
	l.mu.Unlock()
	l.drop()
}

// why it ended; nil while it has not.
func (l *line) why() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// answer waits for what the server says to a join or resume.
func (l *line) answer(ctx context.Context) (told, error) {
	select {
	case m := <-l.first:
		return answered(m)
	case <-l.ended:
		select { // the refusal may have come just before
		case m := <-l.first:
			return answered(m)
		default:
			return told{}, l.why()
		}
	case <-ctx.Done():
		return told{}, fmt.Errorf("no answer: %w", ctx.Err())
	}
}

func answered(m told) (told, error) {
	if m.T == "joined" || m.T == "resumed" {
		return m, nil
	}
	return m, &refusal{m.Re, m.Code}
}

// refusal is an error of the server.
type refusal struct{ re, code string }

func (r *refusal) Error() string { return fmt.Sprintf("%s refused: %s", r.re, r.code) }

func refusedWith(err error, code string) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.code == code
}

// openSocket makes a line of a new WebSocket and says hello on it.
func openSocket(ctx context.Context, t testing.TB, url string, dial dialer, hello any, hear func(*line, []told)) (*line, error) {
	d := websocket.Dialer{NetDialContext: dial, HandshakeTimeout: patience}
	ws, response, err := d.DialContext(ctx, "ws"+strings.TrimPrefix(url, "http")+"/v1/ws", http.Header{})
	if err != nil {
		return nil, err
	}
	_ = response.Body.Close()
	l := newLine(overWebSocket, hear)
	l.drop = func() { hangUp(ws.NetConn()) }
	l.write = func(frame []byte, bin bool) error {
		kind := websocket.TextMessage
		if bin {
			kind = websocket.BinaryMessage
		}
		return ws.WriteMessage(kind, frame)
	}
	t.Cleanup(l.cut)
	go func() {
		for {
			kind, frame, err := ws.ReadMessage()
			if err == nil {
				err = l.take(frame, kind == websocket.BinaryMessage)
			}
			if err != nil {
				l.end(err)
				return
			}
		}
	}()
	if hello == nil {
		return l, nil
	}
	if err := l.say(hello); err != nil {
		return l, fmt.Errorf("hello: %w", err)
	}
	return l, nil
}

// hangUp resets a TCP connection, as a network does that has forgotten it.
func hangUp(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// within is the context of one step of a test.
func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}
