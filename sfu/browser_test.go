package sfu

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/transport/v4"
	"github.com/pion/webrtc/v4"
	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/internal/metrics"
)

// recorder is a Handler that keeps what it was told.
type recorder struct {
	mu       sync.Mutex
	states   []State
	started  []*Track
	ended    []*Track
	rev      uint64
	slots    []Binding
	changes  int
	channels []*Channel
	layers   map[*Track][]string
	quality  Quality
	onStart  func(*Track)
}

// wish is what a peer wants that has no preferences.
func wish(tracks ...*Track) []Wish {
	out := make([]Wish, len(tracks))
	for i, t := range tracks {
		out[i] = Wish{Track: t}
	}
	return out
}

func (r *recorder) PeerState(s State) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.states = append(r.states, s)
}

func (r *recorder) TrackStarted(t *Track) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started = append(r.started, t)
	if r.onStart != nil {
		r.onStart(t)
	}
}

func (r *recorder) TrackEnded(t *Track) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = append(r.ended, t)
}

func (r *recorder) SlotsChanged(rev uint64, slots []Binding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if rev < r.rev {
		panic("rev went back")
	}
	r.rev, r.slots = rev, slots
	r.changes++
}

func (r *recorder) LayersWanted(t *Track, rids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.layers == nil {
		r.layers = map[*Track][]string{}
	}
	r.layers[t] = rids
}

func (r *recorder) QualityChanged(q Quality) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.quality = q
}

func (r *recorder) ChannelOpened(c *Channel) {
	if c.Lossy() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.channels = append(r.channels, c)
}

func (r *recorder) state() State {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.states) == 0 {
		return 0
	}
	return r.states[len(r.states)-1]
}

func (r *recorder) revision() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rev
}

func (r *recorder) tracks() []*Track {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.started)
}

func (r *recorder) gone() []*Track {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ended)
}

func (r *recorder) channel() *Channel {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.channels) == 0 {
		return nil
	}
	return r.channels[0]
}

const levelURI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

// house is an engine with the means to make browsers for it.
type house struct {
	t       *testing.T
	engine  *Engine
	metrics *metrics.Metrics
}

func newHouse(t *testing.T, limits Limits, sockets ...net.PacketConn) *house {
	t.Helper()
	if len(sockets) == 0 {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		sockets = append(sockets, c)
	}
	return newHouseOf(t, Config{Sockets: sockets, Limits: limits})
}

func newHouseOf(t *testing.T, c Config) *house {
	t.Helper()
	m := metrics.New()
	c.Log, c.Metrics = zerolog.Nop(), m
	e, err := NewEngine(c)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, engine: e, metrics: m}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close engine: %v", err)
		}
	})
	return h
}

// eventually waits for something to become true; in a bubble the waiting costs no real time.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.NewTimer(15 * time.Second)
	defer timeout.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-timeout.C:
			t.Fatalf("never came: %s", what)
		}
	}
}

// browser is a pion client that behaves like one: it offers, and it has a pool of receiving lines.
type browser struct {
	t    *testing.T
	peer *Peer
	told *recorder
	pc   *webrtc.PeerConnection
	data *webrtc.DataChannel

	mu       sync.Mutex
	received map[string][]rtp.Packet // by mid, payloads included
	times    map[string][]time.Time  // when they came
	texts    []string
}

// browserOptions vary a browser.
type browserOptions struct {
	networks  []webrtc.NetworkType // default: UDP over IPv4
	net       transport.Net
	noPublish bool
	noSee     bool
	nack      bool // it asks for what is missing
	reports   bool // it reports what comes when
	codecs    func(*webrtc.MediaEngine) error
	noData    bool
}

func (h *house) browser(o browserOptions) *browser {
	h.t.Helper()
	b := &browser{t: h.t, told: &recorder{}, received: map[string][]rtp.Packet{}, times: map[string][]time.Time{}}
	var err error
	b.peer, err = h.engine.NewPeer(PeerConfig{
		ID: "p", Log: zerolog.Nop(), Publish: !o.noPublish, Subscribe: !o.noSee, Handler: b.told,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	settings := webrtc.SettingEngine{}
	settings.LoggerFactory = newPionLoggers(zerolog.Nop())
	settings.SetICETimeouts(7*time.Second, 10*time.Second, 2*time.Second)
	if o.net != nil {
		settings.SetNet(o.net)
	} else {
		settings.SetIncludeLoopbackCandidate(true)
	}
	networks := o.networks
	if networks == nil {
		networks = []webrtc.NetworkType{webrtc.NetworkTypeUDP4}
	}
	settings.SetNetworkTypes(networks)
	settings.DisableSRTPReplayProtection(true)
	// When the other side closes, pion closes holding a lock while it waits for a timer, and waits for that lock: in a
	// bubble, where time stands still while anybody waits for a lock, that is for ever.
	settings.DisableCloseByDTLS(true)
	m := &webrtc.MediaEngine{}
	if o.codecs != nil {
		err = o.codecs(m)
	} else {
		err = m.RegisterDefaultCodecs()
	}
	if err != nil {
		h.t.Fatal(err)
	}
	if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: levelURI}, webrtc.RTPCodecTypeAudio); err != nil {
		h.t.Fatal(err)
	}
	registry := &interceptor.Registry{}
	if o.nack {
		if err := webrtc.ConfigureNack(m, registry); err != nil {
			h.t.Fatal(err)
		}
	}
	if o.reports {
		if err := webrtc.ConfigureTWCCSender(m, registry); err != nil {
			h.t.Fatal(err)
		}
	}
	api := webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(registry))
	if b.pc, err = api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(b.close)
	b.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) { b.receive(t, r) })
	if !o.noData {
		yes, id := true, uint16(0)
		b.data, err = b.pc.CreateDataChannel("reliable", &webrtc.DataChannelInit{Negotiated: &yes, ID: &id})
		if err != nil {
			h.t.Fatal(err)
		}
		b.data.OnMessage(func(m webrtc.DataChannelMessage) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.texts = append(b.texts, string(m.Data))
		})
	}
	return b
}

