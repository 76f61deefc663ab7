package probe

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/parlorhq/parlor/internal/doctor"
)

func TestReadAnswer(t *testing.T) {
	c, candidates := readAnswer(strings.Join([]string{
		"v=0", "a=ice-ufrag:abcd", "a=ice-pwd:secret",
		"a=candidate:1 1 udp 2130706431 2001:db8::7 443 typ host",
		"a=candidate:2 1 udp 2130706431 203.0.113.7 443 typ host",
		"a=candidate:2 2 udp 2130706430 203.0.113.7 443 typ host", // RTCP, which is not apart
		"a=candidate:3 1 TCP 1671430143 203.0.113.7 443 typ host tcptype passive",
		"a=candidate:4 1 udp 1 no.address 443 typ host", "a=candidate:5 1 udp 1 203.0.113.7 99999 typ host", "a=candidate:", "a=candidate:x", "",
	}, "\r\n"))
	if c != (credentials{"abcd", "secret"}) {
		t.Error(c)
	}
	var got []string
	for _, c := range candidates {
		got = append(got, c.protocol+" "+c.at.String())
	}
	if s := strings.Join(got, ", "); s != "udp 203.0.113.7:443, tcp 203.0.113.7:443, udp [2001:db8::7]:443" {
		t.Error(s)
	}
	var many strings.Builder
	for range 100 {
		many.WriteString("a=candidate:1 1 udp 1 203.0.113.7 443 typ host\r\n")
	}
	if _, candidates := readAnswer(many.String()); len(candidates) != mostWays {
		t.Errorf("%d are tried", len(candidates))
	}
}

func TestParseRelay(t *testing.T) {
	for given, want := range map[string]string{
		"turn:turn.example.org:3478?transport=udp":    "turn.example.org 3478 udp",
		"turn:turn.example.org:3478":                  "turn.example.org 3478 udp",
		"turn:turn.example.org?transport=tcp":         "turn.example.org 3478 tcp",
		"turns:turn.example.org":                      "turn.example.org 5349 tls",
		"turns:[2001:db8::7]:443?transport=tcp":       "2001:db8::7 443 tls",
		"stun:turn.example.org":                       "",
		"turn:turn.example.org:3478?transport=pigeon": "",
		"": "",
	} {
		r, ok := parseRelay(given, iceServer{})
		if got := strings.TrimSpace(r.host + " " + r.port + " " + r.transport); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q, want %q", given, got, want)
		}
	}
}

func TestHidden(t *testing.T) {
	for at, want := range map[string]bool{
		"198.18.0.1": true, "198.19.255.255": true, "198.20.0.1": false, "2001:2::1": true, "2001:2:1::1": false, "203.0.113.7": false,
	} {
		if got := hidden(netip.MustParseAddr(at)); got != want {
			t.Errorf("%s: %v", at, got)
		}
	}
}

// What a server says, however much of it, is read up to a bound, and one that says nothing is waited for no longer than
// patience goes.
func TestServersThatAreNone(t *testing.T) {
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}))
	defer endless.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for at, want := range map[string]string{endless.URL: "not_parlor", "http://" + silent.Addr().String(): "not_parlor"} {
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		r := doctor.Diagnose(Run(ctx, Config{URL: u, Patience: 300 * time.Millisecond}))
		if ctx.Err() != nil || !r.Has(want) || len(r.Findings) != 1 {
			t.Errorf("%s: %v %+v", at, ctx.Err(), r.Findings)
		}
		cancel()
	}
}
