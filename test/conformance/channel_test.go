package conformance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/pion/ice/v4"
	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
	"github.com/pion/webrtc/v4"
)

// peer is a PeerConnection with the two channels of the protocol and no media.
type peer struct {
	pc       *webrtc.PeerConnection
	net      *network
	reliable *line
	lossy    *webrtc.DataChannel
	open     chan struct{}
}

// makePeer makes one that has not offered yet.
func makePeer(hear func(*line, []told)) (*peer, error) {
	std, err := stdnet.NewNet()
	if err != nil {
		return nil, err
	}
	p := &peer{net: &network{Net: std}, open: make(chan struct{})}
	var settings webrtc.SettingEngine
	settings.SetNet(p.net)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetIncludeLoopbackCandidate(true)
	settings.DisableCloseByDTLS(true)
	p.pc, err = webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	negotiated, unordered, id0, id1, none := true, false, uint16(0), uint16(1), uint16(0)
	reliable, err := p.pc.CreateDataChannel("reliable", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id0})
	if err != nil {
		return nil, err
	}
	p.lossy, err = p.pc.CreateDataChannel("lossy",
		&webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id1, Ordered: &unordered, MaxRetransmits: &none})
	if err != nil {
		return nil, err
	}
	l := newLine(overWebRTC, hear)
	l.drop = func() { p.net.mute(true) }
	l.write = func(frame []byte, bin bool) error {
		if bin {
			return reliable.Send(frame)
		}
		return reliable.SendText(string(frame))
	}
	p.reliable = l
	var both sync.WaitGroup
	both.Add(2)
	reliable.OnOpen(both.Done)
	p.lossy.OnOpen(both.Done)
	go func() {
		both.Wait()
		close(p.open)
	}()
	reliable.OnMessage(func(m webrtc.DataChannelMessage) {
		if err := l.take(m.Data, !m.IsString); err != nil {
			l.end(err)
		}
	})
	reliable.OnClose(func() { l.end(errors.New("the data channel was closed")) })
	// What is lossy has pieces and frames of its own.
	side := newLine(overWebRTC, func(_ *line, all []told) { hear(l, all) })
	side.drop = func() {}
	p.lossy.OnMessage(func(m webrtc.DataChannelMessage) {
		if err := side.take(m.Data, !m.IsString); err != nil {
			l.end(fmt.Errorf("lossy: %w", err))
		}
	})
	return p, nil
}

// offer makes one. It has no candidates: the server needs none.
func (p *peer) offer(options *webrtc.OfferOptions) (string, error) {
	offer, err := p.pc.CreateOffer(options)
	if err != nil {
		return "", err
	}
	return offer.SDP, p.pc.SetLocalDescription(offer)
}

// accept takes the answer and waits until the channels are open.
func (p *peer) accept(ctx context.Context, sdp string) error {
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	select {
	case <-p.open:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the channels did not open: %w", ctx.Err())
	}
}

// network is the machine's, but it can fall silent.
type network struct {
	transport.Net
	muted atomic.Bool
}

// mute loses everything, both ways.
func (n *network) mute(yes bool) { n.muted.Store(yes) }

func (n *network) ListenUDP(kind string, addr *net.UDPAddr) (transport.UDPConn, error) {
	conn, err := n.Net.ListenUDP(kind, addr)
	if err != nil {
		return nil, err
	}
	return &mutedConn{conn, n}, nil
}

type mutedConn struct {
	transport.UDPConn
	net *network
}

func (c *mutedConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if c.net.muted.Load() {
		return len(b), nil
	}
	return c.UDPConn.WriteTo(b, to)
}

func (c *mutedConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.UDPConn.ReadFrom(b)
		if err != nil || !c.net.muted.Load() {
			return n, from, err
		}
	}
}
