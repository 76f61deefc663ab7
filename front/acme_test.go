package front

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/crypto/acme"

	"github.com/parlorhq/parlor/internal/selfsigned"
)

// An authority that has a directory and nothing else: this shows that the one that is named is asked, for the names that
// are named and no others, and that what was fetched before is used. That autocert does the rest right is its own to test.
func TestACME(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	authority := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.Path)
		if r.URL.Path != "/directory" {
			http.Error(w, "not today", http.StatusServiceUnavailable)
			return
		}
		at := "https://" + r.Host
		fmt.Fprintf(w, `{"newNonce":"%s/nonce","newAccount":"%s/account","newOrder":"%s/order"}`, at, at, at)
	}))
	defer authority.Close()
	cache := t.TempDir()
	chain, key := selfsigned.PEM(t, "call.example.org")
	if err := os.WriteFile(filepath.Join(cache, "call.example.org"), slices.Concat(key, chain), 0o600); err != nil {
		t.Fatal(err)
	}
	a := NewACME(ACMEConfig{
		Domains: []string{"call.example.org", "other.example.org"}, Directory: authority.URL + "/directory", Cache: cache,
		Client: &acme.Client{HTTPClient: authority.Client(), RetryBackoff: func(int, *http.Request, *http.Response) time.Duration { return -1 }},
		Log:    zerolog.Nop(),
	})
	p := newTestPort(t, func(c *PortConfig) { c.TLS = a.TLS() })
	shown := func(name string) (string, error) {
		c := tls.Client(p.dial(t), &tls.Config{ServerName: name, InsecureSkipVerify: true})
		if err := c.Handshake(); err != nil {
			return "", err
		}
		return c.ConnectionState().PeerCertificates[0].Subject.CommonName, nil
	}
	for _, name := range []string{"call.example.org", ""} { // Firefox names nobody for TURN
		if got, err := shown(name); got != "call.example.org" {
			t.Errorf("%q: %q %v", name, got, err)
		}
	}
	said := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(asked)
	}
	if asked := said(); len(asked) > 0 {
		t.Errorf("what is there was asked for: %v", asked)
	}
	if _, err := shown("stranger.example.org"); err == nil {
		t.Error("a name that nobody named")
	}
	if asked := said(); len(asked) > 0 {
		t.Errorf("asked for a stranger: %v", asked)
	}
	if _, err := shown("other.example.org"); err == nil {
		t.Error("a certificate from nowhere")
	}
	if got := strings.Join(said(), " "); !strings.HasPrefix(got, "/directory /nonce") {
		t.Errorf("asked %q", got)
	}
}
