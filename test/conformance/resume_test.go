package conformance

import (
	"testing"

	"github.com/gorilla/websocket"
)

// resume opens another WebSocket for a session. The caller looks at the answer.
func resume(t *testing.T, url string, sid, rt any) *socket {
	t.Helper()
	s := dial(t, url)
	s.say(object{"t": "resume", "sid": sid, "rt": rt})
	return s
}

func attach(s *socket, gen uint64, epoch, position any) {
	s.t.Helper()
	s.say(object{"t": "attach", "gen": gen, "epoch": epoch, "position": position})
}

func TestResume(t *testing.T) {
	tt := server(t)
	room := aRoom()
	ada, ben := join(t, tt.url, room, "Ada"), join(t, tt.url, room, "Ben")
	position := ada.in["position"]
	_ = ada.ws.Close()
	ben.say(object{"t": "m", "n": 1, "type": "meanwhile", "data": 1})
	ben.expectEntry("ok", func(e object) bool { return num(e["ok"]) == 1 })

	s := resume(t, tt.url, ada.in["sid"], ada.in["rt"])
	r := s.expect("resumed")
	if r["here"] != true || r["peer"] != false || r["rt"] == nil || r["rt"] == ada.in["rt"] {
		t.Errorf("resumed as %v", r)
	}
	attach(s, 2, ada.in["epoch"], position)
	if a := s.expect("attached"); num(a["gen"]) != 2 || num(a["n"]) != 0 {
		t.Errorf("attached as %v", a)
	}
	s.expectEntry("message", func(e object) bool { return e["type"] == "meanwhile" })
	s.say(object{"t": "m", "n": 1, "type": "back", "data": 1})
	if back := ben.expectEntry("back", func(e object) bool {
		if e["event"] == "left" {
			t.Errorf("seen leaving: %v", e)
		}
		return e["type"] == "back"
	}); back["from"] != ada.id {
		t.Errorf("back as %v", back)
	}
}

func TestResumeTokens(t *testing.T) {
	tt := server(t)
	m := join(t, tt.url, aRoom(), "Ada")
	sid, first := m.in["sid"], m.in["rt"]

	wrong := resume(t, tt.url, sid, "wrong")
	wrong.expectError("resume", "session_not_found")
	wrong.expectClose(websocket.ClosePolicyViolation)

	s := resume(t, tt.url, sid, first)
	second := s.expect("resumed")["rt"]
	m.expectClose(4000) // the older WebSocket is superseded

	s2 := resume(t, tt.url, sid, second)
	s2.expect("resumed")
	s.expectClose(4000)

	old := resume(t, tt.url, sid, first) // used, and its successor was used too
	old.expectError("resume", "session_not_found")
	s2.sync()
}

func TestAttach(t *testing.T) {
	tt := server(t)
	room := aRoom()
	ada, ben := join(t, tt.url, room, "Ada"), join(t, tt.url, room, "Ben")
	epoch, position := ada.in["epoch"], ada.in["position"]

	attach(ada.socket, 2, epoch, position)
	if a := ada.expect("attached"); num(a["gen"]) != 2 || num(a["n"]) != 0 {
		t.Errorf("attached as %v", a)
	}
	ada.expectEntry("Ben again", func(e object) bool { return e["event"] == "joined" })
	attach(ada.socket, 1, epoch, position) // that is what the WebSocket had since joined
	ada.expectError("attach", "bad_message")
	attach(ada.socket, 2, epoch, position) // the same again, as a POST that was repeated brings it
	ada.expect("attached")
	ada.expectEntry("Ben again", func(e object) bool { return e["event"] == "joined" })

	attach(ada.socket, 3, epoch, 1_000_000)
	reset := ada.expect("reset")
	if reset["reason"] != "ahead" || num(reset["gen"]) != 3 || reset["epoch"] != epoch {
		t.Errorf("reset %v", reset)
	}
	if others, _ := reset["participants"].([]any); len(others) != 1 || others[0].(object)["id"] != ben.id {
		t.Errorf("snapshot %v", reset)
	}
	ada.say(object{"t": "m", "n": 1, "type": "x", "data": 1})
	ada.expectEntry("ok", func(e object) bool { return num(e["ok"]) == 1 })

	attach(ada.socket, 10, "another", reset["position"])
	if reset := ada.expect("reset"); reset["reason"] != "epoch" || num(reset["n"]) != 1 {
		t.Errorf("reset %v", reset)
	}
	attach(ada.socket, 9, epoch, reset["position"])
	ada.expectError("attach", "bad_message")
}

func TestAttachTrimmed(t *testing.T) {
	t.Parallel()
	tt := server(t)
	need(t, tt.log > 0, "a server that remembers little")
	room := aRoom()
	ada, ben := join(t, tt.url, room, "Ada"), join(t, tt.url, room, "Ben")
	_ = ada.ws.Close()
	total := tt.log + 10
	for n := 1; n <= total; n++ {
		ben.say(object{"t": "m", "n": n, "type": "x", "data": n})
	}
	ben.expectEntry("last ok", func(e object) bool { return num(e["ok"]) == uint64(total) })
	s := resume(t, tt.url, ada.in["sid"], ada.in["rt"])
	s.expect("resumed")
	attach(s, 2, ada.in["epoch"], ada.in["position"])
	if reset := s.expect("reset"); reset["reason"] != "trimmed" || num(reset["position"]) <= uint64(total) {
		t.Errorf("reset %v", reset)
	}
}
