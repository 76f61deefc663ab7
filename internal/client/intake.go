package client

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	responders "github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/packetio"
	"github.com/pion/webrtc/v4"
)

// Intake takes the RTP of one PeerConnection as pion decrypts it, so that what receives costs little beside the server that
// is measured: no interceptor sees a packet, and no stream has a buffer or a reader.
//
// To the server it says what a browser says: a report every second, and feedback on transport-wide sequence numbers where
// there are any. It asks for nothing again and for no key frame: what is lost stays lost, and is counted.
type Intake struct {
	// Static after API.
	take  func(h *rtp.Header, payload []byte, again bool) // called from one goroutine at a time
	ssrc  uint32                                          // of the reports
	Quiet bool                                            // it says nothing of transport-wide sequence numbers

	mu sync.Mutex
	// Guarded by mu.
	header    rtp.Header // memory of the packet that is being taken
	streams   map[uint32]*arrivals
	transport *twcc.Recorder
	sequence  uint8 // id of the header extension with the transport-wide sequence number; 0: there is none
}

const (
	feedbackEvery = 100 * time.Millisecond
	reportEvery   = time.Second
	maxBlocks     = 31 // of an RTCP report
)

// NewIntake returns the intake of a PeerConnection to be made with its API. take gets every packet that has a payload, which is
// good only during the call; again says that it came by retransmission.
func NewIntake(take func(h *rtp.Header, payload []byte, again bool)) *Intake {
	ssrc := rand.Uint32()
	return &Intake{take: take, ssrc: ssrc, streams: map[uint32]*arrivals{}, transport: twcc.NewRecorder(ssrc)}
}

// API is pion with this intake. n nil is the machine's network.
func (in *Intake) API(n transport.Net) (*webrtc.API, error) {
	engine := &webrtc.MediaEngine{}
	if err := registerCodecs(engine); err != nil {
		return nil, err
	}
	if err := webrtc.ConfigureSimulcastExtensionHeaders(engine); err != nil {
		return nil, err
	}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		if in.Quiet {
			break
		}
		engine.RegisterFeedback(webrtc.RTCPFeedback{Type: webrtc.TypeRTCPFBTransportCC}, kind)
		if err := engine.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: sdp.TransportCCURI}, kind); err != nil {
			return nil, err
		}
	}
	// What is published is sent again when asked for, and reported on.
	registry := &interceptor.Registry{}
	responder, err := responders.NewResponderInterceptor()
	if err != nil {
		return nil, err
	}
	reports, err := report.NewSenderInterceptor()
	if err != nil {
		return nil, err
	}
	registry.Add(responder)
	registry.Add(reports)
	var settings webrtc.SettingEngine
	settings.BufferFactory = in.open
	settings.SetNet(n)
	settings.DisableCloseByDTLS(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetIncludeLoopbackCandidate(true)
	return webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(registry),
		webrtc.WithSettingEngine(settings)), nil
}

// Run reports on what comes, until ctx or the PeerConnection ends. It begins when the answer was taken.
func (in *Intake) Run(ctx context.Context, pc *webrtc.PeerConnection) {
	in.mu.Lock()
	for _, line := range pc.GetTransceivers() {
		receiver := line.Receiver()
		if receiver == nil {
			continue
		}
		for _, e := range receiver.GetParameters().HeaderExtensions {
			if e.URI == sdp.TransportCCURI && e.ID > 0 && e.ID < 15 {
				in.sequence = uint8(e.ID)
			}
		}
	}
	in.mu.Unlock()
	ticker := time.NewTicker(feedbackEvery)
	defer ticker.Stop()
	reported := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			whole := now.Sub(reported) >= reportEvery
			if whole {
				reported = now
			}
			if packets := in.due(now, whole); len(packets) > 0 {
				_ = pc.WriteRTCP(packets) // feedback that is lost is made good by the next
			}
			if pc.ConnectionState() == webrtc.PeerConnectionStateClosed {
				return
			}
		}
	}
}

