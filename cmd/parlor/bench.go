package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/parlorhq/parlor/auth"
	"github.com/parlorhq/parlor/internal/bench"
	"github.com/parlorhq/parlor/internal/client"
)

const benchAbout = `Usage: parlor bench --url URL [options]

Joins a room as real participants, sends messages, and prints what came of it as one JSON object. Subscribers read.
Senders read as well, but only what subscribers get is counted. Publishers publish synthetic audio and video, which the
others show. Latency is from sending to receiving, both here. A server slows a sender above its message-rate and
byte-rate, and takes connections-per-ip connections from here: start one that is to be measured with higher ones.

Examples:
  parlor bench --url http://localhost:8080 --subscribers 50 --senders 10 --rate 60/s --duration 10s
  parlor bench --url http://localhost:8080 --subscribers 50 --senders 1 --rate 0 --pid "$(pidof parlor)"
  parlor bench --url https://parlor.example --room load --key demo --secret "$SECRET" --publishers 3 --subscribers 20 --senders 0
`

// runBench loads a server and prints a report.
func runBench(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c := newCommand("bench", benchAbout, stdout, stderr)
	url := c.String("url", "", "`URL` of the server")
	room := c.String("room", "bench", "the `ROOM` to load")
	transport := c.String("transport", "webrtc", "what carries messages: webrtc or websocket")
	publishers := c.Int("publishers", 0, "`N` participants who publish audio and video")
	subscribers := c.Int("subscribers", 10, "`N` participants who read")
	senders := c.Int("senders", 1, "`N` participants who send")
	rate := c.String("rate", "60/s", "messages of each sender, as `N/s`; 0: as fast as they arrive")
	window := c.Int("window", bench.DefaultWindow, "with --rate 0, `N` messages of each sender are on their way")
	size := c.Int("size", 200, "`BYTES` of each message")
	warmup := c.Duration("warmup", 2*time.Second, "`TIME` before it is measured, half of it quiet")
	duration := c.Duration("duration", 10*time.Second, "`TIME` that is measured")
	pid := c.Int("pid", 0, "`PID` of the server, if it runs on this machine: its CPU and memory are measured too")
	text := c.String("token", "", "one `TOKEN` for all; the server must let several in with it")
	key := c.String("key", "", "`NAME` of the API key to make a token for each with")
	secret := c.String("secret", "", "`SECRET` of that key")
	if code, ok := c.parse(args); !ok {
		return code
	}
	perSecond, err := strconv.ParseFloat(strings.TrimSuffix(*rate, "/s"), 64)
	switch {
	case *url == "":
		return c.wrong(errors.New("--url is missing"))
	case err != nil || perSecond < 0:
		return c.wrong(fmt.Errorf("--rate: %q is not like 60/s", *rate))
	case *transport != string(client.WebRTC) && *transport != string(client.WebSocket):
		return c.wrong(fmt.Errorf("--transport: %q is neither webrtc nor websocket", *transport))
	case *size < bench.MinSize:
		return c.wrong(fmt.Errorf("--size: a message has at least %d bytes", bench.MinSize))
	case *publishers < 0 || *subscribers < 0 || *senders < 0 || *publishers+*subscribers+*senders == 0:
		return c.wrong(errors.New("nobody would join"))
	case *window < 1:
		return c.wrong(errors.New("--window is less than 1"))
	case *warmup < 0 || *duration <= 0:
		return c.wrong(errors.New("--duration is no time"))
	case *key != "" && *text != "":
		return c.wrong(errors.New("--token and --key are both there"))
	}
	target := &bench.Parlor{URL: *url, Room: *room, Transport: client.Transport(*transport), Publishers: *publishers}
	switch {
	case *text != "":
		target.Token = func(string) (string, error) { return *text, nil }
	case *key != "":
		target.Token = func(identity string) (string, error) {
			claims := auth.Claims{Room: *room, Identity: identity, Name: identity, Publish: true, Subscribe: true, Data: true}
			return auth.Mint(*key, *secret, claims, time.Hour, time.Now())
		}
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	report, err := bench.Run(ctx, target, bench.Load{
		Readers: *subscribers, Senders: *senders, Publishers: *publishers, Rate: perSecond, Window: *window, Size: *size,
		Warmup: *warmup, Duration: *duration, Server: bench.Process(*pid),
	})
	if err != nil {
		return c.failed(err)
	}
	report.Transport = *transport
	out, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return c.failed(err)
	}
	fmt.Fprintf(stdout, "%s\n", out)
	return 0
}
