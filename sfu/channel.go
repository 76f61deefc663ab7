package sfu

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pion/datachannel"
	"github.com/pion/webrtc/v4"
)

// Channel is an open data channel as a pipe of frames. One goroutine may send and one may receive.
type Channel struct {
	// Static after newChannel.
	label   string
	lossy   bool // unordered, and nothing is sent twice
	max     int
	dc      *webrtc.DataChannel
	raw     datachannel.ReadWriteCloser
	low     chan struct{} // something: less than lowWater is buffered
	refused func(code string)

	closed chan struct{}
	once   sync.Once

	buf []byte // owned by the receiver
}

// How much may wait to be sent, and how long a sender waits for a browser that takes nothing.
const (
	highWater  = 1 << 20
	lowWater   = 256 << 10
	lossyWater = 8 << 10 // what is lossy is soon old
	sendWait   = 10 * time.Second
	firstBytes = 2 << 10 // of the buffer for messages, which grows as they need
)

// newChannel takes over a data channel that has just opened.
func newChannel(dc *webrtc.DataChannel, most int, refused func(string)) (*Channel, error) {
	raw, err := dc.Detach()
	if err != nil {
		return nil, fmt.Errorf("take over data channel %s: %w", dc.Label(), err)
	}
	c := &Channel{
		label: dc.Label(), max: most, dc: dc, raw: raw, refused: refused,
		low: make(chan struct{}, 1), closed: make(chan struct{}),
	}
	dc.SetBufferedAmountLowThreshold(lowWater)
	dc.OnBufferedAmountLow(func() {
		select {
		case c.low <- struct{}{}:
		default:
		}
	})
	return c, nil
}

// Lossy says whether the channel is unordered and sends nothing twice.
func (c *Channel) Lossy() bool { return c.lossy }

// Label is the channel's name.
func (c *Channel) Label() string { return c.label }

// Send sends one frame, as a string message unless it is binary. It waits while too much is buffered already.
func (c *Channel) Send(frame []byte, binary bool) error {
	if len(frame) > c.max {
		return ErrMessageTooLarge
	}
	if c.dc.BufferedAmount() > highWater {
		if err := c.drain(); err != nil {
			return err
		}
	}
	select {
	case <-c.closed:
		return io.ErrClosedPipe
	default:
	}
	if _, err := c.raw.WriteDataChannel(frame, !binary); err != nil {
		return fmt.Errorf("send on data channel %s: %w", c.label, err)
	}
	return nil
}

// Ready says whether Send would not wait now.
func (c *Channel) Ready() bool { return c.dc.BufferedAmount() <= lowWater }

// Offer sends a frame if hardly anything is buffered, and says whether it did. It never waits.
func (c *Channel) Offer(frame []byte, binary bool) bool {
	if len(frame) > c.max || c.dc.BufferedAmount() > lossyWater {
		return false
	}
	select {
	case <-c.closed:
		return false
	default:
	}
	_, err := c.raw.WriteDataChannel(frame, !binary)
	return err == nil
}

func (c *Channel) drain() error {
	timeout := time.NewTimer(sendWait)
	defer timeout.Stop()
	for c.dc.BufferedAmount() > lowWater {
		select {
		case <-c.low:
		case <-c.closed:
			return io.ErrClosedPipe
		case <-timeout.C:
			return ErrSlowConsumer
		}
	}
	return nil
}

// Receive returns the next message and whether it is binary. It is good until the next call.
func (c *Channel) Receive() (frame []byte, binary bool, err error) {
	if c.buf == nil {
		c.buf = make([]byte, min(firstBytes, c.max+1))
	}
	for {
		n, text, err := c.raw.ReadDataChannel(c.buf)
		switch {
		case err == nil && n <= c.max:
			return c.buf[:n], !text, nil
		case err == nil, errors.Is(err, io.ErrShortBuffer) && len(c.buf) > c.max:
			c.refused("too_large")
			return nil, false, errors.Join(ErrMessageTooLarge, c.Close())
		case errors.Is(err, io.ErrShortBuffer):
			// The message is still there for a larger buffer.
			c.buf = make([]byte, min(4*len(c.buf), c.max+1))
		default:
			return nil, false, fmt.Errorf("receive on data channel %s: %w", c.label, err)
		}
	}
}

// Close ends the channel; Send and Receive return.
func (c *Channel) Close() error {
	var err error
	c.once.Do(func() {
		close(c.closed)
		err = c.raw.Close()
	})
	return err
}
