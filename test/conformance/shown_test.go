package conformance

import (
	"fmt"
	"strings"
	"testing"
)

// What the page shows is taken within limits, and what is above them costs nothing but an error.
func TestViewHasLimits(t *testing.T) {
	t.Parallel()
	m := join(t, server(t).url, aRoom(), "Ada")
	tiles := func(n int) (all []object) {
		for i := range n {
			all = append(all, object{"id": fmt.Sprint("t_", i), "width": 640, "height": 360})
		}
		return all
	}
	ids := func(n int) (all []string) {
		for i := range n {
			all = append(all, fmt.Sprint("t_", i))
		}
		return all
	}
	m.say(object{"t": "view", "tracks": tiles(100), "off": ids(500)})
	m.say(object{"t": "view", "tracks": []object{}})
	m.say(object{"t": "view", "tracks": []object{{"id": "t_1", "width": 16384, "height": 0, "pin": true}}})
	for name, c := range map[string]struct {
		view object
		code string
	}{
		"too many":        {object{"tracks": tiles(101)}, "too_large"},
		"too many off":    {object{"tracks": tiles(1), "off": ids(501)}, "too_large"},
		"a long id":       {object{"tracks": []object{{"id": strings.Repeat("x", 65)}}}, "bad_message"},
		"no id":           {object{"tracks": []object{{"width": 1, "height": 1}}}, "bad_message"},
		"too wide":        {object{"tracks": []object{{"id": "t_1", "width": 16385}}}, "bad_message"},
		"below nothing":   {object{"tracks": []object{{"id": "t_1", "height": -1}}}, "bad_message"},
		"half a pixel":    {object{"tracks": []object{{"id": "t_1", "height": 0.5}}}, "bad_message"},
		"not a list":      {object{"tracks": "all"}, "bad_message"},
		"off is no list":  {object{"tracks": tiles(1), "off": true}, "bad_message"},
		"a tile is an id": {object{"tracks": []string{"t_1"}}, "bad_message"},
	} {
		c.view["t"] = "view"
		m.say(c.view)
		if e := m.expectError("view", c.code); t.Failed() {
			t.Fatalf("%s: %v", name, e)
		}
	}
	m.sync()
	for _, e := range m.skipped {
		if e["t"] == "error" {
			t.Errorf("also refused: %v", e)
		}
	}
}

// So is what a publisher says of its pictures.
func TestWhatIsPublishedHasLimits(t *testing.T) {
	t.Parallel()
	m := join(t, server(t).url, aRoom(), "Ada")
	layers := func(n int, scale float64, rid string) (all []object) {
		for range n {
			all = append(all, object{"rid": rid, "scale": scale})
		}
		return all
	}
	m.say(object{"t": "publish", "mid": "1", "source": "camera", "muted": false, "width": 1280, "height": 720, "layers": layers(3, 2.5, "h")})
	for name, c := range map[string]struct {
		more object
		code string
	}{
		"five layers": {object{"layers": layers(5, 1, "f")}, "too_large"},
		"enlarged":    {object{"layers": layers(1, 0.5, "f")}, "bad_message"},
		"a long rid":  {object{"layers": layers(1, 1, strings.Repeat("r", 33))}, "bad_message"},
		"too wide":    {object{"width": 16385, "height": 1}, "bad_message"},
		"negative":    {object{"width": -1, "height": 1}, "bad_message"},
		"a word":      {object{"width": "wide"}, "bad_message"},
	} {
		c.more["t"], c.more["mid"], c.more["source"], c.more["muted"] = "publish", "1", "camera", false
		m.say(c.more)
		if e := m.expectError("publish", c.code); t.Failed() || c.more["width"] != "wide" && e["mid"] != "1" {
			t.Fatalf("%s: %v", name, e)
		}
	}
	m.sync()
}

