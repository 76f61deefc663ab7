package main

import (
	"context"
	"fmt"
	"time"

	"github.com/parlorhq/parlor/internal/bench"
)

// mediaRow is one load of the table of media.
type mediaRow struct {
	name string
	what string
	load bench.Load
	on   []what // what gets the load: the first is the baseline of the others, if it is the loop
	bars []mediaBar
}

// mediaBar is what Parlor must hold, beside the loop in the same run.
type mediaBar struct {
	what  string
	value func(r *bench.Report) float64
	most  float64 // times the loop's
}

// mediaRows are the table: video of 1,200 bytes a packet, audio of 100, measured for 8 s. By then a loop remembers for every
// subscriber all that it will. It has no congestion control, so nobody reports arrivals to either server, but where the row says so.
func mediaRows() []mediaRow {
	load := func(publishers, viewers int, video, audio float64) bench.Load {
		return bench.Load{
			Publishers: publishers, Readers: viewers, Media: bench.Media{Video: video, Audio: audio, Quiet: true},
			Size: bench.MinSize, Warmup: 4 * time.Second, Duration: 8 * time.Second,
		}
	}
	all := load(6, 0, 150, 50)
	all.Media.Mutual = true
	layers := load(1, 10, 150, 50)
	layers.Media.Simulcast, layers.Media.Quiet = true, false
	heard := load(1, 60, 150, 0)
	heard.Media.Quiet = false
	cpu := func(most float64) mediaBar {
		return mediaBar{"CPU", func(r *bench.Report) float64 { return r.MicrosPerPacket }, most}
	}
	p99 := mediaBar{"p99", func(r *bench.Report) float64 { return r.Media.LatencyMs.P99 }, 1.5}
	memory := mediaBar{"memory", func(r *bench.Report) float64 { return r.Media.KiBPerParticipant }, 0.3}
	both := []what{onLoop, onParlor}
	return []mediaRow{
		{name: "v10", what: "video 150/s → 10", load: load(1, 10, 150, 0), on: both},
		{name: "v30", what: "video 150/s → 30", load: load(1, 30, 150, 0), on: both},
		{name: "v60", what: "video 150/s → 60", load: load(1, 60, 150, 0), on: both, bars: []mediaBar{cpu(0.6), memory, p99}},
		{name: "v60x3", what: "video 450/s → 60", load: load(1, 60, 450, 0), on: both, bars: []mediaBar{cpu(0.55), memory, p99}},
		{name: "v60cc", what: "the same as v60, reported", load: heard, on: both},
		{name: "a60", what: "audio 50/s → 60", load: load(1, 60, 0, 50), on: both},
		{name: "all6", what: "all to all, 6, audio, video", load: all, on: both},
		{name: "layers", what: "simulcast, audio → 10", load: layers, on: []what{asPages}},
	}
}

// report puts the load on a new server.
func (r *mediaRow) report(ctx context.Context, on what, path, profiles string) (*bench.Report, error) {
	return measure(ctx, on, path, profilePath(profiles, r.name), r.load.Publishers, r.load.Duration,
		func(stage bench.Stage, server bench.Process, measured func()) (*bench.Report, error) {
			load := r.load
			load.Server, load.Measured = server, measured
			return bench.Run(ctx, stage, load)
		})
}

const (
	mediaHead  = "%-7s %-27s %-7s %7s %6s %8s %8s %8s %8s %6s %6s %6s %9s %6s  %s\n"
	mediaCells = "%-7s %-27s %-7s %7.1f %6s %8.2f %8.2f %8.0f %8.0f %6.2f %6.2f %6.2f %9.0f %6s  %d/%d/%d\n"
)

// mediaTable measures and prints.
func mediaTable(ctx context.Context, path, profiles string, rows []mediaRow) (verdicts []verdict, err error) {
	if len(rows) == 0 {
		return nil, nil
	}
	fmt.Print("\nServer CPU per media packet that came to somebody. Memory is that of the server for each participant at the end.\n\n")
	fmt.Printf(mediaHead, "row", "load", "", "µs", "ratio", "p50 ms", "p99 ms", "first ms", "pkts/s", "cores", "load", "others", "KiB each", "ratio",
		"lost/doubled/reordered")
	for _, r := range rows {
		var loop *bench.Report
		for _, on := range r.on {
			report, err := r.report(ctx, on, path, profiles)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", r.name, on, err)
			}
			r.print(on, report, loop)
			if on == onLoop {
				loop = report
			} else {
				verdicts = append(verdicts, r.verdicts(report, loop)...)
			}
		}
	}
	return verdicts, nil
}

func (r *mediaRow) print(who what, b, loop *bench.Report) {
	cpu, memory := "", ""
	if loop != nil {
		cpu = fmt.Sprintf("%.2f", b.MicrosPerPacket/loop.MicrosPerPacket)
		memory = fmt.Sprintf("%.2f", b.Media.KiBPerParticipant/loop.Media.KiBPerParticipant)
	}
	m := b.Media
	fmt.Printf(mediaCells, r.name, r.what, who, b.MicrosPerPacket, cpu, m.LatencyMs.P50, m.LatencyMs.P99, m.FirstMs.P50, m.PerSecond,
		b.ServerCPU, b.LoadCPU, b.OthersCPU, m.KiBPerParticipant, memory, m.Lost+m.Wrong, m.Doubled, m.Reordered)
}

// verdicts are those of the row's bars, and that everything arrived.
func (r *mediaRow) verdicts(parlor, loop *bench.Report) (all []verdict) {
	for _, bar := range r.bars {
		ratio := bar.value(parlor) / bar.value(loop)
		all = append(all, verdict{fmt.Sprintf("%s: %s ratio %.2f, at most %.2f", r.name, bar.what, ratio, bar.most), ratio <= bar.most})
	}
	m := parlor.Media
	if m.Lost+m.Doubled+m.Wrong > 0 || m.Blind > 0 {
		all = append(all, verdict{fmt.Sprintf("%s: %d lost, %d doubled, %d wrong, %d saw nothing", r.name, m.Lost, m.Doubled, m.Wrong, m.Blind), false})
	}
	return all
}
