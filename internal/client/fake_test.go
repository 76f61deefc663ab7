package client

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// fake is a server that says what a test tells it, over pipes, so that it runs in a bubble.
type fake struct {
	t       *testing.T
	dials   chan net.Conn
	sockets chan *websocket.Conn
	ws      *websocket.Conn
	raw     string // bytes of the frame that was expected last
	pieces  int    // in which it came
	server  http.Server
	closed  chan struct{}
	once    sync.Once
	wg      sync.WaitGroup
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t, dials: make(chan net.Conn), sockets: make(chan *websocket.Conn, 4), closed: make(chan struct{})}
	f.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		f.sockets <- ws
	})
	f.wg.Go(func() { _ = f.server.Serve(f) })
	return f
}

func (f *fake) Accept() (net.Conn, error) {
	select {
	case c := <-f.dials:
		return c, nil
	case <-f.closed:
		return nil, net.ErrClosed
	}
}

func (f *fake) Addr() net.Addr { return &net.UnixAddr{Name: "fake"} }

func (f *fake) Close() error {
	f.once.Do(func() { close(f.closed) })
	return nil
}

func (f *fake) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case f.dials <- server:
		return client, nil
	case <-f.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (f *fake) stop() {
	_ = f.server.Close()
	if f.ws != nil {
		_ = f.ws.Close()
	}
	f.wg.Wait()
}

// accept takes the next WebSocket and reads its first frame.
func (f *fake) accept(kind string) map[string]any {
	f.t.Helper()
	select {
	case f.ws = <-f.sockets:
	case <-time.After(time.Minute):
		f.t.Fatal("no WebSocket came")
	}
	return f.expect(kind)
}

// expect reads on to the next frame of the kind, and answers pings on the way.
func (f *fake) expect(kind string) map[string]any {
	f.t.Helper()
	for {
		_ = f.ws.SetReadDeadline(time.Now().Add(time.Minute))
		frame, err := f.read()
		if err != nil {
			f.t.Fatalf("waiting for %s: %v", kind, err)
		}
		var m map[string]any
		if frame[0] == '[' {
			m = map[string]any{"t": "batch"}
		} else if err := json.Unmarshal(frame, &m); err != nil {
			f.t.Fatal(err)
		}
		if m["t"] == "ping" {
			f.say(map[string]any{"t": "pong", "id": m["id"]})
		}
		if m["t"] == kind {
			return m
		}
	}
}

// read reads one frame: its JSON, with its bytes in raw.
func (f *fake) read() ([]byte, error) {
	pieces := assembly{limit: readLimit}
	f.raw, f.pieces = "", 0
	for {
		kind, frame, err := f.ws.ReadMessage()
		if err != nil || kind == websocket.TextMessage {
			return frame, err
		}
		if frame[0] == onePiece {
			f.pieces++
			var isBinary bool
			if frame, isBinary, _, err = pieces.take(frame[1:]); err != nil || frame != nil && !isBinary {
				return frame, err
			}
		}
		if frame != nil {
			n, used := binary.Uvarint(frame[1:])
			text := frame[1+used:]
			f.raw = string(text[n:])
			return text[:n], nil
		}
	}
}

func (f *fake) say(v any) {
	f.t.Helper()
	if s, ok := v.(string); ok {
		v = json.RawMessage(s)
	}
	if err := f.ws.WriteJSON(v); err != nil {
		f.t.Fatal(err)
	}
}

const joinedFrame = `{"t":"joined","room":"demo","sid":"s_1","rt":"a","epoch":"e","position":12,"you":{"id":"p_me"},
	"grant":{"data":true},"participants":[{"id":"p_b"}]}`

// scene runs body in a bubble with a client in the fake's room. The client dials pipes.
func scene(t *testing.T, opt Options, body func(ctx context.Context, f *fake, c *Client)) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		defer f.stop()
		opt.URL, opt.Room, opt.NoMedia, opt.Dial = "http://fake", "demo", true, f.dial
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		joined := make(chan *Client)
		go func() {
			c, err := Join(ctx, opt)
			if err != nil {
				t.Error(err)
			}
			joined <- c
		}()
		f.accept("join")
		f.say(joinedFrame)
		c := <-joined
		if c == nil {
			return
		}
		defer c.Kill()
		body(ctx, f, c)
	})
}
