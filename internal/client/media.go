package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	responders "github.com/pion/interceptor/pkg/nack"
	"github.com/pion/rtcp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// media is one PeerConnection: what we publish, the slots we are shown things in, and the channels.
type media struct {
	// Static.
	pc      *webrtc.PeerConnection
	intake  *Intake // nil: each slot has a reader
	channel *link   // reliable
	lossy   *link

	// Owned by the client's loop.
	sends  []*published
	audio  int // slots
	video  int
	broken bool // failed or closed: a new one is needed

	reporting bool // the intake runs

	lossyOpen bool

	// Guarded by mu: read by the slots' goroutines.
	mu    sync.Mutex
	slots map[string]*slot // by mid
}

type published struct {
	Publication
	line *webrtc.RTPTransceiver
	gone bool
}

// slot is what one recvonly line shows at the moment.
type slot struct {
	binding Binding
}

// negotiation is a change that needs an offer.
type negotiation struct {
	prepare func(*media) error
	result  chan error // one
}

func (c *Client) newMedia(sends []*published, audio, video int) (*media, error) {
	var intake *Intake
	api, err := c.api()
	if c.opt.OnPacket != nil {
		intake = NewIntake(c.opt.OnPacket)
		intake.Quiet = c.opt.Quiet
		api, err = intake.API(c.net)
	}
	if err != nil {
		return nil, err
	}
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	m := &media{pc: pc, intake: intake, slots: map[string]*slot{}}
	if err := c.furnish(m, sends, audio, video); err != nil {
		_ = pc.Close()
		return nil, err
	}
	return m, nil
}

// furnish adds lines, channels and callbacks to a new PeerConnection.
func (c *Client) furnish(m *media, sends []*published, audio, video int) error {
	for _, p := range sends {
		if err := c.addSend(m, p); err != nil {
			return err
		}
	}
	if err := m.addSlots(audio, video); err != nil {
		return err
	}
	negotiated, ordered, id0, id1, none := true, false, uint16(0), uint16(1), uint16(0)
	reliable, err := m.pc.CreateDataChannel("reliable", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id0})
	if err != nil {
		return err
	}
	lossy, err := m.pc.CreateDataChannel("lossy", &webrtc.DataChannelInit{
		Negotiated: &negotiated, ID: &id1, Ordered: &ordered, MaxRetransmits: &none,
	})
	if err != nil {
		return err
	}
	m.channel, m.lossy = newChannelLink(reliable), newChannelLink(lossy)
	reliable.OnOpen(func() { c.post(func() { c.channelOpen(m) }) })
	reliable.OnClose(func() { c.post(func() { c.peerEnded(m) }) })
	reliable.OnMessage(func(msg webrtc.DataChannelMessage) {
		c.inbox.room(c.ctx)
		c.post(func() { c.frame(m.channel, msg.Data, !msg.IsString) })
	})
	lossy.OnOpen(func() { c.post(func() { c.lossyOpen(m) }) })
	lossy.OnMessage(func(msg webrtc.DataChannelMessage) {
		c.post(func() { c.frame(m.lossy, msg.Data, !msg.IsString) })
	})
	m.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) { c.readSlot(m, t, r) })
	m.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		c.post(func() { c.peerState(m, s) })
	})
	return nil
}

// api is pion as a browser would set it up: answers to NACKs, reports, and feedback for the server's estimate. Our own
// NACKs are made in slots.go.
func (c *Client) api() (*webrtc.API, error) {
	engine := &webrtc.MediaEngine{}
	if err := registerCodecs(engine); err != nil {
		return nil, err
	}
	level := webrtc.RTPHeaderExtensionCapability{URI: sdp.AudioLevelURI}
	if err := engine.RegisterHeaderExtension(level, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, err
	}
	registry := &interceptor.Registry{}
	responder, err := responders.NewResponderInterceptor()
	if err != nil {
		return nil, err
	}
	registry.Add(responder)
	if err := webrtc.ConfigureRTCPReports(registry); err != nil {
		return nil, err
	}
	if err := webrtc.ConfigureTWCCSender(engine, registry); err != nil {
		return nil, err
	}
	var settings webrtc.SettingEngine
	settings.SetNet(c.net)
	settings.DisableCloseByDTLS(true) // we close it, see farewell; that it ended we hear from its channel
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetIncludeLoopbackCandidate(true) // a server in development mode may be there only
	return webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(registry),
		webrtc.WithSettingEngine(settings)), nil
}

