package turn

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"

	"github.com/parlorhq/parlor/internal/metrics"
)

const testPatience = 15 * time.Second

var testSecret = []byte("a secret that only tests know....")

// rig is a server with one UDP socket as its peer, whose reader sends everything back, and with a TCP port.
type rig struct {
	*Server
	metrics *metrics.Metrics
	socket  *Socket
	tcp     net.Listener
}

// external is where the socket is known besides its own address.
var external = netip.MustParseAddr("203.0.113.7")

func newRig(t testing.TB, limits Limits, prepare ...func(*Server, *Socket)) *rig {
	t.Helper()
	m := metrics.New()
	s := New(Config{Secret: testSecret, Limits: limits, Metrics: m})
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	socket, err := s.Socket(c)
	if err != nil {
		t.Fatal(err)
	}
	s.Peer(socket, external)
	for _, f := range prepare {
		f(s, socket)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{}, 2)
	go func() {
		defer func() { done <- struct{}{} }()
		p := make([]byte, 4096)
		for {
			n, from, err := socket.ReadFromAddrPort(p)
			if err != nil {
				return
			}
			_, _ = socket.WriteToAddrPort(p[:n], from)
		}
	}()
	go func() {
		defer func() { done <- struct{}{} }()
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		_ = l.Close()
		_ = c.Close()
		<-done
		<-done
	})
	return &rig{s, m, socket, l}
}

// guest is a client that says what it is told to.
type guest struct {
	t          testing.TB
	conn       net.Conn
	r          *bufio.Reader // of TCP
	user       string
	key        stun.MessageIntegrity
	nonce      stun.Nonce
	credential Credential
}

func (r *rig) guest(t testing.TB, network string) *guest {
	t.Helper()
	to := r.socket.local.String()
	if network == "tcp" {
		to = r.tcp.Addr().String()
	}
	c, err := net.Dial(network, to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(testPatience))
	g := &guest{t: t, conn: c}
	if network == "tcp" {
		g.r = bufio.NewReader(c)
	}
	g.as(r.Mint("ada", time.Now().Add(time.Minute)))
	return g
}

func (g *guest) as(c Credential) {
	g.credential, g.user = c, c.Username
	g.key = stun.NewLongTermIntegrity(c.Username, Realm, c.Password)
}

func (g *guest) write(p []byte) {
	g.t.Helper()
	if _, err := g.conn.Write(p); err != nil {
		g.t.Fatal(err)
	}
}

// hear waits for a packet.
func (g *guest) hear() []byte {
	g.t.Helper()
	if g.r != nil {
		p, skip, err := next(g.r)
		if err != nil {
			g.t.Fatal(err)
		}
		b := append([]byte(nil), p...)
		_, _ = g.r.Discard(skip)
		return b
	}
	b := make([]byte, 4096)
	n, err := g.conn.Read(b)
	if err != nil {
		g.t.Fatal(err)
	}
	return b[:n]
}

func decode(t testing.TB, p []byte) *stun.Message {
	t.Helper()
	m := &stun.Message{Raw: p}
	if err := m.Decode(); err != nil {
		t.Fatal(err)
	}
	return m
}

// ask sends a request as it is and returns the answer.
func (g *guest) ask(method stun.Method, with ...stun.Setter) *stun.Message {
	g.t.Helper()
	m := stun.MustBuild(append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, with...)...)
	g.write(m.Raw)
	for {
		if p := g.hear(); stun.IsMessage(p) {
			if got := decode(g.t, p); got.TransactionID == m.TransactionID {
				return got
			}
		}
	}
}

// demand sends a request with a signature, and says again what the first answer asks for.
func (g *guest) demand(method stun.Method, with ...stun.Setter) *stun.Message {
	g.t.Helper()
	for {
		signed := with
		if g.nonce != nil {
			signed = append(append([]stun.Setter{}, with...), stun.NewUsername(g.user), stun.NewRealm(Realm), g.nonce, g.key)
		}
		m := g.ask(method, signed...)
		var nonce stun.Nonce
		if g.nonce != nil || nonce.GetFrom(m) != nil {
			return m
		}
		g.nonce = nonce
	}
}

// code is an answer's error, 0 for none.
func code(t testing.TB, m *stun.Message) stun.ErrorCode {
	t.Helper()
	if m.Type.Class == stun.ClassSuccessResponse {
		return 0
	}
	var e stun.ErrorCodeAttribute
	if err := e.GetFrom(m); err != nil {
		t.Fatal(err)
	}
	return e.Code
}

func (g *guest) want(want stun.ErrorCode, m *stun.Message) *stun.Message {
	g.t.Helper()
	if got := code(g.t, m); got != want {
		g.t.Fatalf("%v: %d, want %d", m.Type, got, want)
	}
	return m
}

func raw(t stun.AttrType, v ...byte) stun.Setter { return stun.RawAttribute{Type: t, Value: v} }

func overUDP() stun.Setter { return raw(stun.AttrRequestedTransport, 17, 0, 0, 0) }

func peerAt(at netip.AddrPort) stun.Setter {
	return as{stun.XORMappedAddress{IP: at.Addr().AsSlice(), Port: int(at.Port())}, stun.AttrXORPeerAddress}
}

func channelNumber(n uint16) stun.Setter {
	return raw(stun.AttrChannelNumber, byte(n>>8), byte(n), 0, 0)
}

func channelData(n uint16, data string, pad bool) []byte {
	b := binary.BigEndian.AppendUint16(nil, n)
	b = binary.BigEndian.AppendUint16(b, uint16(len(data)))
	b = append(b, data...)
	for pad && len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func indication(at netip.AddrPort, data string) []byte {
	return stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), peerAt(at),
		stun.RawAttribute{Type: stun.AttrData, Value: []byte(data)}).Raw
}

func (g *guest) allocate() netip.AddrPort {
	g.t.Helper()
	m := g.want(0, g.demand(stun.MethodAllocate, overUDP()))
	var a stun.XORMappedAddress
	if err := a.GetFromAs(m, stun.AttrXORRelayedAddress); err != nil {
		g.t.Fatal(err)
	}
	ip, _ := netip.AddrFromSlice(a.IP)
	return netip.AddrPortFrom(ip.Unmap(), uint16(a.Port))
}

// ended waits until the server has closed the connection.
func (g *guest) ended() {
	g.t.Helper()
	_, err := io.Copy(io.Discard, g.conn)
	if e, ok := err.(net.Error); ok && e.Timeout() { //nolint:errorlint // it is not wrapped
		g.t.Fatal("it goes on")
	}
}

// when waits for something to become true.
func when(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(testPatience)
	for !is() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatal("never came: ", what)
		}
	}
}