func (b *browser) close() {
	if err := b.pc.GracefulClose(); err != nil {
		b.t.Errorf("close browser: %v", err)
	}
	b.peer.Close()
	<-b.peer.Done()
}

// pool adds receiving lines.
func (b *browser) pool(kind webrtc.RTPCodecType, n int) {
	b.t.Helper()
	for range n {
		if _, err := b.pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{
			Direction: webrtc.RTPTransceiverDirectionRecvonly,
		}); err != nil {
			b.t.Fatal(err)
		}
	}
}

// publish adds a sending line.
func (b *browser) publish(mime string) *source {
	b.t.Helper()
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, "track-"+mime, "stream")
	if err != nil {
		b.t.Fatal(err)
	}
	tr, err := b.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		b.t.Fatal(err)
	}
	s := &source{t: b.t, track: track, transceiver: tr, sequence: 65000, timestamp: 1 << 31, picture: 100}
	s.step = videoClock / 30
	if formatOf(mime) == formatOpus {
		s.step = audioClock / 50
	}
	go s.control(b)
	return s
}

// negotiate makes an offer, also one without candidates, and takes the answer.
func (b *browser) negotiate(options *webrtc.OfferOptions) error {
	offer, err := b.pc.CreateOffer(options)
	if err != nil {
		return err
	}
	if err := b.pc.SetLocalDescription(offer); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	answer, err := b.peer.Answer(ctx, offer.SDP)
	if err != nil {
		return err
	}
	return b.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer})
}

func (b *browser) join() {
	b.t.Helper()
	if err := b.negotiate(nil); err != nil {
		b.t.Fatal(err)
	}
	eventually(b.t, "connected", func() bool {
		return b.told.state() == Connected && b.pc.ConnectionState() == webrtc.PeerConnectionStateConnected
	})
}

// channel is the server's end of the reliable channel once both ends are open; they open at their own times.
func (b *browser) channel() *Channel {
	b.t.Helper()
	eventually(b.t, "channel", func() bool {
		return b.told.channel() != nil && b.data.ReadyState() == webrtc.DataChannelStateOpen
	})
	return b.told.channel()
}

// see shows the browser these tracks and confirms it.
func (b *browser) see(tracks ...*Track) {
	b.peer.Show(wish(tracks...))
	rev, _ := b.peer.Slots()
	b.peer.Confirm(rev)
}

func (b *browser) receive(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
	mid := r.RTPTransceiver().Mid()
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		b.mu.Lock()
		b.received[mid] = append(b.received[mid], *p)
		b.times[mid] = append(b.times[mid], time.Now())
		b.mu.Unlock()
	}
}

// got are the packets that came in a line, in order of arrival.
func (b *browser) got(mid string) []rtp.Packet {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.received[mid])
}

func (b *browser) total() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, p := range b.received {
		n += len(p)
	}
	return n
}

func (b *browser) said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.texts)
}

// source is what a browser sends in one line.
type source struct {
	t           *testing.T
	track       *webrtc.TrackLocalStaticRTP
	transceiver *webrtc.RTPTransceiver
	sequence    uint16
	timestamp   uint32
	picture     uint16
	step        uint32

	mu   sync.Mutex
	plis []time.Time
}

// control notes what is asked of the source.
func (s *source) control(*browser) {
	for {
		packets, _, err := s.transceiver.Sender().ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range packets {
			if _, ok := p.(*rtcp.PictureLossIndication); ok {
				s.mu.Lock()
				s.plis = append(s.plis, time.Now())
				s.mu.Unlock()
			}
		}
	}
}

func (s *source) asked() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.plis)
}

// frame sends a VP8 frame in some packets, or an audio packet. The body says what it is, for those who receive it.
func (s *source) frame(key bool, packets int, body string) {
	s.t.Helper()
	s.timestamp += s.step
	s.picture++
	for i := range packets {
		s.sequence++
		payload := []byte(body)
		if formatOf(s.track.Codec().MimeType) == formatVP8 {
			payload = append(vp8Descriptor(i == 0, s.picture, byte(s.picture), key), body...)
		}
		if err := s.track.WriteRTP(&rtp.Packet{
			Header: rtp.Header{
				Version: 2, Marker: i == packets-1, SequenceNumber: s.sequence, Timestamp: s.timestamp,
			},
			Payload: payload,
		}); err != nil {
			s.t.Errorf("send: %v", err)
		}
	}
}

// vp8Descriptor has a long picture id, TL0PICIDX, and the first byte of a frame header.
func vp8Descriptor(start bool, picture uint16, tl0 byte, key bool) []byte {
	d := []byte{0x80, 0xc0, 0x80 | byte(picture>>8)&0x7f, byte(picture), tl0, 0x01}
	if start {
		d[0] |= 0x10
	}
	if key {
		d[5] = 0
	}
	return d
}

// stream sends frames every interval until the test ends or stop is called; the first, and every one after a PLI, is
// a key frame.
func (s *source) stream(body string, every time.Duration) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		answered := -1
		for i := 0; ; i++ {
			asked := len(s.asked())
			s.frame(asked != answered, 2, fmt.Sprintf("%s %d", body, i))
			answered = asked
			select {
			case <-tick.C:
			case <-quit:
				return
			}
		}
	}()
	var once sync.Once
	stop = func() { once.Do(func() { close(quit); <-done }) }
	s.t.Cleanup(stop)
	return stop
}
