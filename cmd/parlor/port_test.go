package main

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parlorhq/parlor/internal/selfsigned"
)

// runServer runs one until the test ends.
func runServer(t *testing.T, args ...string) *server {
	t.Helper()
	s, err := newTestServer(t, append([]string{"--listen", "127.0.0.1:0"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestTLSOnThePort(t *testing.T) {
	chain, key := selfsigned.Files(t, "localhost")
	s := runServer(t, "--tls-cert", chain, "--tls-key", key)
	_, port, err := net.SplitHostPort(s.listen.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	defer tr.CloseIdleConnections()
	client := &http.Client{
		Transport: tr, Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	r, err := client.Get("https://localhost:" + port + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if err != nil || string(body) != "ok\n" || r.ProtoMajor != 2 {
		t.Errorf("%q %s %v", body, r.Proto, err)
	}
	r, err = client.Get("http://localhost:" + port + "/r/demo?x=1")
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if got, want := r.Header.Get("Location"), "https://localhost:"+port+"/r/demo?x=1"; r.StatusCode != http.StatusPermanentRedirect || got != want {
		t.Errorf("%s to %q, want %q", r.Status, got, want)
	}
	r, err = client.Post("http://localhost:"+port+"/v1/sessions", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if r.StatusCode != http.StatusBadRequest {
		t.Errorf("a session without TLS: %s", r.Status)
	}
	if url := s.url(); url != "https://localhost:"+port {
		t.Error(url)
	}
}
