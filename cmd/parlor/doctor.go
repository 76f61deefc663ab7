package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/parlorhq/parlor/auth"
	"github.com/parlorhq/parlor/config"
	"github.com/parlorhq/parlor/internal/doctor"
	"github.com/parlorhq/parlor/internal/doctor/probe"
)

const doctorAbout = `Usage: parlor doctor [URL] [options]

Tries every way to a server and says which of them work: certificate, clock, origin, WebSocket, server-sent events, POST,
and media by UDP, by TCP and by TURN. Of what does not work it names the likeliest cause and the line of configuration
that mends it. It ends with 0, or with 1 if anything is to be mended.

Without URL it looks at the server of this machine, which it finds as the server finds its options: PARLOR_* variables
and the file of --config. URL may be an invitation with its token. What a browser sees of the same is on the page /doctor.

Examples:
  parlor doctor https://call.example.org
  parlor doctor --config parlor.yaml
  parlor doctor https://call.example.org --key main --secret "$SECRET" --json
  parlor doctor https://call.example.org --origin https://app.example.org
`

// runDoctor measures, and prints what it means.
func runDoctor(ctx context.Context, args, env []string, stdout, stderr io.Writer) int {
	c := newCommand("doctor", doctorAbout, stdout, stderr)
	c.words = 1
	file := c.String("config", "", "YAML `FILE` of the server")
	text := c.String("token", "", "`TOKEN` to enter with, in the room it is for")
	key := c.String("key", "", "`NAME` of the API key to make a token with")
	secret := c.String("secret", "", "`SECRET` of that key")
	origin := c.String("origin", "", "`ORIGIN` of a page elsewhere that is to use the server")
	resolve := c.String("resolve", "", "`HOST=IP,…` instead of asking DNS")
	ca := c.String("ca", "", "`FILE` in PEM with authorities to trust instead of this machine's")
	patience := c.Duration("timeout", 4*time.Second, "`TIME` each attempt may take")
	asJSON := c.Bool("json", false, "print one JSON object")
	var at string
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		at, args = args[0], args[1:]
		c.words = 0
	}
	if code, ok := c.parse(args); !ok {
		return code
	}
	if at == "" {
		at = c.Arg(0)
	}
	if *file != "" {
		env = append(env, "PARLOR_CONFIG="+*file)
	}
	cfg := probe.Config{Origin: strings.TrimSuffix(*origin, "/"), Patience: *patience, Hosts: map[string][]netip.Addr{}}
	open, err := aim(&cfg, at, env)
	if err == nil {
		err = errors.Join(resolved(&cfg, *resolve), vouched(&cfg, *ca))
	}
	switch {
	case err != nil:
		return c.wrong(err)
	case *patience <= 0:
		return c.wrong(errors.New("--timeout is no time"))
	case *text != "" && *key != "":
		return c.wrong(errors.New("--token and --key are both there"))
	}
	if shown := tokenIn(at); *text == "" {
		*text = shown
	}
	switch {
	case *text != "":
		cfg.Admit = func(time.Time) (probe.Ticket, error) { return probe.Ticket{Room: roomOf(*text), Token: *text}, nil }
	case *key == "" && open: // in development mode there need be no keys
	default:
		if *secret == "" {
			if err := findKey(key, secret, env); err != nil && *key != "" {
				return c.wrong(err)
			}
		}
		if *secret != "" {
			cfg.Admit = func(now time.Time) (probe.Ticket, error) { return doctorsTicket(*key, *secret, now) }
		}
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	report := doctor.Diagnose(probe.Run(ctx, cfg))
	if *asJSON {
		out, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return c.failed(err)
		}
		fmt.Fprintf(stdout, "%s\n", out)
	} else {
		report.Write(stdout)
	}
	if !report.OK {
		return 1
	}
	return 0
}

