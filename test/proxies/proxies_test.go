// Package proxies holds Parlor to its protocol behind the proxies that operators put in front of it, with the very
// configurations that docs/deploy.md tells them to write. Each proxy is the real program; one that is not installed is left
// out, and said so.
package proxies

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pion/stun/v4"

	"github.com/parlorhq/parlor/internal/selfsigned"
)

const patience = 20 * time.Second

// leftOut are tests of the suite that take long, and say nothing of proxies.
const leftOut = "TestCase28|TestCase40|TestCase41|TestHTTPBeat|TestViewAndLayers|TestFirstFrameMustCome"

// where is what a configuration is filled with.
type where struct {
	folder, cert, key string
	front, parlor     string // addresses
}

// TestProxies runs the conformance suite through each proxy.
func TestProxies(t *testing.T) {
	folder := t.TempDir()
	parlor, suite := build(t, folder)
	for _, row := range []struct {
		name, program string
		block         string // of docs/deploy.md: its language, and what is in it
		within        string // what the program needs around it; %s is the block
		run           []string
		through       bool // it passes TCP through, and Parlor speaks TLS
	}{
		{"nginx", "nginx", "nginx:server_name", nginxMain + "http {\n" + nginxPaths + "%s\n}\n", []string{"-e", "stderr", "-c"}, false},
		{"Caddy", "caddy", "caddyfile:reverse_proxy", "{\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system FOLDER/caddy\n}\n%s\n", []string{"run", "--adapter", "caddyfile", "--config"}, false},
		{"HAProxy", "haproxy", "haproxy:send-proxy", "defaults\n    timeout connect 5s\n    timeout client 1h\n%s\n", []string{"-db", "-f"}, true},
		{"nginx stream", "nginx", "nginx:stream", nginxMain + "%s\n", []string{"-e", "stderr", "-c"}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			program := look(t, row.program)
			w := where{folder: t.TempDir(), front: free(t), parlor: free(t)}
			w.cert, w.key = selfsigned.Files(t, "localhost")
			args := []string{"serve", "--dev", "--listen", w.parlor, "--admin", "off", "--log-level", "warn", "--trusted-proxies", "127.0.0.1/32"}
			if row.through {
				args = append(args, "--tls-cert", w.cert, "--tls-key", w.key, "--proxy-protocol")
			}
			start(t, parlor, args...)
			config := filepath.Join(w.folder, "config")
			text := w.fill(fmt.Sprintf(row.within, block(t, row.block)))
			if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			start(t, program, append(row.run, config)...)
			ready(t, w)
			if row.through {
				throughTo(t, w)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			c := exec.CommandContext(ctx, suite, "-test.skip", leftOut)
			c.Dir = filepath.Join("..", "conformance")
			c.Env = append(clean(os.Environ()), "SSL_CERT_FILE="+w.cert, "PARLOR_URL=https://"+w.name())
			if out, err := c.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, tail(out))
			}
		})
	}
}

const (
	nginxMain  = "daemon off;\npid FOLDER/pid;\ninclude /etc/nginx/modules-enabled/*.conf;\nevents {}\n"
	nginxPaths = "access_log off;\nclient_body_temp_path FOLDER/a;\nproxy_temp_path FOLDER/b;\nfastcgi_temp_path FOLDER/c;\nuwsgi_temp_path FOLDER/d;\nscgi_temp_path FOLDER/e;\n"
)

// name is what the certificate is for, and the port of the proxy.
func (w where) name() string {
	_, port, _ := net.SplitHostPort(w.front)
	return "localhost:" + port
}

// fill puts the addresses and files of this machine in the place of those of the page.
func (w where) fill(text string) string {
	return strings.NewReplacer(
		"FOLDER", w.folder,
		"/etc/ssl/call.pem", w.cert, "/etc/ssl/call.key", w.key,
		"10.0.0.4:8443", w.parlor,
		"listen 443", "listen "+w.front, "bind :443", "bind "+w.front,
		"server_name call.example.org", "server_name localhost",
		// Caddy would fetch a certificate for the name.
		"call.example.org {", fmt.Sprintf("https://%s {\n    tls %s %s", w.name(), w.cert, w.key),
	).Replace(text)
}

// block is the one of docs/deploy.md in a language that has a word in it.
func block(t *testing.T, which string) string {
	t.Helper()
	language, word, _ := strings.Cut(which, ":")
	page, err := os.ReadFile("../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(page, -1) {
		if strings.Contains(string(m[1]), word) {
			found = append(found, string(m[1]))
		}
	}
	if len(found) != 1 {
		t.Fatalf("docs/deploy.md has %d blocks of %s with %q", len(found), language, word)
	}
	return found[0]
}

// build makes the server and the suite, neither with what tests of tests need.
func build(t *testing.T, folder string) (parlor, suite string) {
	t.Helper()
	parlor, suite = os.Getenv("PARLOR_BIN"), filepath.Join(folder, "suite")
	steps := [][]string{{"test", "-c", "-o", suite, "../conformance"}}
	if parlor == "" {
		parlor = filepath.Join(folder, "parlor")
		steps = append(steps, []string{"build", "-pgo=off", "-o", parlor, "../../cmd/parlor"})
	}
	for _, args := range steps {
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
	}
	return parlor, suite
}

// look finds a program, also where only root usually looks.
func look(t *testing.T, program string) string {
	t.Helper()
	for _, name := range []string{program, "/usr/sbin/" + program} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skipf("%s is not installed: scripts/test-deps.sh", program)
	return ""
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start runs a program until the test is over.
func start(t *testing.T, program string, args ...string) {
	t.Helper()
	var said bytes.Buffer
	c := exec.Command(program, args...)
	c.Env = clean(os.Environ())
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		timer := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
		_ = c.Wait()
		timer.Stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(program), tail(said.Bytes()))
		}
	})
}

// clean leaves out what would configure a Parlor from outside.
func clean(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(v string) bool { return strings.HasPrefix(v, "PARLOR_") })
}

func tail(out []byte) []byte { return out[max(0, len(out)-8000):] }

func (w where) client(t *testing.T) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(w.cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12}
}

// ready waits until the page of Parlor comes out of the proxy.
func ready(t *testing.T, w where) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: w.client(t)}
	defer transport.CloseIdleConnections()
	last := errors.New("no answer")
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		r, err := (&http.Client{Transport: transport, Timeout: patience}).Get("https://" + w.name() + "/healthz")
		if err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
			err = errors.New(r.Status)
		}
		last = err
	}
	t.Fatal(last)
}

// throughTo asks the TURN server within TLS where it sees us: through the proxy, and yet at our own address.
func throughTo(t *testing.T, w where) {
	t.Helper()
	c, err := tls.Dial("tcp", w.front, w.client(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	ask := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.Fingerprint)
	if _, err := c.Write(ask.Raw); err != nil {
		t.Fatal(err)
	}
	raw := make([]byte, 1024)
	n, err := io.ReadAtLeast(c, raw, 20)
	if err != nil {
		t.Fatal(err)
	}
	answer := &stun.Message{Raw: raw[:n]}
	var seen stun.XORMappedAddress
	if err := answer.Decode(); err != nil {
		t.Fatal(err)
	}
	if err := seen.GetFrom(answer); err != nil {
		t.Fatal(err)
	}
	if seen.String() != c.LocalAddr().String() {
		t.Errorf("Parlor sees us at %v, we are at %v", seen, c.LocalAddr())
	}
}
