package conformance

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

func TestProbes(t *testing.T) {
	tt := server(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		if response := get(t, tt.url+path, nil); response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
}

func TestOrigin(t *testing.T) {
	tt := server(t)
	host := strings.TrimPrefix(strings.TrimPrefix(tt.url, "http://"), "https://")
	for origin, want := range map[string]int{
		tt.url:                             http.StatusSwitchingProtocols,
		"https://evil.example":             http.StatusForbidden,
		"null":                             http.StatusForbidden,
		tt.url + ".evil.example":           http.StatusForbidden,
		"http://evil.example/" + host:      http.StatusForbidden,
		"http://" + host + "@evil.example": http.StatusForbidden,
	} {
		response := get(t, tt.url+"/v1/ws", http.Header{
			"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Origin": {origin},
			"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
		})
		if response.StatusCode != want {
			t.Errorf("origin %s: %s, want %d", origin, response.Status, want)
		}
		if want == http.StatusForbidden && response.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("origin %s: refused as %s", origin, response.Header.Get("Content-Type"))
		}
	}
}

func TestNoCompression(t *testing.T) {
	tt := server(t)
	response := get(t, tt.url+"/v1/ws", http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
		"Sec-Websocket-Extensions": {"permessage-deflate; client_max_window_bits"},
	})
	if extensions := response.Header.Get("Sec-Websocket-Extensions"); response.StatusCode != 101 || extensions != "" {
		t.Errorf("%s with %q", response.Status, extensions)
	}
}

func TestFirstFrameMustCome(t *testing.T) {
	t.Parallel()
	s := dial(t, server(t).url)
	s.expectClose(4001)
}

func TestFirstFrame(t *testing.T) {
	tt := server(t)
	for name, c := range map[string]struct{ frame, re, code string }{
		"not JSON":           {"hello", "", "bad_message"},
		"empty":              {"", "", "bad_message"},
		"not an object":      {`"join"`, "", "bad_message"},
		"no kind":            {`{"room":"demo"}`, "", "bad_message"},
		"kind no string":     {`{"t":1}`, "", "bad_message"},
		"out of place":       {`{"t":"m","n":1,"type":"x","data":1}`, "", "bad_message"},
		"not UTF-8":          {"{\"t\":\"join\",\"room\":\"a\xff\",\"name\":\"b\"}", "", "bad_message"},
		"wrong type":         {`{"t":"join","room":7,"name":"Ada"}`, "join", "bad_message"},
		"too deep":           {`{"t":"join","room":"demo","name":"Ada","x":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`, "", "bad_message"},
		"no room":            {`{"t":"join","name":"Ada"}`, "join", "bad_name"},
		"no name":            {`{"t":"join","room":"` + aRoom() + `"}`, "join", "bad_name"},
		"control characters": {`{"t":"join","room":"` + aRoom() + `","name":"A\u0007da"}`, "join", "bad_name"},
		"long name":          {`{"t":"join","room":"` + aRoom() + `","name":"` + strings.Repeat("a", 2000) + `"}`, "join", "bad_name"},
		"long room":          {`{"t":"join","room":"` + strings.Repeat("a", 2000) + `","name":"Ada"}`, "join", "bad_name"},
		"no such room":       {`{"t":"join","room":"` + aRoom() + `","name":"Ada","create":false}`, "join", "room_not_found"},
		"bad offer":          {`{"t":"join","room":"` + aRoom() + `","name":"Ada","offer":"v=1\r\nhello\r\n"}`, "join", "bad_offer"},
		"unknown session":    {`{"t":"resume","sid":"s_nobody","rt":"x"}`, "resume", "session_not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			s := dial(t, tt.url)
			s.say(c.frame)
			s.expectError(c.re, c.code)
			s.expectClose(websocket.ClosePolicyViolation)
		})
	}
}

func TestFirstFrameTooLarge(t *testing.T) {
	s := dial(t, server(t).url)
	s.shout(`{"t":"join","room":"` + strings.Repeat("a", 1<<20) + `"}`)
	s.expectClose(websocket.CloseMessageTooBig)
}

// offer is SDP of a browser's shape with many lines.
func offer(lines int) string {
	const head = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" +
		"a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
	const line = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:%\r\na=recvonly\r\na=rtcp-mux\r\n" +
		"a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=setup:actpass\r\na=rtpmap:111 opus/48000/2\r\n"
	var b strings.Builder
	b.WriteString(head)
	for i := range lines {
		b.WriteString(strings.Replace(line, "%", string(rune('A'+i%26))+strings.Repeat("x", i/26), 1))
	}
	return b.String()
}

