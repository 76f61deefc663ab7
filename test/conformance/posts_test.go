package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Both a bad connection and an impatient client send what they sent before, one beside the other.
func TestCase10DuplicateAndOverlappingPosts(t *testing.T) {
	tt := server(t)
	room := aRoom()
	ben := join(t, tt.url, room, "Ben")
	for _, via := range []string{"sse", "poll"} {
		ada := visit(t, tt.url, via, room, "Ada")
		post := func(all *sync.WaitGroup, from, to int) {
			all.Go(func() {
				if status, code := ada.post(numbered(via, from, to)); status != http.StatusNoContent {
					t.Errorf("POST of %d to %d: %d %s", from, to, status, code)
				}
			})
		}
		for n := 1; n <= 10; n++ {
			var all sync.WaitGroup
			for range 4 {
				post(&all, n, n)
			}
			all.Wait()
		}
		// Ranges that overlap, in whichever order they are handled: what came too early for its number comes again.
		last := 10
		for ; last < 50; last += 5 {
			var both sync.WaitGroup
			post(&both, last+1, last+3)
			post(&both, last+2, last+5)
			both.Wait()
			ada.say(numbered(via, last+2, last+5))
			ada.say(numbered(via, last+1, last+5))
		}
		want := 1
		ben.expectEntry("the last", func(e object) bool {
			if e["type"] != via {
				return false
			}
			if num(e["data"]) != uint64(want) {
				t.Fatalf("came %v, want %d", e, want)
			}
			want++
			return want > last
		})
		want = 1
		ada.expectEntry("the last ok", func(e object) bool {
			if e["ok"] != nil {
				if num(e["ok"]) != uint64(want) {
					t.Fatalf("ok for %v, want %d", e, want)
				}
				want++
			}
			return want > last
		})
		ada.say(object{"t": "leave"})
		ben.expectEntry("her leaving, and nothing more of her", func(e object) bool {
			if e["type"] == via {
				t.Fatalf("came again: %v", e)
			}
			return e["event"] == "left"
		})
	}
}

// numbered is one frame with messages from a number to another, which they carry.
func numbered(typ string, from, to int) string {
	var all []string
	for n := from; n <= to; n++ {
		all = append(all, fmt.Sprintf(`{"t":"m","n":%d,"type":%q,"data":%d}`, n, typ, n))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func TestCase11ReorderedPosts(t *testing.T) {
	tt := server(t)
	room := aRoom()
	ben := join(t, tt.url, room, "Ben")
	ada := visit(t, tt.url, "sse", room, "Ada")
	for _, n := range []int{1, 3, 4, 2} {
		ada.say(object{"t": "m", "n": n, "type": "order", "data": n})
	}
	ada.expectError("m", "gap")
	for _, n := range []int{2, 3, 4} { // as a client does that is told of a gap
		ada.say(object{"t": "m", "n": n, "type": "order", "data": n})
	}
	var got []uint64
	ben.expectEntry("the last", func(e object) bool {
		if e["type"] == "order" {
			got = append(got, num(e["data"]))
		}
		return num(e["data"]) == 4
	})
	if !slices.Equal(got, []uint64{1, 2, 3, 4}) {
		t.Errorf("came as %v", got)
	}
}
