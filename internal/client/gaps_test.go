package client

import (
	"slices"
	"testing"
	"time"
)

func TestGaps(t *testing.T) {
	var g gaps
	start := time.Unix(0, 0)
	for _, step := range []struct {
		name     string
		sequence uint16
		at       time.Duration
		ask      []uint16
	}{
		{"first", 65533, 0, nil},
		{"next", 65534, 0, nil},
		{"two lost, over the wrap", 1, 0, []uint16{65535, 0}},
		{"too early to ask again", 2, 100 * time.Millisecond, nil},
		{"one found", 65535, 120 * time.Millisecond, nil},
		{"ask again for the other", 3, 160 * time.Millisecond, []uint16{0}},
		{"again", 3, 310 * time.Millisecond, []uint16{0}},
		{"found at last", 0, 320 * time.Millisecond, nil},
		{"nothing is missing", 4, time.Second, nil},
		{"another stream", 9000, time.Second, nil},
		{"goes on", 9001, time.Second, nil},
	} {
		if ask := g.add(step.sequence, start.Add(step.at)); !slices.Equal(ask, step.ask) {
			t.Errorf("%s: asks for %v, want %v", step.name, ask, step.ask)
		}
	}
	g = gaps{}
	g.add(0, start)
	asked := 0
	for i := range uint16(100) {
		asked += len(g.add(2+i, start.Add(time.Duration(i)*gapRetry)))
	}
	if asked != gapTries {
		t.Errorf("asked %d times for what does not come", asked)
	}
}
