package bubble_test

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		door := w.listen()
		defer door.Close()
		l := w.line(net.IPv4(10, 0, 0, 2), 10*time.Millisecond)
		client, server := connect(t, l, door)
		buf := make([]byte, 8)
		began := time.Now()
		if _, err := client.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		if n, err := server.Read(buf); string(buf[:n]) != "hello" || err != nil || time.Since(began) != 10*time.Millisecond {
			t.Errorf("read %q, %v after %s", buf[:n], err, time.Since(began))
		}

		l.set(true)
		if _, err := client.Write([]byte("later")); err != nil {
			t.Fatal(err)
		}
		_ = server.SetReadDeadline(time.Now().Add(time.Second))
		if _, err := server.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read over a cut line: %v", err)
		}
		_ = server.SetReadDeadline(time.Time{})
		time.AfterFunc(time.Second, func() { l.set(false) })
		if n, err := server.Read(buf); string(buf[:n]) != "later" || err != nil {
			t.Errorf("read %q, %v", buf[:n], err)
		}

		_ = client.Close()
		if _, err := server.Read(buf); !errors.Is(err, io.EOF) {
			t.Errorf("read of a closed connection: %v", err)
		}
		if _, err := server.Write(buf); err == nil {
			t.Error("wrote to a closed connection")
		}
		_ = server.Close()
	})
}

func connect(t *testing.T, l *line, door *listener) (client, server net.Conn) {
	t.Helper()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := door.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	client, err := l.Dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	return client, <-accepted
}

// A network that forgets a connection tells those whom it tells, and carries others.
func TestWireBreaks(t *testing.T) {
	for name, c := range map[string]struct{ client, server bool }{
		"nobody": {}, "client": {client: true}, "server": {server: true}, "both": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire()
				door := w.listen()
				defer door.Close()
				l := w.line(net.IPv4(10, 0, 0, 2), 10*time.Millisecond)
				client, server := connect(t, l, door)
				_, _ = client.Write([]byte("lost"))
				l.breaks(c.client, c.server)
				for end, told := range map[net.Conn]bool{client: c.client, server: c.server} {
					_ = end.SetReadDeadline(time.Now().Add(time.Minute))
					_, err := end.Read(make([]byte, 8))
					if told != errors.Is(err, syscall.ECONNRESET) || !told && !errors.Is(err, os.ErrDeadlineExceeded) {
						t.Errorf("told: %t, read: %v", told, err)
					}
					_ = end.Close()
				}
				client, server = connect(t, l, door)
				_, _ = client.Write([]byte("x"))
				if n, err := server.Read(make([]byte, 8)); n != 1 || err != nil {
					t.Errorf("read %d bytes, %v over a new connection", n, err)
				}
				_, _ = client.Close(), server.Close()
			})
		})
	}
}

// Nothing that a dead server writes leaves it; what it wrote before does, if its machine lives.
func TestWireKill(t *testing.T) {
	for _, silent := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWire()
			door := w.listen()
			l := w.line(net.IPv4(10, 0, 0, 2), 10*time.Millisecond)
			client, server := connect(t, l, door)
			_, _ = server.Write([]byte("before"))
			door.kill(silent)
			if _, err := server.Write([]byte("after")); err == nil {
				t.Error("wrote after death")
			}
			if _, err := server.Read(make([]byte, 8)); err == nil {
				t.Error("read after death")
			}
			_ = server.Close()
			_ = client.SetReadDeadline(time.Now().Add(time.Minute))
			got, err := io.ReadAll(client)
			if silent && (len(got) > 0 || !errors.Is(err, os.ErrDeadlineExceeded)) || !silent && (string(got) != "before" || err != nil) {
				t.Errorf("silent: %t: read %q, %v", silent, got, err)
			}
			_ = client.Close()
			if _, err := l.Dial(t.Context(), "", ""); err == nil {
				t.Error("connected to a dead server")
			}
		})
	}
}
