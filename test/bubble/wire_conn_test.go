package bubble_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

func TestWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		defer w.Close()
		l := w.line(net.IPv4(10, 0, 0, 2), 10*time.Millisecond)
		client, err := l.Dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		server, err := w.Accept()
		if err != nil {
			t.Fatal(err)
		}
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
