package conformance

import (
	"testing"
)

// How lines are is said as protocol.md has it: only changes, of whom they are, and all that is known to newcomers; and a picture
// that a line does not carry is paused in its slot, and comes back.
func TestQualityAndPaused(t *testing.T) {
	t.Parallel()
	tt, room := quick(t), aRoom()
	need(t, tt.started, "a server on this machine")
	url := tt.url
	ada := openStudio(t, url, object{"room": room, "name": "Ada"})
	ada.pixels.Store(1000) // 400 kb/s
	line, err := listenThin()
	if err != nil {
		t.Fatal(err)
	}
	ben := openStudioBehind(t, line, url, object{"room": room, "name": "Ben"})
	says := func(s *socket, want string) {
		t.Helper()
		for {
			of, ok := s.expect("quality")["of"].(object)
			if !ok || len(of) == 0 {
				t.Fatal("of nobody")
			}
			for id, q := range of {
				if q != "good" && q != "poor" && q != "lost" || id == "" {
					t.Fatalf("%q is %v", id, q)
				}
			}
			if of[ben.id] == want {
				return
			}
		}
	}
	paused := func(want bool) (slot object) {
		t.Helper()
		wait(t, "picture that is paused, or not", func() bool {
			for _, raw := range *ben.slots.Load() {
				if slot = raw.(object); slot["kind"] == "video" && slot["track"] != nil {
					is, _ := slot["paused"].(bool)
					return is == want
				}
			}
			return false
		})
		return slot
	}
	grows(t, "picture", &ben.picture, 50)
	says(ada.socket, "good")
	if _, said := paused(false)["paused"]; said {
		t.Error("that it is not paused is said too")
	}

	line.bits.Store(100_000)
	if slot := paused(true); slot["participant"] != ada.id {
		t.Errorf("slot %v", slot)
	}
	says(ada.socket, "poor")
	late := join(t, url, room, "Cy")
	says(late.socket, "poor")
	sent, came := &ada.sent, ben.sounds.Load()
	grows(t, "packets sent", sent, 50)
	if n := ben.sounds.Load() - came; n < 40 {
		t.Errorf("%d packets of the voice beside what is paused", n)
	}

	line.bits.Store(0)
	paused(false)
	grows(t, "picture", &ben.picture, 50)
	says(ada.socket, "good")

	line.bits.Store(-1)
	says(ada.socket, "lost")
	says(late.socket, "lost")
	ben.say(object{"t": "leave"})
	ben.expect("closed")
	after := join(t, url, room, "Dan")
	after.sync()
	for _, m := range after.skipped {
		if of, _ := m["of"].(object); m["t"] == "quality" && of[ben.id] != nil {
			t.Errorf("of somebody who left: %v", m)
		}
	}
}
