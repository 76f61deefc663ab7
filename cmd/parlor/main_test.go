package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/parlorhq/parlor/auth"
	"github.com/parlorhq/parlor/config"
)

const secret = "0123456789abcdef0123456789abcdef"

func TestHelpOfEachCommandHasAnExample(t *testing.T) {
	for _, c := range []struct{ args, example string }{
		{"--help", "parlor serve"},
		{"help", "parlor serve"},
		{"serve --help", "parlor serve"},
		{"token --help", "parlor token"},
		{"bench --help", "parlor bench"},
		{"doctor --help", "parlor doctor"},
		{"health -h", "parlor health"},
		{"version --help", "parlor version"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), strings.Fields(c.args), &stdout, &stderr); code != 0 {
			t.Errorf("%s: %d", c.args, code)
		}
		_, examples, _ := strings.Cut(stdout.String()+stderr.String(), "Example")
		if !strings.Contains(examples, "\n  "+c.example) {
			t.Errorf("%s gives no example: %s%s", c.args, stdout.String(), stderr.String())
		}
	}
}

func TestAskedTheWrongWay(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"server"},
		{"serve", "--nonsense"},
		{"serve", "--dev", "--listen", "nonsense"},
		{"version", "--nonsense"},
		{"version", "x"},
		{"health", "--url"},
		{"doctor", "ftp://call.example.org"},
		{"doctor", "https://call.example.org", "https://call.example.org"},
		{"doctor", "https://call.example.org", "--resolve", "call.example.org"},
		{"doctor", "https://call.example.org", "--ca", "/nothing"},
		{"doctor", "https://call.example.org", "--timeout", "0s"},
		{"doctor", "https://call.example.org", "--token", "x", "--key", "demo"},
		{"doctor", "https://call.example.org", "--key", "demo"},
		{"bench"},
		{"bench", "--url", "http://localhost:1", "--rate", "fast"},
		{"bench", "--url", "http://localhost:1", "--video", "-1/s"},
		{"bench", "--url", "http://localhost:1", "--audio", "NaN"},
		{"bench", "--url", "http://localhost:1", "--publishers", "1", "--video", "0", "--simulcast"},
		{"bench", "--url", "http://localhost:1", "--joins", "-1"},
		{"bench", "--url", "http://localhost:1", "--transport", "pigeon"},
		{"bench", "--url", "http://localhost:1", "--size", "3"},
		{"bench", "--url", "http://localhost:1", "--subscribers", "0", "--senders", "0"},
		{"bench", "--url", "http://localhost:1", "--duration", "0s"},
		{"bench", "--url", "http://localhost:1", "--token", "x", "--key", "demo"},
		{"token", "--key", "demo", "--secret", secret, "--identity", "ada"},
		{"token", "--key", "demo", "--secret", secret, "--room", "r"},
		{"token", "--secret", secret, "--room", "r", "--identity", "ada"},
		{"token", "--key", "demo", "--secret", "short", "--room", "r", "--identity", "ada"},
		{"token", "--key", "demo", "--secret", secret, "--room", "r", "--identity", "ada", "--ttl", "0s"},
		{"token", "--key", "demo", "--secret", secret, "--room", "r", "--identity", "ada", "--grant", "everything"},
	} {
		var stdout, stderr bytes.Buffer
		start := time.Now()
		if code := run(t.Context(), args, &stdout, &stderr); code != 2 {
			t.Errorf("%v: %d", args, code)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("%v: took %v", args, took)
		}
		if stdout.Len() > 0 || len(args) > 0 && strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%v: %q %q", args, stdout.String(), stderr.String())
		}
	}
}

