package bubble_test

import (
	"testing"
	"time"

	"github.com/parlorhq/parlor/internal/client"
)

// Five of a hundred packets are lost on the way to the server, and five on the way from it; retransmission mends both.
func TestLoss(t *testing.T) {
	const packets = 3000
	scene(t, func(w *world) {
		ada := w.camera("Ada", client.Options{})
		ben := w.join("Ben", client.Options{VideoSlots: 1})
		w.within(5*time.Second, "Ada's picture", func() bool { return ben.count(ben.track(ada, "camera")) > 100 })
		track := ben.track(ada, "camera")
		ada.lose(0.05)
		ben.lose(0.05)
		from := uint64(0)
		ben.look(func() { from = ben.packets[track][len(ben.packets[track])-1].stamp + 1 })
		time.Sleep(time.Duration(packets/90+2) * time.Second) // 90 packets a second
		ada.lose(0)
		ben.lose(0)
		time.Sleep(2 * time.Second)

		ben.look(func() {
			all := ben.packets[track]
			base := all[0]
			seen, bySequence := map[uint64]int{}, map[uint16]uint64{}
			for _, p := range all {
				// The server forwards each packet under the number that its place in the stream gives it.
				if p.sequence-base.sequence != uint16(p.stamp-base.stamp) {
					t.Fatalf("packet %d has number %d; packet %d had %d", p.stamp, p.sequence, base.stamp, base.sequence)
				}
				if was, ok := bySequence[p.sequence]; ok && was != p.stamp && p.stamp-was < 1<<15 {
					t.Errorf("number %d stands for packets %d and %d", p.sequence, was, p.stamp)
				}
				bySequence[p.sequence] = p.stamp
				seen[p.stamp]++
			}
			missing, twice := 0, 0
			for stamp := from; stamp < from+packets; stamp++ {
				switch n := seen[stamp]; {
				case n == 0:
					missing++
				case n > 1:
					twice++
				}
			}
			t.Logf("%d of %d missing, %d twice", missing, packets, twice)
			if missing > packets*2/1000 {
				t.Errorf("%d of %d packets never came", missing, packets)
			}
			// A packet can come twice when the question for it and itself pass each other, and hardly otherwise.
			if twice > packets/200 {
				t.Errorf("%d packets came twice", twice)
			}
		})
	})
}
