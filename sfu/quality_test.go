package sfu

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parlorhq/parlor/sfu/bandwidth"
)

func TestOpinion(t *testing.T) {
	const good, poor, lost, unknown = bandwidth.Good, bandwidth.Poor, bandwidth.Lost, bandwidth.Unknown
	fine, bad, few := uplink{100, 1}, uplink{100, 10}, uplink{10, 5}
	type second struct {
		out bandwidth.Quality
		in  uplink
		n   int
	}
	tests := []struct {
		name string
		play []second
		want string
	}{
		{"nothing known", []second{{unknown, few, 5}}, ""},
		{"good both ways", []second{{good, fine, 5}}, "0:good"},
		{"who only listens", []second{{unknown, uplink{}, 2}, {good, uplink{}, 3}}, "2:good"},
		{"who only speaks", []second{{unknown, fine, 3}}, "0:good"},
		{"a bad way in", []second{{good, fine, 3}, {good, bad, 10}}, "0:good 6:poor"},
		{"bad for a moment", []second{{good, fine, 3}, {good, bad, 2}, {good, fine, 5}}, "0:good"},
		{"bad again and again", []second{{good, bad, 4}, {good, fine, 4}, {good, bad, 4}, {good, fine, 8}}, "0:good 3:poor 17:good"},
		{"bad, then silent", []second{{good, bad, 4}, {good, few, 20}}, "0:good 3:poor"},
		{"a bad way out counts as it is", []second{{good, fine, 1}, {poor, fine, 1}, {lost, fine, 1}, {good, fine, 1}}, "0:good 1:poor 2:lost 3:good"},
	}
	words := map[Quality]string{QualityUnknown: "unknown", QualityGood: "good", QualityPoor: "poor", QualityLost: "lost"}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			var o opinion
			now, n, got := time.Unix(1000, 0), 0, []string{}
			for _, s := range c.play {
				for range s.n {
					o.uplink = s.in
					if q, changed := o.update(s.out, now); changed {
						got = append(got, fmt.Sprintf("%d:%s", n, words[q]))
					}
					now, n = now.Add(time.Second), n+1
				}
			}
			if said := strings.Join(got, " "); said != c.want {
				t.Errorf("%s, want %s", said, c.want)
			}
		})
	}
}

// Who is not heard of at all is lost, whatever was thought before.
func TestOpinionOfWhoIsGone(t *testing.T) {
	var o opinion
	now := time.Unix(1000, 0)
	for i, want := range []Quality{QualityGood, QualityLost, QualityGood} {
		o.uplink, o.gone = uplink{100, 1}, want == QualityLost
		if q, changed := o.update(bandwidth.Good, now); q != want || !changed {
			t.Errorf("second %d: %v, %v", i, q, changed)
		}
		now = now.Add(time.Second)
	}
}
