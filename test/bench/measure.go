package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/parlorhq/parlor/internal/bench"
	"github.com/parlorhq/parlor/internal/client"
)

// serverKind is what is measured.
type serverKind bool

const (
	onLoop   serverKind = false
	onParlor serverKind = true
)

func (k serverKind) String() string {
	if k == onParlor {
		return "Parlor"
	}
	return "loop"
}

func profilePath(folder, name string) string {
	if folder == "" {
		return ""
	}
	return filepath.Join(folder, name+".pprof")
}

// measure runs a load on a new server. A profile of Parlor's CPU while it is measured goes to the file profile, unless that
// is empty.
func measure[R any](ctx context.Context, on serverKind, path, profile string, publishers int, d time.Duration,
	run func(stage bench.Stage, server bench.Process, measured func()) (R, error),
) (report R, err error) {
	start := startLoop
	if on == onParlor {
		start = func() (*server, error) { return startParlor(path) }
	}
	s, err := start()
	if err != nil {
		return report, err
	}
	defer s.stop()
	var stage bench.Stage = &loopStageTarget{loopTarget: newLoopTarget(s.url), publishers: publishers}
	if on == onParlor {
		stage = &bench.Parlor{URL: s.url, Room: "bench", Transport: client.WebRTC}
	}
	var measured func()
	profiled := make(chan error, 1)
	if profile != "" && on == onParlor {
		measured = func() { profiled <- s.profile(ctx, d, profile) }
	}
	report, err = run(stage, bench.Process(s.cmd.Process.Pid), measured)
	if err == nil && measured != nil {
		err = <-profiled
	}
	return report, err
}
