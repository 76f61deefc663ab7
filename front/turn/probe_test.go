package turn

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/stun/v4"

	"github.com/parlorhq/parlor/internal/metrics"
	"github.com/parlorhq/parlor/internal/selfsigned"
)

// forbidden are addresses that must not be relayed to: of every special purpose (the IANA registries), and plain ones,
// written as IPv4, as IPv6 with the IPv4 within, or translated.
func forbidden(t *testing.T, port uint16) (out []netip.AddrPort) {
	t.Helper()
	four := []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.2", "127.255.255.254",
		"169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.254", "192.0.0.1", "192.0.0.8", "192.0.0.9", "192.0.0.10", "192.0.0.170",
		"192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.0.1", "192.168.1.1", "192.175.48.1", "198.18.0.1", "198.19.255.254",
		"198.51.100.1", "203.0.113.1", "203.0.113.6", "203.0.113.8", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
		"8.8.8.8", "1.1.1.1",
	}
	six := []string{
		"::", "::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "100::1", "2001::1", "2001:1::1", "2001:2::1", "2001:3::1",
		"2001:4:112::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::1", "2002:a9fe:a9fe::", "2620:4f:8000::1", "3fff::1",
		"5f00::1", "fc00::1", "fd00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "ff0e::1", "2606:4700:4700::1111",
	}
	for _, s := range four {
		ip := netip.MustParseAddr(s)
		out = append(out, netip.AddrPortFrom(ip, port))
		b := ip.As4()
		mapped := netip.AddrFrom16([16]byte{10: 0xff, 11: 0xff, 12: b[0], 13: b[1], 14: b[2], 15: b[3]})
		compatible := netip.AddrFrom16([16]byte{12: b[0], 13: b[1], 14: b[2], 15: b[3]})
		out = append(out, netip.AddrPortFrom(mapped, port), netip.AddrPortFrom(compatible, port))
	}
	for _, s := range six {
		out = append(out, netip.AddrPortFrom(netip.MustParseAddr(s), port))
	}
	return out
}

// Nobody but the peer can be reached: not one of hundreds of probes is granted, by any way there is to name a peer, and
// listeners there hear nothing.
func TestNobodyElseIsRelayedTo(t *testing.T) {
	t.Run("own media", func(t *testing.T) { nobodyElse(t, newRig(t, Limits{}), forbidden) })
	t.Run("mesh", func(t *testing.T) {
		nobodyElse(t, newRig(t, Limits{}, mesh), func(t *testing.T, port uint16) []netip.AddrPort {
			return slices.DeleteFunc(forbidden(t, port), func(at netip.AddrPort) bool { return isRelayed(at.Addr()) })
		})
	})
}