// What the page does not show is not sent, and nobody who publishes has to send what nobody is shown.
func TestViewAndLayers(t *testing.T) {
	t.Parallel()
	url, room := quick(t).url, aRoom()
	ada := openStudio(t, url, object{"room": room, "name": "Ada"})
	ada.loud.Store(127)
	ben := openStudio(t, url, object{"room": room, "name": "Ben"})
	camera := "" // Ada's: in Ben's snapshot, or in his log
	for _, p := range ben.in["participants"].([]any) {
		tracks, _ := p.(object)["tracks"].([]any)
		for _, raw := range tracks {
			if track := raw.(object); track["source"] == "camera" {
				camera = track["id"].(string)
			}
		}
	}
	if camera == "" {
		camera = ben.published(ada.id, "camera")
	}
	layers := func(want int) {
		t.Helper()
		for {
			if m := ada.expect("layers"); m["mid"] == ada.mids["camera"] && len(m["rids"].([]any)) == want {
				return
			}
		}
	}
	ben.say(object{"t": "view", "tracks": []object{}})
	layers(0) // nobody
	ben.say(object{"t": "view", "tracks": []object{{"id": "t_comes_later", "width": 1, "height": 1}, {"id": camera, "width": 640, "height": 360, "pin": true}}})
	if s := ben.shows("video", camera); s["participant"] != ada.id {
		t.Errorf("slot %v", s)
	}
	layers(1)
	grows(t, "picture", &ben.picture, 5)
	ben.say(object{"t": "view", "tracks": []object{{"id": camera, "width": 640, "height": 360}}, "off": []string{camera}})
	ben.shows("video", "")
	layers(0)
	sent, came := &ada.sent, ben.picture.Load()
	grows(t, "packets sent", sent, 25)
	if n := ben.picture.Load(); n > came {
		t.Errorf("%d packets of what is off", n-came)
	}

	// What a link may have missed is said anew.
	again := dial(t, url)
	again.say(object{"t": "resume", "sid": ada.in["sid"], "rt": ada.in["rt"]})
	again.expect("resumed")
	if m := again.expect("layers"); m["mid"] != ada.mids["camera"] || len(m["rids"].([]any)) != 0 {
		t.Errorf("after resuming: %v", m)
	}
}

// Who speaks is known to all, newcomers among them, until an admin mutes them; and that is at once.
func TestSpeakersAndMute(t *testing.T) {
	t.Parallel()
	tt := server(t)
	need(t, tt.keyed != "" && tt.secret != "", "a server with a key")
	room := aRoom()
	token := func(sub string, admin bool) string {
		return mint(t, tt, room, func(_, claims, video object) {
			claims["sub"], claims["name"] = sub, sub
			video["roomAdmin"] = admin
		})
	}
	enter := func(sub string, admin bool) *member {
		s := dial(t, tt.keyed)
		s.say(object{"t": "join", "room": room, "name": sub, "token": token(sub, admin)})
		in := s.expect("joined")
		return &member{socket: s, room: room, id: in["you"].(object)["id"].(string), in: in}
	}
	admin := enter("admin", true)
	cy := openStudio(t, tt.keyed, object{"room": room, "name": "cy", "token": token("cy", false)})
	cy.loud.Store(127)
	ben := openStudio(t, tt.keyed, object{"room": room, "name": "ben", "token": token("ben", false)})
	mic := admin.published(ben.id, "microphone")
	speakers := func(s *socket, want string) {
		t.Helper()
		for {
			if ids := s.expect("speakers")["ids"].([]any); fmt.Sprint(ids) == want {
				return
			}
		}
	}
	speakers(admin.socket, fmt.Sprint([]string{ben.id}))
	cy.shows("audio", mic)
	grows(t, "sound", &cy.sounds, 5)
	late := enter("late", false)
	speakers(late.socket, fmt.Sprint([]string{ben.id}))

	late.say(object{"t": "mute", "participant": ben.id, "track": mic, "muted": true})
	late.expectError("mute", "not_allowed")
	admin.say(object{"t": "mute", "participant": "p_nobody", "track": mic, "muted": true})
	admin.expectError("mute", "unknown_participant")
	admin.say(object{"t": "mute", "participant": ben.id, "track": "t_none", "muted": true})
	admin.expectError("mute", "unknown_participant")

	muted := func(s *socket) object {
		return s.expectEntry("muted", func(e object) bool { return e["event"] == "muted" && e["track"] == mic })
	}
	admin.say(object{"t": "mute", "participant": ben.id, "track": mic, "muted": true})
	for _, s := range []*socket{ben.socket, late.socket} {
		if e := muted(s); e["muted"] != true || e["by"] != admin.id || e["id"] != ben.id {
			t.Errorf("in the log: %v", e)
		}
	}
	speakers(admin.socket, "[]")
	came := cy.sounds.Load()
	grows(t, "packets sent", &ben.sent, 25) // he goes on
	if n := cy.sounds.Load(); n > came {
		t.Errorf("%d packets of who is muted", n-came)
	}
	ben.say(object{"t": "publish", "mid": ben.mids["microphone"], "source": "microphone", "muted": false})
	if e := muted(late.socket); e["muted"] != false || e["by"] != nil {
		t.Errorf("in the log: %v", e)
	}
	speakers(admin.socket, fmt.Sprint([]string{ben.id}))
	grows(t, "sound", &cy.sounds, 5)
}
