package interop

import (
	"errors"
	"testing"

	"github.com/gorilla/websocket"
)

// Two clients on pion v3 meet in a room: they hear and see each other, write to each other over the WebSocket and then
// over the data channel, and one leaves.
func TestVersion3(t *testing.T) {
	addr := startServer(t)
	ada, ben := join(t, addr, "interop", "Ada"), join(t, addr, "interop", "Ben")

	for _, pair := range [][2]*peer{{ada, ben}, {ben, ada}} {
		p, other := pair[0], pair[1]
		for mid, kind := range map[string]string{"2": "audio", "3": "video"} {
			p.await(kind+" in its slot", func(m object, _ bool) bool {
				slots, _ := m["slots"].([]any)
				for _, s := range slots {
					s := s.(object)
					if s["mid"] == mid && s["kind"] == kind && s["participant"] == other.id {
						return true
					}
				}
				return false
			})
		}
		p.until("media", func() bool { return p.packets["2"] >= 100 && p.packets["3"] >= 100 && p.pictures["3"] >= 1 })
	}

	// Over the WebSocket.
	ada.say(object{"t": "m", "n": 1, "type": "chat", "data": object{"text": "hello"}})
	ok := ada.awaitEntry("ok", false, func(e object) bool { return e["ok"] == 1.0 })
	got := ben.awaitEntry("message", false, func(e object) bool { return e["type"] == "chat" })
	if got["from"] != ada.id || got["o"] != ok["o"] || got["data"].(object)["text"] != "hello" {
		t.Errorf("sent as %v, received as %v", ok, got)
	}

	// Both go on over the data channel.
	for _, p := range []*peer{ada, ben} {
		attach(p)
	}
	ada.sayOnChannel(object{"t": "m", "n": 2, "type": "note", "data": []int{1, 2, 3}})
	ada.awaitEntry("ok", true, func(e object) bool { return e["ok"] == 2.0 })
	ben.awaitEntry("message", true, func(e object) bool { return e["type"] == "note" && e["from"] == ada.id })
	ben.sayOnChannel(object{"t": "m", "n": 1, "type": "answer", "data": nil, "to": []string{ada.id}})
	ada.awaitEntry("message", true, func(e object) bool { return e["type"] == "answer" && e["direct"] == true })

	ada.say(object{"t": "leave"})
	ada.await("closed", func(m object, _ bool) bool { return m["t"] == "closed" && m["code"] == "left" })
	ada.until("close", func() bool { return ada.ended != nil })
	if closed, is := errors.AsType[*websocket.CloseError](ada.ended); !is || closed.Code != websocket.CloseNormalClosure {
		t.Errorf("the WebSocket ended with %v", ada.ended)
	}
	ada.end()
	left := ben.awaitEntry("left", true, func(e object) bool { return e["event"] == "left" })
	if left["id"] != ada.id || left["reason"] != "left" {
		t.Errorf("left as %v", left)
	}
}

// attach moves a peer's log to its data channel once that has echoed.
func attach(p *peer) {
	p.t.Helper()
	p.await("open channel", func(m object, channel bool) bool { return channel && m["t"] == "(open)" })
	p.sayOnChannel(object{"t": "ping", "id": 1})
	p.await("pong", func(m object, channel bool) bool { return channel && m["t"] == "pong" && m["id"] == 1.0 })
	p.mu.Lock()
	position := p.joined["position"]
	for _, a := range p.seen {
		if a.object["t"] == "log" {
			position = a.object["position"]
		}
	}
	p.mu.Unlock()
	p.sayOnChannel(object{"t": "attach", "gen": 2, "epoch": p.joined["epoch"], "position": position})
	attached := p.await("attached", func(m object, channel bool) bool { return channel && m["t"] == "attached" })
	if attached["gen"] != 2.0 {
		p.t.Errorf("attached as %v", attached)
	}
}