func nobodyElse(t *testing.T, r *rig, forbidden func(*testing.T, uint16) []netip.AddrPort) {
	t.Helper()
	heard := listeners(t)
	port := heard.port
	targets := forbidden(t, port)
	// The peer's own address, but another port: one who listens there is somebody else.
	own := r.socket.local.Addr()
	beside := []netip.AddrPort{
		netip.AddrPortFrom(own, port), netip.AddrPortFrom(external, port), netip.AddrPortFrom(own, 0), netip.AddrPortFrom(own, 53),
		netip.AddrPortFrom(netip.AddrFrom16(own.As16()), port), netip.AddrPortFrom(own, heard.tcp),
	}
	probes, granted := 0, 0
	probe := func(what string, at netip.AddrPort, m *stun.Message) {
		probes++
		if code(t, m) == 0 {
			granted++
			t.Errorf("%s to %v was granted", what, at)
		}
	}
	for _, network := range []string{"udp", "tcp"} {
		g := r.guest(t, network)
		g.allocate()
		number := uint16(0x4000)
		for _, at := range targets {
			probe("permission", at, g.demand(stun.MethodCreatePermission, peerAt(at)))
			probe("permission beside a good one", at, g.demand(stun.MethodCreatePermission, peerAt(r.socket.local), peerAt(at)))
		}
		for _, at := range append(targets, beside...) {
			number++
			probe("channel", at, g.demand(stun.MethodChannelBind, channelNumber(number), peerAt(at)))
			probe("call", at, g.demand(stun.MethodConnect, peerAt(at)))
			probe("call bound", at, g.demand(stun.MethodConnectionBind, raw(stun.AttrConnectionID, 0, 0, 0, 1)))
			g.write(indication(at, "indication"))
			g.write(channelData(number, "data", true))
			probes += 2
		}
		// Permission for the address is given, since the peer is there; packets to the port beside go nowhere.
		g.want(0, g.demand(stun.MethodCreatePermission, peerAt(r.socket.local)))
		for _, at := range beside {
			g.write(indication(at, "indication"))
			probes++
		}
		// Where an IPv6 address is asked for, there is none, and none is given.
		six := r.guest(t, network)
		six.want(stun.CodeAddrFamilyNotSupported, six.demand(stun.MethodAllocate, overUDP(), raw(stun.AttrRequestedAddressFamily, 2, 0, 0, 0)))
		six.want(stun.CodeUnsupportedTransProto, six.demand(stun.MethodAllocate, raw(stun.AttrRequestedTransport, 6, 0, 0, 0)))
		// The peer itself is reached, so what was said before was heard.
		g.write(indication(r.socket.local, "hello"))
		if m := decode(t, g.hear()); m.Type.Method != stun.MethodData {
			t.Error(m.Type)
		}
	}
	// Without an allocation, and with that of somebody else's connection.
	stranger := r.guest(t, "tcp")
	stranger.write(indication(r.socket.local, "indication"))
	stranger.write(channelData(0x4001, "data", true))
	stranger.want(stun.CodeAllocMismatch, stranger.demand(stun.MethodCreatePermission, peerAt(r.socket.local)))
	probes += 3
	heard.nothing(t)
	t.Logf("%d probes, %d granted", probes, granted)
	if probes < 200 {
		t.Error("too few")
	}
}

// ears listen, on everything of this machine.
type ears struct {
	port, tcp uint16
	udp       *net.UDPConn
	calls     atomic.Int32
}

func listeners(t *testing.T) *ears {
	t.Helper()
	u, err := net.ListenUDP("udp", &net.UDPAddr{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	e := &ears{port: uint16(u.LocalAddr().(*net.UDPAddr).Port), tcp: uint16(l.Addr().(*net.TCPAddr).Port), udp: u}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			e.calls.Add(1)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = u.Close()
		_ = l.Close()
		<-done
	})
	return e
}

// nothing checks that nothing came: what the test itself sends last comes first.
func (e *ears) nothing(t *testing.T) {
	t.Helper()
	c, err := net.Dial("udp", net.JoinHostPort("127.0.0.1", fmt.Sprint(e.port)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("mine")); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 100)
	_ = e.udp.SetReadDeadline(time.Now().Add(testPatience))
	n, from, err := e.udp.ReadFrom(p)
	if err != nil || string(p[:n]) != "mine" {
		t.Errorf("%q from %v %v", p[:n], from, err)
	}
	if n := e.calls.Load(); n > 0 {
		t.Errorf("%d calls", n)
	}
}

// What claims to come from a relayed address comes from elsewhere, and is dropped.
func TestForgedRelayedAddress(t *testing.T) {
	r := newRig(t, Limits{})
	forged := &forger{packetConn: r.socket.packetConn, packets: make(chan netip.AddrPort, 2)}
	s, err := r.Socket(forged)
	if err != nil {
		t.Fatal(err)
	}
	honest := netip.MustParseAddrPort("192.0.2.1:9")
	forged.packets <- relayAddress(7, false)
	forged.packets <- honest
	if _, from, err := s.ReadFromAddrPort(make([]byte, 100)); from != honest || err != nil {
		t.Error(from, err)
	}
	if got := r.metrics.DroppedCount("turn_forged"); got != 1 {
		t.Errorf("%v dropped", got)
	}
}

