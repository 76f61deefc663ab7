package turn

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	pionturn "github.com/pion/turn/v5"
)

// A client that we did not write, pion's, by UDP and by TCP.
func TestRelayToAClientOfPion(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			r := newRig(t, Limits{})
			var conn net.PacketConn
			to := r.socket.local.String()
			if network == "udp" {
				c, err := net.ListenPacket("udp4", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				conn = c
			} else {
				to = r.tcp.Addr().String()
				c, err := net.Dial("tcp", to)
				if err != nil {
					t.Fatal(err)
				}
				conn = pionturn.NewSTUNConn(c)
			}
			defer conn.Close()
			credential := r.Mint("ada", time.Now().Add(time.Minute))
			client, err := pionturn.NewClient(&pionturn.ClientConfig{
				STUNServerAddr: to, TURNServerAddr: to, Conn: conn,
				Username: credential.Username, Password: credential.Password, Realm: Realm,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			if err := client.Listen(); err != nil {
				t.Fatal(err)
			}
			seen, err := client.SendBindingRequest()
			if err != nil || !strings.HasPrefix(seen.String(), "127.0.0.1:") {
				t.Fatal(seen, err)
			}
			relay, err := client.Allocate()
			if err != nil {
				t.Fatal(err)
			}
			if ip := relay.LocalAddr().(*net.UDPAddr).AddrPort().Addr(); !isRelayed(ip.Unmap()) {
				t.Errorf("relayed at %v", ip)
			}
			_ = relay.SetDeadline(time.Now().Add(testPatience))
			for _, at := range []netip.AddrPort{r.socket.local, netip.AddrPortFrom(external, r.socket.local.Port())} {
				for i := range 50 { // the first go without a channel, later ones with
					word := fmt.Sprint(at, i)
					if _, err := relay.WriteTo([]byte(word), net.UDPAddrFromAddrPort(at)); err != nil {
						t.Fatal(err)
					}
					b := make([]byte, 1600)
					n, from, err := relay.ReadFrom(b)
					if err != nil {
						t.Fatal(err)
					}
					if string(b[:n]) != word || from.String() != at.String() {
						t.Fatalf("%q from %v, want %q from %v", b[:n], from, word, at)
					}
				}
			}
			if err := relay.Close(); err != nil {
				t.Error(err)
			}
			when(t, "the allocation ends", func() bool {
				r.mu.RLock()
				defer r.mu.RUnlock()
				return len(r.allocations)+len(r.relayed)+len(r.credentials)+len(r.ips) == 0
			})
		})
	}
}

// A socket has another name, which only clients of the server know.
func TestNameOfASocket(t *testing.T) {
	var at netip.AddrPort
	r := newRig(t, Limits{}, func(s *Server, socket *Socket) {
		at = s.Name(socket)
		if !isRelayed(at.Addr()) || s.Name(socket) == at {
			t.Fatal(at)
		}
	})
	g := r.guest(t, "tcp")
	g.allocate()
	g.want(0, g.demand(stun.MethodChannelBind, channelNumber(0x4001), peerAt(at)))
	g.want(stun.CodeForbidden, g.demand(stun.MethodChannelBind, channelNumber(0x4002), peerAt(netip.AddrPortFrom(at.Addr(), at.Port()-9))))
	g.write(channelData(0x4001, "hello", true))
	if got := g.hear(); string(got) != string(channelData(0x4001, "hello", false)) {
		t.Errorf("%q", got)
	}
}

