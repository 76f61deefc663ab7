package sfu

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// say writes options as their layers and tiers with size and cost.
func say(options []option) string {
	var out []string
	for _, o := range options {
		live := ""
		if !o.live {
			live = " off"
		}
		out = append(out, fmt.Sprintf("%s%02b%02b %dx%d %dk%s",
			o.target.layer.rid, o.target.spatial, o.target.temporal, o.width, o.height, o.bitrate/1000, live))
	}
	return strings.Join(out, ", ")
}

// feed makes a layer one that was measured: so many bits a second for each spatial and temporal layer.
func feed(l *layer, now time.Time, live bool, rates map[tier]float64) {
	l.meter = meter{started: true, last: now}
	for t, rate := range rates {
		l.meter.rates[t] = rate
		l.meter.present.add(t)
	}
	if !live {
		l.meter.last = now.Add(-restMost)
	}
}

func TestOptions(t *testing.T) {
	now := time.Unix(1000, 0)
	const kilo = 1000.0
	tests := []struct {
		name string
		make func(*Track)
		want string
	}{
		{"one stream of which nothing is known", func(*Track) {}, "f1111 1280x720 1658k off"},
		{"one stream that has just begun", func(tr *Track) { feed(tr.layers[0], now, true, nil) }, "f1111 1280x720 300k"},
		{"as it is described", func(tr *Track) { tr.Describe(640, 480, []Encoding{{"f", 2}}) }, "f1111 320x240 138k off"},
		{"measured", func(tr *Track) {
			feed(tr.layers[0], now, true, map[tier]float64{0: 500 * kilo})
		}, "f1111 1280x720 500k"},
		{"temporal layers", func(tr *Track) {
			feed(tr.layers[0], now, true, map[tier]float64{0: 500 * kilo, 1: 200 * kilo, 2: 100 * kilo})
		}, "f1100 1280x720 500k, f1101 1280x720 700k, f1111 1280x720 800k"},
		{"spatial layers", func(tr *Track) {
			tr.Describe(1920, 1080, nil)
			feed(tr.layers[0], now, true, map[tier]float64{
				tierOf(0, 0): 100 * kilo, tierOf(0, 1): 50 * kilo, tierOf(1, 0): 300 * kilo, tierOf(1, 1): 150 * kilo,
			})
		}, "f0000 960x540 100k, f0011 960x540 150k, f1100 1920x1080 400k, f1111 1920x1080 600k"},
		{
			"simulcast that is announced", func(tr *Track) { tr.layers = nil; tr.announce(&nobody{}, rids) },
			"q1111 320x180 103k off, h1111 640x360 414k off, f1111 1280x720 1658k off",
		},
		{"simulcast that is described", func(tr *Track) {
			tr.layers = nil
			tr.announce(&nobody{}, []string{"a", "b", "c"})
			tr.Describe(1000, 500, []Encoding{{"c", 4}, {"a", 1}, {"b", 2}})
		}, "c1111 250x125 56k off, b1111 500x250 225k off, a1111 1000x500 900k off"},
		{"what is announced and not described is not sent, unless it comes", func(tr *Track) {
			tr.layers = nil
			tr.announce(&nobody{}, append(rids, "g"))
			tr.Describe(640, 360, []Encoding{{"q", 2}, {"h", 1}})
			feed(tr.layers[3], now, true, map[tier]float64{0: 700 * kilo})
		}, "q1111 320x180 103k off, h1111 640x360 414k off, g1111 640x360 700k"},
		{"but if none is described that is announced, something must be", func(tr *Track) {
			tr.Describe(640, 360, []Encoding{{"q", 2}})
		}, "f1111 640x360 414k off"},
		{"the largest first, as it turns out", func(tr *Track) {
			tr.layers = nil
			tr.announce(&nobody{}, rids)
			feed(tr.layers[0], now, true, map[tier]float64{0: 2000 * kilo})
			feed(tr.layers[1], now, false, map[tier]float64{0: 500 * kilo})
			feed(tr.layers[2], now, true, map[tier]float64{0: 100 * kilo})
		}, "f1111 320x180 100k, h1111 640x360 500k off, q1111 1280x720 2000k"},
		{"what flows says how large it is, and so how large the others are", func(tr *Track) {
			tr.layers = nil
			tr.announce(&nobody{}, rids)
			for i, l := range tr.layers[:2] {
				feed(l, now, true, map[tier]float64{0: float64(int(100_000) << i)})
				l.sizes.add([]size{{240, 136}, {480, 270}}[i])
			}
		}, "q1111 240x136 100k, h1111 480x270 200k, f1111 960x540 933k off"},
		{"an encoding counts as described, whatever comes of it", func(tr *Track) {
			tr.layers = nil
			tr.announce(&nobody{}, rids)
			tr.Describe(1280, 720, []Encoding{{"q", 4}, {"h", 2}, {"f", 1}})
			for i, l := range tr.layers[:2] {
				feed(l, now, true, map[tier]float64{0: float64(int(100_000) << i)})
				l.sizes.add([]size{{240, 136}, {480, 270}}[i])
			}
		}, "q1111 320x180 100k, h1111 640x360 200k, f1111 1280x720 1658k off"},
		{"but the spatial layers of one stream are what they are", func(tr *Track) {
			tr.Describe(1280, 720, []Encoding{{"f", 1}})
			feed(tr.layers[0], now, true, map[tier]float64{0: 100 * kilo, tierOf(1, 0): 200 * kilo})
			tr.layers[0].sizes.add(size{320, 180})
			tr.layers[0].sizes.add(size{640, 360})
		}, "f0011 320x180 100k, f1111 640x360 300k"},
		{"what flowed says it no more", func(tr *Track) {
			feed(tr.layers[0], now, false, map[tier]float64{0: 500 * kilo})
			tr.layers[0].sizes.add(size{480, 270})
		}, "f1111 1280x720 500k off"},
		{"fewer spatial layers than there were", func(tr *Track) {
			feed(tr.layers[0], now, true, map[tier]float64{0: 100 * kilo, tierOf(1, 0): 200 * kilo, tierOf(2, 0): 300 * kilo})
			tr.layers[0].sizes.add(size{320, 180})
			tr.layers[0].sizes.add(size{640, 360})
		}, "f0011 320x180 100k, f1111 640x360 600k"},
		{"a size of nothing", func(tr *Track) {
			feed(tr.layers[0], now, true, map[tier]float64{0: 100 * kilo})
			tr.layers[0].sizes.add(size{0, 0})
		}, "f1111 1280x720 100k"},
		{"a stream at rest keeps what it was", func(tr *Track) {
			feed(tr.layers[0], now, false, map[tier]float64{0: 500 * kilo, 1: 200 * kilo})
		}, "f1100 1280x720 500k off, f1111 1280x720 700k off"},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			track := newTrack("0", Video, "video/VP8", "")
			l := newLayer(track, &nobody{}, 1, 100, extensionIDs{})
			l.rid = "f"
			track.add(l, 3)
			c.make(track)
			if got := say(track.options(now, nil)); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
			buf := make([]option, 0, 20)
			if n := testing.AllocsPerRun(100, func() { track.options(now, buf) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}