// due is what is to be said to the server.
func (in *Intake) due(now time.Time, whole bool) []rtcp.Packet {
	in.mu.Lock()
	defer in.mu.Unlock()
	packets := in.transport.BuildFeedbackPacket()
	if !whole {
		return packets
	}
	var blocks []rtcp.ReceptionReport
	for ssrc, a := range in.streams {
		if block, ok := a.report(ssrc, now); ok {
			blocks = append(blocks, block)
		}
	}
	for len(blocks) > 0 {
		n := min(len(blocks), maxBlocks)
		packets = append(packets, &rtcp.ReceiverReport{SSRC: in.ssrc, Reports: blocks[:n]})
		blocks = blocks[n:]
	}
	return packets
}

// open is pion's BufferFactory.
func (in *Intake) open(kind packetio.BufferPacketType, _ uint32) io.ReadWriteCloser {
	if kind == packetio.RTPBufferPacket {
		return &taken{intake: in, closed: make(chan struct{})}
	}
	buffer := packetio.NewBuffer()
	buffer.SetLimitSize(controlBytes)
	return &control{buffer, in}
}

// rtp takes a packet.
func (in *Intake) rtp(b []byte, now time.Time) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	h := &in.header
	n, err := h.Unmarshal(b)
	if err != nil {
		return err
	}
	if in.sequence != 0 {
		if e := h.GetExtension(in.sequence); len(e) >= 2 {
			in.transport.Record(h.SSRC, binary.BigEndian.Uint16(e), now.UnixMicro())
		}
	}
	payload := b[n:]
	if h.Padding && len(payload) > 0 {
		payload = payload[:max(0, len(payload)-int(payload[len(payload)-1]))]
	}
	again := isRetransmission(h.PayloadType)
	if again {
		payload = payload[min(2, len(payload)):] // RFC 4588: its number in the stream it was lost from
	} else {
		in.stream(h.SSRC).add(h.SequenceNumber)
	}
	if len(payload) > 0 {
		in.take(h, payload, again)
	}
	return nil
}

func (in *Intake) stream(ssrc uint32) *arrivals {
	a := in.streams[ssrc]
	if a == nil {
		a = &arrivals{}
		in.streams[ssrc] = a
	}
	return a
}

// rtcp looks for what reports need to know of the server's clock.
func (in *Intake) rtcp(b []byte, now time.Time) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		return
	}
	for _, p := range packets {
		if sr, ok := p.(*rtcp.SenderReport); ok {
			in.mu.Lock()
			a := in.stream(sr.SSRC)
			a.clock, a.clockAt = uint32(sr.NTPTime>>16), now
			in.mu.Unlock()
		}
	}
}

// taken is what pion writes one stream of RTP into.
type taken struct {
	intake *Intake
	once   sync.Once
	closed chan struct{}
}

// Write takes a packet.
func (t *taken) Write(b []byte) (int, error) {
	if err := t.intake.rtp(b, time.Now()); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Read waits for the end: everything has been taken.
func (t *taken) Read([]byte) (int, error) {
	<-t.closed
	return 0, io.EOF
}

// Close ends the stream.
func (t *taken) Close() error {
	t.once.Do(func() { close(t.closed) })
	return nil
}

// controlBytes is what waits of RTCP that nobody reads, as nobody does on a line that only receives.
const controlBytes = 16 << 10

// control is what pion writes the RTCP that concerns one stream into. What we publish is read from here.
type control struct {
	*packetio.Buffer
	intake *Intake
}

// Write looks into a packet and keeps it.
func (c *control) Write(b []byte) (int, error) {
	c.intake.rtcp(b, time.Now())
	if _, err := c.Buffer.Write(b); err != nil && !errors.Is(err, packetio.ErrFull) {
		return 0, err
	}
	return len(b), nil
}
