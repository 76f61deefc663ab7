package sfu

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/parlorhq/parlor/sfu/bandwidth"
)

// rtpWriter takes packets for encryption; pion's write stream.
type rtpWriter interface {
	WriteRTP(header *rtp.Header, payload []byte) (int, error)
}

// slotFormat is how a slot's m-line names one payload format.
type slotFormat struct {
	payload uint8
	rtx     uint8 // 0: not negotiated
}

// slot is one receiving m-line of a browser, and to pion a TrackLocal. What it sends is one continuous stream,
// whatever track it shows.
type slot struct {
	// Static after newSlot.
	mid      string
	kind     Kind
	payloads [128]bool // those the m-line lists
	mixed    bool      // the browser takes header extensions of either form
	peer     *Peer     // nil in tests
	counts   *counts
	line     *line // of the peer

	turn sync.Mutex // of readers, from the rewrite until the packet is written or waits: what a switch puts in order stays so

	mu sync.Mutex // held for the rewrite, never for a write; the peer's line is below it
	// Guarded by mu.
	forward     *forwarder
	source      *layer // what flows, or will from its next key frame; nil: nothing
	next        *layer // what takes its place with its next key frame; nil: nothing
	nextTier    tier
	format      slotFormat
	formats     map[string]slotFormat // by codecKey; nil until bound
	red         uint8                 // payload type of RED; 0: not negotiated
	writer      rtpWriter
	ssrc        uint32
	rtxSSRC     uint32
	rtxSequence uint16
	ids         extensionIDs
	numberID    uint8  // of the extension with transport-wide numbers; 0: not negotiated
	told        []told // the numbers of packets that would be sent again as they are; nil: none were
	sentPackets uint32
	sentBytes   uint32
	asked       time.Time // when it last asked for a key frame that it waits for
	missed      time.Time // since when packets pass by that it would send, could a decoder follow; zero: none do
	begun       bool      // something was sent of the track that it was given
	quota       quota
	budget      repeatBudget

	// Guarded by the peer's mu.
	track    *Track // what it shows or will show
	since    uint64 // the rev that said so
	flowing  bool   // the browser has confirmed it
	paused   bool
	waits    time.Time // since when what was chosen for it does not come
	past     bandwidth.Past
	given    target // what that was last; zero: nothing
	option   int    // where that is among the options of now
	guessed  bool   // what it costs was
	had      bool   // it was given something
	wanted   time.Time
	after    uint32
	hasAfter bool
}

// told is the number that a packet was sent with.
type told struct {
	sequence, number uint16
	sent             bool
}

func newSlot(p *Peer, m mediaLine) *slot {
	s := &slot{
		peer: p, mid: m.mid, kind: m.kind, payloads: m.payloads, mixed: m.mixed,
		forward:     newForwarder(m.kind, uint16(rand.Uint32()), rand.Uint32()),
		rtxSequence: uint16(rand.Uint32()),
	}
	if p != nil {
		s.counts, s.line = &p.engine.counts, p.line
	}
	return s
}

// Bind is called by pion once the m-line is negotiated.
func (s *slot) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	formats := map[string]slotFormat{}
	var first *webrtc.RTPCodecParameters
	params := c.CodecParameters()
	for i, codec := range params {
		if codec.PayloadType > 127 || !s.payloads[codec.PayloadType] || strings.EqualFold(codec.MimeType, webrtc.MimeTypeRTX) {
			continue
		}
		key := codecKey(codec.MimeType, codec.SDPFmtpLine)
		if _, ok := formats[key]; ok {
			continue
		}
		formats[key] = slotFormat{payload: uint8(codec.PayloadType), rtx: s.rtxOf(codec.PayloadType, params)}
		if first == nil {
			first = &params[i]
		}
	}
	if first == nil {
		return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
	}
	var ids extensionIDs
	for _, e := range c.HeaderExtensions() {
		ids.set(e.URI, e.ID, s.kind)
	}
	number := numberOf(*first, c.HeaderExtensions())
	if !s.mixed {
		ids[extensionDependency] = 0 // some are longer than the short form takes
	}
	s.mu.Lock()
	s.writer = c.WriteStream()
	s.ssrc, s.rtxSSRC = uint32(c.SSRC()), uint32(c.SSRCRetransmission())
	s.formats, s.ids, s.numberID = formats, ids, number
	s.red = formats[redMime].payload
	s.mu.Unlock()
	if s.peer != nil {
		if number != 0 {
			s.peer.line.numbered.Store(true)
		}
		s.peer.streams.addSlot(s, uint32(c.SSRC()), uint32(c.SSRCRetransmission()))
	}
	return *first, nil
}

// numberOf is the id of the extension for transport-wide numbers, if the browser takes it and reports on them.
func numberOf(codec webrtc.RTPCodecParameters, extensions []webrtc.RTPHeaderExtensionParameter) uint8 {
	reports := slices.ContainsFunc(codec.RTCPFeedback, func(f webrtc.RTCPFeedback) bool { return f.Type == "transport-cc" })
	for _, e := range extensions {
		if reports && e.URI == numberURI && e.ID > 0 && e.ID < 15 {
			return uint8(e.ID)
		}
	}
	return 0
}

func (s *slot) rtxOf(pt webrtc.PayloadType, params []webrtc.RTPCodecParameters) uint8 {
	for _, c := range params {
		if strings.EqualFold(c.MimeType, webrtc.MimeTypeRTX) && c.PayloadType <= 127 && s.payloads[c.PayloadType] &&
			parameter(c.SDPFmtpLine, "apt", "") == strconv.Itoa(int(pt)) {
			return uint8(c.PayloadType)
		}
	}
	return 0
}

// Unbind is called by pion when the m-line ends.
func (s *slot) Unbind(webrtc.TrackLocalContext) error {
	s.mu.Lock()
	s.writer = nil
	ssrc, rtx := s.ssrc, s.rtxSSRC
	s.mu.Unlock()
	if s.peer != nil {
		s.peer.streams.removeSlot(ssrc, rtx)
	}
	return nil
}

// ID names the track in the answer.
func (s *slot) ID() string { return "slot-" + s.mid }

// StreamID is the slot's own: what it shows changes, so it goes with no other.
func (s *slot) StreamID() string { return "slot-" + s.mid }

// RID is empty: slots are not simulcast.
func (s *slot) RID() string { return "" }

// Kind is audio or video.
func (s *slot) Kind() webrtc.RTPCodecType {
	if s.kind == Audio {
		return webrtc.RTPCodecTypeAudio
	}
	return webrtc.RTPCodecTypeVideo
}

// accepts tells whether the browser takes this payload format here.
func (s *slot) accepts(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.formats[key]
	return ok
}
