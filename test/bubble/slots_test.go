package bubble_test

import (
	"context"
	"testing"
	"time"

	"github.com/parlorhq/parlor/internal/client"
)

// With three people in a room a fourth joins and leaves, twice: the three see it, and make no offer.
func TestSlots(t *testing.T) {
	scene(t, func(w *world) {
		slots := client.Options{AudioSlots: 3, VideoSlots: 3}
		three := []*person{w.camera("Ada", slots), w.camera("Ben", slots), w.camera("Cy", slots)}
		ctx, cancel := context.WithTimeout(w.ctx, 10*time.Minute)
		defer cancel()
		for range 2 {
			dee := w.camera("Dee", slots)
			for _, p := range three {
				for _, other := range append([]*person{dee}, three...) {
					if other == p {
						continue
					}
					for _, source := range []string{"camera", "microphone"} {
						w.within(10*time.Second, other.name+"'s "+source+" at "+p.name+"'s", func() bool {
							id := p.track(other, source)
							return id != "" && p.count(id) > 50
						})
					}
				}
			}
			if err := dee.Leave(ctx); err != nil {
				t.Fatal(err)
			}
			w.within(time.Second, "Dee gone", func() bool {
				for _, p := range three {
					for _, s := range p.Slots() {
						if s.Participant == dee.You().ID {
							return false
						}
					}
				}
				return true
			})
			time.Sleep(2 * time.Second)
		}
		for _, p := range three {
			if n := p.Stats().Offers; n != 1 {
				t.Errorf("%s made %d offers", p.name, n)
			}
			p.look(func() { orderly(t, p) })
		}
	})
}

// orderly checks each slot of a person as a decoder would see it: one stream whose numbers go on, whatever it shows, and
// each picture begins with a keyframe.
func orderly(t *testing.T, p *person) {
	t.Helper()
	shown := map[string]bool{} // tracks that are video
	for _, slots := range p.bindings {
		for _, s := range slots {
			if s.Kind == "video" && s.Track != "" {
				shown[s.Track] = true
			}
		}
	}
	for track, packets := range p.packets {
		if shown[track] && len(packets) > 0 && !packets[0].key {
			t.Errorf("%s: the picture of %s does not begin with a keyframe", p.name, track)
		}
	}
	slots := map[string][]packet{}
	for _, packets := range p.packets {
		for _, in := range packets {
			slots[in.mid] = append(slots[in.mid], in)
		}
	}
	for mid, packets := range slots {
		numbers := map[uint16]bool{}
		low, high := packets[0].sequence, packets[0].sequence
		for _, in := range packets {
			if numbers[in.sequence] {
				t.Errorf("%s slot %s: number %d twice", p.name, mid, in.sequence)
			}
			numbers[in.sequence] = true
			if int16(in.sequence-low) < 0 {
				low = in.sequence
			}
			if int16(in.sequence-high) > 0 {
				high = in.sequence
			}
		}
		if span := int(high-low) + 1; span > len(packets)+len(packets)/100+5 {
			t.Errorf("%s slot %s: %d numbers for %d packets", p.name, mid, span, len(packets))
		}
	}
}
