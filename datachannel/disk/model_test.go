package disk

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/parlorhq/parlor/datachannel"
)

// TestModel does the same to a store and to a map, at random: writes, forgetting, closing, and being killed (which is
// closing without folding).
func TestModel(t *testing.T) {
	seeds := uint64(12)
	if testing.Short() {
		seeds = 5
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { model(t, rand.New(rand.NewPCG(seed, 0))) })
	}
}

func model(t *testing.T, rnd *rand.Rand) {
	dir := t.TempDir()
	o := Options{foldAt: 1 << (4 + rnd.IntN(10))}
	s := open(t, dir, o)
	want := map[string]map[string]string{} // room, "table key" and value
	pick := func() string { return []string{"", "a", "b", "c", "ab"}[rnd.IntN(5)] }
	for range 150 {
		switch p := rnd.IntN(100); {
		case p < 80:
			var rows []datachannel.Row
			for range 1 + rnd.IntN(8) {
				room, table, key := pick(), datachannel.Table(1+rnd.IntN(5)), fmt.Sprint(rnd.IntN(20))
				r := row(room, table, key, string(make([]byte, rnd.IntN(1<<rnd.IntN(13)))))
				k := fmt.Sprintf("%d %s", table, key)
				if rnd.IntN(4) == 0 {
					r.Value = nil
					delete(want[room], k)
				} else {
					if want[room] == nil {
						want[room] = map[string]string{}
					}
					want[room][k] = string(r.Value)
				}
				rows = append(rows, r)
			}
			write(t, s, rows...)
		case p < 86:
			room := pick()
			if err := s.Forget(room); err != nil {
				t.Fatal(err)
			}
			delete(want, room)
		case p < 90:
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, dir, o)
		case p < 94:
			copied := t.TempDir()
			copyDir(t, dir, copied) // as a kill leaves it; the fold may be under way
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			dir = copied
			s = open(t, dir, o)
			if err := s.Damage(); err != nil {
				t.Fatal(err)
			}
		default:
			same(t, s, want)
		}
	}
	same(t, s, want)
}

func same(t *testing.T, s *Store, want map[string]map[string]string) {
	t.Helper()
	for _, room := range []string{"", "a", "b", "c", "ab"} {
		var lines []string
		for _, k := range slices.Sorted(maps.Keys(want[room])) {
			lines = append(lines, k+"="+want[room][k])
		}
		if got := dump(t, s, room); !slices.Equal(got, lines) {
			t.Fatalf("room %q: %d rows, want %d", room, len(got), len(lines))
		}
		_, there := want[room]
		if got, err := s.Has(room); got != there || err != nil {
			t.Fatalf("room %q is there: %t, %v", room, got, err)
		}
	}
	there := slices.DeleteFunc(slices.Sorted(maps.Keys(want)), func(r string) bool { return r == "" })
	if got := slices.Sorted(maps.Keys(roomsOf(t, s))); !slices.Equal(got, there) {
		t.Fatalf("rooms %q, want %q", got, there)
	}
}
