package main

import (
	"testing"

	"github.com/parlorhq/parlor/internal/bench"
)

func TestBarsThatAreMissedAreAnError(t *testing.T) {
	for name, c := range map[string]struct {
		all  []verdict
		text string
		err  string
	}{
		"none": {},
		"held": {[]verdict{{"a: 1", true}, {"b: 2", true}}, "a: 1: held\nb: 2: held\n", ""},
		"one":  {[]verdict{{"a: 1", true}, {"b: 2", false}}, "a: 1: held\nb: 2: MISSED\n", "1 of 2 bars missed"},
	} {
		text, err := sum(c.all)
		if text != c.text || (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

// A row holds its bar only if every message came, once and in order.
func TestBars(t *testing.T) {
	good := bench.Report{MicrosPerMessage: 10, LatencyMs: bench.Quantiles{P50: 1, P99: 50}}
	loop := bench.Report{MicrosPerMessage: 30, LatencyMs: bench.Quantiles{P50: 1}}
	with := func(edit func(r *bench.Report)) *bench.Report {
		r := good
		edit(&r)
		return &r
	}
	for name, bar := range map[string]func(p, l *bench.Report) (string, bool){
		"p50": medianRatio(1.1), "CPU": cpuRatio(0.4, 100), "hub": hubRatio(0.4), "p99": p99AtMost(100),
	} {
		if what, held := bar(&good, &loop); !held {
			t.Errorf("%s: %s is missed", name, what)
		}
		for worse, r := range map[string]*bench.Report{
			"slow": with(func(r *bench.Report) { r.MicrosPerMessage, r.LatencyMs = 20, bench.Quantiles{P50: 2, P99: 200} }),
			"lost": with(func(r *bench.Report) { r.Lost = 1 }), "doubled": with(func(r *bench.Report) { r.Doubled = 1 }),
			"reordered": with(func(r *bench.Report) { r.Reordered = 1 }), "wrong": with(func(r *bench.Report) { r.Wrong = 1 }),
		} {
			if what, held := bar(r, &loop); held {
				t.Errorf("%s, %s: %s is held", name, worse, what)
			}
		}
	}
}
