package signaling

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/parlorhq/parlor/datachannel"
)

// ponging is a WebSocket whose peer says pong all the time, asked or not, and reads what comes without a word to it.
type ponging struct {
	*websocket.Conn
	ended chan struct{} // the server has closed the connection
}

// socket is a WebSocket to the site, which answers pings as long as it is read.
func (s *site) socket() *websocket.Conn {
	s.t.Helper()
	d := websocket.Dialer{NetDialContext: func(context.Context, string, string) (net.Conn, error) { return s.dial() }}
	conn, response, err := d.Dial("ws://parlor.example/v1/ws", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = response.Body.Close()
	s.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func (s *site) ponging() *ponging {
	s.t.Helper()
	conn := s.socket()
	p := &ponging{conn, make(chan struct{})}
	stop := make(chan struct{})
	go func() {
		for ticker := time.NewTicker(500 * time.Millisecond); ; {
			select {
			case <-ticker.C:
				_ = conn.WriteControl(websocket.PongMessage, nil, time.Now().Add(time.Second))
			case <-stop:
				return
			}
		}
	}()
	go func() {
		defer close(stop)
		defer close(p.ended)
		_, _ = io.Copy(io.Discard, conn.NetConn()) // until it is closed
	}()
	return p
}

// lasts is how long the server keeps the connection, up to a minute.
func (p *ponging) lasts() time.Duration {
	began := time.Now()
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
	}
	return time.Since(began)
}

func TestPongsAreNoFirstMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, Config{}, false)
		p := s.ponging()
		if d := p.lasts(); d < 5*time.Second || d > 7*time.Second { // and a second for its half of the goodbye
			t.Errorf("a WebSocket that never joins was open for %v, 5 s are allowed", d)
		}
	})
}

func TestPongsKeepASocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, Config{}, false)
		p := s.ponging()
		if err := p.WriteMessage(websocket.TextMessage, []byte(`{"t":"join","room":"demo","name":"Ada"}`)); err != nil {
			t.Fatal(err)
		}
		if d := p.lasts(); d < time.Minute {
			t.Errorf("a WebSocket that is answered every ping was closed after %v", d)
		}
	})
}

// One peer that goes on saying pong must not keep the server from shutting down: its store is closed after the door.
func TestPongsDoNotHoldUpAGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, Config{}, false)
		p := s.ponging()
		if err := p.WriteMessage(websocket.TextMessage, []byte(`{"t":"join","room":"demo","name":"Ada"}`)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		closed := make(chan struct{})
		go func() { s.h.Close(); close(closed) }()
		began := time.Now()
		select {
		case <-closed:
			if d := time.Since(began); d > 2*time.Second {
				t.Errorf("closing took %v", d)
			}
		case <-time.After(time.Minute):
			t.Error("one peer holds up the end of the server")
			_ = p.Close()
			<-closed
		}
		<-p.ended
	})
}

// A sender above its rate is not silent: we do not listen. It keeps its link and its place, however long that takes.
func TestASlowedSenderIsNotTakenForLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := testLimits()
		limits.Data = datachannel.Limits{MessagesPerSecond: 100}
		s := newSite(t, Config{Limits: limits}, false)
		conn := s.socket()
		conn.SetPingHandler(func(string) error { return nil }) // its answers wait behind the frame
		var in joinedReply
		if err := errors.Join(conn.WriteJSON(joinRequest{T: "join", Room: "demo", Name: "Ada"}), conn.ReadJSON(&in)); err != nil {
			t.Fatal(err)
		}
		const count = 256 // refused ones count for ten: 22 s
		var frame []string
		for n := range count {
			frame = append(frame, fmt.Sprintf(`{"t":"m","n":%d,"type":"x","to":["p_nobody"]}`, n+1))
		}
		began := time.Now()
		if err := conn.WriteMessage(websocket.TextMessage, []byte("["+strings.Join(frame, ",")+"]")); err != nil {
			t.Fatal(err)
		}
		for refused := 0; refused < count; {
			_, raw, err := conn.ReadMessage()
			if err != nil {
				t.Fatalf("after %v and %d answers: %v", time.Since(began), refused, err)
			}
			refused += strings.Count(string(raw), `"refused":`)
			if strings.Contains(string(raw), `"left"`) {
				t.Fatalf("left the room after %v", time.Since(began))
			}
		}
		if took := time.Since(began); took < deadAfter {
			t.Errorf("it took only %v", took)
		}
	})
}
