package front

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"
)

// header is what a proxy sends of a client.
func header(t *testing.T, version byte, from string) []byte {
	t.Helper()
	h := proxyproto.HeaderProxyFromAddrs(version,
		net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from)), net.TCPAddrFromAddrPort(netip.MustParseAddrPort("203.0.113.7:443")))
	if netip.MustParseAddrPort(from).Addr().Is6() {
		h.DestinationAddr = net.TCPAddrFromAddrPort(netip.MustParseAddrPort("[2001:db8::7]:443"))
	}
	b, err := h.Format()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestProxySaysWhomItBrings(t *testing.T) {
	const request = "GET /from HTTP/1.0\r\n\r\n"
	local, err := (&proxyproto.Header{Version: 2, Command: proxyproto.LOCAL}).Format()
	if err != nil {
		t.Fatal(err)
	}
	ours := netip.MustParsePrefix("127.0.0.0/8")
	for name, row := range map[string]struct {
		proxies []netip.Prefix
		first   []byte
		want    string // empty: the connection's own address; "-": refused
	}{
		"version 1":               {[]netip.Prefix{ours}, header(t, 1, "198.51.100.9:4711"), "198.51.100.9:4711"},
		"version 2":               {[]netip.Prefix{ours}, header(t, 2, "198.51.100.9:4711"), "198.51.100.9:4711"},
		"version 2, IPv6":         {[]netip.Prefix{ours}, header(t, 2, "[2001:db8::9]:4711"), "[2001:db8::9]:4711"},
		"of itself":               {[]netip.Prefix{ours}, local, ""},
		"nothing":                 {[]netip.Prefix{ours}, nil, ""},
		"unknown":                 {[]netip.Prefix{ours}, []byte("PROXY UNKNOWN\r\n"), ""},
		"no header of version 1":  {[]netip.Prefix{ours}, []byte("PROXY / HTTP/1.1\r\n"), "-"},
		"a header without an end": {[]netip.Prefix{ours}, []byte("PROXY TCP4 " + string(bytes.Repeat([]byte("1"), 8192))), "-"},
		"who is no proxy":         {[]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, header(t, 2, "198.51.100.9:4711"), "-"},
		"nobody is a proxy":       {nil, header(t, 2, "198.51.100.9:4711"), "-"},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, TLS %v", name, secure), func(t *testing.T) {
				p := newTestPort(t, func(c *PortConfig) { c.Proxies = row.proxies })
				c := p.dial(t)
				if _, err := c.Write(row.first); err != nil {
					t.Fatal(err)
				}
				own := c.LocalAddr().String()
				if secure {
					c = tls.Client(c, p.client)
				}
				_, _ = io.WriteString(c, request) // where it is refused that may show here or when reading
				got, _ := io.ReadAll(c)
				_, body, _ := bytes.Cut(got, []byte("\r\n\r\n"))
				want := row.want
				switch {
				case want == "":
					want = own
				case want == "-":
					want = ""
				}
				if string(body) != want {
					t.Fatalf("%q, want %q", body, want)
				}
			})
		}
	}
}

// Streams are counted for the client, not for the proxy that brings all of them.
func TestProxyStreamsPerClient(t *testing.T) {
	p := newTestPort(t, func(c *PortConfig) {
		c.StreamsPerIP = 1
		c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	begin := unhex(t, beginICE)
	for _, from := range []string{"198.51.100.1:1", "198.51.100.2:1"} {
		c := p.dial(t)
		if _, err := c.Write(header(t, 2, from)); err != nil {
			t.Fatal(err)
		}
		say(t, c, begin, false, "ice")
	}
	c := p.dial(t)
	if _, err := c.Write(append(header(t, 2, "198.51.100.1:2"), begin...)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); err == nil {
		t.Fatalf("a second stream of one client was let in: %d bytes", n)
	}
	refused(t, p.metrics, refusedStreamsIP, 1)
}

// A proxy that begins a header and leaves it there holds nothing for longer than anybody else.
func TestProxyThatSaysNoMore(t *testing.T) {
	p := newTestPort(t, func(c *PortConfig) {
		c.FirstBytes = 50 * time.Millisecond
		c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	c := p.dial(t)
	if _, err := io.WriteString(c, "PROXY TCP4"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Fatal("it got an answer")
	}
	refused(t, p.metrics, refusedProxy, 1)
}

// Who has a WebSocket writes to its socket without waiting (signaling); the door must not be in the way.
func TestPlainConnectionsAreSockets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := NewPort(l, PortConfig{})
	http := p.HTTP()
	go func() { _ = p.Serve() }()
	t.Cleanup(func() { _ = p.Close() })
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := io.WriteString(client, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	c, err := http.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	socket, ok := c.(syscall.Conn)
	if !ok {
		t.Fatalf("%T is no socket", c)
	}
	if _, err := socket.SyscallConn(); err != nil {
		t.Fatal(err)
	}
}
