package sfu

import (
	"strings"
	"testing"
	"time"
)

func TestAudience(t *testing.T) {
	start := time.Unix(1000, 0)
	type look struct {
		after   time.Duration
		here    string // encodings there are, those that somebody watches in capitals
		want    string // what the publisher is told; "-": nothing
		nextIn  time.Duration
		comment string
	}
	tests := map[string][]look{
		"somebody watches all": {{0, "QHF", "-", 0, ""}, {time.Hour, "QHF", "-", 0, ""}},
		"nobody watches": {
			{0, "qhf", "-", restAfter, "a while"},
			{restAfter - 1, "qhf", "-", 1, ""},
			{restAfter, "qhf", "", 0, "off"},
			{time.Hour, "qhf", "-", 0, ""},
		},
		"on at once, off after a while": {
			{0, "qHf", "-", restAfter, ""},
			{2 * time.Second, "qHf", "h", 0, ""},
			{3 * time.Second, "QHf", "q h", 0, "on"},
			{4 * time.Second, "qHF", "q h f", restAfter, "on, and q is only just not watched"},
			{5 * time.Second, "qhF", "-", time.Second, ""},
			{6 * time.Second, "qhF", "h f", time.Second, ""},
			{7 * time.Second, "qhF", "f", 0, ""},
		},
		"who looks away for a moment changes nothing": {
			{0, "Q", "-", 0, ""},
			{time.Second, "q", "-", restAfter, ""},
			{2900 * time.Millisecond, "Q", "-", 0, ""},
			{3 * time.Second, "q", "-", restAfter, ""},
			{3400 * time.Millisecond, "Q", "-", 0, ""},
		},
		"one that comes later": {
			{0, "q", "-", restAfter, ""},
			{restAfter, "q", "", 0, ""},
			{3 * time.Second, "qh", "h", restAfter, "it is sent, whatever the publisher was told"},
			{5 * time.Second, "qh", "", 0, ""},
		},
		"one that is gone": {
			{0, "QH", "-", 0, ""}, {time.Second, "Q", "-", 0, ""}, {time.Hour, "Q", "-", 0, ""},
		},
	}
	for name, looks := range tests {
		t.Run(name, func(t *testing.T) {
			var a audience
			for i, l := range looks {
				now := start.Add(l.after)
				a.begin()
				var at time.Time
				for _, r := range l.here {
					rid := strings.ToLower(string(r))
					at = sooner(at, a.note(rid, rid != string(r), now))
				}
				got := "-"
				if rids, changed := a.change(); changed {
					got = strings.Join(rids, " ")
				}
				next := time.Duration(0)
				if !at.IsZero() {
					next = at.Sub(now)
				}
				if got != l.want || next != l.nextIn {
					t.Errorf("look %d: %q, again in %v; want %q, %v", i, got, next, l.want, l.nextIn)
				}
			}
		})
	}
}
