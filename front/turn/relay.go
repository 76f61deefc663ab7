package turn

import (
	"net/netip"
)

// Relayed addresses are of the ranges for benchmarks, which are on no network: 198.18.0.0/15 and 2001:2::/48. They are as
// many as there are numbers of 32 bits, all but those with the ports that programs know.
const (
	portFirst = 1 << 14
	portBits  = 15
)

// relayAddress is number n.
func relayAddress(n uint32, six bool) netip.AddrPort {
	port := portFirst + uint16(n&(1<<portBits-1))
	host := n >> portBits
	if six {
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 0x01, 0, 2, 12: 0, 13: byte(host >> 16), 14: byte(host >> 8), 15: byte(host)}), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 18 + byte(host>>16)&1, byte(host >> 8), byte(host)}), port)
}

// isRelayed says whether an address is of these ranges.
func isRelayed(ip netip.Addr) bool {
	if ip.Is4() {
		b := ip.As4()
		return b[0] == 198 && b[1]&0xfe == 18
	}
	if ip.Is4In6() {
		return isRelayed(ip.Unmap())
	}
	b := ip.As16()
	return b[0] == 0x20 && b[1] == 1 && b[2] == 0 && b[3] == 2 && b[4] == 0 && b[5] == 0
}
