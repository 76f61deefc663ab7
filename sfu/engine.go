package sfu

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/internal/metrics"
)

// Config is what an Engine needs.
type Config struct {
	// Sockets are what ICE runs over: UDP, the same port number on each, none on an unspecified address. Engine.Close
	// ends them; closing them again afterwards does no harm.
	Sockets []net.PacketConn
	// Streams are TCP connections that begin with ICE (RFC 6544), whose writes must not wait; nil: ICE has UDP only. Its
	// port is announced at those addresses of Sockets that it listens on. Engine.Close ends it.
	Streams net.Listener
	// ExternalIPs are announced instead of the sockets' own addresses, by a server behind 1:1 NAT.
	ExternalIPs []netip.Addr
	// Relayed are names that Sockets have beside their addresses, for those who reach them by a relay that knows these.
	// They are announced behind everything else.
	Relayed []netip.AddrPort
	Limits  Limits
	Log     zerolog.Logger
	Metrics *metrics.Metrics
}

// Engine makes peers that share its sockets.
type Engine struct {
	// Static after NewEngine.
	limits   Limits
	log      zerolog.Logger
	metrics  *metrics.Metrics
	mux      *ice.MultiUDPMuxDefault
	tcp      *tcpMux // nil: none
	external []string
	relayed  string // lines of candidates

	counts      counts
	certificate certificate
	peers       sync.WaitGroup

	mu sync.Mutex
	// Guarded by mu.
	open   map[*Peer]struct{}
	closed bool
}

// counts are read by metrics.
type counts struct {
	in, out, repeats, nacks, keyframes, switches, above, panics                 atomic.Uint64
	paced, padding, probes, raised, overuses, silences, moves, stray, forgotten atomic.Uint64 // of all lines
	paused                                                                      atomic.Int64
}

// NewEngine returns an engine on the given sockets.
func NewEngine(c Config) (*Engine, error) {
	if len(c.Sockets) == 0 {
		return nil, errors.New("sfu: no sockets")
	}
	e := &Engine{limits: c.Limits.withDefaults(), log: c.Log, metrics: c.Metrics, open: map[*Peer]struct{}{}}
	for _, ip := range c.ExternalIPs {
		e.external = append(e.external, ip.String())
	}
	e.relayed = relayedCandidates(c.Relayed)
	loggers := newPionLoggers(c.Log)
	muxes := make([]ice.UDPMux, 0, len(c.Sockets))
	var addresses []netip.Addr
	for _, socket := range c.Sockets {
		addr, ok := socket.LocalAddr().(*net.UDPAddr)
		if !ok || addr.IP.IsUnspecified() {
			return nil, fmt.Errorf("sfu: socket %s has no address of its own to announce", socket.LocalAddr())
		}
		addresses = append(addresses, addr.AddrPort().Addr().Unmap())
		muxes = append(muxes, ice.NewUDPMuxDefault(ice.UDPMuxParams{
			UDPConn: socket, Logger: loggers.NewLogger("mux"), Net: noNet{},
		}))
	}
	e.mux = ice.NewMultiUDPMuxDefault(muxes...)
	if c.Streams != nil {
		var err error
		if e.tcp, err = newTCPMux(c.Streams, addresses, c.Metrics); err != nil {
			return nil, err
		}
	}
	e.register()
	return e, nil
}

// register offers the engine's counts to metrics.
func (e *Engine) register() {
	counter := func(name, help string, v *atomic.Uint64) {
		e.metrics.Counter(name, help, func() float64 { return float64(v.Load()) })
	}
	counter("parlor_packets_in_total", "RTP packets taken from publishers.", &e.counts.in)
	counter("parlor_packets_out_total", "RTP packets forwarded.", &e.counts.out)
	counter("parlor_retransmissions_total", "RTP packets sent again.", &e.counts.repeats)
	counter("parlor_nacks_total", "RTP packets asked for again.", &e.counts.nacks)
	counter("parlor_keyframe_requests_total", "Key frames asked of publishers.", &e.counts.keyframes)
	counter("parlor_layer_switches_total", "Changes from one encoding of a track to another.", &e.counts.switches)
	counter("parlor_packets_above_total", "RTP packets not forwarded because their layer was not chosen.", &e.counts.above)
	counter("parlor_peer_panics_total", "Peers ended by a panic over what they sent.", &e.counts.panics)
	counter("parlor_paced_total", "RTP packets that waited for their turn on a line.", &e.counts.paced)
	counter("parlor_padding_bytes_total", "Bytes sent to see whether a line carries them.", &e.counts.padding)
	counter("parlor_probes_total", "Bursts of padding.", &e.counts.probes)
	counter("parlor_probes_raised_total", "Bursts of padding that raised an estimate.", &e.counts.raised)
	counter("parlor_overuses_total", "Estimates lowered because packets queued on a line.", &e.counts.overuses)
	counter("parlor_silences_total", "Estimates lowered because nothing was reported.", &e.counts.silences)
	counter("parlor_lines_moved_total", "Lines that went on by another way, or began.", &e.counts.moves)
	counter("parlor_reports_stray_total", "Reports that could not be read, or of what was never sent.", &e.counts.stray)
	counter("parlor_packets_forgotten_total", "RTP packets forgotten before anything was reported of them.", &e.counts.forgotten)
	for name, part := range map[string]float64{"low": 0.1, "median": 0.5, "high": 0.9} {
		e.metrics.Gauge("parlor_line_bits_"+name, "What lines are thought to carry, in bits a second: "+
			"one in ten carries less than low, one in ten more than high.", func() float64 {
			bits := e.estimates()
			if len(bits) == 0 {
				return 0
			}
			return float64(bits[min(int(part*float64(len(bits))), len(bits)-1)])
		})
	}
	e.metrics.Gauge("parlor_lines_known", "Peers whose line is measured.", func() float64 { return float64(len(e.estimates())) })
	e.metrics.Gauge("parlor_slots_paused", "Slots whose track is not sent at the moment.", func() float64 {
		return float64(e.counts.paused.Load())
	})
	e.metrics.Gauge("parlor_peers", "Peer connections.", func() float64 {
		e.mu.Lock()
		defer e.mu.Unlock()
		return float64(len(e.open))
	})
}

