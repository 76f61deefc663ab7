package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// What parlor bench says of media, of a real server: this process.
func TestBenchOfMedia(t *testing.T) {
	url := serveForTest(t)
	// On a machine that has no time a line looks narrow, and less is sent over it.
	media := "--quiet --duration 1s --warmup 1s --senders 0 --pid " + strconv.Itoa(os.Getpid())
	for _, tt := range []struct {
		name, args string
		shown      float64 // of each packet sent, how often it is shown to somebody
		sent       uint64  // at least
	}{
		{"one to three", "--publishers 1 --subscribers 3", 3, 190},
		{"all to all", "--publishers 3 --subscribers 0 --video 30/s", 2, 230},
		{"simulcast", "--publishers 1 --subscribers 2 --simulcast --audio 0", 0, 230}, // in all three encodings
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var r benchReport
			benchForTest(t, &r, url, tt.args+" "+media)
			m := r.Media
			if m.Lost+m.Doubled+m.Wrong+uint64(m.Blind) > 0 || m.Latency.P50 <= 0 || m.First.P50 <= 0 || r.Micros <= 0 ||
				m.Sent < tt.sent || m.Simulcast != (tt.shown == 0) || r.Packets == 0 {
				t.Errorf("%+v", r)
			}
			if want := tt.shown * float64(m.Sent); want > 0 && math.Abs(float64(r.Packets)-want) > want/5 {
				t.Errorf("%d packets, want about %.0f", r.Packets, want)
			}
		})
	}
	t.Run("joins", func(t *testing.T) {
		t.Parallel()
		var r struct {
			Present, Joins int
			JoinMs         struct{ P50 float64 }
			CPU            float64 `json:"serverMillisPerJoin"`
			Idle           float64 `json:"serverIdleMicrosPerSecond"`
		}
		benchForTest(t, &r, url, "--subscribers 2 --joins 3 --warmup 400ms --pid "+strconv.Itoa(os.Getpid()))
		if r.Present != 2 || r.Joins != 3 || r.JoinMs.P50 <= 0 || r.Idle <= 0 {
			t.Errorf("%+v", r)
		}
	})
}

// benchReport is what those read who measure.
type benchReport struct {
	Packets uint64  `json:"packetsForwarded"`
	Micros  float64 `json:"serverMicrosPerPacket"`
	Media   struct {
		Simulcast            bool
		Sent                 uint64
		Lost, Doubled, Wrong uint64
		Blind                int
		Latency              struct{ P50, P99, P999 float64 } `json:"latencyMs"`
		First                struct{ P50 float64 }            `json:"firstMs"`
	} `json:"media"`
}

func benchForTest(t *testing.T, report any, url, args string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	room := strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))
	if code := run(t.Context(), strings.Fields("bench --url "+url+" --room "+room+" "+args), &stdout, &stderr); code != 0 {
		t.Fatalf("%s: %d: %s", args, code, stderr.String())
	}
	if err := json.Unmarshal(stdout.Bytes(), report); err != nil {
		t.Fatalf("%s: %v: %s", args, err, stdout.String())
	}
}

// serveForTest runs a server until the test is over. It returns its URL.
func serveForTest(t *testing.T) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan int, 1)
	var stderr bytes.Buffer
	go func() {
		ended <- run(ctx, strings.Fields("serve --dev --listen 127.0.0.1:0 --log-level error"), in, &stderr)
		_ = in.Close()
	}()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("serve: %d: %s", code, stderr.String())
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "listens on "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return url
		}
	}
	t.Fatal("the server does not listen")
	return ""
}
