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

// send sends a packet on each of its ways. It arrives even if its socket is closed by then.
func (m *machine) send(c net.PacketConn, b []byte, to net.Addr) (int, error) {
	first, second, twice := m.network.ways(m.ip, ipOf(to))
	send := func(packet []byte, after time.Duration) {
		time.AfterFunc(after, func() { _, _ = c.WriteTo(packet, to) })
	}
	if twice {
		send(bytes.Clone(b), second)
	}
	if first == 0 {
		return c.WriteTo(b, to)
	}
	send(bytes.Clone(b), first) // b is the caller's when this returns
	return len(b), nil
}

// ways says how much longer the next packet of a link is on its way, and so its double, if it has one.
func (n *Network) ways(from, to string) (first, second time.Duration, twice bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.links[link{from, to}]
	if c == nil || c.jitter == 0 && c.double == 0 {
		return 0, 0, false
	}
	way := func() time.Duration {
		if c.jitter == 0 {
			return 0
		}
		return time.Duration(c.ways.Int64N(int64(c.jitter)))
	}
	first, second = way(), way()
	return first, second, c.ways.Float64() < c.double
}
