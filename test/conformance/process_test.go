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
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is one server, which can be ended and started again at the same address.
type process struct {
	url    string
	addr   string
	binary string
	args   []string
	said   output
	cmd    *exec.Cmd
	began  time.Time // when cmd was started
	ended  <-chan struct{}
}

func newProcess(binary string, args []string) (*process, error) {
	addr, err := freePort()
	if err != nil {
		return nil, err
	}
	return &process{url: "http://" + addr, addr: addr, binary: binary, args: args}, nil
}

// launch starts a server for one test.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	need(t, os.Getenv("PARLOR_URL") == "", "a server of its own")
	binary, err := parlor()
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProcess(binary, args)
	if err == nil {
		err = p.start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !p.stop() {
			t.Error("the server did not end in 15 s after SIGTERM")
		}
		if t.Failed() {
			t.Logf("the server said:\n%s", p.said.String())
		}
	})
	return p
}

// start runs the server and waits until it is ready.
func (p *process) start() error {
	p.cmd = exec.Command(p.binary, append([]string{"serve", "--listen", p.addr, "--admin", "off", "--log-level", "warn"}, p.args...)...)
	p.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PARLOR_") })
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	p.began = time.Now()
	if err := p.cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_ = p.cmd.Wait()
		close(ended)
	}()
	p.ended = ended
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/readyz", nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ended:
			return fmt.Errorf("server %q ended: %s", p.args, p.said.String())
		case <-ctx.Done():
			return fmt.Errorf("server is not ready: %s", p.said.String())
		}
	}
}

// kill ends the server as a crash does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// stop ends the server as an operator does, and says whether it ended by itself.
func (p *process) stop() bool {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(15*time.Second, func() { _ = p.cmd.Process.Kill() })
	<-p.ended
	return kill.Stop()
}

// again starts the server anew where it was.
func (p *process) again(t *testing.T) {
	t.Helper()
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
}

// memory is what the server holds of the machine's, in bytes.
func (p *process) memory(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Skip("memory of another process is not to be seen here: ", err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
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
