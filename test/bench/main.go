// Command bench prints what messages, media and joins cost Parlor, beside what they cost a plain pion loop, or a plain hub
// of WebSockets, under the same load in the same run. Servers are processes of their own, a new one for each cell, so that
// their CPU and memory can be told from the
// load's, which shares the machine's cores with them.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"

	"github.com/parlorhq/parlor/internal/bench"
)

func main() {
	baselines := map[string]func() error{"-serve-loop": serveLoop, "-serve-hub": serveHub}
	if len(os.Args) == 2 && baselines[os.Args[1]] != nil {
		if err := baselines[os.Args[1]](); err != nil {
			fmt.Fprintln(os.Stderr, os.Args[1], err)
			os.Exit(1)
		}
		return
	}
	path := flag.String("parlor", "bin/parlor", "the `binary`")
	names := flag.String("rows", "", "a comma-separated `list` of rows (all): "+strings.Join(rowNames(), " "))
	count := flag.Int("count", 1, "how `often`; the loop and Parlor take turns")
	profiles := flag.String("profile", "", "an existing `folder` for CPU profiles of Parlor; they cost some CPU themselves")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := table(ctx, *path, *names, *profiles, *count)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func rowNames() (names []string) {
	all := everything()
	for _, r := range all.data {
		names = append(names, r.name)
	}
	for _, r := range all.media {
		names = append(names, r.name)
	}
	for _, r := range all.joins {
		names = append(names, r.name)
	}
	return names
}

// chosen are the rows to measure.
type chosen struct {
	data  []row
	media []mediaRow
	joins []joinRow
}

func everything() chosen { return chosen{rows(), mediaRows(), joinRows()} }

// table measures and prints.
func table(ctx context.Context, path, names, profiles string, count int) error {
	chosen, err := choose(names)
	if err != nil {
		return err
	}
	gogc := "its own GOGC (400)"
	if v := os.Getenv("GOGC"); v != "" {
		gogc = "GOGC=" + v
	}
	fmt.Printf("Loopback, %d cores shared with the load.\n", runtime.NumCPU())
	fmt.Printf("Parlor runs with %s, the loop (pion/webrtc v4, a PeerConnection and a write for each) with %s.\n",
		gogc, strings.Replace(gogc, "its own GOGC (400)", "GOGC=100", 1))
	fmt.Print("Cores are those that the server, the load and all others use: the more others use, the less a row is worth.\n")
	var verdicts []verdict
	for range count {
		data, err := dataTable(ctx, path, profiles, chosen.data)
		if err != nil {
			return err
		}
		media, err := mediaTable(ctx, path, profiles, chosen.media)
		if err != nil {
			return err
		}
		joins, err := joinTable(ctx, path, profiles, chosen.joins)
		if err != nil {
			return err
		}
		verdicts = slices.Concat(verdicts, data, media, joins)
	}
	text, err := sum(verdicts)
	fmt.Printf("\n%s", text)
	return err
}

// verdict is what became of a bar.
type verdict struct {
	what string
	held bool
}

func (v verdict) String() string {
	return fmt.Sprintf("%s: %s", v.what, map[bool]string{true: "held", false: "MISSED"}[v.held])
}

// sum says what became of all bars. One that was missed is an error, for whoever looks only at the exit code.
func sum(all []verdict) (text string, err error) {
	missed := 0
	for _, v := range all {
		if !v.held {
			missed++
		}
		text += v.String() + "\n"
	}
	if missed > 0 {
		err = fmt.Errorf("%d of %d bars missed", missed, len(all))
	}
	return text, err
}

// dataTable measures and prints.
func dataTable(ctx context.Context, path, profiles string, rows []row) (verdicts []verdict, err error) {
	if len(rows) == 0 {
		return nil, nil
	}
	fmt.Print("\nServer CPU per 200-byte message that a reader got. D × R → S: D senders, R each, S readers.\n\n")
	fmt.Printf(head, "row", "load", "", "µs", "ratio", "p50 ms", "p99 ms", "msgs/s", "cores", "load", "others", "KiB each", "lost/doubled/reordered")
	for _, r := range rows {
		var loop *bench.Report
		if r.loop || r.hub {
			who := map[bool]string{true: "hub", false: "loop"}[r.hub]
			if loop, err = r.baseline(ctx); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", r.name, who, err)
			}
			line(&r, who, loop, "")
		}
		parlor, err := r.parlor(ctx, path, profiles)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
		ratio := ""
		if loop != nil {
			ratio = fmt.Sprintf("%.2f", parlor.MicrosPerMessage/loop.MicrosPerMessage)
		}
		line(&r, "Parlor", parlor, ratio)
		if r.bar != nil {
			what, held := r.bar(parlor, loop)
			verdicts = append(verdicts, verdict{r.name + ": " + what, held})
		}
	}
	return verdicts, nil
}

// choose finds the rows of a list. An empty one is all.
func choose(names string) (chosen, error) {
	all := everything()
	if names == "" {
		return all, nil
	}
	var c chosen
	for name := range strings.SplitSeq(names, ",") {
		data := slices.IndexFunc(all.data, func(r row) bool { return r.name == name })
		media := slices.IndexFunc(all.media, func(r mediaRow) bool { return r.name == name })
		joins := slices.IndexFunc(all.joins, func(r joinRow) bool { return r.name == name })
		switch {
		case data >= 0:
			c.data = append(c.data, all.data[data])
		case media >= 0:
			c.media = append(c.media, all.media[media])
		case joins >= 0:
			c.joins = append(c.joins, all.joins[joins])
		default:
			return c, fmt.Errorf("there is no row %q", name)
		}
	}
	return c, nil
}

const (
	head  = "%-7s %-27s %-7s %7s %6s %8s %8s %8s %6s %6s %6s %9s  %s\n"
	cells = "%-7s %-27s %-7s %7.1f %6s %8.2f %8.2f %8.0f %6.2f %6.2f %6.2f %9.0f  %d/%d/%d\n"
)

func line(r *row, who string, b *bench.Report, ratio string) {
	fmt.Printf(cells, r.name, r.what, who, b.MicrosPerMessage, ratio, b.LatencyMs.P50, b.LatencyMs.P99, b.PerSecond,
		b.ServerCPU, b.LoadCPU, b.OthersCPU, b.KiBPerParticipant, b.Lost+b.Wrong, b.Doubled, b.Reordered)
}
