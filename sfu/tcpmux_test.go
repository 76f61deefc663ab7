package sfu

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"

	"github.com/parlorhq/parlor/internal/metrics"
)

// listenStreams listens on a TCP port of the socket's number.
func listenStreams(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func listenLocal(t *testing.T) net.PacketConn {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// One who has TCP alone and one who has UDP alone see and hear each other, also after ICE was restarted.
func TestMediaOverTCP(t *testing.T) {
	h := newHouseOf(t, Config{Sockets: []net.PacketConn{listenLocal(t)}, Streams: listenStreams(t, "127.0.0.1:0")})
	ada := h.browser(browserOptions{networks: []webrtc.NetworkType{webrtc.NetworkTypeTCP4}})
	mic := ada.publish(opusMime)
	ada.join()
	defer mic.stream("mic", 20*time.Millisecond)()
	ben := h.browser(browserOptions{})
	ben.pool(webrtc.RTPCodecTypeAudio, 1)
	camera := ben.publish(vp8Mime)
	ben.join()
	defer camera.stream("camera", 20*time.Millisecond)()
	eventually(t, "tracks", func() bool { return len(ada.told.tracks()) == 1 && len(ben.told.tracks()) == 1 })
	ben.see(ada.told.tracks()...)
	eventually(t, "media from TCP to UDP", func() bool { return len(ben.got("0")) > 20 })
	pair, err := ada.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair.Remote.Protocol != webrtc.ICEProtocolTCP {
		t.Errorf("goes by %v %v", pair, err)
	}
	ada.pool(webrtc.RTPCodecTypeVideo, 1)
	if err := ada.negotiate(&webrtc.OfferOptions{ICERestart: true}); err != nil {
		t.Fatal(err)
	}
	ada.see(ben.told.tracks()...)
	eventually(t, "media from UDP to TCP", func() bool { return len(ada.got("2")) > 20 })
	before := len(ben.got("0"))
	eventually(t, "media after the restart", func() bool { return len(ben.got("0")) > before+20 })
	ada.close()
	eventually(t, "its connections are gone", func() bool {
		h.engine.tcp.mu.Lock()
		defer h.engine.tcp.mu.Unlock()
		return len(h.engine.tcp.conns) == 0
	})
}

// candidatesOf are an answer's as "udp 192.0.2.1".
func candidatesOf(answer string) (out []string) {
	for line := range strings.Lines(answer) {
		if f := strings.Fields(line); strings.HasPrefix(line, "a=candidate:") && f[1] == "1" {
			word := strings.ToLower(f[2]) + " " + f[4]
			if !slices.Contains(out, word) {
				out = append(out, word)
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestAnnouncedCandidates(t *testing.T) {
	v6 := func() net.PacketConn { // pion announces no TCP at ::1
		all, err := net.InterfaceAddrs()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all {
			n, ok := a.(*net.IPNet)
			if !ok || n.IP.To4() != nil || n.IP.IsLoopback() || n.IP.IsLinkLocalUnicast() {
				continue
			}
			if c, err := net.ListenUDP("udp6", &net.UDPAddr{IP: n.IP}); err == nil {
				return c
			}
		}
		t.Skip("this machine has no IPv6")
		return nil
	}
	external := []netip.Addr{netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2001:db8::7")}
	for _, tt := range []struct {
		name, streams string
		external      []netip.Addr
		want          string
	}{
		{"TCP everywhere", ":0", nil, "tcp 127.0.0.1, tcp SIX, udp 127.0.0.1, udp SIX"},
		{"TCP at one address", "127.0.0.1:0", nil, "tcp 127.0.0.1, udp 127.0.0.1, udp SIX"},
		{"no TCP", "", nil, "udp 127.0.0.1, udp SIX"},
		{"behind NAT", ":0", external, "tcp 2001:db8::7, tcp 203.0.113.7, udp 2001:db8::7, udp 203.0.113.7"},
		{
			"behind NAT with several", ":0", append(external, netip.MustParseAddr("198.51.100.9")),
			"tcp 198.51.100.9, tcp 2001:db8::7, tcp 203.0.113.7, udp 198.51.100.9, udp 2001:db8::7, udp 203.0.113.7",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			six := v6()
			c := Config{Sockets: []net.PacketConn{listenLocal(t), six}, ExternalIPs: tt.external}
			want := strings.ReplaceAll(tt.want, "SIX", six.LocalAddr().(*net.UDPAddr).IP.String())
			if tt.streams != "" {
				c.Streams = listenStreams(t, tt.streams)
			}
			b := newHouseOf(t, c).browser(browserOptions{})
			b.pool(webrtc.RTPCodecTypeAudio, 1)
			if err := b.negotiate(nil); err != nil {
				t.Fatal(err)
			}
			answer := b.pc.RemoteDescription().SDP
			if got := strings.Join(candidatesOf(answer), ", "); got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if tt.streams != "" {
				at := fmt.Sprintf(" %d typ host tcptype passive", c.Streams.Addr().(*net.TCPAddr).Port)
				if !strings.Contains(answer, at) {
					t.Errorf("no%s in %s", at, answer)
				}
			}
		})
	}
}

// Names for those who come by a relay are behind everything else.
func TestRelayedCandidates(t *testing.T) {
	h := newHouseOf(t, Config{Sockets: []net.PacketConn{listenLocal(t)}, Relayed: []netip.AddrPort{
		netip.MustParseAddrPort("198.19.255.255:49151"), netip.MustParseAddrPort("[2001:2::1]:49150"),
	}})
	b := h.browser(browserOptions{})
	b.pool(webrtc.RTPCodecTypeAudio, 1)
	b.join() // the lines do no harm
	answer := b.pc.RemoteDescription().SDP
	want := "a=candidate:relayed0 1 udp 2 198.19.255.255 49151 typ host network-cost 999\r\n" +
		"a=candidate:relayed1 1 udp 1 2001:2::1 49150 typ host network-cost 999\r\na=end-of-candidates\r\n"
	if strings.Count(answer, want) != 1 {
		t.Error(answer)
	}
}

// check is an ICE check for somebody, framed.
func check(ufrag string) []byte {
	m := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(ufrag+":x"))
	return framed(m.Raw)
}

func framed(p []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(p))), p...)
}

func newTestTCPMux(t *testing.T) (*tcpMux, *metrics.Metrics) {
	t.Helper()
	m := metrics.New()
	x, err := newTCPMux(listenStreams(t, "127.0.0.1:0"), []netip.Addr{netip.MustParseAddr("127.0.0.1")}, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	return x, m
}

func (x *tcpMux) dial(t *testing.T, first []byte) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", x.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(15 * time.Second))
	if _, err := c.Write(first); err != nil {
		t.Fatal(err)
	}
	return c
}

func ended(t *testing.T, c net.Conn) {
	t.Helper()
	n, err := c.Read(make([]byte, 1))
	if e, ok := err.(net.Error); n > 0 || err == nil || ok && e.Timeout() { //nolint:errorlint // it is not wrapped
		t.Fatal("it goes on")
	}
}

func TestTCPMuxRefuses(t *testing.T) {
	x, m := newTestTCPMux(t)
	loopback := net.IPv4(127, 0, 0, 1)
	path, err := x.GetConnByUfrag("ada", false, loopback)
	if err != nil {
		t.Fatal(err)
	}
	for _, first := range [][]byte{
		check("nobody"), check(""),
		framed(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw), // no name
		framed(stun.MustBuild(stun.TransactionID, stun.BindingSuccess, stun.NewUsername("ada:x")).Raw),
		framed([]byte("no STUN, but long enough for it")),
	} {
		ended(t, x.dial(t, first))
	}
	if got := m.RefusedCount(refusedTCPUnknown); got != 5 {
		t.Errorf("%v unknown", got)
	}
	ended(t, x.dial(t, []byte{0x20, 0x01, 0}))
	if got := m.RefusedCount(refusedTCPFrame); got != 1 {
		t.Errorf("%v too large", got)
	}
	read := func() string {
		b := make([]byte, tcpFrame)
		n, _, err := path.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	var open []net.Conn
	for range tcpConns {
		open = append(open, x.dial(t, check("ada")))
		read()
	}
	ended(t, x.dial(t, check("ada")))
	if got := m.RefusedCount(refusedTCPMany); got != 1 {
		t.Errorf("%v too many", got)
	}
	// All of them may end, and others come.
	for _, c := range open {
		_ = c.Close()
	}
	eventually(t, "their places are free", func() bool {
		x.mu.Lock()
		defer x.mu.Unlock()
		return len(x.conns) == 0
	})
	again := x.dial(t, append(check("ada"), append([]byte{0, 0}, framed([]byte("hello"))...)...))
	read()
	if got := read(); got != "hello" {
		t.Errorf("%q", got)
	}
	if _, err := path.WriteTo([]byte("hi"), again.LocalAddr()); err != nil {
		t.Error(err)
	}
	got := make([]byte, 4)
	if _, err := io.ReadFull(again, got); err != nil || string(got) != "\x00\x02hi" {
		t.Errorf("%q %v", got, err)
	}
	if _, err := path.WriteTo([]byte("hi"), open[0].LocalAddr()); err != nil {
		t.Error(err)
	}
	if got := m.DroppedCount(droppedTCPGone); got != 1 {
		t.Errorf("%v for one who is gone", got)
	}
	x.RemoveConnByUfrag("ada")
	ended(t, again)
	if _, _, err := path.ReadFrom(got); err == nil {
		t.Error("it can be read still")
	}
	_ = path.Close()
	ended(t, x.dial(t, check("ada")))
}

// Two candidates share a line; the last to leave ends it.
func TestTCPPathsShare(t *testing.T) {
	x, _ := newTestTCPMux(t)
	one, err := x.GetConnByUfrag("ada", false, net.IPv4(127, 0, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	two, err := x.GetConnByUfrag("ada", false, net.IPv4(127, 0, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	_ = one.Close()
	_ = one.Close()
	if _, _, err := one.ReadFrom(make([]byte, 1)); err == nil {
		t.Error("read from what is closed")
	}
	c := x.dial(t, check("ada"))
	if _, _, err := two.ReadFrom(make([]byte, tcpFrame)); err != nil {
		t.Error(err)
	}
	_ = two.Close()
	ended(t, c)
}
