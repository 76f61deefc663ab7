package signaling

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// sockets are both ends of a WebSocket over TCP.
func sockets(t *testing.T) (*socket, *websocket.Conn) {
	t.Helper()
	near := make(chan *websocket.Conn, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&websocket.Upgrader{WriteBufferSize: 1 << 10}).Upgrade(outletWriter{w}, r, nil)
		if err != nil {
			t.Error(err)
		}
		near <- conn
	}))
	t.Cleanup(server.Close)
	peer, response, err := websocket.DefaultDialer.Dial(strings.Replace(server.URL, "http", "ws", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	s := newSocket(<-near, 1<<20)
	t.Cleanup(func() { _, _ = s.conn.Close(), peer.Close() })
	return s, peer
}

// A frame that is offered to a peer which does not read costs no time. What is kept arrives whole and in order, also with
// a ping in between.
func TestOfferedFramesDoNotWait(t *testing.T) {
	s, peer := sockets(t)
	if !s.Instant() {
		t.Skip("every write may wait here")
	}
	var frames [][]byte
	for i := 0; s.Instant(); i++ {
		if i == 10_000 {
			t.Fatal("the kernel takes any number of frames")
		}
		frame := bytes.Repeat([]byte{byte('a' + i%26)}, 60_000)
		if err := s.OfferFrame(frame, i%2 == 0); err != nil {
			t.Fatal(err)
		}
		frames = append(frames, frame)
	}
	if len(s.out.kept) == 0 {
		t.Error("nothing is kept of a frame that does not fit")
	}
	written := make(chan error, 1)
	go func() {
		if err := s.Flush(); err != nil {
			written <- err
			return
		}
		if !s.Instant() || s.out.kept != nil {
			t.Error("something is kept after it was flushed")
		}
		if err := s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)); err != nil {
			written <- err
			return
		}
		written <- s.WriteFrame([]byte("last"), false)
	}()
	for i, want := range append(frames, []byte("last")) {
		kind, got, err := peer.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) || (kind == websocket.BinaryMessage) != (i%2 == 0 && i < len(frames)) {
			t.Fatalf("frame %d: %d bytes of kind %d came instead of %d", i, len(got), kind, len(want))
		}
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
}

// Whoever may wait sends first what was kept.
func TestWritesSendWhatIsKeptFirst(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	o := &outlet{Conn: near, kept: []byte("kept ")}
	o.full.Store(true)
	go func() {
		_, _ = o.Write([]byte("new"))
		_ = near.Close()
	}()
	if got, _ := io.ReadAll(far); string(got) != "kept new" {
		t.Errorf("%q came", got)
	}
}

func TestAttemptsSayWhatIsWrong(t *testing.T) {
	s, peer := sockets(t)
	if !s.Instant() {
		t.Skip("every write may wait here")
	}
	_ = peer.NetConn().(*net.TCPConn).SetLinger(0)
	_ = peer.Close()
	if _, err := s.conn.NetConn().Read(make([]byte, 1)); err == nil {
		t.Fatal("the reset was not noticed")
	}
	if err := s.OfferFrame([]byte("x"), false); err == nil {
		t.Error("a frame for nobody is taken")
	}
}

func TestOfferedFramesAllocateNothing(t *testing.T) {
	s, peer := sockets(t)
	if !s.Instant() {
		t.Skip("every write may wait here")
	}
	go func() { _, _ = io.Copy(io.Discard, peer.NetConn()) }()
	frame := make([]byte, 300)
	allocated := testing.AllocsPerRun(100, func() {
		if err := s.OfferFrame(frame, false); err != nil {
			t.Fatal(err)
		}
	})
	if allocated > 0 {
		t.Errorf("%v allocations for a frame", allocated)
	}
}
