package front

import (
	"bufio"
	"errors"
	"net"
	"net/netip"

	"github.com/pires/go-proxyproto"
)

// proxyHeaderBytes holds a PROXY header of either version with all that proxies add to it. A longer one is refused.
const proxyHeaderBytes = 4096

// ofClient reads the header by which a proxy says whom it brings (PROXY protocol, versions 1 and 2), if one is there, and
// returns a connection that comes from there. What a proxy says of itself (LOCAL: it looks whether we are well) or of
// something that has no address leaves the connection its own.
func ofClient(c net.Conn) (net.Conn, error) {
	reader := bufio.NewReaderSize(c, proxyHeaderBytes)
	header, err := proxyproto.Read(reader)
	if err != nil && !errors.Is(err, proxyproto.ErrNoProxyProtocol) {
		return c, err
	}
	first, err := reader.Peek(reader.Buffered())
	if err != nil {
		return c, err
	}
	brought := &replay{Conn: c, first: first}
	if header != nil && header.Command.IsProxy() {
		if from, ok := header.SourceAddr.(*net.TCPAddr); ok {
			brought.from = from
		}
	}
	return brought, nil
}

// brings says whether a connection is that of a proxy which may say whom it brings.
func brings(proxies []netip.Prefix, c net.Conn) bool {
	if len(proxies) == 0 {
		return false
	}
	from, err := netip.ParseAddrPort(c.RemoteAddr().String())
	return err == nil && isIn(proxies, from.Addr().Unmap().WithZone(""))
}
