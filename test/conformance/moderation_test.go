package conformance

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// hall is a room of a server that takes tokens.
type hall struct {
	t    *testing.T
	tt   target
	room string
}

func aHall(t *testing.T) *hall {
	t.Helper()
	tt := server(t)
	need(t, tt.keyed != "" && tt.secret != "", "a server with a key")
	return &hall{t, tt, aRoom()}
}

// hello is a join of somebody whose token grants this.
func (h *hall) hello(name string, grants object) object {
	h.t.Helper()
	token := mint(h.t, h.tt, h.room, func(_, claims, video object) {
		claims["sub"], claims["name"] = name, name
		maps.Copy(video, grants)
	})
	return object{"t": "join", "room": h.room, "name": name, "token": token, "attempt": "attempt-of-" + name + "-in-" + h.room[:20]}
}

// come says hello on a new WebSocket.
func (h *hall) come(name string, grants object) *socket {
	h.t.Helper()
	s := dial(h.t, h.tt.keyed)
	s.say(h.hello(name, grants))
	return s
}

func (h *hall) in(s *socket) *member {
	h.t.Helper()
	in := s.expect("joined")
	return &member{socket: s, room: h.room, id: in["you"].(object)["id"].(string), in: in}
}

func (h *hall) enter(name string, grants object) *member {
	h.t.Helper()
	return h.in(h.come(name, grants))
}

func (h *hall) admin() *member {
	h.t.Helper()
	return h.enter("admin", object{"roomAdmin": true})
}

func happened(kind string) func(object) bool {
	return func(e object) bool { return e["event"] == kind }
}

// knocks reads on until these wait.
func (m *member) knocks(names ...string) (ids []string) {
	m.t.Helper()
	for {
		ids = nil
		waiting := []string{}
		for _, k := range m.expect("knocks")["knocks"].([]any) {
			waiting = append(waiting, k.(object)["name"].(string))
			ids = append(ids, k.(object)["id"].(string))
		}
		if slices.Equal(waiting, names) {
			return ids
		}
	}
}

func TestModeratingIsForAdmins(t *testing.T) {
	t.Parallel()
	h := aHall(t)
	admin, ben := h.admin(), h.enter("ben", nil)
	for _, ask := range []object{
		{"t": "mute", "participant": admin.id, "track": "t_none", "muted": true},
		{"t": "remove", "participant": admin.id},
		{"t": "settings", "locked": true},
		{"t": "admit", "all": true},
		{"t": "deny", "knock": "k_none"},
		{"t": "end"},
	} {
		ben.say(ask)
		ben.expectError(ask["t"].(string), "not_allowed")
	}
	for _, ask := range []object{
		{"t": "remove", "participant": "p_nobody"}, {"t": "admit", "knock": "k_none"}, {"t": "deny", "knock": "k_none"},
	} {
		admin.say(ask)
		admin.expectError(ask["t"].(string), "unknown_participant")
	}
	for _, ask := range []object{
		{"t": "remove", "participant": 7}, {"t": "settings", "locked": "yes"}, {"t": "admit"}, {"t": "deny", "knock": "k", "all": true},
	} {
		admin.say(ask)
		admin.expectError(ask["t"].(string), "bad_message")
	}
	if settings := ben.in["settings"].(object); settings["locked"] != false || settings["lobby"] != false {
		t.Errorf("settings %v", settings)
	}
	if them := ben.in["participants"].([]any)[0].(object); them["admin"] != true {
		t.Errorf("the admin is not known as one: %v", them)
	}
}

func TestRemoved(t *testing.T) {
	t.Parallel()
	h := aHall(t)
	admin, ben, cy := h.admin(), h.enter("ben", nil), h.enter("cy", nil)
	admin.say(object{"t": "remove", "participant": ben.id})
	ben.expectClosed("removed")
	if e := cy.expectEntry("left", happened("left")); e["id"] != ben.id || e["reason"] != "removed" {
		t.Errorf("in the log: %v", e)
	}
	sid, rt := ben.in["sid"].(string), ben.in["rt"].(string)
	resume(t, h.tt.keyed, sid, rt).expectError("resume", "removed")
	again := h.hello("ben", nil)
	again["resume"] = object{"sid": sid, "rt": rt}
	delete(again, "attempt")
	s := dial(t, h.tt.keyed)
	s.say(again)
	s.expectError("join", "removed")
	if status, _ := enter(t, h.tt.keyed, "sse", object{"t": "resume", "sid": sid, "rt": rt}); status != http.StatusGone {
		t.Errorf("resume over HTTP: %d", status)
	}
	resume(t, h.tt.keyed, sid, rt+"x").expectError("resume", "session_not_found")
	h.enter("ben", nil) // as somebody new
}

