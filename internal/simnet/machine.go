package simnet

import (
	"bytes"
	"net"
	"time"

	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/vnet"
)

// machine is a host as a program on it sees it.
type machine struct {
	*vnet.Net
	network *Network
	ip      string
}

// ListenUDP implements transport.Net.
func (m *machine) ListenUDP(network string, addr *net.UDPAddr) (transport.UDPConn, error) {
	c, err := m.Net.ListenUDP(network, addr)
	if err != nil {
		return nil, err
	}
	return &socket{c, m}, nil
}

// ListenPacket implements transport.Net.
func (m *machine) ListenPacket(network, addr string) (net.PacketConn, error) {
	c, err := m.Net.ListenPacket(network, addr)
	if err != nil {
		return nil, err
	}
	return &packetSocket{c, m}, nil
}

// socket is a machine's, and so is packetSocket: what is written to them takes the ways of the link it goes by. vnet
// itself keeps packets in order.
type socket struct {
	transport.UDPConn
	machine *machine
}

func (s *socket) WriteTo(b []byte, to net.Addr) (int, error) {
	return s.machine.send(s.UDPConn, b, to)
}

type packetSocket struct {
	net.PacketConn
	machine *machine
}

func (s *packetSocket) WriteTo(b []byte, to net.Addr) (int, error) {
	return s.machine.send(s.PacketConn, b, to)
}

// send sends a packet on each of its ways. One that takes time arrives even if its socket is closed by then.
func (m *machine) send(c net.PacketConn, b []byte, to net.Addr) (int, error) {
	for _, way := range m.network.ways(m.ip, ipOf(to), len(b)) {
		if way == 0 {
			if _, err := c.WriteTo(b, to); err != nil {
				return 0, err
			}
			continue
		}
		packet := bytes.Clone(b) // b is the caller's when this returns
		time.AfterFunc(way, func() { _, _ = c.WriteTo(packet, to) })
	}
	return len(b), nil
}

// ways are how much longer than usual the next packet of a link is on its way, and its double, if it has one. There are
// none from a host that is cut off: what it says now is not to arrive when it is back. Nor are there for what does not
// fit into the queue of a line.
func (n *Network) ways(from, to string, size int) []time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut[from] {
		n.lost++
		return nil
	}
	c := n.links[link{from, to}]
	if c == nil {
		return []time.Duration{0}
	}
	var queued time.Duration
	if c.bottleneck != nil {
		var ok bool
		if queued, ok = c.bottleneck.wait(size, time.Now()); !ok {
			n.lost++
			return nil
		}
	}
	ways := make([]time.Duration, 1, 2)
	if c.double > 0 && c.ways.Float64() < c.double {
		ways = ways[:2]
	}
	for i := range ways {
		ways[i] = queued
		if c.jitter > 0 {
			ways[i] += time.Duration(c.ways.Int64N(int64(c.jitter)))
		}
	}
	return ways
}
