package main

import (
	"testing"

	"github.com/parlorhq/parlor/internal/bench"
)

func TestBarsOfMedia(t *testing.T) {
	loop := &bench.Report{MicrosPerPacket: 10, Media: &bench.MediaReport{KiBPerParticipant: 2000, LatencyMs: bench.Quantiles{P99: 4}}}
	good := bench.Report{MicrosPerPacket: 6, Media: &bench.MediaReport{KiBPerParticipant: 600, LatencyMs: bench.Quantiles{P99: 6}}}
	chosen, err := choose("v60")
	if err != nil || len(chosen.media) != 1 || len(chosen.data)+len(chosen.joins) > 0 {
		t.Fatal(chosen, err)
	}
	for _, tt := range []struct {
		name  string
		spoil func(r *bench.Report)
	}{
		{"", func(*bench.Report) {}},
		{"CPU", func(r *bench.Report) { r.MicrosPerPacket = 6.1 }},
		{"memory", func(r *bench.Report) { r.Media.KiBPerParticipant = 610 }},
		{"p99", func(r *bench.Report) { r.Media.LatencyMs.P99 = 6.1 }},
		{"a loss", func(r *bench.Report) { r.Media.Lost = 1 }},
		{"one who saw nothing", func(r *bench.Report) { r.Media.Blind = 1 }},
	} {
		r, m := good, *good.Media
		r.Media = &m
		tt.spoil(&r)
		missed := 0
		for _, v := range chosen.media[0].verdicts(&r, loop) {
			if !v.held {
				missed++
			}
		}
		if (missed == 1) != (tt.name != "") || missed > 1 {
			t.Errorf("%s: %v", tt.name, chosen.media[0].verdicts(&r, loop))
		}
	}
}

func TestChoose(t *testing.T) {
	all, err := choose("")
	if err != nil || len(all.data) == 0 || len(all.media) == 0 || len(all.joins) == 0 {
		t.Errorf("%+v %v", all, err)
	}
	some, err := choose("lone,join,a60")
	if err != nil || len(some.data) != 1 || len(some.media) != 1 || len(some.joins) != 1 {
		t.Errorf("%+v %v", some, err)
	}
	if _, err := choose("lone,nonsense"); err == nil {
		t.Error("nonsense was chosen")
	}
}
