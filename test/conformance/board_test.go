package conformance

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parlorhq/parlor/internal/client"
)

// crowd is people on one whiteboard (docs/board.md), the first of whom draw, as pages do.
type crowd struct {
	t       *testing.T
	people  []*client.Client
	strokes int
	want    int           // elements in the end
	whole   chan struct{} // somebody has all of them

	mu     sync.Mutex
	delays []time.Duration // of pointers, from being sent to being told
}

// After the last stroke everybody's board is the same within two seconds, while pointers move: with PARLOR_CROWD=1 for 200
// people of whom 20 draw, else for a few.
func TestBoardOfACrowdIsTheSameForAll(t *testing.T) {
	people, drawers, strokes := 24, 6, 5
	if os.Getenv("PARLOR_CROWD") != "" {
		people, drawers, strokes = 200, 20, 10
	} else {
		t.Parallel()
	}
	p := launch(t, "--dev", "--room-size", "300", "--connections-per-ip", "1000")
	c := &crowd{t: t, strokes: strokes, want: drawers * strokes, whole: make(chan struct{}, people)}
	room := aRoom()
	for i := range people {
		c.people = append(c.people, c.join(p.url, room, i))
	}
	var all sync.WaitGroup
	for i := range drawers {
		all.Go(func() { c.draw(i) })
	}
	all.Wait()
	last := time.Now()
	limit := 2 * time.Second
	if os.Getenv("PARLOR_CROWD") == "" {
		limit = 20 * time.Second // beside whatever else runs
	}
	late := time.After(limit)
	for whole := range people {
		select {
		case <-c.whole:
		case <-late:
			t.Fatalf("%v after the last stroke %d of %d people have all of them", limit, whole, people)
		}
	}
	equal := time.Since(last)
	for i, person := range c.people {
		if hashOf(person) != hashOf(c.people[0]) {
			t.Errorf("the board of person %d is another one", i)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.Sort(c.delays)
	if len(c.delays) == 0 {
		t.Fatal("nobody saw a pointer move")
	}
	p95 := c.delays[len(c.delays)*95/100]
	t.Logf("%d people, %d of whom drew %d strokes: equal %v after the last; pointers p50 %v, p95 %v of %d",
		people, drawers, strokes, equal.Round(time.Millisecond), c.delays[len(c.delays)/2], p95, len(c.delays))
}

func (c *crowd) join(url, room string, i int) *client.Client {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var seen atomic.Uint64
	elements := map[string]bool{}
	person, err := client.Join(ctx, client.Options{
		URL: url, Room: room, Name: fmt.Sprint("person ", i), NoMedia: true,
		OnState: func(change client.Change) {
			for _, op := range change.Ops {
				elements[op.Key] = true
			}
			if len(elements) == c.want {
				c.whole <- struct{}{}
			}
		},
		OnLossy: func(l client.Lossy) {
			var at struct{ T int64 }
			if l.Type == "wb" && json.Unmarshal(l.Data, &at) == nil && seen.Add(1)%16 == 0 {
				c.mu.Lock()
				c.delays = append(c.delays, time.Since(time.Unix(0, at.T)))
				c.mu.Unlock()
			}
		},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = person.Leave(context.Background()) })
	return person
}

// draw makes strokes of a second each: pointers with the last of its points all the while, and the whole of it at the end.
func (c *crowd) draw(i int) {
	person := c.people[i]
	random := rand.New(rand.NewPCG(uint64(i), 1))
	pause := 66 * time.Millisecond
	if len(c.people) > 50 {
		pause = 100 * time.Millisecond
	}
	beat := time.NewTicker(pause)
	defer beat.Stop()
	for s := range c.strokes {
		var points [][2]float64
		for range time.Second / pause {
			<-beat.C
			for range 6 {
				points = append(points, [2]float64{random.Float64() * 1000, random.Float64() * 1000})
			}
			tail := points[max(0, len(points)-36):]
			pointer := map[string]any{"b": "board", "t": time.Now().UnixNano(), "s": map[string]any{"id": "e", "n": 0, "p": round(tail)}}
			if err := person.Lossy("wb", "", pointer); err != nil {
				c.t.Error(err)
				return
			}
		}
		id := "wb/board/e/" + strconv.Itoa(i) + "-" + strconv.Itoa(s)
		stroke, _ := json.Marshal(map[string]any{"id": id, "type": "freedraw", "points": points, "version": len(points)})
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		_, err := person.Ops(ctx, client.Op{Key: id, Value: stroke, Version: uint64(len(points)), Nonce: random.Uint64() >> 33})
		cancel()
		if err != nil {
			c.t.Error(err)
		}
	}
}

func round(points [][2]float64) (flat []int) {
	for _, p := range points {
		flat = append(flat, int(p[0]), int(p[1]))
	}
	return flat
}

func hashOf(person *client.Client) [32]byte {
	cells := person.State().Entries("wb/")
	slices.SortFunc(cells, func(a, b client.Cell) int { return cmp.Compare(a.Key, b.Key) })
	hash := sha256.New()
	for _, c := range cells {
		fmt.Fprintf(hash, "%s %d %d %s\n", c.Key, c.Version, c.Nonce, c.Value)
	}
	return [32]byte(hash.Sum(nil))
}
