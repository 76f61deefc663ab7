package client

import (
	"net"
	"sync/atomic"

	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
)

// mutableNet is a network that can fall silent: what a killed process leaves behind, where pion would say goodbye.
type mutableNet struct {
	transport.Net
	muted atomic.Bool
}

func newMutableNet(n transport.Net) (*mutableNet, error) {
	if n == nil {
		std, err := stdnet.NewNet()
		if err != nil {
			return nil, err
		}
		n = std
	}
	return &mutableNet{Net: n}, nil
}

func (n *mutableNet) mute() { n.muted.Store(true) }

func (n *mutableNet) ListenUDP(network string, addr *net.UDPAddr) (transport.UDPConn, error) {
	conn, err := n.Net.ListenUDP(network, addr)
	if err != nil {
		return nil, err
	}
	return &mutableConn{conn, n}, nil
}

func (n *mutableNet) ListenPacket(network, addr string) (net.PacketConn, error) {
	conn, err := n.Net.ListenPacket(network, addr)
	if err != nil {
		return nil, err
	}
	return &mutablePacketConn{conn, n}, nil
}

type mutableConn struct {
	transport.UDPConn
	net *mutableNet
}

func (c *mutableConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if c.net.muted.Load() {
		return len(b), nil
	}
	return c.UDPConn.WriteTo(b, to)
}

type mutablePacketConn struct {
	net.PacketConn
	net *mutableNet
}

func (c *mutablePacketConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if c.net.muted.Load() {
		return len(b), nil
	}
	return c.PacketConn.WriteTo(b, to)
}