func TestOfferCaps(t *testing.T) {
	tt := server(t)
	for name, c := range map[string]struct{ sdp, code string }{
		"too many lines": {offer(200), "too_many_media"},
		"too large":      {offer(2) + strings.Repeat("a=x:"+strings.Repeat("y", 900)+"\r\n", 450), "too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			s := dial(t, tt.url)
			s.say(object{"t": "join", "room": aRoom(), "name": "Ada", "offer": c.sdp})
			s.expectError("join", c.code)
			s.expectClose(websocket.ClosePolicyViolation)
		})
		t.Run(name+" later", func(t *testing.T) {
			m := join(t, tt.url, aRoom(), "Ada")
			m.say(object{"t": "offer", "id": 5, "sdp": c.sdp, "fresh": true, "tracks": []any{}})
			if e := m.expectError("offer", c.code); num(e["id"]) != 5 {
				t.Errorf("the error names no request: %v", e)
			}
			m.sync() // it did not cost the session
		})
	}
}

func TestRoomFull(t *testing.T) {
	tt := server(t)
	need(t, tt.roomSize > 0, "a server with a small room")
	room := aRoom()
	for range tt.roomSize {
		join(t, tt.url, room, "Somebody")
	}
	s := dial(t, tt.url)
	s.say(object{"t": "join", "room": room, "name": "One too many"})
	s.expectError("join", "room_full")
	s.expectClose(websocket.ClosePolicyViolation)
}

func TestJoined(t *testing.T) {
	tt := server(t)
	room := aRoom()
	ada := join(t, tt.url, room, "Ada")
	ben := join(t, tt.url, room, "Ben")
	for _, member := range []string{"room", "sid", "rt", "epoch", "position", "you", "grant", "participants", "iceServers", "limits"} {
		if ben.in[member] == nil {
			t.Errorf("joined has no %s: %v", member, ben.in)
		}
	}
	if others := ben.in["participants"].([]any); len(others) != 1 || others[0].(object)["id"] != ada.id {
		t.Errorf("snapshot %v", others)
	}
	if ada.in["epoch"] != ben.in["epoch"] {
		t.Error("one room, two epochs")
	}
	joined := ada.expectEntry("joined", func(e object) bool { return e["event"] == "joined" })
	if p := joined["participant"].(object); p["id"] != ben.id || p["name"] != "Ben" {
		t.Errorf("joined %v", joined)
	}
	if num(joined["o"]) != num(ben.in["position"]) {
		t.Errorf("the newcomer's snapshot is of %v, its join at %v", ben.in["position"], joined["o"])
	}
}

func TestLeave(t *testing.T) {
	tt := server(t)
	room := aRoom()
	ada, ben := join(t, tt.url, room, "Ada"), join(t, tt.url, room, "Ben")
	ada.say(object{"t": "leave"})
	ada.expectClosed("left")
	left := ben.expectEntry("left", func(e object) bool { return e["event"] == "left" })
	if left["id"] != ada.id || left["reason"] != "left" {
		t.Errorf("left as %v", left)
	}
	s := dial(t, tt.url)
	s.say(object{"t": "resume", "sid": ada.in["sid"], "rt": ada.in["rt"]})
	s.expectError("resume", "session_not_found")
}

func TestLeaveToReload(t *testing.T) {
	tt := server(t)
	room := aRoom()
	ada, ben := join(t, tt.url, room, "Ada"), join(t, tt.url, room, "Ben")
	ada.say(object{"t": "leave", "return": true})
	ben.expectEntry("left", func(e object) bool { return e["event"] == "left" && e["id"] == ada.id })
	s := dial(t, tt.url)
	s.say(object{"t": "join", "room": room, "name": "Ada", "resume": object{"sid": ada.in["sid"], "rt": ada.in["rt"]}})
	if again := s.expect("joined"); again["you"].(object)["id"] != ada.id {
		t.Errorf("came back as %v, was %s", again["you"], ada.id)
	}
	ben.expectEntry("joined", func(e object) bool {
		return e["event"] == "joined" && e["participant"].(object)["id"] == ada.id
	})
}

func TestRequestsAreLimited(t *testing.T) {
	m := join(t, server(t).url, aRoom(), "Ada")
	for range 80 {
		m.say(object{"t": "publish", "mid": "7", "source": "camera", "muted": false})
	}
	if e := m.expectError("publish", "rate_limited"); num(e["retryMs"]) == 0 {
		t.Errorf("%v says not when to try again", e)
	}
	m.sync()
}

func TestUnknownRequest(t *testing.T) {
	m := join(t, server(t).url, aRoom(), "Ada")
	m.say(object{"t": "dance"})
	m.expectError("dance", "bad_message")
	m.say(object{"t": "publish", "mid": "0", "source": "oven", "muted": false})
	m.expectError("publish", "bad_message")
	m.say(object{"t": "join", "room": "demo", "name": "Ada"})
	m.expectError("join", "bad_message")
	m.sync()
}