func TestCredentials(t *testing.T) {
	r := newRig(t, Limits{})
	good := r.Mint("ada", time.Now().Add(time.Minute))
	for name, c := range map[string]Credential{
		"another's password": {good.Username, r.Mint("ben", time.Now().Add(time.Minute)).Password},
		"no password":        {good.Username, ""},
		"expired":            r.Mint("ada", time.Now().Add(-time.Second)),
		"longer than minted": {"9" + good.Username, good.Password},
		"no time":            {"ada", passwordOf(testSecret, "ada")},
		"another secret":     Mint([]byte("x"), "ada", time.Now().Add(time.Minute)),
	} {
		g := r.guest(t, "tcp")
		g.as(c)
		if got := code(t, g.demand(stun.MethodAllocate, overUDP())); got != stun.CodeUnauthorized {
			t.Errorf("%s: %d", name, got)
		}
	}
	g := r.guest(t, "tcp")
	g.as(Credential{strings.Repeat("9", nameMost+1), "x"})
	if got := code(t, g.demand(stun.MethodAllocate, overUDP())); got != stun.CodeBadRequest {
		t.Errorf("endless name: %d", got)
	}
	// Nonces are for one address and a while.
	now := time.Now()
	ada, ben := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	nonce := r.nonces.make(ada, now)
	for _, tt := range []struct {
		name  string
		nonce string
		ip    netip.Addr
		after time.Duration
		want  bool
	}{
		{"at once", string(nonce), ada, 0, true},
		{"late", string(nonce), ada, nonceLife - 2*time.Second, true},
		{"too late", string(nonce), ada, nonceLife, false},
		{"before", string(nonce), ada, -time.Hour, false},
		{"another's", string(nonce), ben, 0, false},
		{"cut", string(nonce[:len(nonce)-1]), ada, 0, false},
		{"longer", string(nonce) + "AAAA", ada, 0, false},
		{"changed", "B" + string(nonce[1:]), ada, 0, false},
		{"empty", "", ada, 0, false},
	} {
		if got := r.nonces.good([]byte(tt.nonce), tt.ip, now.Add(tt.after)); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	g = r.guest(t, "tcp")
	g.nonce = stun.Nonce("stale")
	if got := code(t, g.demand(stun.MethodAllocate, overUDP())); got != stun.CodeStaleNonce {
		t.Errorf("stale: %d", got)
	}
}

func TestAllocate(t *testing.T) {
	r := newRig(t, Limits{})
	for _, tt := range []struct {
		name string
		with []stun.Setter
		want stun.ErrorCode
	}{
		{"nothing said", nil, stun.CodeBadRequest},
		{"over TCP", []stun.Setter{raw(stun.AttrRequestedTransport, 6, 0, 0, 0)}, stun.CodeUnsupportedTransProto},
		{"transport cut", []stun.Setter{raw(stun.AttrRequestedTransport, 17)}, stun.CodeBadRequest},
		{"whole packets", []stun.Setter{overUDP(), raw(stun.AttrDontFragment)}, stun.CodeUnknownAttribute},
		{"something new", []stun.Setter{overUDP(), raw(0x7ff0)}, stun.CodeUnknownAttribute},
		{"something new that may be ignored", []stun.Setter{overUDP(), raw(0x8ff0)}, 0},
		{"an even port", []stun.Setter{overUDP(), raw(stun.AttrEvenPort, 0)}, 0},
		{"and the next", []stun.Setter{overUDP(), raw(stun.AttrEvenPort, 0x80)}, stun.CodeInsufficientCapacity},
		{"one reserved", []stun.Setter{overUDP(), raw(stun.AttrReservationToken, 1, 2, 3, 4, 5, 6, 7, 8)}, stun.CodeInsufficientCapacity},
		{"IPv4", []stun.Setter{overUDP(), raw(stun.AttrRequestedAddressFamily, 1, 0, 0, 0)}, 0},
		{"IPv6, of which there is none", []stun.Setter{overUDP(), raw(stun.AttrRequestedAddressFamily, 2, 0, 0, 0)}, stun.CodeAddrFamilyNotSupported},
	} {
		g := r.guest(t, "tcp")
		if got := code(t, g.demand(stun.MethodAllocate, tt.with...)); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	g := r.guest(t, "tcp")
	g.want(stun.CodeAllocMismatch, g.demand(stun.MethodRefresh))
	g.allocate()
	g.want(stun.CodeAllocMismatch, g.demand(stun.MethodAllocate, overUDP()))
	// The same request again is answered again.
	again := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), overUDP(),
		stun.NewUsername(g.user), stun.NewRealm(Realm), g.nonce, g.key)
	g.write(again.Raw)
	g.want(stun.CodeAllocMismatch, decode(t, g.hear()))
	for _, tt := range []struct{ asked, want uint32 }{{1, 600}, {1200, 1200}, {1 << 31, 3600}, {0, 0}} {
		m := g.want(0, g.demand(stun.MethodRefresh, raw(stun.AttrLifetime, byte(tt.asked>>24), byte(tt.asked>>16), byte(tt.asked>>8), byte(tt.asked))))
		v, err := m.Get(stun.AttrLifetime)
		if got := uint32(v[2])<<8 | uint32(v[3]); err != nil || got != tt.want {
			t.Errorf("%d s: %d, want %d", tt.asked, got, tt.want)
		}
	}
	g.allocate() // the former was ended
	g.as(r.Mint("ben", time.Now().Add(time.Minute)))
	g.want(stun.CodeWrongCredentials, g.demand(stun.MethodRefresh))
	// A credential whose time is over is good for going on, not for beginning.
	g = r.guest(t, "tcp")
	g.allocate()
	a := r.allocations[r.onlyLink(t, g)]
	late := a.expires.Add(-time.Second)
	if !expired(a.user, late) {
		t.Fatal("it is good still")
	}
	r.sweep(late)
	if r.allocation(a.client) != a {
		t.Error("it ended before its time")
	}
	r.sweep(a.expires)
	if r.allocation(a.client) != nil {
		t.Error("it outlived its time")
	}
}