func TestLocked(t *testing.T) {
	t.Parallel()
	h := aHall(t)
	admin, ben := h.admin(), h.enter("ben", nil)
	admin.say(object{"t": "settings", "locked": true})
	if e := ben.expectEntry("settings", happened("settings")); e["locked"] != true || e["lobby"] != false || e["by"] != admin.id {
		t.Errorf("in the log: %v", e)
	}
	cy := h.come("cy", nil)
	cy.expectError("join", "room_locked")
	cy.expectClose(websocket.ClosePolicyViolation)
	if status, answer := enter(t, h.tt.keyed, "poll", h.hello("cy", nil)); status != http.StatusConflict || answer["code"] != "room_locked" {
		t.Errorf("over HTTP: %d %v", status, answer)
	}
	// Who is in stays in: over a resume, and over a reload.
	s := resume(t, h.tt.keyed, ben.in["sid"].(string), ben.in["rt"].(string))
	rt := s.expect("resumed")["rt"]
	reload := h.hello("ben", nil)
	reload["resume"] = object{"sid": ben.in["sid"], "rt": rt}
	delete(reload, "attempt") // which is another one
	s = dial(t, h.tt.keyed)
	s.say(reload)
	if settings := h.in(s).in["settings"].(object); settings["locked"] != true {
		t.Errorf("settings %v", settings)
	}
	if other := h.enter("other", object{"roomAdmin": true}); other.in["settings"].(object)["locked"] != true {
		t.Errorf("settings %v", other.in["settings"])
	}
	admin.say(object{"t": "settings", "locked": false})
	s.expectEntry("settings", happened("settings"))
	h.enter("cy", nil)
}

func TestLobby(t *testing.T) {
	t.Parallel()
	h := aHall(t)
	admin := h.admin()
	admin.say(object{"t": "settings", "lobby": true})
	admin.expectEntry("settings", happened("settings"))
	ben := h.come("ben", nil)
	wait := ben.expect("wait")
	if wait["attended"] != true || wait["decided"] != nil || len(wait["attempt"].(string)) < 16 {
		t.Errorf("told %v", wait)
	}
	ids := admin.knocks("ben")
	ben.sync() // pings are answered, more than may come before a join
	for range 20 {
		ben.sync()
	}
	admin.say(object{"t": "m", "n": 1, "type": "secret", "data": 1})
	admin.expectEntry("fate", func(e object) bool { return num(e["ok"]) == 1 })
	admin.say(object{"t": "admit", "knock": ids[0]})
	if decided := ben.expect("wait"); decided["decided"] != true {
		t.Errorf("told %v", decided)
	}
	if len(ben.skipped) != 0 {
		t.Errorf("who waits was told %v", ben.skipped)
	}
	ben.say(h.hello("ben", nil))
	h.in(ben)
	admin.knocks()

	cy := h.come("cy", nil)
	cy.expect("wait")
	admin.say(object{"t": "deny", "knock": admin.knocks("cy")[0]})
	cy.expect("wait")
	cy.say(h.hello("cy", nil))
	cy.expectError("join", "denied")
	cy.expectClose(websocket.ClosePolicyViolation)

	// Who says that they go, and who closes the page, does not wait any more.
	dee := h.come("dee", nil)
	dee.expect("wait")
	eve := h.come("eve", nil)
	eve.expect("wait")
	admin.knocks("dee", "eve")
	dee.say(object{"t": "leave"})
	dee.expectClose(websocket.CloseNormalClosure)
	admin.knocks("eve")
	_ = eve.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, ""), time.Now().Add(time.Second))
	admin.knocks()

	// Without anybody who could, they wait on, and know that; whoever comes next finds them.
	fay := h.come("fay", nil)
	fay.expect("wait")
	admin.say(object{"t": "leave"})
	if wait := fay.expect("wait"); wait["attended"] != false {
		t.Errorf("told %v", wait)
	}
	other := h.admin()
	if wait := fay.expect("wait"); wait["attended"] != true {
		t.Errorf("told %v", wait)
	}
	other.knocks("fay")
	other.say(object{"t": "settings", "lobby": false})
	fay.expect("wait")
	fay.say(h.hello("fay", nil))
	h.in(fay)
	bad := h.come("bad", object{"mustKnock": true})
	bad.expect("wait")
	bad.say(object{"t": "m", "n": 1, "type": "x", "data": 1})
	bad.expectError("", "bad_message")
	bad.expectClose(websocket.ClosePolicyViolation)
}

