package probe

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/parlorhq/parlor/internal/doctor"
)

// webSocket opens one and sends a ping, which is answered to anybody.
func (p *probe) webSocket(ctx context.Context) {
	w := &p.facts.WebSocket
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Patience)
	defer cancel()
	w.Try = p.try(func() error {
		conn, err := p.openSocket(ctx, w)
		if err != nil {
			return err
		}
		defer conn.Close()
		if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"t":"ping","id":1}`)); err != nil {
			return err
		}
		var pong struct {
			T string `json:"t"`
		}
		_, frame, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		if json.Unmarshal(frame, &pong) != nil || pong.T != "pong" {
			return io.ErrUnexpectedEOF
		}
		w.Parlor = true
		return nil
	})
}

// openSocket notes in e what came instead.
func (p *probe) openSocket(ctx context.Context, e *doctor.Exchange) (*websocket.Conn, error) {
	d := websocket.Dialer{NetDialContext: p.dial, TLSClientConfig: p.tls(p.facts.Host), HandshakeTimeout: p.cfg.Patience}
	conn, r, err := d.DialContext(ctx, "ws"+strings.TrimPrefix(p.facts.URL, "http")+"/v1/ws", http.Header{})
	if err != nil {
		if r != nil {
			e.Status = r.StatusCode
			head, _ := io.ReadAll(io.LimitReader(r.Body, mostBody)) // gorilla kept its beginning
			e.Code = problem(r.Header, head)
			e.Parlor = e.Code != ""
			_ = r.Body.Close()
		}
		return nil, err
	}
	conn.SetReadLimit(mostBody)
	_ = conn.SetReadDeadline(time.Now().Add(p.cfg.Patience))
	_ = conn.SetWriteDeadline(time.Now().Add(p.cfg.Patience))
	return conn, nil
}
