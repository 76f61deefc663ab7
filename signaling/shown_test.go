package signaling

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/parlorhq/parlor/room"
	"github.com/parlorhq/parlor/sfu"
)

func TestWhatIsAskedOfMediaIsReadStrictly(t *testing.T) {
	many := func(n int, what string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(what+",", n), ",") + "]"
	}
	const tile = `{"id":"t_1","width":1,"height":1}`
	for _, tt := range []struct{ kind, members, code string }{
		{kindView, `"tracks":[]`, ""},
		{kindView, ``, ""}, // as if it were empty
		{kindView, `"tracks":[` + tile + `],"off":["t_2"],"later":1`, ""},
		{kindView, `"tracks":` + many(100, tile) + `,"off":` + many(500, `"t"`), ""},
		{kindView, `"tracks":` + many(101, tile), "too_large"},
		{kindView, `"tracks":[],"off":` + many(501, `"t"`), "too_large"},
		{kindView, `"tracks":{}`, "bad_message"},
		{kindView, `"tracks":[1]`, "bad_message"},
		{kindView, `"tracks":[{"id":7}]`, "bad_message"},
		{kindView, `"tracks":[{"id":""}]`, "bad_message"},
		{kindView, `"tracks":[{"id":"t","width":1e9}]`, "bad_message"},
		{kindView, `"tracks":[{"id":"t","width":99999999999999999999}]`, "bad_message"},
		{kindView, `"tracks":[{"id":"t","pin":"yes"}]`, "bad_message"},
		{kindView, `"tracks":[],"off":[null]`, "bad_message"},
		{kindPublish, `"mid":"1","source":"camera","muted":false,"width":1280,"height":720,"layers":[{"rid":"q","scale":4}]`, ""},
		{kindPublish, `"mid":"1","source":"camera","layers":` + many(5, `{"rid":"q","scale":1}`), "too_large"},
		{kindPublish, `"mid":"1","source":"camera","layers":[{"rid":"q"}]`, "bad_message"},
		{kindPublish, `"mid":"1","source":"camera","layers":[{"rid":"q","scale":-1}]`, "bad_message"},
		{kindPublish, `"mid":"1","source":"camera","layers":["q"]`, "bad_message"},
		{kindPublish, `"mid":"1","source":"camera","width":-1`, "bad_message"},
		{kindMute, `"participant":"p","track":"t","muted":true`, "not_allowed"},
		{kindMute, `"participant":["p"]`, "bad_message"},
	} {
		c := newTestClient(t, Limits{})
		raw := `{"t":"` + tt.kind + `"` + strings.TrimSuffix(","+tt.members, ",") + `}`
		_, err := c.serve(request{tt.kind, []byte(raw)})
		word := ""
		if err != nil {
			word, _ = code(err)
			before := c.h.cfg.Metrics.RefusedCount(word)
			c.fail(tt.kind, subject{}, err)
			if n := c.h.cfg.Metrics.RefusedCount(word) - before; n != 1 {
				t.Errorf("%.100s: counted %v times", raw, n)
			}
		}
		if word != tt.code {
			t.Errorf("%.100s: %q, want %q", raw, word, tt.code)
		}
	}
}

// Whatever is asked, it is taken or refused with a word, and nothing that is kept is above its cap.
func FuzzAskedOfMedia(f *testing.F) {
	f.Add(`{"t":"view","tracks":[{"id":"t","width":1,"height":1,"pin":true}],"off":["u"]}`)
	f.Add(`{"t":"publish","mid":"1","source":"camera","width":1280,"height":720,"layers":[{"rid":"q","scale":4}]}`)
	f.Add(`{"t":"mute","participant":"p","track":"t","muted":true}`)
	f.Fuzz(func(t *testing.T, raw string) {
		kind, err := kindOf([]byte(raw))
		if err != nil || kind != kindView && kind != kindPublish && kind != kindMute {
			return
		}
		c := newTestClient(t, Limits{})
		if _, err := c.serve(request{kind, []byte(raw)}); err != nil {
			if word, _ := code(err); word == "internal" {
				t.Errorf("%s: %v", raw, err)
			}
			return
		}
		var m struct {
			Tracks, Off, Layers []json.RawMessage
		}
		if err := json.Unmarshal([]byte(raw), &m); err == nil && (len(m.Tracks) > 100 || len(m.Off) > 500 || len(m.Layers) > 4) {
			t.Errorf("taken: %s", raw)
		}
	})
}

