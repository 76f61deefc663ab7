//go:build !linux

package front

import "net"

// batched leaves conn as it is: one call for each packet. pion's UDP mux knows it.
func batched(conn *net.UDPConn, _ *counts) net.PacketConn {
	return conn
}