// forger is a socket whose packets come from where the test says.
type forger struct {
	packetConn
	packets chan netip.AddrPort
}

func (f *forger) ReadFromAddrPort(p []byte) (int, netip.AddrPort, error) {
	return copy(p, "\x80packet"), <-f.packets, nil
}

// The socket's reader gets what is not TURN, and checks of ICE.
func TestWhatIsTURN(t *testing.T) {
	build := func(set ...stun.Setter) []byte {
		return stun.MustBuild(append([]stun.Setter{stun.TransactionID}, set...)...).Raw
	}
	typed := func(m stun.Method, c stun.MessageClass) stun.Setter { return stun.NewType(m, c) }
	for name, tt := range map[string]struct {
		p    []byte
		want bool
	}{
		"a check of ICE":      {build(stun.BindingRequest, raw(stun.AttrPriority, 1, 2, 3, 4), stun.NewUsername("a:b")), false},
		"its answer":          {build(stun.BindingSuccess, raw(stun.AttrXORMappedAddress, 0, 1, 2, 3, 4, 5, 6, 7)), false},
		"its error":           {build(stun.BindingError), false},
		"a keepalive":         {build(stun.NewType(stun.MethodBinding, stun.ClassIndication)), false},
		"who asks who he is":  {build(stun.BindingRequest), true},
		"an allocation":       {build(typed(stun.MethodAllocate, stun.ClassRequest)), true},
		"a refresh":           {build(typed(stun.MethodRefresh, stun.ClassRequest)), true},
		"a packet":            {build(typed(stun.MethodSend, stun.ClassIndication)), true},
		"a channel":           {build(typed(stun.MethodChannelBind, stun.ClassRequest)), true},
		"a permission":        {build(typed(stun.MethodCreatePermission, stun.ClassRequest)), true},
		"ChannelData":         {channelData(0x4001, "data", false), true},
		"DTLS":                {[]byte{22, 254, 253, 0, 0}, false},
		"RTP":                 {[]byte{0x80, 96, 0, 1, 0}, false},
		"RTCP":                {[]byte{0x81, 200, 0, 1, 0}, false},
		"nothing":             {nil, false},
		"zeros":               {make([]byte, 40), false},
		"cut":                 {build(stun.BindingRequest)[:19], false},
		"a name that is cut":  {append(build(stun.BindingRequest), 0, 6, 0xff, 0xff), false},
		"something that lies": {append(build(stun.BindingRequest), 0x80, 6, 0xff, 0xff), true},
	} {
		if got := isTURN(tt.p); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Whatever comes, by whichever client, nothing breaks.
func FuzzHandle(f *testing.F) {
	key := stun.NewLongTermIntegrity("9999999999:ada", Realm, passwordOf(testSecret, "9999999999:ada"))
	m := metrics.New()
	s := New(Config{Secret: testSecret, Metrics: m})
	f.Cleanup(func() { _ = s.Close() })
	c := &pipe{at: netip.MustParseAddrPort("192.0.2.1:9")}
	now := time.Unix(1_795_000_000, 0)
	for _, method := range []stun.Method{
		stun.MethodAllocate, stun.MethodRefresh, stun.MethodCreatePermission, stun.MethodChannelBind, stun.MethodConnect, stun.MethodBinding,
	} {
		f.Add(stun.MustBuild(stun.TransactionID, stun.NewType(method, stun.ClassRequest), overUDP(), channelNumber(0x4000),
			peerAt(netip.AddrPortFrom(external, 5000)), stun.NewUsername("9999999999:ada"), stun.NewRealm(Realm),
			stun.Nonce(s.nonces.make(c.at.Addr(), now)), key).Raw, true)
	}
	f.Add(channelData(0x4000, "data", true), false)
	f.Add(indication(netip.AddrPortFrom(external, 5000), "data"), false)
	socket := &Socket{packetConn: deaf{}, server: s, local: netip.AddrPortFrom(external, 5000)}
	socket.packets.New = func() any { return &injected{} }
	s.Peer(socket)
	f.Fuzz(func(t *testing.T, p []byte, sign bool) {
		if sign { // so that it gets past the guard
			m := &stun.Message{Raw: append([]byte(nil), p...)}
			if m.Decode() == nil && !m.Contains(stun.AttrMessageIntegrity) {
				_ = stun.NewUsername("9999999999:ada").AddTo(m)
				_ = stun.NewRealm(Realm).AddTo(m)
				_ = stun.Nonce(s.nonces.make(c.at.Addr(), now)).AddTo(m)
				_ = key.AddTo(m)
				p = m.Raw
			}
		}
		isTURN(p)
		s.handle(c, p, now)
		socket.take(make([]byte, maxPacket))
		for relay := range s.relayed {
			s.fromPeer(relay, socket, p, now)
		}
		if m.RefusedCount("turn_panic") > 0 {
			t.Fatal("it broke")
		}
		if len(s.allocations) > 1 {
			t.Fatal("more allocations than clients")
		}
	})
}

// pipe is a client that listens to nothing.
type pipe struct{ at netip.AddrPort }

func (*pipe) comparable()               {}
func (p *pipe) address() netip.AddrPort { return p.at }
func (*pipe) stream() bool              { return true }
func (*pipe) send([]byte)               {}

// deaf is a socket of nothing.
type deaf struct{ packetConn }

func (deaf) SetReadDeadline(time.Time) error { return nil }

// coturn's own clients, which we did not write.
func TestClientsOfCoturn(t *testing.T) {
	for _, name := range []string{"turnutils_uclient", "turnutils_stunclient"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(err)
		}
	}
	// They bind a channel to the port behind the one that they are given too.
	r := newRig(t, Limits{}, mesh, func(s *Server, socket *Socket) {
		s.peer(socket, netip.AddrPortFrom(socket.local.Addr(), socket.local.Port()+1))
	})
	run := func(t *testing.T, name string, args ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return string(out)
	}
	port := fmt.Sprint(r.socket.local.Port())
	if out := run(t, "turnutils_stunclient", "-p", port, "127.0.0.1"); !strings.Contains(out, "reflexive addr: 127.0.0.1:") {
		t.Error(out)
	}
	pair, _ := selfsigned.Pair(t, "localhost")
	secure, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = r.Serve(secure)
	}()
	t.Cleanup(func() {
		_ = secure.Close()
		<-done
	})
	// The cleanup waits for all of them.
	t.Run("ways", func(t *testing.T) {
		for name, args := range map[string][]string{
			"UDP":                {"-p", port, "-e", "127.0.0.1", "-r", port},
			"UDP, indications":   {"-p", port, "-e", "127.0.0.1", "-r", port, "-s"},
			"TCP":                {"-t", "-p", portOf(r.tcp), "-e", "127.0.0.1", "-r", port},
			"TCP, indications":   {"-t", "-p", portOf(r.tcp), "-e", "127.0.0.1", "-r", port, "-s"},
			"TLS":                {"-t", "-S", "-p", portOf(secure), "-e", "127.0.0.1", "-r", port},
			"TLS, to each other": {"-t", "-S", "-p", portOf(secure), "-y"},
			"UDP, to each other": {"-p", port, "-y"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				out := run(t, "turnutils_uclient", append(args, "-W", string(testSecret), "-u", strings.ReplaceAll(name, " ", ""), "-c", "-n", "20", "-m", "2", "-z", "5", "127.0.0.1")...)
				if !strings.Contains(out, "Total lost packets 0 ") {
					t.Error(out)
				}
			})
		}
	})
}

func portOf(l net.Listener) string { return fmt.Sprint(l.Addr().(*net.TCPAddr).Port) }