func TestLobbyOverHTTP(t *testing.T) {
	t.Parallel()
	h := aHall(t)
	admin := h.admin()
	hello := h.hello("ben", object{"mustKnock": true})
	status, wait := enter(t, h.tt.keyed, "poll", hello)
	if status != http.StatusAccepted || wait["t"] != "wait" || wait["attended"] != true || wait["attempt"] != hello["attempt"] {
		t.Fatalf("%d %v", status, wait)
	}
	id := admin.knocks("ben")[0]
	hello["wait"] = true
	answered := make(chan object)
	go func() {
		_, answer := enter(t, h.tt.keyed, "poll", hello)
		answered <- answer
	}()
	admin.say(object{"t": "admit", "knock": id})
	if answer := <-answered; answer["t"] != "joined" || answer["link"] == nil {
		t.Errorf("admitted: %v", answer)
	}
	hello = h.hello("cy", object{"mustKnock": true})
	enter(t, h.tt.keyed, "sse", hello)
	admin.say(object{"t": "deny", "knock": admin.knocks("cy")[0]})
	admin.knocks()
	hello["wait"] = true
	if status, answer := enter(t, h.tt.keyed, "sse", hello); status != http.StatusForbidden || answer["code"] != "denied" {
		t.Errorf("denied: %d %v", status, answer)
	}
}

func TestSoManyWait(t *testing.T) {
	t.Parallel()
	h := aHall(t)
	need(t, h.tt.started, "a server whose limits are known")
	admin := h.admin()
	for i := range 50 {
		if status, answer := enter(t, h.tt.keyed, "poll", h.hello(fmt.Sprint("guest", i), object{"mustKnock": true})); status != http.StatusAccepted {
			t.Fatalf("guest %d: %d %v", i, status, answer)
		}
	}
	if status, answer := enter(t, h.tt.keyed, "poll", h.hello("more", object{"mustKnock": true})); status != http.StatusConflict || answer["code"] != "lobby_full" {
		t.Errorf("one more: %d %v", status, answer)
	}
	h.enter("known", object{"mustKnock": false})
	admin.say(object{"t": "deny", "all": true})
	admin.knocks()
}

func TestEndForAll(t *testing.T) {
	t.Parallel()
	h := aHall(t)
	admin, ben, away := h.admin(), h.enter("ben", nil), h.enter("away", nil)
	away.say(object{"t": "leave", "return": true})
	admin.expectEntry("left", happened("left"))
	waits := h.come("waits", object{"mustKnock": true})
	waits.expect("wait")
	admin.say(object{"t": "end"})
	admin.expectClosed("room_closed")
	ben.expectClosed("room_closed")
	waits.expect("wait")
	waits.say(h.hello("waits", object{"mustKnock": true}))
	waits.expectError("join", "room_closed")
	for _, m := range []*member{ben, away} {
		resume(t, h.tt.keyed, m.in["sid"].(string), m.in["rt"].(string)).expectError("resume", "room_closed")
	}
	if next := h.enter("next", nil); len(next.in["participants"].([]any)) != 0 {
		t.Errorf("the next finds %v", next.in["participants"])
	}
}

// Where everything is open, the first is host, and there is one as long as anybody is there.
func TestTheFirstIsHost(t *testing.T) {
	t.Parallel()
	tt := server(t)
	need(t, tt.started, "a server in development mode")
	room := aRoom()
	ada, ben := join(t, tt.url, room, "Ada"), join(t, tt.url, room, "Ben")
	admin := func(m *member) any { return m.in["grant"].(object)["admin"] }
	if admin(ada) != true || admin(ben) != false {
		t.Errorf("Ada %v, Ben %v", admin(ada), admin(ben))
	}
	if them := ben.in["participants"].([]any)[0].(object); them["admin"] != true {
		t.Errorf("the host is not known as one: %v", them)
	}
	ada.say(object{"t": "leave"})
	if e := ben.expectEntry("appointed", happened("appointed")); e["id"] != ben.id {
		t.Errorf("in the log: %v", e)
	}
	ben.say(object{"t": "settings", "locked": true})
	ben.expectEntry("settings", happened("settings"))
}
