package bubble_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/parlorhq/parlor/internal/client"
)

// voice is somebody who publishes a microphone, whose loudness can be set, and a camera of few packets.
type voice struct {
	*person
	audio *client.Audio
}

const inAudible = 30

func (w *world) voice(name string) *voice {
	w.t.Helper()
	video, audio := client.NewVideo(1, 1, 1), client.NewAudio(1, 1)
	video.PacketsPerFrame, video.PayloadBytes, video.FrameRate = 1, 100, 4
	audio.Loud(inAudible)
	vt, err := client.NewVideoTrack(name)
	if err != nil {
		w.t.Fatal(err)
	}
	at, err := client.NewAudioTrack(name)
	if err != nil {
		w.t.Fatal(err)
	}
	v := &voice{audio: audio, person: w.join(name, client.Options{Publish: []client.Publication{
		{Source: "camera", Track: vt, Keyframe: video.RequestKeyframe, Size: client.Size{Width: 640, Height: 360}},
		{Source: "microphone", Track: at},
	}})}
	ctx, cancel := context.WithCancel(context.Background())
	w.served.Go(func() {
		<-v.Done()
		cancel()
	})
	w.served.Go(func() { _ = video.Run(ctx, vt, 0) })
	w.served.Go(func() { _ = audio.Run(ctx, at) })
	return v
}

// shown are the tracks in the slots of a kind.
func (p *person) shown(kind string) (tracks []string) {
	for _, s := range p.Slots() {
		if s.Kind == kind && s.Track != "" {
			tracks = append(tracks, s.Track)
		}
	}
	return tracks
}

// A hundred publish; somebody looks at them page by page and hears who speaks. Nobody makes a second offer for any of it.
func TestAHundredByPage(t *testing.T) {
	if raced {
		t.Skip("a hundred people take minutes with the race detector")
	}
	scenes(t, []uint64{1}, func(w *world) {
		const crowd, page, sounds = 100, 25, 10
		var all []*voice
		for i := range crowd {
			all = append(all, w.voice(fmt.Sprint("Voice", i)))
		}
		ada := w.join("Ada", client.Options{AudioSlots: sounds, VideoSlots: page})
		w.within(10*time.Second, "all published", func() bool {
			return ada.track(all[crowd-1].person, "camera") != "" && ada.track(all[crowd-1].person, "microphone") != ""
		})
		turn := func(from int) (ids []string) {
			v := client.View{}
			for _, p := range all[from : from+page] {
				id := ada.track(p.person, "camera")
				ids = append(ids, id)
				v.Tracks = append(v.Tracks, client.Tile{ID: id, Width: 320, Height: 180})
			}
			if err := ada.View(w.ctx, v); err != nil {
				t.Fatal(err)
			}
			return ids
		}
		seen := map[string]int{}
		for _, from := range []int{0, 50, 25} {
			ids := turn(from)
			took := w.within(3*time.Second, fmt.Sprint("page from ", from), func() bool {
				return !slices.ContainsFunc(ids, func(id string) bool { return ada.count(id) <= seen[id]+1 })
			})
			t.Logf("the page from %d after %v", from, took)
			for _, id := range ada.shown("video") {
				if !slices.Contains(ids, id) {
					t.Errorf("page from %d: %s is still shown", from, id)
				}
			}
			time.Sleep(time.Second)
			for id, before := range seen { // one may have been on its way
				if n := ada.count(id); n > before+1 && !slices.Contains(ids, id) {
					t.Errorf("page from %d: %d pictures of %s, which is on another", from, n-before, id)
				}
			}
			for _, id := range ids {
				seen[id] = ada.count(id)
			}
		}

		// Who speaks is heard and shown as speaking, and nobody receives more than there are slots.
		heard := func() (n int) {
			mids := ada.audioMids()
			ada.look(func() {
				for _, packets := range ada.packets {
					for _, in := range packets {
						if slices.Contains(mids, in.mid) && time.Since(in.at) < time.Second {
							n++
						}
					}
				}
			})
			return n
		}
		for _, i := range []int{77, 3, 42, 99} {
			speaker := all[i]
			mic := ada.track(speaker.person, "microphone")
			before := ada.count(mic)
			speaker.audio.Loud(100)
			shown := w.within(time.Second, "speaking", func() bool { return slices.Contains(ada.Speakers(), speaker.You().ID) })
			later := w.within(time.Second, "heard", func() bool { return ada.count(mic) > before+1 })
			t.Logf("%d shown as speaking after %v and heard after %v", i, shown, shown+later)
			if shown > 400*time.Millisecond || shown+later > 500*time.Millisecond {
				t.Errorf("%d is shown after %v and heard after %v", i, shown, shown+later)
			}
			time.Sleep(time.Second)
			speaker.audio.Loud(inAudible)
			out := w.within(2*time.Second, "silent", func() bool { return len(ada.Speakers()) == 0 })
			if out < 600*time.Millisecond || out > time.Second {
				t.Errorf("%d is shown for %v after the last word", i, out)
			}
			if n := heard(); n > sounds*51 || n < sounds*45 {
				t.Errorf("%d packets of audio in a second, for %d slots", n, sounds)
			}
		}

		// Some go and others come, on the page that is shown and elsewhere.
		for _, i := range []int{30, 77} {
			if err := all[i].Leave(w.ctx); err != nil {
				t.Fatal(err)
			}
		}
		late := w.voice("Late")
		w.within(5*time.Second, "the latecomer's camera", func() bool { return ada.track(late.person, "camera") != "" })
		all[30] = late
		ids := turn(25)
		w.within(3*time.Second, "the page with the latecomer", func() bool {
			return !slices.ContainsFunc(ids, func(id string) bool { return ada.count(id) <= seen[id]+1 })
		})
		for _, p := range append(slices.Clone(all), &voice{person: ada}) {
			if n := p.Stats().Offers; n != 1 {
				t.Errorf("%s made %d offers", p.name, n)
			}
		}
		ada.look(func() { orderly(t, ada) })
	})
}

func (p *person) audioMids() (mids []string) {
	for _, s := range p.Slots() {
		if s.Kind == "audio" {
			mids = append(mids, s.Mid)
		}
	}
	return mids
}
