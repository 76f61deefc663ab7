package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/gorilla/websocket"
	"github.com/pion/webrtc/v4"

	"github.com/parlorhq/parlor/internal/bench"
)

// parlorTarget is a room of a Parlor server, entered with as little as a loop server is: a PeerConnection whose callback
// gets the messages. So both rows of a pair have the same client, and what differs is the server.
type parlorTarget struct {
	*loopTarget
	room string
}

// guest is a participant of a Parlor room with the least that one must do.
type guest struct {
	visitor
	tracks func() []sending // what it publishes, once there is an offer; nil: nothing
	ws     *websocket.Conn
	n      uint64 // of the last message; owned by the sender

	saying sync.Mutex // held to write to ws
}

// sending says what one of its lines is.
type sending struct {
	Mid    string `json:"mid"`
	Source string `json:"source"`
}

// Join is bench.Target's.
func (t *parlorTarget) Join(ctx context.Context, name string, receive func([]byte)) (bench.Seat, error) {
	pc, err := t.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	g := &guest{visitor: visitor{pc: pc}}
	if err := g.connect(ctx, t, name, receive); err != nil {
		g.Leave()
		return nil, err
	}
	return g, nil
}

func (g *guest) connect(ctx context.Context, t *parlorTarget, name string, receive func([]byte)) (err error) {
	if g.channel, err = reliable(g.pc); err != nil {
		return err
	}
	open, attached := make(chan struct{}), make(chan struct{})
	g.channel.OnOpen(func() { close(open) })
	g.channel.OnMessage(func(m webrtc.DataChannelMessage) {
		switch {
		case bytes.HasPrefix(m.Data, []byte(`{"t":"log"`)):
			deliver(m.Data, receive)
		case bytes.HasPrefix(m.Data, []byte(`{"t":"attached"`)):
			close(attached)
		}
	})
	offer, err := describe(g.pc, func() error { return nil }, g.pc.CreateOffer)
	if err != nil {
		return err
	}
	var sdp webrtc.SessionDescription
	if err := json.Unmarshal(offer, &sdp); err != nil {
		return err
	}
	url := strings.Replace(t.url, "http", "ws", 1) + "/v1/ws"
	ws, response, err := websocket.DefaultDialer.DialContext(ctx, url, nil)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	g.ws = ws
	tracks := []sending{}
	if g.tracks != nil {
		tracks = g.tracks()
	}
	if err := g.say(map[string]any{"t": "join", "room": t.room, "name": name, "offer": sdp.SDP, "tracks": tracks}); err != nil {
		return err
	}
	var joined struct {
		T, Epoch, Answer, Message string
		Position, Rev             uint64
	}
	if err := ws.ReadJSON(&joined); err != nil {
		return err
	}
	if joined.T != "joined" {
		return fmt.Errorf("%s: %s", joined.T, joined.Message)
	}
	if err := g.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: joined.Answer}); err != nil {
		return err
	}
	if err := g.say(map[string]any{"t": "slotted", "rev": joined.Rev}); err != nil {
		return err
	}
	go g.listen()
	if err := wait(ctx, open); err != nil {
		return err
	}
	if err := g.channel.SendText(fmt.Sprintf(`{"t":"attach","gen":2,"epoch":%q,"position":%d}`, joined.Epoch, joined.Position)); err != nil {
		return err
	}
	return wait(ctx, attached)
}

// listen answers the server's pings, and agrees to whatever is shown.
func (g *guest) listen() {
	for {
		_, frame, err := g.ws.ReadMessage()
		if err != nil {
			return
		}
		_, rest, slots := bytes.Cut(frame, []byte(`"t":"slots","rev":`))
		rev, _, _ := bytes.Cut(rest, []byte(","))
		if n, err := strconv.ParseUint(string(rev), 10, 64); slots && err == nil {
			_ = g.say(map[string]any{"t": "slotted", "rev": n}) // whoever is gone has no need of it
		}
	}
}

func (g *guest) say(frame any) error {
	g.saying.Lock()
	defer g.saying.Unlock()
	return g.ws.WriteJSON(frame)
}

func wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// deliver hands on the messages of a log frame: what they hold has no quotes within.
func deliver(frame []byte, receive func([]byte)) {
	for {
		i := bytes.Index(frame, []byte(`"data":"`))
		if i < 0 {
			return
		}
		frame = frame[i+len(`"data":`):]
		end := bytes.IndexByte(frame[1:], '"') + 2
		receive(frame[:end])
		frame = frame[end:]
	}
}

// Send is bench.Seat's.
func (g *guest) Send(_ context.Context, message []byte) error {
	g.n++
	b := append(make([]byte, 0, len(message)+64), `{"t":"m","n":`...)
	b = strconv.AppendUint(b, g.n, 10)
	b = append(b, `,"type":"bench","data":`...)
	b = append(b, message...)
	return g.channel.SendText(string(append(b, '}')))
}

// Leave is bench.Seat's.
func (g *guest) Leave() {
	if g.ws != nil {
		_ = g.say(map[string]any{"t": "leave"})
		_ = g.ws.Close()
	}
	g.visitor.Leave()
}
