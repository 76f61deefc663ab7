package sfu

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// tcpPath is what one of pion's candidates holds of a tcpLine. Several candidates share a line where one of our
// addresses is announced under several others.
type tcpPath struct {
	line *tcpLine
	done chan struct{}
	once sync.Once
}

// ReadFromAddrPort waits for a packet of any of the peer's connections.
func (p *tcpPath) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case packet := <-p.line.in:
		defer p.line.mux.packets.Put(packet)
		return copy(b, packet.data[:packet.size]), packet.from, nil
	case <-p.line.done:
	case <-p.done:
	}
	return 0, netip.AddrPort{}, io.EOF
}

// WriteToAddrPort sends a packet on the connection that came from there. It does not wait.
func (p *tcpPath) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return p.line.write(b, to)
}

// ReadFrom is ReadFromAddrPort.
func (p *tcpPath) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := p.ReadFromAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.TCPAddrFromAddrPort(from), nil
}

// WriteTo is WriteToAddrPort.
func (p *tcpPath) WriteTo(b []byte, to net.Addr) (int, error) {
	a, ok := to.(*net.TCPAddr)
	if !ok {
		return 0, net.InvalidAddrError("not TCP")
	}
	return p.WriteToAddrPort(b, a.AddrPort())
}

// LocalAddr is our address.
func (p *tcpPath) LocalAddr() net.Addr { return p.line.local }

// SetDeadline does nothing: pion sets it only to close right after.
func (*tcpPath) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (*tcpPath) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing: no write waits.
func (*tcpPath) SetWriteDeadline(time.Time) error { return nil }

// Close ends reads. Closing again does nothing.
func (p *tcpPath) Close() error {
	p.once.Do(func() {
		close(p.done)
		p.line.leave()
	})
	return nil
}
