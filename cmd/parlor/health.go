package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/parlorhq/parlor/config"
)

// healthTimeout is less than what a container engine allows a health check.
const healthTimeout = 2500 * time.Millisecond

const healthAbout = `Usage: parlor health [options]

Asks a running server whether it is well, and ends with 0 or 1. It is the health check of a container without a shell.
Where the server is, it finds as the server does: from PARLOR_LISTEN or the file of PARLOR_CONFIG.

Examples:
  parlor health
  parlor health --url http://127.0.0.1:8080/healthz
`

// health asks for /healthz.
func health(ctx context.Context, args, env []string, stdout, stderr io.Writer) int {
	c := newCommand("health", healthAbout, stdout, stderr)
	url := c.String("url", "", "`URL` to ask instead")
	if code, ok := c.parse(args); !ok {
		return code
	}
	if *url == "" {
		cfg, err := config.Peek(env)
		if err != nil {
			return c.wrong(err)
		}
		*url = healthURL(cfg)
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	if err := askHealth(ctx, *url); err != nil {
		return c.failed(err)
	}
	fmt.Fprintln(stdout, "ok")
	return 0
}

// healthURL is where this machine reaches a server of that configuration.
func healthURL(cfg *config.Config) string {
	scheme := "http"
	if cfg.TLS() {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		host = cfg.Listen
	}
	switch ip, err := netip.ParseAddr(host); {
	case host == "", err == nil && ip.Is4() && ip.IsUnspecified():
		host = "127.0.0.1"
	case err == nil && ip.IsUnspecified():
		host = "::1"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/healthz"
}

func askHealth(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	client := &http.Client{
		Transport: &http.Transport{
			Proxy: nil, // the server is on this machine; a proxy of the environment is not the way to it
			// The certificate is made out to the name that browsers use, not to this address.
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see above; nothing secret is sent
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: no answer within %s", url, healthTimeout)
	}
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}
