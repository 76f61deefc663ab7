package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
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

// What is one for all tests of the package.
var (
	start, startQuick, startShort, parlor, stop = once()
)

func TestMain(m *testing.M) {
	code := m.Run()
	if out := stop(); code != 0 {
		fmt.Fprintf(os.Stderr, "the servers said:\n%s\n", out)
	}
	os.Exit(code)
}

func once() (start, quick, short func() (target, error), parlor func() (string, error), stop func() string) {
	var s shared
	s.binary = sync.OnceValues(s.build)
	return sync.OnceValues(s.start), sync.OnceValues(s.quick), sync.OnceValues(s.short), s.binary, s.stop
}

// shared are the servers that many tests use.
type shared struct {
	binary func() (string, error)

	mu      sync.Mutex
	dir     string
	servers []*process
}

func (s *shared) build() (string, error) {
	if binary := os.Getenv("PARLOR_BIN"); binary != "" {
		return binary, nil
	}
	dir, err := os.MkdirTemp("", "parlor")
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	s.dir = dir
	s.mu.Unlock()
	binary := filepath.Join(dir, "parlor")
	build := exec.Command("go", "build", "-pgo=off", "-o", binary, "../../cmd/parlor")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}

func (s *shared) start() (target, error) {
	if url := os.Getenv("PARLOR_URL"); url != "" {
		name, secret, _ := strings.Cut(os.Getenv("PARLOR_KEY"), ":")
		return target{url: strings.TrimSuffix(url, "/"), keyed: os.Getenv("PARLOR_KEYED_URL"), key: name, secret: secret}, nil
	}
	open, err := s.serve("--dev", "--room-size", fmt.Sprint(ownRoomSize), "--log-entries", fmt.Sprint(ownLog))
	if err != nil {
		return target{}, err
	}
	keyed, err := s.serve("--keys", ownKey+":"+ownSecret)
	if err != nil {
		return target{}, err
	}
	return target{
		url: open, keyed: keyed, key: ownKey, secret: ownSecret, started: true, roomSize: ownRoomSize, log: ownLog,
	}, nil
}

// quick starts a server whose limits are not in the way.
func (s *shared) quick() (target, error) {
	if os.Getenv("PARLOR_URL") != "" {
		return s.start()
	}
	url, err := s.serve(append([]string{"--dev"}, generous...)...)
	return target{url: url, started: true}, err
}

// generous are limits that are not in the way.
var generous = []string{
	"--room-size", "1000", "--connections-per-ip", "4096",
	"--message-rate", "100000", "--message-burst", "100000", "--byte-rate", "1GiB", "--byte-burst", "1GiB",
	"--log-entries", "1000000", "--log-bytes", "256MiB", "--signal-rate", "1000", "--signal-burst", "1000",
	"--offer-rate", "1000", "--offer-burst", "1000",
}

// What is short on a short server.
const (
	lostAfter    = time.Second
	resumeWindow = 3 * time.Second
)

// short starts a server that has no patience.
func (s *shared) short() (target, error) {
	if os.Getenv("PARLOR_URL") != "" {
		return target{}, nil
	}
	url, err := s.serve("--dev", "--lost-after", lostAfter.String(), "--resume-window", resumeWindow.String())
	return target{url: url, started: true}, err
}

func quick(t *testing.T) target {
	t.Helper()
	tested, err := startQuick()
	if err != nil {
		t.Fatal(err)
	}
	return tested
}

func short(t *testing.T) target {
	t.Helper()
	tested, err := startShort()
	if err != nil {
		t.Fatal(err)
	}
	need(t, tested.started, "a server that has no patience")
	return tested
}

// many is how many messages a test sends: fewer where limits are in the way.
func (tt target) many(n int) int {
	if tt.started {
		return n
	}
	return n / 20
}

func (s *shared) serve(args ...string) (string, error) {
	binary, err := s.binary()
	if err != nil {
		return "", err
	}
	p, err := newProcess(binary, args)
	if err != nil {
		return "", err
	}
	if err := p.start(); err != nil {
		return "", err
	}
	s.mu.Lock()
	s.servers = append(s.servers, p)
	s.mu.Unlock()
	return p.url, nil
}

func (s *shared) stop() string {
	var said strings.Builder
	for _, p := range s.servers {
		p.stop()
		said.WriteString(p.said.String())
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
	return said.String()
}
