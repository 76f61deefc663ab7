// Package front is the server's edge: the sockets that everything comes in by.
//
// It knows addresses and bytes. It knows nothing of what is spoken on them.
package front

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// udpBuffer is what is asked of the kernel for a socket each way: a key frame to a hundred people is one burst. The
// kernel gives at most its rmem_max and wmem_max.
const udpBuffer = 4 << 20

// udpAttempts is how often a port is sought that is free on all addresses.
const udpAttempts = 20

// ListenUDP opens UDP sockets on addr. With an unspecified host it is one for each usable address of the machine, all
// with the same port number, since who answers must answer from the address that was asked; loopback addresses only if
// asked for. Port 0 picks one that is free on all of them.
func ListenUDP(addr string, includeLoopback bool) ([]net.PacketConn, error) {
	host, service, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("udp address %q: %w", addr, err)
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("udp address %q: port must be a number up to 65535", addr)
	}
	ips, err := udpAddresses(host, includeLoopback)
	if err != nil {
		return nil, err
	}
	for range udpAttempts {
		sockets, err := listenAll(ips, uint16(port))
		if err == nil || port != 0 || !errors.Is(err, errPortTaken) {
			return sockets, err
		}
	}
	return nil, fmt.Errorf("udp: no port is free on all of %v", ips)
}

// udpAddresses are those to listen on for a host of an address.
func udpAddresses(host string, includeLoopback bool) ([]netip.Addr, error) {
	family := func(netip.Addr) bool { return true }
	if host != "" {
		ip, err := netip.ParseAddr(host)
		if err != nil {
			resolved, err := net.ResolveIPAddr("ip", host)
			if err != nil {
				return nil, fmt.Errorf("udp host %q: %w", host, err)
			}
			ip, _ = netip.AddrFromSlice(resolved.IP)
		}
		ip = ip.Unmap()
		if !ip.IsUnspecified() {
			return []netip.Addr{ip}, nil
		}
		if ip.Is4() {
			family = netip.Addr.Is4
		}
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("addresses of this machine: %w", err)
	}
	var ips []netip.Addr
	for _, a := range all {
		ipNet, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		ip, ok := netip.AddrFromSlice(ipNet.IP)
		ip = ip.Unmap()
		if !ok || !family(ip) || !usable(ip) || ip.IsLoopback() && !includeLoopback {
			continue
		}
		ips = append(ips, ip)
	}
	if len(ips) == 0 {
		return nil, errors.New("udp: this machine has no usable address")
	}
	return ips, nil
}

// usable leaves out what a browser elsewhere could not send to without naming an interface.
func usable(ip netip.Addr) bool {
	return ip.IsValid() && !ip.IsUnspecified() && !ip.IsMulticast() && !ip.IsLinkLocalUnicast()
}

// errPortTaken is a port number free on the first address but not on all.
var errPortTaken = errors.New("port is taken")

func listenAll(ips []netip.Addr, port uint16) ([]net.PacketConn, error) {
	var sockets []net.PacketConn
	fail := func(err error) ([]net.PacketConn, error) {
		for _, s := range sockets {
			_ = s.Close()
		}
		return nil, err
	}
	for i, ip := range ips {
		s, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, port)))
		if err != nil {
			if i > 0 {
				err = fmt.Errorf("%w: %w", errPortTaken, err)
			}
			return fail(fmt.Errorf("listen on udp %s port %d: %w", ip, port, err))
		}
		sockets = append(sockets, s)
		// What the kernel does not give is a smaller burst, no reason not to run.
		_ = s.SetReadBuffer(udpBuffer)
		_ = s.SetWriteBuffer(udpBuffer)
		local, ok := s.LocalAddr().(*net.UDPAddr)
		if !ok {
			return fail(fmt.Errorf("listen on udp %s: address %s is no UDP address", ip, s.LocalAddr()))
		}
		port = uint16(local.Port)
	}
	return sockets, nil
}
