package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// serveInstead is set in the environment of a process that is to be a server with these arguments, and not a test.
const serveInstead = "TEST_SERVE"

func TestMain(m *testing.M) {
	if args := os.Getenv(serveInstead); args != "" {
		os.Exit(run(context.Background(), append([]string{"serve"}, strings.Fields(args)...), os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// startServer starts a server process: this program again.
func startServer(t *testing.T) (url string, pid int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command(self)
	server.Env = append(os.Environ(), serveInstead+"=--dev --listen 127.0.0.1:0 --admin off --log-level warn")
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait() // its exit code is ours
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, url, ok := strings.Cut(lines.Text(), "listens on "); ok {
			return url, server.Process.Pid
		}
	}
	t.Fatal("the server ended at once")
	return "", 0
}

// What bench prints is one JSON object with the figures that programs read out of it.
func TestBench(t *testing.T) {
	url, pid := startServer(t)
	for name, c := range map[string]struct {
		args []string
		has  []string // figures above 0, beside those of messages
		not  []string
	}{
		"data channels and media": {
			[]string{"--publishers", "1", "--pid", strconv.Itoa(pid)},
			[]string{"packetsForwarded", "serverCPU", "loadCPU", "serverMicrosPerDelivered", "serverMicrosPerPacket", "serverKiBPerParticipant"},
			nil,
		},
		"WebSockets": {
			[]string{"--transport", "websocket"},
			nil,
			[]string{"serverCPU", "loadCPU", "othersCPU", "serverMicrosPerDelivered", "serverMicrosPerPacket", "serverKiBPerParticipant"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS != "linux" && c.has != nil {
				t.Skip("what a process uses is read from /proc")
			}
			args := append([]string{
				"bench", "--url", url, "--room", strings.ReplaceAll(name, " ", "-"), "--subscribers", "2", "--senders", "1",
				"--rate", "60/s", "--size", "100", "--warmup", "400ms", "--duration", "1s",
			}, c.args...)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var stdout, stderr bytes.Buffer
			if code := run(ctx, args, &stdout, &stderr); code != 0 {
				t.Fatalf("exit code %d: %s", code, stderr.String())
			}
			var r map[string]any
			if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
				t.Fatalf("%v: %s", err, stdout.String())
			}
			for _, key := range append([]string{"delivered", "deliveredPerSecond", "sent", "seconds"}, c.has...) {
				if n, ok := r[key].(float64); !ok || n <= 0 {
					t.Errorf("%s is %v", key, r[key])
				}
			}
			for _, key := range []string{"lost", "doubled", "reordered", "wrong"} {
				if n, ok := r[key].(float64); !ok || n != 0 {
					t.Errorf("%s is %v", key, r[key])
				}
			}
			for _, key := range []string{"latencyMs", "joinMs"} {
				q, _ := r[key].(map[string]any)
				p50, _ := q["p50"].(float64)
				p99, _ := q["p99"].(float64)
				p999, _ := q["p999"].(float64)
				if p50 <= 0 || p99 < p50 || p999 < p99 {
					t.Errorf("%s is %v", key, r[key])
				}
			}
			for _, key := range c.not {
				if v, is := r[key]; is {
					t.Errorf("%s is %v", key, v)
				}
			}
			if t.Failed() {
				t.Log(stdout.String())
			}
		})
	}
}
