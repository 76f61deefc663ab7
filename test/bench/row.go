package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/parlorhq/parlor/internal/bench"
	"github.com/parlorhq/parlor/internal/client"
)

// row is one load of the table.
type row struct {
	name    string
	what    string
	load    bench.Load
	carrier client.Transport
	loop    bool // the loop gets the same load
	hub     bool // the hub does
	bar     func(parlor, loop *bench.Report) (what string, held bool)
}

// rows are the table: 200-byte messages, measured for 6 s.
func rows() []row {
	load := func(senders, readers int, rate float64) bench.Load {
		return bench.Load{Senders: senders, Readers: readers, Rate: rate, Size: 200, Warmup: 2 * time.Second, Duration: 6 * time.Second}
	}
	lone := load(1, 10, 5)
	lone.Duration = 15 * time.Second // so few need more time
	return []row{
		{name: "lone", what: "1 × 5/s → 10", load: lone, carrier: client.WebRTC, loop: true, bar: medianRatio(1.1)},
		{name: "1x10", what: "1 × 60/s → 10", load: load(1, 10, 60), carrier: client.WebRTC, loop: true},
		{name: "1x50", what: "1 × 60/s → 50", load: load(1, 50, 60), carrier: client.WebRTC, loop: true},
		{name: "1x100", what: "1 × 60/s → 100", load: load(1, 100, 60), carrier: client.WebRTC, loop: true},
		{name: "10x10", what: "10 × 60/s → 10", load: load(10, 10, 60), carrier: client.WebRTC, loop: true},
		{name: "10x50", what: "10 × 60/s → 50", load: load(10, 50, 60), carrier: client.WebRTC, loop: true, bar: cpuRatio(0.4, 100)},
		{name: "closed", what: "1, 32 on their way → 50", load: load(1, 50, 0), carrier: client.WebRTC, loop: true},
		{name: "ws100", what: "WebSocket: 1 × 60/s → 100", load: load(1, 100, 60), carrier: client.WebSocket, hub: true, bar: hubRatio(1.3)},
		{name: "ws500", what: "WebSocket: 1 × 20/s → 500", load: load(1, 500, 20), carrier: client.WebSocket, bar: p99AtMost(250)},
	}
}

func allThere(r *bench.Report) bool {
	return r.Lost == 0 && r.Doubled == 0 && r.Reordered == 0 && r.Wrong == 0
}

func medianRatio(most float64) func(p, l *bench.Report) (string, bool) {
	return func(p, l *bench.Report) (string, bool) {
		ratio := p.LatencyMs.P50 / l.LatencyMs.P50
		return fmt.Sprintf("p50 ratio %.2f, at most %.1f", ratio, most), ratio <= most && allThere(p)
	}
}

func cpuRatio(most, p99 float64) func(p, l *bench.Report) (string, bool) {
	return func(p, l *bench.Report) (string, bool) {
		ratio := p.MicrosPerMessage / l.MicrosPerMessage
		return fmt.Sprintf("CPU ratio %.2f, at most %.1f; p99 %.0f ms, under %.0f", ratio, most, p.LatencyMs.P99, p99),
			ratio <= most && p.LatencyMs.P99 < p99 && allThere(p)
	}
}

// hubRatio is cpuRatio without a word on latency. 1.3 is what 12 µs were to the 9.2 of Galene, which is a hub, where both
// were measured first: a machine on which everything costs more moves both.
func hubRatio(most float64) func(p, l *bench.Report) (string, bool) {
	return func(p, l *bench.Report) (string, bool) {
		ratio := p.MicrosPerMessage / l.MicrosPerMessage
		return fmt.Sprintf("CPU ratio to the hub %.2f, at most %.1f", ratio, most), ratio <= most && allThere(p)
	}
}

func p99AtMost(most float64) func(p, l *bench.Report) (string, bool) {
	return func(p, _ *bench.Report) (string, bool) {
		return fmt.Sprintf("p99 %.0f ms, under %.0f", p.LatencyMs.P99, most), p.LatencyMs.P99 < most && allThere(p)
	}
}

// parlor puts the load on a new Parlor server. A profile of its CPU goes to the folder profiles, unless that is empty.
func (r *row) parlor(ctx context.Context, path, profiles string) (*bench.Report, error) {
	s, err := startParlor(path)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	load := r.load
	load.Server = bench.Process(s.cmd.Process.Pid)
	profiled := make(chan error, 1)
	if profiles != "" {
		load.Measured = func() { profiled <- s.profile(ctx, load.Duration, filepath.Join(profiles, r.name+".pprof")) }
	}
	var target bench.Target = &bench.Parlor{URL: s.url, Room: "bench", Transport: r.carrier}
	if r.loop {
		target = &parlorTarget{newLoopTarget(s.url), "bench"}
	}
	report, err := bench.Run(ctx, target, load)
	if err == nil && profiles != "" {
		err = <-profiled
	}
	return report, err
}

// baseline puts the load on a new loop or hub server.
func (r *row) baseline(ctx context.Context) (*bench.Report, error) {
	which := "-serve-loop"
	if r.hub {
		which = "-serve-hub"
	}
	s, err := startBaseline(which)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	load := r.load
	load.Server = bench.Process(s.cmd.Process.Pid)
	if r.hub {
		return bench.Run(ctx, hubTarget{s.url}, load)
	}
	return bench.Run(ctx, newLoopTarget(s.url), load)
}

func (s *server) profile(ctx context.Context, d time.Duration, path string) error {
	url := fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", s.admin, max(1, int(d.Seconds())))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, response.Body); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
