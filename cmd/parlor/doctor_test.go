package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parlorhq/parlor/auth"
	"github.com/parlorhq/parlor/internal/client"
	"github.com/parlorhq/parlor/internal/doctor"
	"github.com/parlorhq/parlor/internal/doctor/probe"
)

// fault is something planted, and what it is to be called.
type fault struct {
	name, want string
	plant      func(t *testing.T) (args, env []string)
}

func faults() []fault {
	at := func(args ...string) ([]string, []string) { return args, nil }
	return []fault{
		{"wrong external address", "external_ip", func(t *testing.T) ([]string, []string) {
			return at(runServer(t, "--udp", "127.0.0.1:0", "--external-ip", "203.0.113.7").url())
		}},
		{"UDP closed", "udp_closed", func(t *testing.T) ([]string, []string) {
			s := runServer(t, "--udp", "127.0.0.1:0", "--external-ip", "127.0.0.2")
			swallowUDP(t, otherAddress(s))
			carryTCP(t, otherAddress(s), s)
			return at("http://" + otherAddress(s))
		}},
		{"TCP closed", "tcp_closed", func(t *testing.T) ([]string, []string) {
			s := runServer(t, "--udp", "127.0.0.1:0", "--external-ip", "127.0.0.2")
			carryUDP(t, otherAddress(s), s)
			return at(proxied(t, s, nil, nil))
		}},
		{"Upgrade stripped", "websocket_stripped", func(t *testing.T) ([]string, []string) {
			return at(proxied(t, runServer(t), stripUpgrade, nil))
		}},
		{"response buffered", "stream_buffered", func(t *testing.T) ([]string, []string) {
			return at(proxied(t, runServer(t), nil, keepWhole))
		}},
		{"certificate expired", "certificate_expired", func(t *testing.T) ([]string, []string) {
			args, ca := serveAs(t, "localhost", time.Now().Add(-time.Hour))
			return at(atPort(runServer(t, args...), "https", "localhost"), "--ca", ca)
		}},
		{"wrong name", "certificate_name", func(t *testing.T) ([]string, []string) {
			args, ca := serveAs(t, "other.example.org", time.Now().Add(time.Hour))
			return at(atPort(runServer(t, args...), "https", "call.example.org"), "--resolve", "call.example.org=127.0.0.1", "--ca", ca)
		}},
		{"clock off by an hour", "clock", func(t *testing.T) ([]string, []string) {
			return at(proxied(t, runServer(t), nil, setBack))
		}},
		{"TURN secret mismatch", "turn_secret", func(t *testing.T) ([]string, []string) {
			return at(runServer(t, "--turn-servers", startTURN(t, "one secret"), "--turn-secret", "another").url())
		}},
		{"origin not allowed", "origin", func(t *testing.T) ([]string, []string) {
			return at(runServer(t).url(), "--origin", "https://app.example.org")
		}},
		{"port taken", "port_taken", func(t *testing.T) ([]string, []string) {
			other := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(other.Close)
			listen := other.Listener.Addr().String()
			var stderr bytes.Buffer
			if code := run(t.Context(), []string{"serve", "--dev", "--listen", listen}, &stderr, &stderr); code != 1 {
				t.Errorf("the server started: %s", stderr.String())
			}
			return nil, []string{"PARLOR_DEV=true", "PARLOR_LISTEN=" + listen}
		}},
		{"IPv6 only half working", "ipv6_half", func(t *testing.T) ([]string, []string) {
			return at(atPort(runServer(t), "http", "localhost"), "--resolve", "localhost=127.0.0.1,::1")
		}},
		// Beyond the twelve.
		{"Host not passed on", "host_header", func(t *testing.T) ([]string, []string) {
			return at(proxied(t, runServer(t), func(r *http.Request) { r.Host = "10.0.0.4:8080" }, nil))
		}},
		{"not running", "not_running", func(*testing.T) ([]string, []string) { return at("http://127.0.0.1:1") }},
		{"no such name", "unknown_host", func(*testing.T) ([]string, []string) { return at("https://nowhere.invalid") }},
		{"TURN server that is not there", "turn_closed", func(t *testing.T) ([]string, []string) {
			return at(runServer(t, "--turn-servers", "turn:127.0.0.1:1?transport=tcp", "--turn-secret", "x").url())
		}},
		{"https where there is none", "not_tls", func(t *testing.T) ([]string, []string) {
			return at(atPort(runServer(t), "https", "127.0.0.1"))
		}},
		{"certificate of nobody", "certificate_untrusted", func(t *testing.T) ([]string, []string) {
			args, _ := serveAs(t, "localhost", time.Now().Add(time.Hour))
			return at(atPort(runServer(t, args...), "https", "localhost"))
		}},
	}
}

// Each fault is named, and nothing else is.
func TestDoctorNamesFaults(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("all of 127.0.0.0/8 is this machine's on Linux only")
	}
	all := faults()
	answers := make([]diagnosis, len(all))
	var asked sync.WaitGroup
	for i, f := range all {
		args, env := f.plant(t)
		asked.Go(func() { answers[i] = askDoctor(t.Context(), args, env) }) // they wait more than they work
	}
	asked.Wait()
	var table, texts strings.Builder
	for i, f := range all {
		a := &answers[i]
		named := strings.Join(a.codes(), " ")
		if named != f.want || a.code != 1 || a.report.OK {
			t.Errorf("%s: named %q, want %s; %s", f.name, named, f.want, a)
		}
		fmt.Fprintf(&table, "%-30s %s\n", f.name, named)
		fmt.Fprintf(&texts, "\n%s: %s", f.name, a)
	}
	t.Logf("what was planted, and what it was called:\n%s%s", table.String(), texts.String())
}

