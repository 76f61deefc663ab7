package sfu

import (
	"testing"
	"time"
)

func TestChoose(t *testing.T) {
	layers := []*layer{{rid: "q"}, {rid: "h"}, {rid: "f"}}
	var options []option
	for i, l := range layers {
		for temporal := range uint8(2) {
			options = append(options, option{
				target: target{layer: l, temporal: temporal}, width: 320 << i, height: 180 << i, bitrate: 100<<i + int(temporal),
			})
		}
	}
	pick := func(n int) string {
		if n < 0 {
			return "-"
		}
		return options[n].target.layer.rid + string(rune('0'+options[n].target.temporal))
	}
	tests := []struct {
		width, height int
		want          string
	}{
		{0, 0, "f1"},
		{320, 180, "q1"},
		{321, 181, "q1"},
		{400, 225, "h1"},
		{0, 360, "h1"},
		{640, 361, "h1"},
		{1000, 500, "f1"},
		{4000, 4000, "f1"},
		{200, 2000, "q1"}, // a narrow place shows it whole, and small
		{2000, 100, "q1"},
		{1, 1, "q1"},
	}
	for _, c := range tests {
		got := choose([]Wish{{Width: c.width, Height: c.height}}, [][]option{options}, time.Time{})
		if len(got) != 1 || pick(got[0]) != c.want {
			t.Errorf("%dx%d: %s, want %s", c.width, c.height, pick(got[0]), c.want)
		}
	}
	// Places of which nothing is known share a page.
	for n, want := range map[int]string{1: "f1", 4: "h1", 5: "h1", 16: "q1", 100: "q1"} {
		all := make([][]option, n)
		for i := range all {
			all[i] = options
		}
		for _, got := range choose(make([]Wish, n), all, time.Time{}) {
			if pick(got) != want {
				t.Errorf("one of %d: %s, want %s", n, pick(got), want)
			}
		}
	}
	if got := choose(make([]Wish, 1), make([][]option, 1), time.Time{}); got[0] != -1 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestApproach(t *testing.T) {
	layers := []*layer{{rid: "q"}, {rid: "h"}, {rid: "f"}}
	tests := []struct {
		name   string
		live   string
		flows  string
		chosen string
		waited time.Duration
		want   string
	}{
		{"what comes", "qhf", "", "f", 0, "f"},
		{"what does not come yet is waited for", "qh", "h", "f", 0, "f"},
		{"for want of anything", "qh", "", "f", 0, "h"},
		{"for want of anything smaller", "f", "", "h", 0, "f"},
		{"what flowed has ended", "qh", "f", "f", 0, "h"},
		{"what flowed has ended, and a larger one comes", "hf", "q", "q", 0, "h"},
		{"nothing comes", "", "", "h", 0, "h"},
		{"nothing comes any more", "", "q", "h", 0, "h"},
		{"nothing comes for some time", "", "f", "f", dryPatience, "h"},
		{"nor does the next", "", "f", "f", 2 * dryPatience, "q"},
		{"nor any", "", "f", "f", 3 * dryPatience, "f"},
		{"waits for long", "q", "q", "f", patience, "h"},
		{"waits for longer", "q", "q", "f", 2 * patience, "f"},
		{"waits, and there is none between", "qh", "h", "f", patience, "f"},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			var options []option
			var flows target
			chosen := -1
			for i, l := range layers {
				o := option{target: target{layer: l}, height: 180 << i, bitrate: 100 << i}
				for _, rid := range c.live {
					o.live = o.live || l.rid == string(rid)
				}
				if l.rid == c.flows {
					flows = o.target
				}
				if l.rid == c.chosen {
					chosen = i
				}
				options = append(options, o)
			}
			if got := approach(options, chosen, flows, c.waited).layer.rid; got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
