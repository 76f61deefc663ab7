package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/config"
)

// What keeps a server from starting is said in one line, and ends it.
func TestServeSaysWhatIsInItsWay(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	folder := t.TempDir()
	first, err := newTestServer(t, "--listen", "127.0.0.1:0", "--data-dir", folder)
	if err != nil {
		t.Fatal(err)
	}
	defer first.closeSockets()
	defer first.closeStore() //nolint:errcheck // nothing was written
	for word, args := range map[string][]string{
		"address already in use": {"--listen", taken.Addr().String()},
		"in use by another":      {"--listen", "127.0.0.1:0", "--data-dir", folder},
		"not a directory":        {"--listen", "127.0.0.1:0", "--data-dir", "/dev/null/x"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), append([]string{"serve", "--dev"}, args...), &stdout, &stderr)
		if code != 1 || !strings.Contains(stderr.String(), word) || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%v: %d %q", args, code, stderr.String())
		}
	}
}

func newTestServer(t *testing.T, args ...string) (*server, error) {
	t.Helper()
	cfg, err := config.Load(append([]string{"--dev"}, args...), nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for tries := 0; ; tries++ {
		s, err := newServer(cfg, zerolog.Nop())
		// A port that is free for TCP may be somebody's for UDP.
		if !errors.Is(err, syscall.EADDRINUSE) || !strings.HasSuffix(cfg.Listen, ":0") || tries == 20 {
			return s, err
		}
	}
}
