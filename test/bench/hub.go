package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/gorilla/websocket"

	"github.com/parlorhq/parlor/internal/bench"
)

// hub is the baseline over WebSockets: what one writes first with gorilla/websocket, as in its chat example. Each
// connection has a goroutine that reads and one that writes what is queued for it, one frame for each message.
type hub struct {
	upgrader websocket.Upgrader

	mu sync.Mutex
	// Guarded by mu. The slice is copied on write.
	queues []chan []byte
}

// hubQueue is how many messages may wait for one reader.
const hubQueue = 1024

// serveHub runs a hub in this process until it is told to end. It says where on stdout, as Parlor does.
func serveHub() error {
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("The hub listens on http://%s\n", listen.Addr())
	h := &hub{}
	server := &http.Server{Handler: http.HandlerFunc(h.serve)}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listen); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (h *hub) serve(w http.ResponseWriter, r *http.Request) {
	conn, err := h.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // it has been answered
	}
	queue := make(chan []byte, hubQueue)
	h.edit(func(all []chan []byte) []chan []byte { return append(all, queue) })
	var writer sync.WaitGroup
	writer.Go(func() {
		for message := range queue {
			if conn.WriteMessage(websocket.TextMessage, message) != nil {
				_ = conn.Close() // whose end it is hears of it by itself
			}
		}
	})
	for {
		_, message, err := conn.ReadMessage()
		if err != nil {
			break
		}
		h.relay(queue, message)
	}
	h.edit(func(all []chan []byte) []chan []byte {
		return slices.DeleteFunc(all, func(q chan []byte) bool { return q == queue })
	})
	close(queue)
	writer.Wait()
	_ = conn.Close()
}

func (h *hub) edit(f func([]chan []byte) []chan []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.queues = f(slices.Clone(h.queues))
}

// relay holds mu so that no queue is closed meanwhile.
func (h *hub) relay(from chan []byte, message []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, q := range h.queues {
		if q == from {
			continue
		}
		select {
		case q <- message:
		default: // the load counts what is lost
		}
	}
}

// hubTarget is a hub.
type hubTarget struct{ url string }

var _ bench.Target = hubTarget{}

// caller is a participant of a hub.
type caller struct{ conn *websocket.Conn }

// Join is bench.Target's.
func (t hubTarget) Join(ctx context.Context, _ string, receive func([]byte)) (bench.Seat, error) {
	conn, response, err := websocket.DefaultDialer.DialContext(ctx, strings.Replace(t.url, "http", "ws", 1), nil)
	if err != nil {
		return nil, err
	}
	_ = response.Body.Close()
	go func() {
		for {
			_, message, err := conn.ReadMessage()
			if err != nil {
				return
			}
			receive(message)
		}
	}()
	return caller{conn}, nil
}

// Send is bench.Seat's.
func (c caller) Send(_ context.Context, message []byte) error {
	return c.conn.WriteMessage(websocket.TextMessage, message)
}

// Leave is bench.Seat's.
func (c caller) Leave() { _ = c.conn.Close() }