func TestWhatStandsInNoLogIsSaid(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		ada := s.join("sse", "Ada")
		stream := ada.watch()
		c := s.h.sessions.find(ada.sid)
		for _, n := range []room.Notice{
			room.SpeakersChanged{IDs: []string{"p_1", "p_2"}},
			room.SpeakersChanged{},
			room.QualitiesChanged{Of: map[string]sfu.Quality{"p_1": sfu.QualityGood, "p_2": sfu.QualityPoor, "p_3": sfu.QualityLost}},
			room.QualitiesChanged{Of: map[string]sfu.Quality{"p_2": sfu.QualityGood}},
			room.LayersWanted{Mid: "1", RIDs: []string{"q", "h"}},
			room.LayersWanted{Mid: "1"},
			room.SlotsChanged{Rev: 7, Slots: []room.Slot{{Mid: "3", Kind: sfu.Video, Track: "t", Participant: "p", Paused: true}}},
		} {
			c.Notify(n)
			synctest.Wait()
		}
		want := strings.Join([]string{
			`{"t":"speakers","ids":["p_1","p_2"]}`, `{"t":"speakers","ids":[]}`,
			`{"t":"quality","of":{"p_1":"good","p_2":"poor","p_3":"lost"}}`,
			`{"t":"quality","of":{"p_2":"good"}}`,
			`{"t":"layers","mid":"1","rids":["q","h"]}`, `{"t":"layers","mid":"1","rids":[]}`,
			`{"t":"slots","rev":7,"slots":[{"mid":"3","kind":"video","track":"t","participant":"p","paused":true}]}`,
		}, "\n")
		if got := stream.rest(); got != want {
			t.Errorf("told %s\nwant %s", got, want)
		}
		// Who was told that somebody speaks is told on a new link that nobody does any more.
		ada.resume("sse")
		again := ada.watch()
		synctest.Wait()
		if got := again.rest(); got != `{"t":"speakers","ids":[]}` {
			t.Errorf("after resuming: %s", got)
		}
	})
}

func TestAMuteSaysWhoDidIt(t *testing.T) {
	for by, want := range map[string]string{
		"":    `{"event":"muted","id":"p","track":"t","muted":true}`,
		"p_a": `{"event":"muted","id":"p","track":"t","muted":true,"by":"p_a"}`,
	} {
		if got := string(EncodeEvent(room.Muted{ID: "p", Track: "t", Muted: true, By: by})); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// A client that does not read for hours is told how things are when it does, not how they were.
func TestWhoIsSlowToReadIsToldTheNewest(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, s *site) {
		ada := s.join("poll", "Ada") // nothing is taken before it asks
		c := s.h.sessions.find(ada.sid)
		for i := range 1000 {
			id := fmt.Sprint("p_", i%3)
			c.Notify(room.SpeakersChanged{IDs: []string{id}})
			c.Notify(room.QualitiesChanged{Of: map[string]sfu.Quality{id: sfu.QualityPoor, "p_3": sfu.Quality(1 + i%3)}})
			c.Notify(room.LayersWanted{Mid: fmt.Sprint(i % 2), RIDs: []string{id}})
			c.Notify(room.SlotsChanged{Rev: uint64(i + 1), Slots: []room.Slot{{Mid: "3", Kind: sfu.Video}}})
			synctest.Wait()
		}
		if c.ctx.Err() != nil {
			t.Fatal("the session has ended")
		}
		// What was on its way comes, and then the newest.
		var frames []string
		for n := 1; n == 1 || !strings.Contains(frames[len(frames)-1], `"rev":1000`); n++ {
			_, more := ada.poll(n)
			if len(more) == 0 {
				t.Fatalf("%d frames, and not the newest", len(frames))
			}
			frames = append(frames, more...)
		}
		if len(frames) > 2000 {
			t.Errorf("told of everything: %d frames", len(frames))
		}
		got := strings.Join(frames[len(frames)-5:], "\n")
		for _, want := range []string{
			`{"t":"speakers","ids":["p_0"]}`, `{"t":"quality","of":{"p_0":"poor","p_1":"poor","p_2":"poor","p_3":"good"}}`,
			`{"t":"layers","mid":"1","rids":["p_0"]}`, `{"t":"layers","mid":"0","rids":["p_2"]}`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("not told %s, but\n%s", want, got)
			}
		}
	})
}
