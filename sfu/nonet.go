package sfu

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"github.com/pion/transport/v4"
)

// errNoNet is what pion gets when it wants more of the network than the sockets it was given.
var errNoNet = errors.New("sfu: the server opens no sockets and looks up no names for a peer")

// noNet is a network on which nothing can be opened, dialled or looked up: pion has the sockets of the engine and
// needs no other, whatever a peer says.
type noNet struct {
	addresses []netip.Addr // those that pion may announce of its own accord: it does so for TCP
}

var _ transport.Net = noNet{}

// Interfaces are one that has the addresses, or none.
func (n noNet) Interfaces() ([]*transport.Interface, error) {
	if len(n.addresses) == 0 {
		return nil, nil
	}
	i := transport.NewInterface(net.Interface{Index: 1, MTU: 1500, Name: "server", Flags: net.FlagUp})
	for _, ip := range n.addresses {
		i.AddAddress(&net.IPNet{IP: ip.AsSlice(), Mask: net.CIDRMask(ip.BitLen(), ip.BitLen())})
	}
	return []*transport.Interface{i}, nil
}

// InterfaceByIndex finds none.
func (noNet) InterfaceByIndex(int) (*transport.Interface, error) { return nil, errNoNet }

// InterfaceByName finds none.
func (noNet) InterfaceByName(string) (*transport.Interface, error) { return nil, errNoNet }

// ListenPacket refuses.
func (noNet) ListenPacket(string, string) (net.PacketConn, error) { return nil, errNoNet }

// ListenUDP refuses.
func (noNet) ListenUDP(string, *net.UDPAddr) (transport.UDPConn, error) { return nil, errNoNet }

// ListenTCP refuses.
func (noNet) ListenTCP(string, *net.TCPAddr) (transport.TCPListener, error) { return nil, errNoNet }

// Dial refuses.
func (noNet) Dial(string, string) (net.Conn, error) { return nil, errNoNet }

// DialUDP refuses.
func (noNet) DialUDP(string, *net.UDPAddr, *net.UDPAddr) (transport.UDPConn, error) {
	return nil, errNoNet
}

// DialTCP refuses.
func (noNet) DialTCP(string, *net.TCPAddr, *net.TCPAddr) (transport.TCPConn, error) {
	return nil, errNoNet
}

// ResolveIPAddr refuses.
func (noNet) ResolveIPAddr(string, string) (*net.IPAddr, error) { return nil, errNoNet }

// ResolveUDPAddr refuses.
func (noNet) ResolveUDPAddr(string, string) (*net.UDPAddr, error) { return nil, errNoNet }

// ResolveTCPAddr refuses.
func (noNet) ResolveTCPAddr(string, string) (*net.TCPAddr, error) { return nil, errNoNet }

// CreateDialer returns one that refuses.
func (n noNet) CreateDialer(*net.Dialer) transport.Dialer { return n }

// CreateListenConfig returns one that refuses.
func (noNet) CreateListenConfig(*net.ListenConfig) transport.ListenConfig { return noListen{} }

type noListen struct{}

// Listen refuses.
func (noListen) Listen(context.Context, string, string) (net.Listener, error) { return nil, errNoNet }

// ListenPacket refuses.
func (noListen) ListenPacket(context.Context, string, string) (net.PacketConn, error) {
	return nil, errNoNet
}