// onlyLink is the connection of a guest.
func (r *rig) onlyLink(t *testing.T, g *guest) *link {
	t.Helper()
	r.mu.RLock()
	defer r.mu.RUnlock()
	for k := range r.links {
		if k.from.String() == g.conn.LocalAddr().String() {
			return k
		}
	}
	t.Fatal("no connection")
	return nil
}

func TestAllocationsAreBounded(t *testing.T) {
	for _, tt := range []struct {
		limits  Limits
		counted string
		another bool // somebody else has no place either
	}{
		{Limits{PerCredential: 3}, "turn_allocations_per_credential", false},
		{Limits{PerIP: 3}, "turn_allocations_per_ip", true},
		{Limits{Allocations: 3}, "turn_allocations", true},
	} {
		r := newRig(t, tt.limits)
		credential := r.Mint("ada", time.Now().Add(time.Minute))
		var open []*guest
		for i := range 5 {
			network := []string{"udp", "tcp"}[i%2]
			g := r.guest(t, network)
			g.as(credential)
			if i < 3 {
				g.allocate()
				open = append(open, g)
				continue
			}
			g.want(stun.CodeAllocQuotaReached, g.demand(stun.MethodAllocate, overUDP()))
		}
		if got := r.metrics.RefusedCount(tt.counted); got != 2 {
			t.Errorf("%s: %v", tt.counted, got)
		}
		ben := r.guest(t, "tcp")
		ben.as(r.Mint("ben", time.Now().Add(time.Minute)))
		want := stun.ErrorCode(0)
		if tt.another {
			want = stun.CodeAllocQuotaReached
		}
		ben.want(want, ben.demand(stun.MethodAllocate, overUDP()))
		// Who goes makes room: a connection by ending, an address by saying so.
		_ = open[1].conn.Close()
		open[0].want(0, open[0].demand(stun.MethodRefresh, raw(stun.AttrLifetime, 0, 0, 0, 0)))
		when(t, "room", func() bool {
			g := r.guest(t, "tcp")
			g.as(credential)
			return code(t, g.demand(stun.MethodAllocate, overUDP())) == 0
		})
	}
}

func TestConnectionsWithoutAllocation(t *testing.T) {
	r := newRig(t, Limits{})
	idle, busy := r.guest(t, "tcp"), r.guest(t, "tcp")
	idle.want(stun.CodeUnauthorized, idle.ask(stun.MethodAllocate, overUDP()))
	busy.allocate()
	r.sweep(time.Now().Add(patience))
	idle.ended()
	busy.want(0, busy.demand(stun.MethodRefresh))
	busy.want(0, busy.demand(stun.MethodRefresh, raw(stun.AttrLifetime, 0, 0, 0, 0)))
	r.sweep(time.Now().Add(patience))
	busy.ended()
	if got := r.metrics.RefusedCount("turn_idle"); got != 2 {
		t.Errorf("%v idle", got)
	}
	for _, nonsense := range []string{"\xff\xff\xff\xff", "\x00\x03\xff\xff", "\x40\x00\xff\xff"} {
		g := r.guest(t, "tcp")
		g.write([]byte(nonsense))
		g.ended()
	}
}

