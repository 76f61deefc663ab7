package room

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parlorhq/parlor/sfu"
)

func describedAs(t *sfu.Track) string {
	width, height, layers := t.Described()
	return fmt.Sprint(width, height, layers)
}

func TestATrackIsDescribedHoweverItComes(t *testing.T) {
	rs, _ := newTestRooms(t, nil)
	ada, _ := join(t, rs, "Ada")
	ada.peer = newScreen(0, 0)
	events := &peerEvents{p: ada, peer: ada.peer}
	layers := []sfu.Encoding{{RID: "q", Scale: 4}, {RID: "f", Scale: 1}}
	must(t, ada.Publish(Publish{Mid: "1", Source: Camera, Width: 1280, Height: 720, Layers: layers}))
	track := sfu.NewTrack("t_1", "1", sfu.Video)
	events.TrackStarted(track)
	want := func(what, size string) {
		t.Helper()
		if got := describedAs(track); got != size {
			t.Errorf("%s: described as %s, want %s", what, got, size)
		}
	}
	want("declared before it came", "1280 720 [{q 4} {f 1}]")
	must(t, ada.Publish(Publish{Mid: "1", Source: Camera, Width: 640, Height: 480}))
	want("resized", "640 480 [{q 4} {f 1}]")
	must(t, ada.Publish(Publish{Mid: "1", Source: Camera, Muted: true}))
	want("muted", "640 480 [{q 4} {f 1}]")
	must(t, ada.Publish(Publish{Mid: "1", Source: Camera, Layers: layers[1:]}))
	want("with fewer layers", "640 480 [{f 1}]")
	must(t, ada.Publish(Publish{Mid: "1", Source: Screen}))
	want("something else in the same m-line", "0 0 []")

	late := sfu.NewTrack("t_2", "2", sfu.Video)
	events.TrackStarted(late)
	must(t, ada.Publish(Publish{Mid: "2", Source: Camera, Width: 320, Height: 240}))
	if got := describedAs(late); got != "320 240 []" {
		t.Errorf("declared after it came: %s", got)
	}
}

func TestWhatIsSaidOfATrackHasLimits(t *testing.T) {
	rs, _ := newTestRooms(t, nil)
	ada, _ := join(t, rs, "Ada")
	layers := func(n int, scale float64, rid string) []sfu.Encoding {
		return slices.Repeat([]sfu.Encoding{{RID: rid, Scale: scale}}, n)
	}
	for name, tt := range map[string]struct {
		p    Publish
		want error
	}{
		"all that may be":   {Publish{Width: 16384, Height: 16384, Layers: layers(4, 64, strings.Repeat("r", 32))}, nil},
		"too wide":          {Publish{Width: 16385, Height: 1}, ErrOutOfRange},
		"too high":          {Publish{Width: 1, Height: 16385}, ErrOutOfRange},
		"negative":          {Publish{Width: -1, Height: 1}, ErrOutOfRange},
		"five layers":       {Publish{Layers: layers(5, 1, "f")}, ErrTooMuch},
		"enlarged":          {Publish{Layers: layers(1, 0.5, "f")}, ErrOutOfRange},
		"no scale":          {Publish{Layers: layers(1, 0, "f")}, ErrOutOfRange},
		"a scale above all": {Publish{Layers: layers(1, 65, "f")}, ErrOutOfRange},
		"a long rid":        {Publish{Layers: layers(1, 1, strings.Repeat("r", 33))}, ErrOutOfRange},
	} {
		tt.p.Mid, tt.p.Source = "1", Camera
		if err := ada.Publish(tt.p); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

func TestAdminsMuteOthers(t *testing.T) {
	rs, rec := newTestRooms(t, nil)
	req := request("Ada")
	req.Grant.Admin = true
	ada, _, err := rs.Join(req)
	must(t, err)
	ben, _ := join(t, rs, "Ben")
	ben.peer = newScreen(0, 0)
	must(t, ben.Publish(Publish{Mid: "0", Source: Microphone}))
	track := sfu.NewTrack("t_1", "0", sfu.Audio)
	(&peerEvents{p: ben, peer: ben.peer}).TrackStarted(track)
	rec.take()
	step := func(what string, err error, silent, here bool, want ...Event) {
		t.Helper()
		must(t, err)
		if got := rec.take(); !slices.Equal(got, want) {
			t.Errorf("%s: told %+v, want %+v", what, got, want)
		}
		if track.Silenced() != silent {
			t.Errorf("%s: silenced %t", what, track.Silenced())
		}
		if n := len(ben.room.published.voices); n > 0 != here {
			t.Errorf("%s: %d voices", what, n)
		}
	}
	own := func(muted bool) error { return ben.Publish(Publish{Mid: "0", Source: Microphone, Muted: muted}) }
	muted := func(yes bool, by string) Event { return Muted{ID: ben.ID, Track: "t_1", Muted: yes, By: by} }
	step("muted by Ada", ada.Mute(ben.ID, "t_1", true), true, false, muted(true, ada.ID))
	step("again", ada.Mute(ben.ID, "t_1", true), true, false)
	step("Ben mutes too", own(true), true, false)
	step("Ada takes hers back", ada.Mute(ben.ID, "t_1", false), false, false)
	step("Ben unmutes", own(false), false, true, muted(false, ""))
	step("muted by Ada once more", ada.Mute(ben.ID, "t_1", true), true, false, muted(true, ada.ID))
	step("Ben unmutes what Ada muted", own(false), false, true, muted(false, ""))
	step("and again by Ada", ada.Mute(ben.ID, "t_1", true), true, false, muted(true, ada.ID))
	step("who takes it back", ada.Mute(ben.ID, "t_1", false), false, true, muted(false, ada.ID))

	for name, tt := range map[string]struct {
		err, want error
	}{
		"who may not":       {ben.Mute(ada.ID, "t_1", true), ErrNotAllowed},
		"nobody":            {ada.Mute("p_nobody", "t_1", true), ErrUnknownParticipant},
		"not their track":   {ada.Mute(ada.ID, "t_1", true), ErrUnknownParticipant},
		"not there a track": {ada.Mute(ben.ID, "t_2", true), ErrUnknownParticipant},
	} {
		if !errors.Is(tt.err, tt.want) {
			t.Errorf("%s: %v, want %v", name, tt.err, tt.want)
		}
	}
	ada.Away(ReasonLost)
	if err := ada.Mute(ben.ID, "t_1", true); !errors.Is(err, ErrGone) {
		t.Errorf("by one who is away: %v", err)
	}
}
