package conformance

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// mint makes a token as LiveKit's SDKs do, with what the test wants changed.
func mint(t *testing.T, tt target, room string, change func(header, claims, video object)) string {
	t.Helper()
	header := object{"alg": "HS256", "typ": "JWT"}
	video := object{"room": room, "roomJoin": true}
	now := time.Now().Unix()
	claims := object{"iss": tt.key, "sub": "ada", "name": "Ada", "nbf": now - 5, "exp": now + 600, "video": video}
	if change != nil {
		change(header, claims, video)
	}
	part := func(v object) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(header) + "." + part(claims)
	mac := hmac.New(sha256.New, []byte(tt.secret))
	mac.Write([]byte(text))
	if header["alg"] == "none" {
		return text + "."
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestRefusedTokens(t *testing.T) {
	tt := server(t)
	need(t, tt.keyed != "" && tt.secret != "", "a server with a key")
	room := aRoom()
	for name, c := range map[string]struct{ token, code string }{
		"none":       {"", "unauthorized"},
		"no JWT":     {"hello", "unauthorized"},
		"alg none":   {mint(t, tt, room, func(h, _, _ object) { h["alg"] = "none" }), "unauthorized"},
		"forged":     {mint(t, target{key: tt.key, secret: "another secret, as long as it must be"}, room, nil), "unauthorized"},
		"other key":  {mint(t, tt, room, func(_, c, _ object) { c["iss"] = "nobody" }), "unauthorized"},
		"expired":    {mint(t, tt, room, func(_, c, _ object) { c["exp"] = time.Now().Unix() - 120 }), "token_expired"},
		"no expiry":  {mint(t, tt, room, func(_, c, _ object) { delete(c, "exp") }), "unauthorized"},
		"too early":  {mint(t, tt, room, func(_, c, _ object) { c["nbf"] = time.Now().Unix() + 300 }), "unauthorized"},
		"other room": {mint(t, tt, "elsewhere", nil), "not_allowed"},
		"no join":    {mint(t, tt, room, func(_, _, v object) { v["roomJoin"] = false }), "not_allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := dial(t, tt.keyed)
			s.say(object{"t": "join", "room": room, "name": "Eve", "token": c.token})
			s.expectError("join", c.code)
			s.expectClose(websocket.ClosePolicyViolation)
		})
	}
}

func TestGrants(t *testing.T) {
	tt := server(t)
	need(t, tt.keyed != "" && tt.secret != "", "a server with a key")
	room := aRoom()
	enter := func(change func(header, claims, video object)) *member {
		s := dial(t, tt.keyed)
		s.say(object{"t": "join", "room": room, "name": "Eve", "token": mint(t, tt, room, change)})
		in := s.expect("joined")
		return &member{socket: s, id: in["you"].(object)["id"].(string), in: in}
	}
	free := enter(nil)
	if you := free.in["you"].(object); you["identity"] != "ada" || you["name"] != "Ada" {
		t.Errorf("the token's name did not count: %v", you)
	}
	free.say(object{"t": "m", "n": 1, "type": "x", "data": 1})
	free.expectEntry("ok", func(e object) bool { return num(e["ok"]) == 1 })

	mute := enter(func(_, claims, video object) {
		claims["sub"] = "ben"
		video["canPublish"], video["canPublishData"], video["canSubscribe"] = false, false, true
	})
	if g := mute.in["grant"].(object); g["publish"] != false || g["data"] != false || g["subscribe"] != true {
		t.Errorf("grant %v", g)
	}
	mute.say(object{"t": "m", "n": 1, "type": "x", "data": 1})
	refused := mute.expectEntry("refusal", func(e object) bool { return num(e["refused"]) == 1 })
	if refused["code"] != "not_allowed" {
		t.Errorf("refused as %v", refused)
	}
	mute.say(object{"t": "publish", "mid": "0", "source": "camera", "muted": false})
	if e := mute.expectError("publish", "not_allowed"); e["mid"] != "0" {
		t.Errorf("%v does not say which m-line", e)
	}

	voice := enter(func(_, claims, video object) {
		claims["sub"] = "cy"
		video["canPublishSources"] = []string{"microphone"}
	})
	if g := voice.in["grant"].(object); fmt.Sprint(g["sources"]) != "[microphone]" || g["publish"] != true {
		t.Errorf("grant %v", g)
	}
	voice.say(object{"t": "publish", "mid": "0", "source": "microphone", "muted": false})
	voice.say(object{"t": "publish", "mid": "1", "source": "camera", "muted": false})
	if e := voice.expectError("publish", "not_allowed"); e["mid"] != "1" {
		t.Errorf("%v, want that of the camera", e)
	}
	reader := enter(func(_, claims, video object) {
		claims["sub"] = "dee"
		video["canSendTypes"], video["canWriteState"] = []string{"chat"}, []string{"own/hand/"}
	})
	if g := reader.in["grant"].(object); fmt.Sprint(g["sendTypes"], g["writeState"]) != "[chat] [own/hand/]" || g["data"] != true {
		t.Errorf("grant %v", g)
	}
	for i, c := range []struct {
		say object
		ok  bool
	}{
		{object{"t": "m", "type": "chat", "data": 1}, true},
		{object{"t": "m", "type": "chatter", "data": 1}, false},
		{object{"t": "s", "ops": []object{{"k": "own/hand/dee", "v": true}}}, true},
		{object{"t": "s", "ops": []object{{"k": "own/hand/two", "v": true}, {"k": "board/1", "v": 1}}}, false},
		{object{"t": "s", "ops": []object{{"k": "own/hand", "del": true}}}, false},
	} {
		c.say["n"] = i + 1
		reader.say(c.say)
		fate := reader.expectEntry("fate", func(e object) bool { return num(e["ok"]) == uint64(i+1) || num(e["refused"]) == uint64(i+1) })
		if c.ok != (fate["refused"] == nil) || !c.ok && fate["code"] != "not_allowed" {
			t.Errorf("%v: %v", c.say, fate)
		}
	}
	reader.say(object{"t": "e", "type": "cursor", "data": 1})
	reader.say(object{"t": "e", "type": "chat", "data": 2})
	if e := free.expect("e"); e["type"] != "chat" {
		t.Errorf("a lossy message that may not be sent: %v", e)
	}
	nothing := enter(func(_, _, video object) { video["canSendTypes"], video["canWriteState"] = []string{}, []string{} })
	if g := nothing.in["grant"].(object); fmt.Sprint(g["sendTypes"], g["writeState"]) != "[] []" {
		t.Errorf("grant %v", g)
	}
	nothing.say(object{"t": "m", "n": 1, "type": "chat", "data": 1})
	nothing.expectEntry("refusal", func(e object) bool { return num(e["refused"]) == 1 && e["code"] == "not_allowed" })
	for _, list := range []string{"sources", "sendTypes", "writeState"} {
		if _, said := free.in["grant"].(object)[list]; said {
			t.Errorf("who may do everything is told of %s", list)
		}
	}
}