// diagnosis is what the command said.
type diagnosis struct {
	report doctor.Report
	code   int
	stderr string
}

func (d *diagnosis) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "exit code %d %s\n", d.code, d.stderr)
	d.report.Write(&b)
	return b.String()
}

// codes are those of what is to be mended.
func (d *diagnosis) codes() (codes []string) {
	for _, f := range d.report.Findings {
		if !f.Note {
			codes = append(codes, f.Code)
		}
	}
	return codes
}

func askDoctor(ctx context.Context, args, env []string) (d diagnosis) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var stdout, stderr bytes.Buffer
	d.code = runDoctor(ctx, append(args, "--timeout", "2s", "--json"), env, &stdout, &stderr)
	if d.stderr = stderr.String(); d.stderr == "" {
		if err := json.Unmarshal(stdout.Bytes(), &d.report); err != nil {
			d.stderr = err.Error()
		}
	}
	return d
}

// Where all is well every way works, by TLS too, and the doctor leaves nothing behind.
func TestDoctorOfAHealthyServer(t *testing.T) {
	args, ca := serveAs(t, "localhost", time.Now().Add(time.Hour))
	s := runServer(t, append(args, "--turn-servers", startTURN(t, "shared"), "--turn-secret", "shared")...)
	d := askDoctor(t.Context(), []string{atPort(s, "https", "localhost"), "--ca", ca}, nil)
	t.Log(d.String())
	if d.code != 0 || !d.report.OK || len(d.report.Findings) > 0 {
		t.Errorf("exit code %d", d.code)
	}
	for _, c := range d.report.Checks {
		if c.State != doctor.Well {
			t.Errorf("%s: %s", c.Name, c.State)
		}
	}
	if n := len(d.report.Checks); n != 13 {
		t.Errorf("%d checks", n)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	plain := runServer(t)
	if d := askDoctor(ctx, []string{plain.url()}, nil); d.code != 0 {
		t.Error(d.String())
	}
	next, err := client.Join(ctx, client.Options{URL: plain.url(), Room: probe.Room, Name: "Next", NoMedia: true, MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer next.Kill()
	if err := next.Until(ctx, func() bool { return len(next.Participants()) == 0 }); err != nil {
		t.Error("the doctor is still there")
	}
}

// With keys the doctor makes a token for a room of its own, or takes one that it is shown.
func TestDoctorWithTokens(t *testing.T) {
	args, ca := serveAs(t, "localhost", time.Now().Add(time.Hour))
	s := runServer(t, append(args, "--dev=false", "--keys", "demo:"+secret, "--admin", "off")...)
	at := []string{atPort(s, "https", "localhost"), "--ca", ca}
	claims := auth.Claims{Room: "maths", Identity: "ada", Data: true}
	good, err := auth.Mint("demo", secret, claims, time.Hour, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	bad, err := auth.Mint("demo", secret+"x", claims, time.Hour, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		env  []string
		want string
	}{
		{"none", at, nil, "token_missing"},
		{"a key", slices.Concat(at, []string{"--key", "demo", "--secret", secret}), nil, ""},
		{"the key of the environment", at, []string{"PARLOR_KEYS=demo:" + secret}, ""},
		{"the wrong key", slices.Concat(at, []string{"--key", "demo", "--secret", secret + "x"}), nil, "token_refused"},
		{"a token", slices.Concat(at, []string{"--token", good}), nil, ""},
		{"an invitation", slices.Concat([]string{at[0] + "/r/maths#token=" + good}, at[1:]), nil, ""},
		{"a wrong token", slices.Concat(at, []string{"--token", bad}), nil, "token_refused"},
		{"the server of this machine", []string{"--ca", ca}, []string{
			"PARLOR_LISTEN=" + s.listen.Addr().String(), "PARLOR_UDP=" + s.listen.Addr().String(), "PARLOR_KEYS=demo:" + secret,
			"PARLOR_TLS_CERT=" + s.cfg.TLSCert, "PARLOR_TLS_KEY=" + s.cfg.TLSKey,
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := askDoctor(t.Context(), tt.args, tt.env)
			if got := strings.Join(d.codes(), " "); got != tt.want || (d.code == 0) != (tt.want == "") {
				t.Errorf("%s; %s", got, d.String())
			}
			if strings.Contains(d.String(), secret) {
				t.Error("the secret is in it")
			}
		})
	}
}

// A server that is on its way out says so.
func TestDoctorOfADrainingServer(t *testing.T) {
	s := runServer(t)
	s.rooms.Drain()
	d := askDoctor(t.Context(), []string{s.url()}, nil)
	if d.code != 1 || !d.report.Has("server_refuses") {
		t.Error(d.String())
	}
}

func TestDoctorTakesWhatPeoplePaste(t *testing.T) {
	for given, want := range map[string]string{
		"call.example.org": "https://call.example.org", "call.example.org:8443/r/demo": "https://call.example.org:8443",
		"http://10.0.0.4:8080/": "http://10.0.0.4:8080", "localhost:8080": "http://localhost:8080", "127.0.0.1:8080": "http://127.0.0.1:8080",
		"https://call.example.org/r/demo#token=x": "https://call.example.org", "[::1]:8080": "http://[::1]:8080",
		"ftp://x": "", "https://": "", "a b": "",
	} {
		u, err := parseURL(given)
		if want == "" {
			if err == nil {
				t.Errorf("%s: %s", given, u)
			}
			continue
		}
		if err != nil || u.String() != want {
			t.Errorf("%s: %v %v, want %s", given, u, err, want)
		}
	}
}
