package signaling

import (
	"context"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/sfu"
)

// serveChannel moves the session over its data channel as long as that is open.
func (c *client) serveChannel(ch *sfu.Channel) {
	link := c.session.Open(channelConn{ch}, datachannel.DataChannel, datachannel.LinkOptions{})
	if err := link.Run(context.WithoutCancel(c.ctx)); err != nil { // finish ends it
		c.log.Debug().Err(err).Msg("data channel ended")
	}
}

// serveLossy carries lossy messages over their own data channel as long as that is open.
func (c *client) serveLossy(ch *sfu.Channel) {
	if err := c.session.RunLossy(channelConn{ch}); err != nil {
		c.log.Debug().Err(err).Msg("lossy channel ended")
	}
}

// channelConn is a data channel as a datachannel.Conn.
type channelConn struct{ *sfu.Channel }

func (c channelConn) ReadFrame() (frame []byte, binary bool, err error) { return c.Receive() }
func (c channelConn) WriteFrame(frame []byte, binary bool) error        { return c.Send(frame, binary) }
func (c channelConn) CloseConn(int, string) error                       { return c.Close() }
func (c channelConn) Instant() bool                                     { return c.Ready() }
func (c channelConn) OfferFrame(frame []byte, binary bool) error        { return c.Send(frame, binary) }
func (c channelConn) Flush() error                                      { return nil }
