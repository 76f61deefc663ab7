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

	"github.com/parlorhq/parlor/internal/metrics"
)

// udpBuffer is what is asked of the kernel for a socket each way: a key frame to a hundred people is one burst. The
// kernel gives at most its rmem_max and wmem_max.
const udpBuffer = 4 << 20

// udpAttempts is how often a port is sought that is free on all addresses.
const udpAttempts = 20

// ListenUDP opens UDP sockets on addr. With an unspecified host it is one for each usable address of the machine, all
// with the same port number, since who answers must answer from the address that was asked; loopback addresses only if
// asked for. Port 0 picks one that is free on all of them.
//
// Where the kernel can, they read and write in batches: a write never waits for the network, packets to one destination
// keep their order, and those of bursts may be held back for a millisecond. What they do is counted in m.
func ListenUDP(addr string, includeLoopback bool, m *metrics.Metrics) ([]net.PacketConn, error) {
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
		conns, err := listenAll(ips, uint16(port))
		switch {
		case err == nil:
			return batchedAll(conns, newCounts(m)), nil
		case port != 0 || !errors.Is(err, errPortTaken):
			return nil, err
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

func listenAll(ips []netip.Addr, port uint16) ([]*net.UDPConn, error) {
	var conns []*net.UDPConn
	fail := func(err error) ([]*net.UDPConn, error) {
		for _, c := range conns {
			_ = c.Close()
		}
		return nil, err
	}
	for i, ip := range ips {
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, port)))
		if err != nil {
			if i > 0 {
				err = fmt.Errorf("%w: %w", errPortTaken, err)
			}
			return fail(fmt.Errorf("listen on udp %s port %d: %w", ip, port, err))
		}
		conns = append(conns, c)
		// What the kernel does not give is a smaller burst, no reason not to run.
		_ = c.SetReadBuffer(udpBuffer)
		_ = c.SetWriteBuffer(udpBuffer)
		local, ok := c.LocalAddr().(*net.UDPAddr)
		if !ok {
			return fail(fmt.Errorf("listen on udp %s: address %s is no UDP address", ip, c.LocalAddr()))
		}
		port = uint16(local.Port)
	}
	return conns, nil
}

func batchedAll(conns []*net.UDPConn, c *counts) []net.PacketConn {
	sockets := make([]net.PacketConn, 0, len(conns))
	for _, conn := range conns {
		sockets = append(sockets, batched(conn, c))
	}
	return sockets
}
