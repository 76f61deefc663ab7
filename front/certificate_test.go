package front

import (
	"bytes"
	"crypto/tls"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/internal/metrics"
	"github.com/parlorhq/parlor/internal/selfsigned"
)

func TestCertificateIsReadAgain(t *testing.T) {
	folder := t.TempDir()
	chainFile, keyFile := filepath.Join(folder, "chain.pem"), filepath.Join(folder, "key.pem")
	write := func(name string, b []byte) {
		t.Helper()
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	chain, key := selfsigned.PEM(t, "first.test")
	write(chainFile, chain)
	write(keyFile, key)
	c, err := LoadCertificate(chainFile, keyFile, zerolog.Nop(), metrics.New())
	if err != nil {
		t.Fatal(err)
	}
	p := newTestPort(t, func(cfg *PortConfig) { cfg.TLS = &tls.Config{GetCertificate: c.Get} })
	shown := func() *tls.Conn {
		return p.dialTLS(t, func(cfg *tls.Config) { cfg.InsecureSkipVerify = true })
	}
	name := func(c *tls.Conn) string { return c.ConnectionState().PeerCertificates[0].Subject.CommonName }
	old := shown()
	say(t, old, unhex(t, beginTURN), false, "turn")

	later := func() { // as if a second had passed
		c.mu.Lock()
		defer c.mu.Unlock()
		c.looked = c.looked.Add(-certificateCheck)
	}
	chain, key = selfsigned.PEM(t, "second.test")
	write(chainFile, chain) // the key is not there yet
	later()
	if got := name(shown()); got != "first.test" {
		t.Error(got)
	}
	write(keyFile, key)
	if got := name(shown()); got != "first.test" {
		t.Errorf("%s: looked at with each handshake", got)
	}
	later()
	if got := name(shown()); got != "second.test" {
		t.Error(got)
	}
	if err := os.Remove(chainFile); err != nil {
		t.Fatal(err)
	}
	later()
	if got := name(shown()); got != "second.test" {
		t.Error(got)
	}
	// The connection of before goes on.
	if _, err := old.Write([]byte("still")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := old.Read(got); err != nil || !bytes.Equal(got, []byte("still")) {
		t.Errorf("%q %v", got, err)
	}
}

func TestClientAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, tt := range []struct {
		from      string
		forwarded []string
		want      string
	}{
		{"192.0.2.1:99", []string{"198.51.100.1"}, "192.0.2.1:99"}, // says it itself
		{"10.0.0.1:99", nil, "10.0.0.1:99"},
		{"10.0.0.1:99", []string{"198.51.100.1"}, "198.51.100.1:0"},
		{"[::ffff:10.0.0.1]:99", []string{"198.51.100.1"}, "198.51.100.1:0"},
		{"10.0.0.1:99", []string{"6.6.6.6, 198.51.100.1"}, "198.51.100.1:0"}, // the client made up the first
		{"10.0.0.1:99", []string{"6.6.6.6", "198.51.100.1, 10.0.0.2"}, "198.51.100.1:0"},
		{"10.0.0.1:99", []string{"198.51.100.1:4711"}, "198.51.100.1:0"},
		{"10.0.0.1:99", []string{"[2001:db8::1]:4711"}, "[2001:db8::1]:0"},
		{"[fd00::1]:99", []string{"2001:db8::1"}, "[2001:db8::1]:0"},
		{"10.0.0.1:99", []string{"unknown"}, "10.0.0.1:99"},
		{"10.0.0.1:99", []string{"6.6.6.6, , 10.0.0.2"}, "10.0.0.2:0"},
		{"10.0.0.1:99", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3:0"},
		{"@", []string{"198.51.100.1"}, "@"},
	} {
		if got := clientAddress(proxies, tt.from, tt.forwarded); got != tt.want {
			t.Errorf("%s %q: %s, want %s", tt.from, tt.forwarded, got, tt.want)
		}
	}
}
