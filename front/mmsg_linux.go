package front

import (
	"net/netip"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file alone has to do with memory that the kernel reads and writes. What a header points to is in the same
// struct or held by it, so that it lives as long as the call.

// callMessages is how many messages one call has at most.
const callMessages = 64

// callParts is how many pieces the messages of one call that sends have together.
const callParts = 1024

// control is room for one control message with a number in it, aligned as the kernel wants it.
type control [3]uint64

// outgoing is the arguments of calls that send.
type outgoing struct {
	v6       bool // the socket's family
	headers  [callMessages]unix.Mmsghdr
	names    [callMessages]unix.RawSockaddrInet6
	controls [callMessages]control
	parts    [callParts]unix.Iovec
}

// destination is an address as the kernel reads it.
type destination struct {
	name unix.RawSockaddrInet6
	size uint32
}

// put makes it an address for a socket of a family. It reports false for one that such a socket cannot reach.
func (d *destination) put(to netip.AddrPort, v6 bool) (ok bool) {
	d.size, ok = putAddr(&d.name, to, v6)
	return ok
}

// send is sendto.
func (d *destination) send(fd uintptr, p []byte) syscall.Errno {
	for {
		_, _, errno := unix.Syscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
			unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&d.name)), uintptr(d.size))
		if errno != unix.EINTR {
			return errno
		}
	}
}

// sendAll is sendmmsg with the messages of b from next on, as many as one call takes. It returns how many went, or
// why the first did not.
func (o *outgoing) sendAll(fd uintptr, b *batch, next int) (int, syscall.Errno) {
	n, part := 0, 0
	for ; n < callMessages && next+n < len(b.messages); n++ {
		m := b.messages[next+n]
		count := int(m.end - m.begin)
		if part+count > callParts {
			break
		}
		first := &b.packets[b.order[m.begin]]
		size, ok := putAddr(&o.names[n], first.to, o.v6)
		if !ok {
			if n == 0 {
				return 0, unix.EAFNOSUPPORT
			}
			break
		}
		h := &o.headers[n].Hdr
		h.Name, h.Namelen = (*byte)(unsafe.Pointer(&o.names[n])), size
		h.Iov = &o.parts[part]
		h.SetIovlen(count)
		for _, i := range b.order[m.begin:m.end] {
			p := b.data(i)
			o.parts[part].Base = unsafe.SliceData(p)
			o.parts[part].SetLen(len(p))
			part++
		}
		if count == 1 {
			h.Control = nil
			h.SetControllen(0)
			continue
		}
		c := (*unix.Cmsghdr)(unsafe.Pointer(&o.controls[n]))
		c.Level, c.Type = unix.SOL_UDP, unix.UDP_SEGMENT
		c.SetLen(unix.CmsgLen(2))
		*(*uint16)(unsafe.Add(unsafe.Pointer(c), unix.CmsgLen(0))) = uint16(first.size())
		h.Control = (*byte)(unsafe.Pointer(c))
		h.SetControllen(unix.CmsgSpace(2))
	}
	for {
		sent, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&o.headers[0])), uintptr(n), unix.MSG_DONTWAIT, 0, 0)
		if errno != unix.EINTR {
			return int(sent), errno
		}
	}
}

// incoming is the arguments of calls that receive, and what they brought.
type incoming struct {
	memory   []byte
	buffers  [][]byte // of memory
	headers  [callMessages]unix.Mmsghdr
	names    [callMessages]unix.RawSockaddrInet6
	controls [callMessages]control
	parts    [callMessages]unix.Iovec
}

// newIncoming has room for count messages of so many bytes.
func newIncoming(count, size int) *incoming {
	in := &incoming{memory: borrow(count * size), buffers: make([][]byte, count)}
	for i := range in.buffers {
		in.buffers[i] = in.memory[i*size : (i+1)*size]
		in.parts[i].Base = unsafe.SliceData(in.buffers[i])
		in.parts[i].SetLen(size)
		h := &in.headers[i].Hdr
		h.Iov = &in.parts[i]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&in.names[i]))
		h.Control = (*byte)(unsafe.Pointer(&in.controls[i]))
		in.clear(i)
	}
	return in
}

// clear makes room i ready for another message.
func (in *incoming) clear(i int) {
	h := &in.headers[i].Hdr
	h.Namelen = unix.SizeofSockaddrInet6
	h.SetControllen(int(unsafe.Sizeof(in.controls[i])))
	h.Flags = 0
}

// receive is recvmmsg into rooms that are clear. It returns how many messages came.
func (in *incoming) receive(fd uintptr) (int, syscall.Errno) {
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&in.headers[0])), uintptr(len(in.buffers)), unix.MSG_DONTWAIT, 0, 0)
		if errno != unix.EINTR {
			return int(n), errno
		}
	}
}

// message is what came in room i: the bytes, the size of each packet in them but the last, and where from. It is not
// whole if the kernel cut it off.
func (in *incoming) message(i int) (p []byte, size int, from netip.AddrPort, whole bool) {
	m := &in.headers[i]
	p = in.buffers[i][:min(int(m.Len), len(in.buffers[i]))]
	size = len(p)
	if int(m.Hdr.Controllen) >= unix.CmsgLen(4) {
		c := (*unix.Cmsghdr)(unsafe.Pointer(&in.controls[i]))
		if c.Level == unix.SOL_UDP && c.Type == unix.UDP_GRO {
			size = int(*(*int32)(unsafe.Add(unsafe.Pointer(c), unix.CmsgLen(0))))
		}
	}
	return p, size, getAddr(&in.names[i]), m.Hdr.Flags&unix.MSG_TRUNC == 0
}

// putAddr writes an address for a socket of a family and returns its size. It reports false for one that such a socket
// cannot reach.
func putAddr(to6 *unix.RawSockaddrInet6, a netip.AddrPort, v6 bool) (uint32, bool) {
	ip := a.Addr()
	if !v6 {
		if ip = ip.Unmap(); !ip.Is4() {
			return 0, false
		}
		to4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(to6))
		*to4 = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: swapped(a.Port()), Addr: ip.As4()}
		return unix.SizeofSockaddrInet4, true
	}
	*to6 = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: swapped(a.Port()), Addr: ip.As16()}
	if zone := ip.Zone(); zone != "" {
		id, err := strconv.ParseUint(zone, 10, 32)
		to6.Scope_id = uint32(id)
		return unix.SizeofSockaddrInet6, err == nil
	}
	return unix.SizeofSockaddrInet6, ip.IsValid()
}

// getAddr reads an address that the kernel wrote. A zone has its number as name.
func getAddr(from *unix.RawSockaddrInet6) netip.AddrPort {
	switch from.Family {
	case unix.AF_INET:
		from4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(from))
		return netip.AddrPortFrom(netip.AddrFrom4(from4.Addr), swapped(from4.Port))
	case unix.AF_INET6:
		ip := netip.AddrFrom16(from.Addr).Unmap()
		if from.Scope_id != 0 && ip.IsLinkLocalUnicast() {
			ip = ip.WithZone(strconv.FormatUint(uint64(from.Scope_id), 10))
		}
		return netip.AddrPortFrom(ip, swapped(from.Port))
	}
	return netip.AddrPort{}
}

// swapped changes a port between the order of bytes here and that of the network.
func swapped(port uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(&port))
	return uint16(b[0])<<8 | uint16(b[1])
}