// Close ends all peers, waits for their goroutines, and closes the sockets.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	open := make([]*Peer, 0, len(e.open))
	for p := range e.open {
		open = append(open, p)
	}
	e.mu.Unlock()
	for _, p := range open {
		p.Close()
	}
	e.peers.Wait()
	if e.tcp != nil {
		_ = e.tcp.Close() // its listener may have been closed before
	}
	return e.mux.Close()
}

// adopt counts a peer in; its run calls forget.
func (e *Engine) adopt(p *Peer) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return ErrClosed
	}
	e.open[p] = struct{}{}
	e.peers.Go(p.run)
	return nil
}

func (e *Engine) forget(p *Peer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, p)
}

const (
	// iceDisconnected is longer than browsers leave between two consent checks (RFC 7675: 4 to 6 s).
	iceDisconnected = 7 * time.Second
	iceKeepalive    = 2 * time.Second
)

// sctpBuffer bounds what a peer can make the server hold of messages that are not complete or not yet read.
const sctpBuffer = 1 << 20

// sctpTimeoutMost is how long SCTP waits at most before it sends again, as in Chromium. By itself it would be a minute: a
// page that stood still for one and a half would have to wait another half for its data channel.
const sctpTimeoutMost = 3 * time.Second

// api is pion as it is set up for one peer. Each has its own, so that SSRCs are counted by peer and what one
// negotiates does not touch another.
func (e *Engine) api(s *streams) (*webrtc.API, error) {
	settings := webrtc.SettingEngine{}
	settings.LoggerFactory = newPionLoggers(s.peer.log)
	settings.BufferFactory = s.open
	settings.SetLite(true)
	// As DTLS server pion picks the SRTP profile by its own order; GCM is what today's processors do fastest.
	if err := settings.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return nil, err
	}
	settings.SetSRTPProtectionProfiles(
		dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	settings.SetDTLSConnectContextMaker(func() (context.Context, func()) {
		return context.WithTimeout(context.Background(), e.limits.DTLSTimeout)
	})
	networks := []webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6}
	if e.tcp == nil {
		settings.SetNet(noNet{})
	} else {
		networks = append(networks, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6)
		settings.SetNet(noNet{e.tcp.addresses})
		settings.SetICETCPMux(e.tcp)
	}
	settings.SetNetworkTypes(networks)
	settings.SetICEUDPMux(e.mux)
	settings.SetICEBindingRequestHandler(new(firstPath).check)
	settings.DisableActiveTCP(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetIncludeLoopbackCandidate(true) // whether there is one is for the sockets to say
	// pion counts failed from disconnected on, and gives up a path that was never there after both.
	disconnected := min(iceDisconnected, e.limits.ICETimeout/2)
	settings.SetICETimeouts(disconnected, e.limits.ICETimeout-disconnected, iceKeepalive)
	settings.SetSCTPMaxMessageSize(uint32(e.limits.MessageBytes))
	settings.SetSCTPMaxReceiveBufferSize(sctpBuffer)
	settings.SetSCTPRTOMax(sctpTimeoutMost)
	settings.DetachDataChannels()
	settings.DisableCloseByDTLS(true) // see Peer.prepare
	settings.DisableMediaEngineCopy(true)
	if len(e.external) > 0 {
		if err := settings.SetICEAddressRewriteRules(webrtc.ICEAddressRewriteRule{
			External: e.external, AsCandidateType: webrtc.ICECandidateTypeHost,
		}); err != nil {
			return nil, err
		}
	}
	media, err := mediaEngine()
	if err != nil {
		return nil, err
	}
	// The only interceptor: it tells a publisher how its packets arrive, so that its estimate rises.
	feedback, err := twcc.NewSenderInterceptor(twcc.WithLoggerFactory(settings.LoggerFactory))
	if err != nil {
		return nil, err
	}
	interceptors := &interceptor.Registry{}
	interceptors.Add(feedback)
	return webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(media),
		webrtc.WithInterceptorRegistry(interceptors)), nil
}

