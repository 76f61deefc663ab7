package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/parlorhq/parlor/internal/bench"
	"github.com/parlorhq/parlor/internal/client"
)

// what is measured, and by whom.
type what string

const (
	onLoop   what = "loop"   // the baseline
	onParlor what = "Parlor" // with participants that do the least one must, as those of the loop do
	asPages  what = "pages"  // Parlor, with participants that do what pages do: they prove their links every 2 s
)

func profilePath(folder, name string) string {
	if folder == "" {
		return ""
	}
	return filepath.Join(folder, name+".pprof")
}

// measure runs a load on a new server. A profile of Parlor's CPU while it is measured goes to the file profile, unless that
// is empty.
func measure[R any](ctx context.Context, on what, path, profile string, publishers int, d time.Duration,
	run func(stage bench.Stage, server bench.Process, measured func()) (R, error),
) (report R, err error) {
	start := func() (*server, error) { return startBaseline("-serve-loop") }
	if on != onLoop {
		start = func() (*server, error) { return startParlor(path) }
	}
	s, err := start()
	if err != nil {
		return report, err
	}
	defer s.stop()
	var stage bench.Stage
	switch on {
	case onLoop:
		stage = &loopStageTarget{loopTarget: newLoopTarget(s.url), publishers: publishers}
	case onParlor:
		stage = &parlorStage{&parlorTarget{newLoopTarget(s.url), "bench"}}
	case asPages:
		stage = &bench.Parlor{URL: s.url, Room: "bench", Transport: client.WebRTC}
	}
	var measured func()
	profiled := make(chan error, 1)
	if profile != "" && on != onLoop {
		measured = func() { profiled <- s.profile(ctx, d, profile) }
	}
	report, err = run(stage, bench.Process(s.cmd.Process.Pid), measured)
	if err == nil && measured != nil {
		err = <-profiled
	}
	return report, err
}
