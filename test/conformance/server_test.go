package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// target is what is tested.
type target struct {
	url      string // lets everyone in
	keyed    string // takes tokens only; empty: none
	key      string
	secret   string
	started  bool // by us, with the limits below
	roomSize int
	log      int // entries that a room remembers
}

const (
	ownRoomSize = 4
	ownLog      = 1000 // above a burst of messages, so that nobody falls behind by being quick
	ownKey      = "conformance"
	ownSecret   = "a-secret-of-at-least-thirty-two-bytes"
)

// server gives the target, started once for all tests of the package.
func server(t *testing.T) target {
	t.Helper()
	tested, err := start()
	if err != nil {
		t.Fatal(err)
	}
	return tested
}

// need leaves a test out that the target is not made for.
func need(t *testing.T, ok bool, what string) {
	t.Helper()
	if !ok {
		t.Skip("needs ", what)
	}
}

// The servers are one for all tests.
var start, stop = once()

func TestMain(m *testing.M) {
	code := m.Run()
	if out := stop(); code != 0 {
		fmt.Fprintf(os.Stderr, "the servers said:\n%s\n", out)
	}
	os.Exit(code)
}

func once() (func() (target, error), func() string) {
	var running processes
	return sync.OnceValues(running.start), running.stop
}

type processes struct {
	dir  string
	all  []*exec.Cmd
	said output
}

func (p *processes) start() (target, error) {
	if url := os.Getenv("PARLOR_URL"); url != "" {
		name, secret, _ := strings.Cut(os.Getenv("PARLOR_KEY"), ":")
		return target{url: strings.TrimSuffix(url, "/"), keyed: os.Getenv("PARLOR_KEYED_URL"), key: name, secret: secret}, nil
	}
	binary := os.Getenv("PARLOR_BIN")
	if binary == "" {
		var err error
		if p.dir, err = os.MkdirTemp("", "parlor"); err != nil {
			return target{}, err
		}
		binary = filepath.Join(p.dir, "parlor")
		build := exec.Command("go", "build", "-o", binary, "../../cmd/parlor")
		if out, err := build.CombinedOutput(); err != nil {
			return target{}, fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	open, err := p.serve(binary, "--dev", "--room-size", fmt.Sprint(ownRoomSize), "--log-entries", fmt.Sprint(ownLog))
	if err != nil {
		return target{}, err
	}
	keyed, err := p.serve(binary, "--keys", ownKey+":"+ownSecret)
	if err != nil {
		return target{}, err
	}
	return target{
		url: open, keyed: keyed, key: ownKey, secret: ownSecret, started: true, roomSize: ownRoomSize, log: ownLog,
	}, nil
}

// serve starts one server and waits until it is ready.
func (p *processes) serve(binary string, args ...string) (string, error) {
	addr, err := freePort()
	if err != nil {
		return "", err
	}
	cmd := exec.Command(binary, append([]string{"serve", "--listen", addr, "--admin", "off"}, args...)...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PARLOR_") })
	cmd.Stdout, cmd.Stderr = &p.said, &p.said
	if err := cmd.Start(); err != nil {
		return "", err
	}
	p.all = append(p.all, cmd)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
		if err != nil {
			return "", err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return "http://" + addr, nil
			}
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return "", fmt.Errorf("server is not ready: %s", p.said.String())
		}
	}
}

func (p *processes) stop() string {
	for _, cmd := range p.all {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(15*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		kill.Stop()
	}
	if p.dir != "" {
		_ = os.RemoveAll(p.dir)
	}
	return p.said.String()
}

// freePort finds a number that is free for TCP and for UDP.
func freePort() (string, error) {
	for range 20 {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", err
		}
		addr := tcp.Addr().(*net.TCPAddr)
		udp, err := net.ListenPacket("udp", fmt.Sprintf(":%d", addr.Port))
		_ = tcp.Close()
		if err == nil {
			_ = udp.Close()
			return addr.String(), nil
		}
	}
	return "", errors.New("no free port")
}

type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
