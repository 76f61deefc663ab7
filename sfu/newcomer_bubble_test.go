package sfu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/parlorhq/parlor/internal/simnet"
)

// How long newcomers wait for a picture: from the moment in which a slot of theirs was given a track until the last packet of
// the first key picture is theirs, the way of the confirmation and of the picture among it.
func TestBubbleNewcomersSeeSoon(t *testing.T) {
	const newcomers = 24
	for _, c := range []struct {
		name string
		over time.Duration // they come at random moments within this time
		keys int           // that they may cost, going on to larger encodings among it
	}{
		{"all at once", 100 * time.Millisecond, 4},
		{"a crowd", 3 * time.Second, 16},
		{"a few a second", 12 * time.Second, 32},
		{"now and then", 48 * time.Second, 48},
	} {
		t.Run(c.name, func(t *testing.T) {
			if raced && c.name != "a crowd" {
				t.Skip("without the race detector")
			}
			bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
				draws := rand.New(rand.NewPCG(uint64(c.over), 11))
				upTo := func(d time.Duration) time.Duration { return time.Duration(draws.Int64N(int64(d))) }
				n.SetDelay(adaIP, 37*time.Millisecond)
				s := newScene(t, n, h)
				waits := make([]time.Duration, newcomers)
				var all sync.WaitGroup
				var guests []*browser
				for i := range newcomers {
					ip := fmt.Sprintf("10.0.1.%d", i+1)
					n.SetDelay(ip, 25*time.Millisecond+upTo(25*time.Millisecond))
					guests = append(guests, s.guest(ip, 1))
				}
				s.sees(s.guest(benIP, 1)) // somebody is here already
				time.Sleep(5 * time.Second)
				before := s.cam.asked()
				for i, guest := range guests {
					come, confirms := upTo(c.over), 50*time.Millisecond+upTo(50*time.Millisecond)
					all.Go(func() {
						time.Sleep(come)
						start := time.Now()
						guest.peer.Show([]Wish{{Track: s.voice}, {Track: s.video, Width: 1280, Height: 720}})
						rev, _ := guest.peer.Slots()
						time.Sleep(confirms)
						guest.peer.Confirm(rev)
						time.Sleep(5 * time.Second)
						waits[i] = guest.firstPicture("1").Sub(start)
					})
				}
				all.Wait()
				keys := 0
				for rid, asked := range s.cam.asked() {
					keys += asked - before[rid]
				}
				slices.Sort(waits)
				t.Logf("%d newcomers within %v saw a picture after %v, half of them, and %v, 19 of 20; at most %v; it cost %d key frames",
					newcomers, c.over, waits[newcomers/2], waits[newcomers*19/20], waits[newcomers-1], keys)
				if waits[0] < 0 || waits[newcomers*19/20] > 500*time.Millisecond {
					t.Errorf("too late: %v", waits)
				}
				if keys > c.keys {
					t.Errorf("%d key frames", keys)
				}
				for _, guest := range guests {
					guest.decodable("1")
				}
			})
		})
	}
}

// firstPicture is when the last packet of the first key picture came in a line.
func (b *browser) firstPicture(mid string) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	var at time.Time
	for i, p := range b.received[mid] {
		first := b.received[mid][0]
		if p.Timestamp == first.Timestamp && b.times[mid][i].After(at) {
			at = b.times[mid][i]
		}
	}
	return at
}

// decodable checks that what came in a line, once what came twice is taken out, is one stream that a decoder can follow.
func (b *browser) decodable(mid string) {
	b.t.Helper()
	packets := b.got(mid)
	slices.SortStableFunc(packets, func(x, y rtp.Packet) int {
		return int(int16(x.SequenceNumber-packets[0].SequenceNumber)) - int(int16(y.SequenceNumber-packets[0].SequenceNumber))
	})
	packets = slices.CompactFunc(packets, func(x, y rtp.Packet) bool { return x.SequenceNumber == y.SequenceNumber })
	for i := 1; i < len(packets); i++ {
		before, p := packets[i-1], packets[i]
		_, was, _ := parseVP8(before.Payload)
		_, is, _ := parseVP8(p.Payload)
		pictures, later := (is.pictureID-was.pictureID)&0x7fff, int32(p.Timestamp-before.Timestamp)
		if p.SequenceNumber != before.SequenceNumber+1 || pictures > 1 || later < 0 || pictures == 0 != (later == 0) {
			b.t.Fatalf("packet %d: number %d after %d, picture %d after %d, %d later", i,
				p.SequenceNumber, before.SequenceNumber, is.pictureID, was.pictureID, later)
		}
	}
}