func TestToken(t *testing.T) {
	all := auth.Claims{Room: "r", Identity: "ada", Publish: true, Subscribe: true, Data: true}
	admin := all
	admin.Admin, admin.Name, admin.Metadata = true, "Ada", "m"
	watcher := auth.Claims{Room: "r", Identity: "ada", Subscribe: true}
	who := []string{"--room", "r", "--identity", "ada"}
	for _, c := range []struct {
		name string
		args []string
		env  []string
		want auth.Claims
	}{
		{"as the contract says", append([]string{"--key", "demo", "--secret", secret}, who...), nil, all},
		{"key of the environment", who, []string{"PARLOR_KEYS=demo: " + secret}, all},
		{"one of several", append([]string{"--key", "demo"}, who...), []string{"PARLOR_KEYS=x: " + secret + "x, demo: " + secret}, all},
		{"watcher", append([]string{"--key", "demo", "--secret", secret, "--grant", "subscribe"}, who...), nil, watcher},
		{"admin", append([]string{"--key", "demo", "--secret", secret, "--grant", "publish, subscribe,data,admin", "--name", "Ada", "--metadata", "m"}, who...), nil, admin},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := token(c.args, c.env, &stdout, &stderr); code != 0 {
				t.Fatal(code, stderr.String())
			}
			v, err := auth.NewVerifier(auth.Keys{"demo": secret})
			if err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			got, err := v.Verify(strings.TrimSpace(stdout.String()), "r", now)
			if err != nil {
				t.Fatal(err)
			}
			if ttl := got.Expires.Sub(now); ttl < 9*time.Minute || ttl > 11*time.Minute {
				t.Errorf("good for %v", ttl)
			}
			got.Expires = time.Time{}
			if got.Identity != c.want.Identity || got.Name != c.want.Name || got.Metadata != c.want.Metadata || got.Publish != c.want.Publish ||
				got.Subscribe != c.want.Subscribe || got.Data != c.want.Data || got.Admin != c.want.Admin {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestTokenWithoutAKeyOfItsOwn(t *testing.T) {
	for _, env := range [][]string{nil, {"PARLOR_KEYS=a: " + secret + ", b: " + secret}, {"PARLOR_KEYS=" + secret}} {
		var stdout, stderr bytes.Buffer
		if code := token([]string{"--room", "r", "--identity", "ada"}, env, &stdout, &stderr); code != 2 || stdout.Len() > 0 {
			t.Errorf("%d %q", code, stdout.String())
		}
		if strings.Contains(stderr.String(), secret) {
			t.Errorf("%q gives the secret away", stderr.String())
		}
	}
}

func TestHealth(t *testing.T) {
	status := http.StatusOK
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			t.Errorf("asked for %s", r.URL)
		}
		w.WriteHeader(status)
	})
	plain := httptest.NewServer(handler)
	defer plain.Close()
	secure := httptest.NewTLSServer(handler)
	defer secure.Close()
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()

	ask := func(args, env []string) int {
		var stdout, stderr bytes.Buffer
		return health(context.Background(), args, env, &stdout, &stderr)
	}
	if code := ask([]string{"--url", plain.URL + "/healthz"}, nil); code != 0 {
		t.Errorf("well: %d", code)
	}
	if code := ask(nil, []string{"PARLOR_LISTEN=" + plain.Listener.Addr().String()}); code != 0 {
		t.Errorf("well, by its environment: %d", code)
	}
	tlsEnv := []string{"PARLOR_LISTEN=" + secure.Listener.Addr().String(), "PARLOR_TLS_CERT=cert.pem", "PARLOR_TLS_KEY=key.pem"}
	if code := ask(nil, tlsEnv); code != 0 {
		t.Errorf("well, over TLS: %d", code)
	}
	status = http.StatusServiceUnavailable
	if code := ask([]string{"--url", plain.URL + "/healthz"}, nil); code != 1 {
		t.Errorf("not well: %d", code)
	}
	start := time.Now()
	if code := ask([]string{"--url", silent.URL}, nil); code != 1 || time.Since(start) > 3*time.Second {
		t.Errorf("silent: %d after %v", code, time.Since(start))
	}
	if code := ask([]string{"--url", "http://127.0.0.1:1/healthz"}, nil); code != 1 {
		t.Errorf("not there: %d", code)
	}
}

func TestHealthURL(t *testing.T) {
	for listen, want := range map[string]string{
		":8080": "http://127.0.0.1:8080/healthz", "0.0.0.0:80": "http://127.0.0.1:80/healthz", "[::]:80": "http://[::1]:80/healthz",
		"192.0.2.1:80": "http://192.0.2.1:80/healthz", "localhost:81": "http://localhost:81/healthz",
	} {
		if got := healthURL(&config.Config{Listen: listen}); got != want {
			t.Errorf("%s: %s, want %s", listen, got, want)
		}
	}
	if got := healthURL(&config.Config{Listen: ":443", TLSCert: "c"}); got != "https://127.0.0.1:443/healthz" {
		t.Error(got)
	}
}
