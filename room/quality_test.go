package room

import (
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlorhq/parlor/sfu"
)

// qualities are all that one of them was told, in order.
func (c *crowd) qualities(i int) (all []map[string]sfu.Quality) {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	for _, v := range c.told[i].all {
		if q, ok := v.(QualitiesChanged); ok {
			all = append(all, q.Of)
		}
	}
	return all
}

func TestQualitiesAreToldOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 3, 1, 1)
		events := make([]*peerEvents, len(c.people))
		for i, p := range c.people {
			events[i] = &peerEvents{p: p, peer: p.peer}
		}
		a, b := c.people[0].ID, c.people[1].ID
		events[0].QualityChanged(sfu.QualityGood)
		events[0].QualityChanged(sfu.QualityPoor)
		events[1].QualityChanged(sfu.QualityGood)
		events[2].QualityChanged(sfu.QualityUnknown)
		if len(c.qualities(2)) > 0 {
			t.Error("told at once")
		}
		time.Sleep(qualityEvery)
		synctest.Wait()
		events[0].QualityChanged(sfu.QualityLost)
		events[0].QualityChanged(sfu.QualityPoor) // it is what it was
		time.Sleep(10 * time.Second)
		events[1].QualityChanged(sfu.QualityLost)
		events[0].QualityChanged(sfu.QualityGood)
		c.people[0].Leave(ReasonLeft) // nothing of it is left to tell
		time.Sleep(2 * time.Second)
		synctest.Wait()
		want := []map[string]sfu.Quality{{a: sfu.QualityPoor, b: sfu.QualityGood}, {b: sfu.QualityLost}}
		got := c.qualities(2)
		if !slices.EqualFunc(got, want, maps.Equal[map[string]sfu.Quality]) {
			t.Errorf("told %v, want %v", got, want)
		}
		if m := c.people[2].Moment(); !maps.Equal(m.Qualities, want[1]) {
			t.Errorf("at the moment: %v", m.Qualities)
		}
	})
}

func TestLayersAreToldTheirPublisher(t *testing.T) {
	c := newCrowd(t, 2, 1, 1)
	ada := c.people[0]
	events := &peerEvents{p: ada, peer: ada.peer}
	track := ada.publications["c0"].track
	c.told[0].all, c.told[1].all = nil, nil
	events.LayersWanted(track, []string{"q", "f"})
	events.LayersWanted(track, []string{})
	events.LayersWanted(sfu.NewTrack("another", "c0", sfu.Video), []string{"q"}) // that came before it
	if len(c.told[0].all) != 2 || len(c.told[1].all) != 0 {
		t.Fatalf("told %+v and %+v", c.told[0].all, c.told[1].all)
	}
	if l := c.told[0].all[0].(LayersWanted); l.Mid != "c0" || !slices.Equal(l.RIDs, []string{"q", "f"}) {
		t.Errorf("told %+v", l)
	}
	if m := ada.Moment(); len(m.Layers) != 1 || m.Layers[0].Mid != "c0" || len(m.Layers[0].RIDs) != 0 {
		t.Errorf("at the moment: %+v", m.Layers)
	}
	former := &peerEvents{p: ada, peer: newScreen(0, 0)}
	former.LayersWanted(track, []string{"f"})
	former.QualityChanged(sfu.QualityGood)
	if len(c.told[0].all) != 2 || ada.room.rating != nil {
		t.Error("a peer that was replaced was listened to")
	}
}

// A room looks at who speaks while there is somebody to be heard, and only then.
func TestSilentRoomsAreNotLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rs, _ := newTestRooms(t, nil)
		ada, _ := join(t, rs, "Ada")
		ada.peer = newScreen(1, 0)
		looks := func() bool {
			ada.room.mu.Lock()
			defer ada.room.mu.Unlock()
			return ada.room.listening != nil
		}
		events := &peerEvents{p: ada, peer: ada.peer}
		if looks() {
			t.Error("before anything was published")
		}
		must(t, ada.Publish(Publish{Mid: "0", Source: Microphone}))
		events.TrackStarted(sfu.NewTrack("t_0", "0", sfu.Audio))
		must(t, ada.Publish(Publish{Mid: "1", Source: Camera}))
		events.TrackStarted(sfu.NewTrack("t_1", "1", sfu.Video))
		time.Sleep(10 * time.Second)
		if !looks() {
			t.Error("not while there is a microphone")
		}
		must(t, ada.Publish(Publish{Mid: "0", Source: Microphone, Muted: true}))
		time.Sleep(time.Second)
		if looks() {
			t.Error("while the only microphone is muted")
		}
		must(t, ada.Publish(Publish{Mid: "0", Source: Microphone}))
		if !looks() {
			t.Error("not when it is unmuted")
		}
		ada.Leave(ReasonLeft)
		time.Sleep(time.Second)
		if looks() {
			t.Error("in an empty room")
		}
	})
}
