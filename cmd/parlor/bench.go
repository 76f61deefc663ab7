package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
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

Joins a room as real participants, sends messages and media, and prints what came of it as one JSON object. Subscribers
read. Senders read as well, but only what subscribers get is counted. Publishers publish synthetic audio and video, which
subscribers are shown, or each other if there are none. Latency is from sending to receiving, both here. A server slows a
sender above its message-rate and byte-rate, and takes connections-per-ip connections from here and room-size people:
start one that is to be measured with higher ones. With --joins it is people who are measured, not what they send: so many
come, one after the other, when the subscribers are there.

Examples:
  parlor bench --url http://localhost:8080 --subscribers 50 --senders 10 --rate 60/s --duration 10s
  parlor bench --url http://localhost:8080 --subscribers 50 --senders 1 --rate 0 --pid "$(pidof parlor)"
  parlor bench --url https://parlor.example --room load --key demo --secret "$SECRET" --publishers 3 --subscribers 20 --senders 0
  parlor bench --url http://localhost:8080 --publishers 1 --video 450/s --audio 0 --subscribers 60 --senders 0 --pid "$(pidof parlor)"
  parlor bench --url http://localhost:8080 --subscribers 100 --joins 30 --pid "$(pidof parlor)"
`

// runBench loads a server and prints a report.
func runBench(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c := newCommand("bench", benchAbout, stdout, stderr)
	url := c.String("url", "", "`URL` of the server")
	room := c.String("room", "bench", "the `ROOM` to load")
	transport := c.String("transport", "webrtc", "what carries messages: webrtc or websocket")
	publishers := c.Int("publishers", 0, "`N` participants who publish audio and video")
	video := c.String("video", "150/s", "packets of each publisher's video, as `N/s`: 1,200 bytes, in 30 frames; 0: none")
	audio := c.String("audio", "50/s", "packets of each publisher's audio, as `N/s`: 100 bytes; 0: none")
	simulcast := c.Bool("simulcast", false, "publishers send video in three encodings, of which the largest has so many packets")
	quiet := c.Bool("quiet", false, "who watches does not report when packets arrive, and is sent all that is published, however slow their line or machine is")
	joins := c.Int("joins", 0, "`N` participants who come one after the other when all others are there: only that is measured")
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
	perSecond, errRate := parseRate("rate", *rate)
	videoRate, errVideo := parseRate("video", *video)
	audioRate, errAudio := parseRate("audio", *audio)
	err := cmp.Or(errRate, errVideo, errAudio)
	switch {
	case *url == "":
		return c.wrong(errors.New("--url is missing"))
	case err != nil:
		return c.wrong(err)
	case *transport != string(client.WebRTC) && *transport != string(client.WebSocket):
		return c.wrong(fmt.Errorf("--transport: %q is neither webrtc nor websocket", *transport))
	case *size < bench.MinSize:
		return c.wrong(fmt.Errorf("--size: a message has at least %d bytes", bench.MinSize))
	case min(*publishers, *subscribers, *senders, *joins) < 0 || *publishers+*subscribers+*senders+*joins == 0:
		return c.wrong(errors.New("nobody would join"))
	case *simulcast && videoRate == 0:
		return c.wrong(errors.New("--simulcast is of --video"))
	case *window < 1:
		return c.wrong(errors.New("--window is less than 1"))
	case *warmup < 0 || *duration <= 0:
		return c.wrong(errors.New("--duration is no time"))
	case *key != "" && *text != "":
		return c.wrong(errors.New("--token and --key are both there"))
	}
	target := &bench.Parlor{URL: *url, Room: *room, Transport: client.Transport(*transport)}
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
	var report any
	if *joins > 0 {
		report, err = bench.RunJoins(ctx, target, bench.Joins{
			Present: *subscribers, Count: *joins, AudioSlots: 1, VideoSlots: 1, Rest: *warmup, Server: bench.Process(*pid),
		})
	} else {
		var r *bench.Report
		r, err = bench.Run(ctx, target, bench.Load{
			Readers: *subscribers, Senders: *senders, Rate: perSecond, Window: *window, Size: *size,
			Publishers: *publishers,
			Media:      bench.Media{Video: videoRate, Audio: audioRate, Simulcast: *simulcast, Mutual: *subscribers == 0, Quiet: *quiet},
			Warmup:     *warmup, Duration: *duration, Server: bench.Process(*pid),
		})
		if err == nil {
			r.Transport = *transport
		}
		report = r
	}
	if err != nil {
		return c.failed(err)
	}
	out, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return c.failed(err)
	}
	fmt.Fprintf(stdout, "%s\n", out)
	return 0
}

// parseRate reads a rate a second.
func parseRate(name, text string) (float64, error) {
	rate, err := strconv.ParseFloat(strings.TrimSuffix(text, "/s"), 64)
	if err != nil || rate < 0 || math.IsNaN(rate) || math.IsInf(rate, 0) {
		return 0, fmt.Errorf("--%s: %q is not like 60/s", name, text)
	}
	return rate, nil
}