// mediaEngine lists our codecs and header extensions for pion.
func mediaEngine() (*webrtc.MediaEngine, error) {
	m := &webrtc.MediaEngine{}
	cc := webrtc.RTCPFeedback{Type: "transport-cc"}
	video := []webrtc.RTCPFeedback{
		{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}, cc,
	}
	for _, c := range codecs() {
		kind, feedback := webrtc.RTPCodecTypeVideo, video
		if c.kind == Audio {
			kind, feedback = webrtc.RTPCodecTypeAudio, []webrtc.RTCPFeedback{{Type: "nack"}, cc}
		}
		if err := m.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: c.mime, ClockRate: c.clock, Channels: c.channels, SDPFmtpLine: c.fmtp, RTCPFeedback: feedback,
			},
			PayloadType: webrtc.PayloadType(c.payload),
		}, kind); err != nil {
			return nil, fmt.Errorf("register %s: %w", c.mime, err)
		}
		if c.rtx == 0 {
			continue
		}
		if err := m.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: webrtc.MimeTypeRTX, ClockRate: c.clock, SDPFmtpLine: fmt.Sprintf("apt=%d", c.payload),
			},
			PayloadType: webrtc.PayloadType(c.rtx),
		}, kind); err != nil {
			return nil, fmt.Errorf("register rtx of %s: %w", c.mime, err)
		}
	}
	both := []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo}
	for _, uri := range []string{
		sdp.SDESMidURI, sdp.SDESRTPStreamIDURI, sdp.SDESRepairRTPStreamIDURI, sdp.ABSSendTimeURI,
	} {
		for _, kind := range both {
			if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, kind,
				webrtc.RTPTransceiverDirectionRecvonly); err != nil {
				return nil, fmt.Errorf("register %s: %w", uri, err)
			}
		}
	}
	for _, kind := range both { // both ways
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: numberURI}, kind); err != nil {
			return nil, fmt.Errorf("register %s: %w", numberURI, err)
		}
	}
	for kind := range extensionKinds {
		uri, of := extensionURI(kind)
		for _, t := range both {
			if of != 0 && (of == Audio) != (t == webrtc.RTPCodecTypeAudio) {
				continue
			}
			if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, t); err != nil {
				return nil, fmt.Errorf("register %s: %w", uri, err)
			}
		}
	}
	return m, nil
}

// soundOf is the codec of a stream of sound, which RED may be around, as the payload type that it has then; 0: it may not.
func soundOf(c webrtc.RTPCodecParameters, r *webrtc.RTPReceiver) (of webrtc.RTPCodecParameters, red uint8) {
	of = c
	for _, other := range r.GetParameters().Codecs {
		if strings.EqualFold(other.MimeType, redMime) {
			red = uint8(other.PayloadType)
		} else if formatOf(other.MimeType) == formatOpus && strings.EqualFold(c.MimeType, redMime) {
			of = other
		}
	}
	return of, red
}

// remoteTrack reads what pion found out about a publisher's stream.
func remoteTrack(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) (mid string, kind Kind, ids extensionIDs) {
	if transceiver := r.RTPTransceiver(); transceiver != nil {
		mid = transceiver.Mid()
	}
	if kind = Video; t.Kind() == webrtc.RTPCodecTypeAudio {
		kind = Audio
	}
	for _, e := range r.GetParameters().HeaderExtensions {
		ids.set(e.URI, e.ID, kind)
	}
	return mid, kind, ids
}

// certificateLife is for how long new peers get the same certificate. One is good for a month, by pion.
const certificateLife = 24 * time.Hour

// certificate is what the server shows in DTLS handshakes. To make one costs as much as a twentieth of a join, and the
// offer and answer name it by its hash, so nothing is gained by a new one for each peer; keys of sessions do not follow
// from it (ECDHE).
type certificate struct {
	mu sync.Mutex
	// Guarded by mu.
	now  webrtc.Certificate
	made time.Time
}

// at is the certificate for a peer that begins now.
func (c *certificate) at(now time.Time) (webrtc.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if age := now.Sub(c.made); age >= 0 && age < certificateLife {
		return c.now, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return webrtc.Certificate{}, fmt.Errorf("make key: %w", err)
	}
	made, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return webrtc.Certificate{}, fmt.Errorf("make certificate: %w", err)
	}
	c.now, c.made = *made, now
	return c.now, nil
}