// doctorsTicket opens the doctor's own room, and no other, for as long as it takes.
func doctorsTicket(key, secret string, now time.Time) (probe.Ticket, error) {
	token, err := auth.Mint(key, secret, auth.Claims{Room: probe.Room, Identity: "doctor", Name: "Doctor", Data: true}, time.Minute, now)
	return probe.Ticket{Room: probe.Room, Token: token}, err
}

// aim says what is to be looked at: what a URL names, or the server of this machine, which is open in development mode.
func aim(c *probe.Config, at string, env []string) (open bool, err error) {
	if at != "" {
		c.URL, err = parseURL(at)
		return false, err
	}
	cfg, err := config.Peek(env)
	if err != nil {
		return false, err
	}
	return cfg.Dev, aimHere(c, cfg)
}

// aimHere finds the server of this machine. By TLS it has the name that is in its certificate.
func aimHere(c *probe.Config, cfg *config.Config) error {
	here, err := url.Parse(strings.TrimSuffix(healthURL(cfg), "/healthz"))
	if err != nil {
		return err
	}
	ip, err := netip.ParseAddr(here.Hostname())
	if err != nil { // a name, which leads here or nowhere
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if name := nameOf(cfg); name != "" {
		here.Host = net.JoinHostPort(name, here.Port())
		c.Hosts[name] = []netip.Addr{ip}
	}
	c.URL, c.Local = here, true
	host, _, _ := net.SplitHostPort(cfg.Listen)
	inside, err := netip.ParseAddr(host)
	c.Public = !cfg.Dev && host != "localhost" && (err != nil || !inside.IsLoopback())
	c.Listen = []string{"tcp " + cfg.Listen, "udp " + cfg.UDP}
	return nil
}

// nameOf is the name in the certificate of a server; empty: it has none.
func nameOf(cfg *config.Config) string {
	if len(cfg.ACME.Domains) > 0 {
		return cfg.ACME.Domains[0]
	}
	pair, err := tls.LoadX509KeyPair(cfg.TLSCert, cfg.TLSKey)
	if err != nil || pair.Leaf == nil || len(pair.Leaf.DNSNames) == 0 {
		return ""
	}
	return strings.TrimPrefix(pair.Leaf.DNSNames[0], "*.")
}

// parseURL takes what people paste.
func parseURL(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		name, _, _ := strings.Cut(text, "/")
		if host, _, err := net.SplitHostPort(name); err == nil {
			name = host
		}
		scheme := "https://"
		if ip, err := netip.ParseAddr(strings.Trim(name, "[]")); name == "localhost" || err == nil && ip.IsLoopback() {
			scheme = "http://"
		}
		text = scheme + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("%q is not the address of a server, like https://call.example.org", text)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// tokenIn is that of an invitation.
func tokenIn(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	fragment, err := url.ParseQuery(u.Fragment)
	if err != nil {
		return ""
	}
	return fragment.Get("token")
}

// roomOf is the room that a token is for. Whether it is good the server says.
func roomOf(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		Video struct {
			Room string `json:"room"`
		} `json:"video"`
	}
	if json.Unmarshal(raw, &claims) != nil {
		return ""
	}
	return claims.Video.Room
}

// resolved takes --resolve.
func resolved(c *probe.Config, text string) error {
	if text == "" {
		return nil
	}
	host, list, _ := strings.Cut(text, "=")
	for part := range strings.SplitSeq(list, ",") {
		ip, err := netip.ParseAddr(strings.TrimSpace(part))
		if err != nil {
			return fmt.Errorf("--resolve: %q is not like call.example.org=203.0.113.7", text)
		}
		c.Hosts[host] = append(c.Hosts[host], ip.Unmap())
	}
	return nil
}

// vouched takes --ca.
func vouched(c *probe.Config, file string) error {
	if file == "" {
		return nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("--ca: %w", err)
	}
	c.Roots = x509.NewCertPool()
	if !c.Roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("--ca: %s has no certificate", file)
	}
	return nil
}
