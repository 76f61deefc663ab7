package front

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lastFlush is how long closing waits for a kernel that takes no more.
const lastFlush = 100 * time.Millisecond

// socket is a net.PacketConn that gives packets to the kernel, and takes them from it, many at a time. Besides the
// methods of one it has those that pion's UDP mux looks for, which allocate nothing.
//
// WriteTo and WriteToAddrPort never wait for the line (see sender), so a write deadline has nothing to end. A read that
// would cut a packet off drops it instead.
type socket struct {
	conn     *net.UDPConn
	sender   *sender
	receiver *receiver

	once sync.Once
	err  error // of closing
}

// batched makes a socket of conn, or leaves it as it is if the kernel has no batches.
func batched(conn *net.UDPConn, c *counts) net.PacketConn {
	raw, err := conn.SyscallConn()
	if err != nil {
		return conn
	}
	local, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok {
		return conn
	}
	k := probe(raw)
	if !k.batches {
		return conn
	}
	out := newOutbox(raw, c, local.IP.To4() == nil, k.segments)
	return &socket{conn: conn, sender: newSender(out, c), receiver: newReceiver(raw, c, k.coalesces)}
}

// kernel is what the kernel can do.
type kernel struct {
	batches   bool // sendmmsg and recvmmsg
	segments  bool // cut a long message into packets: UDP_SEGMENT, Linux 4.18
	coalesces bool // join packets to a long message: UDP_GRO, Linux 5.0
}

// probe asks the kernel, and switches joining on.
func probe(raw syscall.RawConn) (k kernel) {
	err := raw.Control(func(fd uintptr) {
		_, _, sends := unix.Syscall6(unix.SYS_SENDMMSG, fd, 0, 0, 0, 0, 0)
		_, _, receives := unix.Syscall6(unix.SYS_RECVMMSG, fd, 0, 0, unix.MSG_DONTWAIT, 0, 0)
		k.batches = sends == 0 && receives != unix.ENOSYS
		_, err := unix.GetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT)
		k.segments = err == nil
		k.coalesces = k.batches && unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_GRO, 1) == nil
	})
	if err != nil {
		return kernel{}
	}
	return k
}

// WriteToAddrPort sends p soon.
func (s *socket) WriteToAddrPort(p []byte, to netip.AddrPort) (int, error) {
	if err := s.sender.write(p, to); err != nil {
		return 0, s.failed("write", err)
	}
	return len(p), nil
}

// WriteTo sends p soon.
func (s *socket) WriteTo(p []byte, to net.Addr) (int, error) {
	a, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, s.failed("write", syscall.EINVAL)
	}
	return s.WriteToAddrPort(p, a.AddrPort())
}

// ReadFromAddrPort waits for a packet.
func (s *socket) ReadFromAddrPort(p []byte) (int, netip.AddrPort, error) {
	n, from, err := s.receiver.read(p)
	if err != nil {
		return 0, netip.AddrPort{}, s.failed("read", err)
	}
	return n, from, nil
}

// ReadFrom waits for a packet.
func (s *socket) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := s.ReadFromAddrPort(p)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// failed says what was done when err came, as the net package does.
func (s *socket) failed(op string, err error) error {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		err = e.Err
	}
	return &net.OpError{Op: op, Net: "udp", Source: s.conn.LocalAddr(), Err: err}
}

// LocalAddr is where the socket listens.
func (s *socket) LocalAddr() net.Addr {
	return s.conn.LocalAddr()
}

// SetDeadline is SetReadDeadline.
func (s *socket) SetDeadline(t time.Time) error {
	return s.SetReadDeadline(t)
}

// SetReadDeadline ends reads that wait at t. What the kernel already gave can be read still.
func (s *socket) SetReadDeadline(t time.Time) error {
	return s.conn.SetReadDeadline(t)
}

// SetWriteDeadline does nothing: no write waits.
func (s *socket) SetWriteDeadline(time.Time) error {
	return nil
}

// Close sends what is queued, for as long as lastFlush, and ends reads. Closing again does nothing.
func (s *socket) Close() error {
	s.once.Do(func() {
		s.err = s.conn.SetWriteDeadline(time.Now().Add(lastFlush))
		s.sender.close()
		s.err = errors.Join(s.err, s.conn.Close())
		s.receiver.close()
	})
	return s.err
}
