package main

import (
	"context"
	"fmt"
	"time"

	"github.com/parlorhq/parlor/internal/bench"
)

// joinRow is one load of the table of joins.
type joinRow struct {
	name string
	what string
	load bench.Joins
}

func joinRows() []joinRow {
	load := func(present, count int) bench.Joins {
		return bench.Joins{Present: present, Count: count, AudioSlots: 1, VideoSlots: 1, Rest: 4 * time.Second}
	}
	return []joinRow{
		{"join", "30 into an empty room", load(0, 30)},
		{"join100", "30 into a room of 100", load(100, 30)},
	}
}

func (r *joinRow) report(ctx context.Context, on what, path, profiles string) (*bench.JoinReport, error) {
	return measure(ctx, on, path, profilePath(profiles, r.name+"-"+string(on)), 0, 6*time.Second,
		func(stage bench.Stage, server bench.Process, measured func()) (*bench.JoinReport, error) {
			load := r.load
			load.Server, load.Measured = server, measured
			return bench.RunJoins(ctx, stage, load)
		})
}

const (
	joinHead  = "%-7s %-27s %-7s %7s %6s %8s %8s %9s %8s %6s %6s\n"
	joinCells = "%-7s %-27s %-7s %7.1f %6s %8.1f %8.1f %9.0f %8.0f %6.2f %6.2f\n"
)

// joinTable measures and prints.
func joinTable(ctx context.Context, path, profiles string, rows []joinRow) (verdicts []verdict, err error) {
	if len(rows) == 0 {
		return nil, nil
	}
	fmt.Print("\nServer CPU per join of one who is shown audio and video, beyond that of being there; and what being there costs.\n")
	fmt.Print("Pages are Parlor's participants who do what pages do, and prove their links every 2 s; the others do the least one must.\n\n")
	fmt.Printf(joinHead, "row", "load", "", "ms CPU", "ratio", "p50 ms", "p99 ms", "KiB each", "idle µs/s", "load", "others")
	var first, loop *bench.JoinReport // of Parlor, into an empty room; of the loop, in the same row
	for _, r := range rows {
		for _, on := range []what{onLoop, onParlor, asPages} {
			report, err := r.report(ctx, on, path, profiles)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", r.name, on, err)
			}
			if on == onLoop {
				loop = report
				r.print(on, report, "")
				continue
			}
			ratio := report.MillisPerJoin / loop.MillisPerJoin
			r.print(on, report, fmt.Sprintf("%.2f", ratio))
			switch {
			case on == asPages:
			case r.load.Present == 0:
				first = report
				verdicts = append(verdicts, verdict{fmt.Sprintf("%s: CPU ratio %.2f, at most 1.20", r.name, ratio), ratio <= 1.2})
			case first != nil:
				times := report.MillisPerJoin / first.MillisPerJoin
				verdicts = append(verdicts,
					verdict{fmt.Sprintf("%s: CPU %.2f times that into an empty room, at most 1.50", r.name, times), times <= 1.5})
			}
		}
	}
	return verdicts, nil
}

func (r *joinRow) print(who what, b *bench.JoinReport, ratio string) {
	fmt.Printf(joinCells, r.name, r.what, who, b.MillisPerJoin, ratio, b.JoinMs.P50, b.JoinMs.P99, b.KiBPerParticipant, b.IdleMicros,
		b.LoadCPU, b.OthersCPU)
}