// Payload types of retransmission.
const againVP8, againH264 = 97, 103

func isRetransmission(payload uint8) bool { return payload == againVP8 || payload == againH264 }

func registerCodecs(engine *webrtc.MediaEngine) error {
	feedback := []webrtc.RTCPFeedback{{Type: "goog-remb"}, {Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"}}
	codecs := []struct {
		kind  webrtc.RTPCodecType
		codec webrtc.RTPCodecParameters
	}{
		{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecParameters{PayloadType: 111, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
		}}},
		{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecParameters{PayloadType: 96, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: feedback,
		}}},
		{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecParameters{PayloadType: againVP8, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=96",
		}}},
		{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecParameters{PayloadType: 102, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeH264, ClockRate: 90000, RTCPFeedback: feedback,
			SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
		}}},
		{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecParameters{PayloadType: againH264, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=102",
		}}},
	}
	for _, k := range codecs {
		if err := engine.RegisterCodec(k.codec, k.kind); err != nil {
			return err
		}
	}
	return nil
}

// addSend adds a sendonly line. Its RTCP must be read: that is what drives retransmission.
func (c *Client) addSend(m *media, p *published) error {
	if err := p.addLine(m.pc); err != nil {
		return fmt.Errorf("publish %s: %w", p.Source, err)
	}
	m.sends = append(m.sends, p)
	sender := p.line.Sender()
	if len(p.Layers) == 0 {
		c.wg.Go(func() { obey(sender.ReadRTCP, p.Keyframe) })
	}
	for _, l := range p.Layers {
		c.wg.Go(func() {
			obey(func() ([]rtcp.Packet, interceptor.Attributes, error) { return sender.ReadSimulcastRTCP(l.RID()) }, l.Keyframe)
		})
	}
	return nil
}

func (m *media) addSlots(audio, video int) error {
	add := func(kind webrtc.RTPCodecType, n int) error {
		for range n {
			if _, err := m.pc.AddTransceiverFromKind(kind,
				webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
				return fmt.Errorf("slot: %w", err)
			}
		}
		return nil
	}
	m.audio += audio
	m.video += video
	return errors.Join(add(webrtc.RTPCodecTypeAudio, audio), add(webrtc.RTPCodecTypeVideo, video))
}

// offer makes an offer. It has no candidates: the server needs none.
func (m *media) offer() (string, error) {
	offer, err := m.pc.CreateOffer(nil)
	if err != nil {
		return "", err
	}
	if err := m.pc.SetLocalDescription(offer); err != nil {
		return "", err
	}
	return offer.SDP, nil
}

// answer takes the answer to the last offer.
func (c *Client) answer(m *media, sdp string) error {
	err := m.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp})
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	if m.intake != nil && !m.reporting {
		m.reporting = true
		c.wg.Go(func() { m.intake.Run(c.ctx, m.pc) })
	}
	return nil
}

// tracks say what the sending lines are.
func (m *media) tracks() []sending {
	all := make([]sending, 0, len(m.sends))
	for _, p := range m.sends {
		if !p.gone {
			all = append(all, p.sending())
		}
	}
	return all
}

func (p *published) sending() sending {
	s := sending{Mid: p.line.Mid(), Source: p.Source, Muted: p.Muted, Size: p.Size}
	if len(p.Layers) > 0 {
		s.Encodings = make([]Encoding, 0, len(p.Layers))
	}
	for _, l := range p.Layers {
		s.Encodings = append(s.Encodings, Encoding{l.RID(), l.Scale})
	}
	return s
}

func (m *media) find(source string) *published {
	for _, p := range m.sends {
		if p.Source == source && !p.gone {
			return p
		}
	}
	return nil
}