// What is answered to those who did not show that they are there is little.
func TestRepliesAreBounded(t *testing.T) {
	r := newRig(t, Limits{})
	g := r.guest(t, "udp")
	forged := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), overUDP(), stun.NewUsername("x"),
		stun.NewRealm(Realm), stun.Nonce("x"), g.key).Raw
	for i := range 300 {
		g.write([][]byte{
			stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw,
			stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), overUDP()).Raw,
			forged,
		}[i%3])
	}
	// Some are lost on the way to a socket that has much to do.
	when(t, "nothing more is said", func() bool { return r.metrics.DroppedCount("turn_reply_rate") > 100 })
	var b replies
	b.init()
	now, ip := time.Now(), netip.MustParseAddr("192.0.2.1")
	said := 0
	for range 1000 {
		if b.allow(ip, now) {
			said++
		}
	}
	if said != replyBurst {
		t.Errorf("%d at once", said)
	}
	for i := range 1000 {
		if b.allow(ip, now.Add(time.Duration(i)*time.Millisecond)) {
			said++
		}
	}
	if said < replyBurst+replyRate-1 || said > replyBurst+replyRate {
		t.Errorf("%d in a second", said)
	}
}

func TestRateOfAnAllocation(t *testing.T) {
	r := newRig(t, Limits{ByteRate: 20_000})
	g := r.guest(t, "tcp")
	g.allocate()
	g.want(0, g.demand(stun.MethodChannelBind, channelNumber(0x4000), peerAt(r.socket.local)))
	for range 100 {
		g.write(channelData(0x4000, strings.Repeat("x", 1000), true))
	}
	when(t, "the rest is dropped", func() bool { return r.metrics.DroppedCount("turn_rate") >= 80 })
	if got := r.counts.in.Load(); got < 10 || got > 20 {
		t.Errorf("%d let through", got)
	}
}

// Relaying costs no memory.
func TestRelayAllocatesNothing(t *testing.T) {
	r := newRig(t, Limits{ByteRate: 1 << 40})
	g := r.guest(t, "udp")
	g.allocate()
	g.want(0, g.demand(stun.MethodChannelBind, channelNumber(0x4000), peerAt(r.socket.local)))
	r.mu.RLock()
	var a *allocation
	for _, a = range r.allocations {
	}
	r.mu.RUnlock()
	in := channelData(0x4000, strings.Repeat("x", 1000), false)
	out := []byte(strings.Repeat("x", 1000))
	now := time.Now()
	quiet := newQuiet(r.socket)
	a.mu.Lock()
	for i := range a.peers {
		a.peers[i].socket = quiet
	}
	a.mu.Unlock()
	p := make([]byte, 4096)
	if n := testing.AllocsPerRun(1000, func() {
		r.handle(a.client, in, now)
		quiet.take(p)
		quiet.waking.Store(false)
	}); n > 0 {
		t.Errorf("from a client: %v", n)
	}
	if n := testing.AllocsPerRun(1000, func() { r.fromPeer(a.relay, quiet, out, now) }); n > 0 {
		t.Errorf("to a client: %v", n)
	}
}

// newQuiet is a socket that nobody reads but the test.
func newQuiet(s *Socket) *Socket {
	q := &Socket{packetConn: s.packetConn, server: s.server, local: s.local}
	q.packets.New = s.packets.New
	q.waking.Store(true)
	return q
}

func TestRelayAddresses(t *testing.T) {
	seen := map[netip.AddrPort]bool{}
	for i := range uint32(1 << 16) {
		for _, six := range []bool{false, true} {
			a := relayAddress(i*65537, six)
			if seen[a] || !isRelayed(a.Addr()) || a.Addr().Is6() != six || a.Port() < 1024 {
				t.Fatal(a)
			}
			seen[a] = true
		}
	}
	for _, ip := range []string{"198.17.255.255", "198.20.0.0", "2001:1:ffff::", "2001:2:1::", "127.0.0.1", "::1"} {
		if isRelayed(netip.MustParseAddr(ip)) {
			t.Error(ip)
		}
	}
	if !isRelayed(netip.MustParseAddr("::ffff:198.18.0.1")) {
		t.Error("in disguise")
	}
}
