package conformance

import (
	"net"
	"sync/atomic"
	"time"
)

// thin is a socket to which a line of some width leads: what comes waits its turn in a short queue, and beyond that is lost.
type thin struct {
	net.PacketConn
	bits   atomic.Int64 // a second; 0: all there is, below: nothing
	queue  chan arrived
	closed chan struct{}
}

type arrived struct {
	data []byte
	from net.Addr
}

// longest is how long something waits at most.
const longest = 400 * time.Millisecond

func listenThin() (*thin, error) {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &thin{PacketConn: conn, queue: make(chan arrived, 4096), closed: make(chan struct{})}
	go c.run()
	return c, nil
}

// run reads at once, and hands over as slowly as the line would.
func (c *thin) run() {
	defer close(c.closed)
	buf := make([]byte, 2048)
	free := time.Now() // when the line has sent all that waits
	for {
		n, from, err := c.PacketConn.ReadFrom(buf)
		if err != nil {
			return
		}
		bits, now := c.bits.Load(), time.Now()
		if free.Before(now) || bits == 0 {
			free = now
		}
		if bits < 0 || free.Sub(now) > longest {
			continue
		}
		if bits > 0 {
			free = free.Add(time.Duration(int64(n+28) * 8 * int64(time.Second) / bits))
		}
		p := arrived{append([]byte(nil), buf[:n]...), from}
		time.AfterFunc(free.Sub(now), func() {
			select {
			case c.queue <- p:
			default:
			}
		})
	}
}

func (c *thin) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case p := <-c.queue:
		return copy(b, p.data), p.from, nil
	case <-c.closed:
		return 0, nil, net.ErrClosed
	}
}
