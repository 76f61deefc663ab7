// Package simnet is a small network in memory, for scenarios in a testing/synctest bubble.
//
// It knows hosts, what is lost, late, doubled or overtaken between them, how much fits through, and cuts. It knows nothing of what is sent. What
// becomes of the n-th packet from one host to another is drawn from a seed, whatever the others do. Which packet that is
// depends on how goroutines are scheduled, so tests of what runs over it assert ranges.
package simnet

import (
	"hash/fnv"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/logging"
	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/vnet"
)

// Network is one flat subnet, 10.0.0.0/8. Make it inside the bubble.
type Network struct {
	// Static.
	t      *testing.T
	seed   uint64
	router *vnet.Router
	once   sync.Once

	mu sync.Mutex
	// Guarded by mu.
	hosts   map[string]*host
	links   map[link]*condition
	cut     map[string]bool
	closed  bool
	carried int
	lost    int
}

type host struct {
	net   *machine
	delay *vnet.DelayFilter
}

// link is one direction between two hosts.
type link struct{ from, to string }

// condition is what a link is like.
type condition struct {
	loss   float64
	lots   *rand.Rand // of loss
	jitter time.Duration
	double float64
	ways   *rand.Rand // of jitter and double
	// bottleneck, if set, may be that of other links too.
	bottleneck *bottleneck
	// drop, if set, decides alone; n counts the packets of the link from 1.
	drop func(n int, payload []byte) bool
	n    int
}

// numbering is held while vnet counts up the addresses of its network cards: it has one counter for all networks, and tests
// that run at the same time have one each.
var numbering sync.Mutex //nolint:gochecknoglobals // the counter is one

// New returns a network that carries everything at once. It is closed when the test ends, if not before.
func New(t *testing.T, seed uint64) *Network {
	t.Helper()
	numbering.Lock()
	router, err := vnet.NewRouter(&vnet.RouterConfig{CIDR: "10.0.0.0/8", LoggerFactory: quiet()})
	numbering.Unlock()
	if err != nil {
		t.Fatalf("simnet: %v", err)
	}
	n := &Network{
		t: t, seed: seed, router: router, hosts: map[string]*host{}, links: map[link]*condition{}, cut: map[string]bool{},
	}
	router.AddChunkFilter(n.carries)
	if err := router.Start(); err != nil {
		t.Fatalf("simnet: %v", err)
	}
	t.Cleanup(n.Close)
	return n
}

// Host is the machine with this address; it is added when first asked for.
func (n *Network) Host(ip string) transport.Net {
	n.t.Helper()
	n.mu.Lock()
	h := n.hosts[ip]
	n.mu.Unlock()
	if h != nil {
		return h.net
	}
	numbering.Lock()
	v, err := vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{ip}})
	numbering.Unlock()
	if err != nil {
		n.t.Fatalf("simnet: %v", err)
	}
	delay, err := vnet.NewDelayFilter(v)
	if err != nil {
		n.t.Fatalf("simnet: %v", err)
	}
	if err := n.router.AddNet(delay); err != nil {
		n.t.Fatalf("simnet: host %s: %v", ip, err)
	}
	m := &machine{Net: v, network: n, ip: ip}
	n.mu.Lock()
	n.hosts[ip] = &host{net: m, delay: delay}
	n.mu.Unlock()
	return m
}

// Listen opens a UDP socket on a host, the way a server does.
func (n *Network) Listen(ip string, port int) net.PacketConn {
	n.t.Helper()
	c, err := n.Host(ip).ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(ip), Port: port})
	if err != nil {
		n.t.Fatalf("simnet: listen on %s:%d: %v", ip, port, err)
	}
	return c
}

// SetLoss sets the share of packets that are lost from one host to another. The other direction is another link.
func (n *Network) SetLoss(from, to string, p float64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conditionLocked(from, to).loss = p
}

// Drop lets a function say which packets of a link are lost; i counts them from 1. nil ends it.
func (n *Network) Drop(from, to string, lose func(i int, payload []byte) bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.conditionLocked(from, to)
	c.drop, c.n = lose, 0
}

// SetDelay sets how long what is sent to a host is on its way.
func (n *Network) SetDelay(to string, d time.Duration) {
	n.t.Helper()
	n.Host(to)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[to].delay.SetDelay(d)
}

// SetJitter adds to the way of each packet from one host to another a time of its own, below d: packets overtake each
// other. What left before goes on as it was sent.
func (n *Network) SetJitter(from, to string, d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conditionLocked(from, to).jitter = d
}

// SetDuplication sets the share of packets from one host to another that arrive twice, each after a time of its own.
func (n *Network) SetDuplication(from, to string, p float64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conditionLocked(from, to).double = p
}

// Cut takes a host off the network.
func (n *Network) Cut(ip string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut[ip] = true
}

// Restore puts it back.
func (n *Network) Restore(ip string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.cut, ip)
}

// Counts are how many packets were carried and how many lost so far.
func (n *Network) Counts() (carried, lost int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.carried, n.lost
}

// Close ends the network.
func (n *Network) Close() {
	n.once.Do(func() {
		n.mu.Lock()
		n.closed = true
		n.mu.Unlock()
		if err := n.router.Stop(); err != nil {
			n.t.Errorf("simnet: %v", err)
		}
		// The router may be handing a packet to a host, which has to be there to take it.
		synctest.Wait()
		n.mu.Lock()
		defer n.mu.Unlock()
		for _, h := range n.hosts {
			if err := h.delay.Close(); err != nil {
				n.t.Errorf("simnet: %v", err)
			}
		}
	})
}

func (n *Network) conditionLocked(from, to string) *condition {
	l := link{from, to}
	if n.links[l] == nil {
		n.links[l] = &condition{lots: n.draws(l, 1), ways: n.draws(l, 2)}
	}
	return n.links[l]
}

// draws is a source of a link's own, so that what happens to it does not depend on what others carry.
func (n *Network) draws(l link, what uint64) *rand.Rand {
	name := fnv.New64a()
	_, _ = name.Write([]byte(l.from + ">" + l.to))
	return rand.New(rand.NewPCG(n.seed, name.Sum64()+what))
}

// carries is asked by the router for each packet.
func (n *Network) carries(c vnet.Chunk) bool {
	from, to := ipOf(c.SourceAddr()), ipOf(c.DestinationAddr())
	n.mu.Lock()
	defer n.mu.Unlock()
	ok := !n.closed && !n.cut[from] && !n.cut[to]
	if cond := n.links[link{from, to}]; ok && cond != nil {
		cond.n++
		if cond.drop != nil {
			ok = !cond.drop(cond.n, c.UserData())
		} else if cond.loss > 0 {
			ok = cond.lots.Float64() >= cond.loss
		}
	}
	if ok {
		n.carried++
	} else {
		n.lost++
	}
	return ok
}

func ipOf(a net.Addr) string {
	if udp, ok := a.(*net.UDPAddr); ok {
		return udp.IP.String()
	}
	return ""
}

// quiet is a logger that says nothing.
func quiet() logging.LoggerFactory {
	f := logging.NewDefaultLoggerFactory()
	f.DefaultLogLevel = logging.LogLevelDisabled
	return f
}
