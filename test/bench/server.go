package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// server is a server process of its own, so that its CPU can be told from ours.
type server struct {
	url   string
	admin string // of Parlor
	cmd   *exec.Cmd
}

// startTimeout is how long a server may take until it says where it listens.
const startTimeout = 10 * time.Second

// startParlor starts Parlor with limits that a load does not reach, at one address for UDP, as a loop has: one more would be
// a candidate more for each participant, with its buffers, which clients look at again and again.
func startParlor(path string) (*server, error) {
	admin, err := freeAddress() // for profiles
	if err != nil {
		return nil, err
	}
	s, err := start(exec.Command(path, "serve", "--dev", "--listen", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--admin", admin,
		"--message-rate", "1000000", "--message-burst", "1000000", "--byte-rate", "1GiB", "--byte-burst", "1GiB",
		"--room-size", "1000", "--connections-per-ip", "4096", "--log-level", "error"))
	if err == nil {
		s.admin = "http://" + admin
	}
	return s, err
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// startBaseline starts a baseline: this program again.
func startBaseline(which string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return start(exec.Command(self, which))
}

func start(cmd *exec.Cmd) (*server, error) {
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd}
	said := make(chan string)
	go func() {
		defer close(said)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if _, url, ok := strings.Cut(lines.Text(), "listens on "); ok {
				said <- url
			}
		}
	}()
	select {
	case url, ok := <-said:
		if !ok {
			s.stop()
			return nil, fmt.Errorf("%s ended at once", cmd.Path)
		}
		s.url = strings.Replace(url, "localhost", "127.0.0.1", 1)
		return s, nil
	case <-time.After(startTimeout):
		s.stop()
		return nil, errors.New("the server does not listen")
	}
}

func (s *server) stop() {
	_ = s.cmd.Process.Kill() // there is nothing in it that anybody needs
	_ = s.cmd.Wait()         // its exit code is ours
}
