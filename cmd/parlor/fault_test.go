package main

import (
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	pionturn "github.com/pion/turn/v5"

	"github.com/parlorhq/parlor/internal/selfsigned"
)

// What stands between a doctor and a server, and does what networks and proxies do.

// portOf is the port of a running server.
func portOf(s *server) uint16 { return netip.MustParseAddrPort(s.listen.Addr().String()).Port() }

// otherAddress is one that is this machine's too, where nobody listens yet.
func otherAddress(s *server) string {
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), portOf(s)).String()
}

// carryTCP passes connections on from an address to the server.
func carryTCP(t *testing.T, from string, s *server) {
	t.Helper()
	l, err := net.Listen("tcp", from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", s.listen.Addr().String())
			if err != nil {
				_ = c.Close()
				continue
			}
			for _, way := range [][2]net.Conn{{c, up}, {up, c}} {
				go func() {
					_, _ = io.Copy(way[0], way[1])
					_ = c.Close()
					_ = up.Close()
				}()
			}
		}
	}()
}

// swallowUDP is a firewall that drops what comes.
func swallowUDP(t *testing.T, at string) {
	t.Helper()
	c, err := net.ListenPacket("udp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
}

// carryUDP passes packets on from an address to the server, and back.
func carryUDP(t *testing.T, from string, s *server) {
	t.Helper()
	c, err := net.ListenPacket("udp", from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	ups := map[string]net.Conn{}
	var mu sync.Mutex
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for up := range maps.Values(ups) {
			_ = up.Close()
		}
	})
	go func() {
		buf := make([]byte, 1500)
		for {
			n, client, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			mu.Lock()
			up := ups[client.String()]
			if up == nil {
				if up, err = net.Dial("udp", s.listen.Addr().String()); err != nil {
					mu.Unlock()
					return
				}
				ups[client.String()] = up
				go func() {
					back := make([]byte, 1500)
					for {
						n, err := up.Read(back)
						if err != nil {
							return
						}
						_, _ = c.WriteTo(back[:n], client)
					}
				}()
			}
			mu.Unlock()
			_, _ = up.Write(buf[:n])
		}
	}()
}

// proxied is the URL of a proxy for HTTP before the server. change may change what it asks, answer what comes back.
func proxied(t *testing.T, s *server, change func(*http.Request), answer func(*http.Response) error) string {
	t.Helper()
	to := &url.URL{Scheme: "http", Host: s.listen.Addr().String()}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.FlushInterval = -1
	proxy.ModifyResponse = answer
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if change != nil {
			change(r)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p.URL
}

// stripUpgrade is what a proxy does that was not told of WebSockets.
func stripUpgrade(r *http.Request) {
	r.Header.Del("Upgrade")
	r.Header.Del("Connection")
}

// keepWhole is what a proxy does that buffers.
func keepWhole(r *http.Response) error {
	if r.StatusCode == http.StatusSwitchingProtocols {
		return nil
	}
	whole, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	r.Body = io.NopCloser(bytes.NewReader(whole))
	return err
}

// setBack makes the server's clock an hour slow.
func setBack(r *http.Response) error {
	if at, err := http.ParseTime(r.Header.Get("Date")); err == nil { // one that upgrades has none
		r.Header.Set("Date", at.Add(-time.Hour).Format(http.TimeFormat))
	}
	return nil
}

// serveAs are the options of a server that has a certificate for a name, which ends then, and the file that vouches for it.
func serveAs(t *testing.T, name string, end time.Time) (args []string, ca string) {
	t.Helper()
	chain, key := selfsigned.Until(t, name, end)
	folder := t.TempDir()
	files := map[string][]byte{filepath.Join(folder, "chain.pem"): chain, filepath.Join(folder, "key.pem"): key}
	for file, b := range files {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ca = filepath.Join(folder, "chain.pem")
	return []string{"--tls-cert", ca, "--tls-key", filepath.Join(folder, "key.pem")}, ca
}

// startTURN starts a TURN server that knows a secret, as coturn would. It returns its URL.
func startTURN(t *testing.T, secret string) string {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := pionturn.NewServer(pionturn.ServerConfig{
		Realm: "example.org", AuthHandler: pionturn.LongTermTURNRESTAuthHandler(secret, nil),
		PacketConnConfigs: []pionturn.PacketConnConfig{{
			PacketConn:            c,
			RelayAddressGenerator: &pionturn.RelayAddressGeneratorStatic{RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1"},
			PermissionHandler:     func(net.Addr, net.IP) bool { return true },
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return "turn:" + c.LocalAddr().String() + "?transport=udp"
}

// atPort is a URL of the server under another name.
func atPort(s *server, scheme, host string) string {
	_, port, _ := strings.Cut(s.listen.Addr().String(), ":")
	return scheme + "://" + host + ":" + port
}