// farewell is how long we let the server go first, which may be ending the same PeerConnection just now. pion holds a lock while it aborts an SCTP
// association, up to 200 ms if the other side aborts at the same moment, and a bubble's clock stands still for that.
const farewell = 100 * time.Millisecond

// discard closes a PeerConnection off the loop, which its callbacks may be waiting for.
func (c *Client) discard(m *media) {
	m.channel.end()
	m.lossy.end()
	c.wg.Go(func() {
		time.Sleep(farewell)
		_ = m.pc.GracefulClose() // nothing can be done about an error
	})
}

// peerState hears of the PeerConnection's state.
func (c *Client) peerState(m *media, s webrtc.PeerConnectionState) {
	if m != c.media {
		return
	}
	c.log.Debug().Stringer("state", s).Msg("peer connection")
	c.look(func() { c.stats.Connected = s == webrtc.PeerConnectionStateConnected })
	if s == webrtc.PeerConnectionStateFailed || s == webrtc.PeerConnectionStateClosed {
		c.peerEnded(m)
	}
}

// peerEnded notes that a PeerConnection is of no use any more. The next tick makes another one.
func (c *Client) peerEnded(m *media) {
	m.broken = true
	c.channelEnded(m.channel)
}

// again is what is published, for another PeerConnection.
func (m *media) again() []*published {
	sends := make([]*published, 0, len(m.sends))
	for _, p := range m.sends {
		if !p.gone {
			sends = append(sends, &published{Publication: p.Publication})
		}
	}
	return sends
}

// refresh puts a new PeerConnection in the place of one that is beyond repair.
func (c *Client) refresh() {
	c.freshAt = time.Now().Add(freshEvery)
	former := c.media
	m, err := c.newMedia(former.again(), former.audio, former.video)
	if err != nil {
		c.fail(fmt.Errorf("media: %w", err))
		c.cancel()
		return
	}
	c.channelEnded(former.channel)
	c.discard(former)
	c.media, c.rev = m, 0
	c.sendOffer(true)
}

// negotiate queues a change that needs an offer and waits for the answer.
func (c *Client) negotiate(ctx context.Context, prepare func(*media) error) error {
	n := &negotiation{prepare: prepare, result: make(chan error, 1)}
	if err := c.do(ctx, func() error {
		if c.media == nil {
			return ErrNoMedia
		}
		c.waiting = append(c.waiting, n)
		c.nextOffer()
		return nil
	}); err != nil {
		return err
	}
	select {
	case err := <-n.result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// nextOffer starts the next negotiation, one at a time.
func (c *Client) nextOffer() {
	for c.offering == nil && len(c.waiting) > 0 && c.ws != nil {
		n := c.waiting[0]
		c.waiting = c.waiting[1:]
		if err := n.prepare(c.media); err != nil {
			n.result <- err
			continue
		}
		c.offering = n
		c.sendOffer(false)
	}
}

func (c *Client) sendOffer(fresh bool) {
	if c.offering == nil {
		c.offering = &negotiation{result: make(chan error, 1)}
	}
	sdp, err := c.media.offer()
	if err != nil {
		c.endOffer(fmt.Errorf("offer: %w", err))
		return
	}
	c.offers++
	c.look(func() { c.stats.Offers++ })
	c.signal(encode(offerFrame{T: "offer", ID: c.offers, SDP: sdp, Fresh: fresh, Tracks: c.media.tracks()}))
}

func (c *Client) takeAnswer(m *inbound) {
	if c.offering == nil || m.ID != c.offers {
		return
	}
	err := c.answer(c.media, m.SDP)
	if err == nil {
		c.bindSlots(m.Rev, m.Slots)
	}
	c.endOffer(err)
}

func (c *Client) endOffer(err error) {
	if err != nil {
		c.log.Warn().Err(err).Msg("offer failed")
		c.media.broken = true // half-way between two states: start over
	}
	c.offering.result <- err
	c.offering = nil
	c.nextOffer()
}
