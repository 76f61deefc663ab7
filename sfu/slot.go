package sfu

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

const audioLevelURI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

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
	peer     *Peer     // nil in tests
	packets  *atomic.Uint64
	repeats  *atomic.Uint64

	mu sync.Mutex // a leaf: held for the rewrite, never for a write
	// Guarded by mu.
	forward     *forwarder
	source      *layer // what flows; nil: nothing
	format      slotFormat
	formats     map[string]slotFormat // by codecKey; nil until bound
	writer      rtpWriter
	ssrc        uint32
	rtxSSRC     uint32
	rtxSequence uint16
	levelID     uint8
	sentPackets uint32
	sentBytes   uint32
	asked       time.Time // when it last asked for the key frame it waits for
	quota       quota
	budget      repeatBudget

	// Guarded by the peer's mu.
	track    *Track // what it shows or will show
	since    uint64 // the rev that said so
	flowing  bool
	after    uint32
	hasAfter bool
}

func newSlot(p *Peer, m mediaLine) *slot {
	return &slot{
		peer: p, mid: m.mid, kind: m.kind, payloads: m.payloads,
		forward:     newForwarder(m.kind, uint16(rand.Uint32()), rand.Uint32()),
		rtxSequence: uint16(rand.Uint32()),
	}
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
	var levelID uint8
	for _, e := range c.HeaderExtensions() {
		if e.URI == audioLevelURI && s.kind == Audio && e.ID > 0 && e.ID < 15 {
			levelID = uint8(e.ID)
		}
	}
	s.mu.Lock()
	s.writer = c.WriteStream()
	s.ssrc, s.rtxSSRC = uint32(c.SSRC()), uint32(c.SSRCRetransmission())
	s.formats, s.levelID = formats, levelID
	s.mu.Unlock()
	if s.peer != nil {
		s.peer.streams.addSlot(s, uint32(c.SSRC()), uint32(c.SSRCRetransmission()))
	}
	return *first, nil
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

// show lets a layer flow, from its next key frame. Nothing flows before.
func (s *slot) show(l *layer) { s.replace(nil, l) }

// replace puts one source in place of another, if that is still the one.
func (s *slot) replace(from, to *layer) {
	s.mu.Lock()
	if s.source != from {
		s.mu.Unlock()
		return
	}
	format, ok := s.formats[to.track.codecKey()]
	if ok {
		s.source, s.format, s.asked = to, format, time.Now()
		s.forward.begin()
	} else {
		s.source = nil
		s.forward.stop()
	}
	s.mu.Unlock()
	if !ok {
		return
	}
	attached := to.attach(s)
	s.mu.Lock()
	if !attached && s.source == to {
		s.source = nil
		s.forward.stop()
	}
	stays := s.source == to
	s.mu.Unlock()
	if attached && !stays {
		to.detach(s) // stopped meanwhile
	}
}

// stop ends what flows, at once: a packet on its way in is not sent any more. It returns the last timestamp sent.
func (s *slot) stop() (after uint32, has bool) {
	s.mu.Lock()
	was := s.source
	s.source = nil
	s.forward.stop()
	after, has = s.forward.after()
	s.mu.Unlock()
	if was != nil {
		was.detach(s)
	}
	return after, has
}

// follow goes on with another layer of the same track.
func (s *slot) follow(from, to *layer) {
	if to == nil {
		s.mu.Lock()
		if s.source == from {
			s.source = nil
			s.forward.stop()
		}
		s.mu.Unlock()
		return
	}
	s.replace(from, to)
	to.requestKeyframe()
}

// write sends one packet of a layer.
func (s *slot) write(l *layer, p *packet, o *scratch, now time.Time) {
	s.mu.Lock()
	if s.source != l || s.writer == nil {
		s.mu.Unlock()
		return
	}
	out, ok := s.forward.translate(p, now)
	if !ok {
		ask := s.forward.waits() && now.Sub(s.asked) >= keyframeAgain
		if ask {
			s.asked = now
		}
		s.mu.Unlock()
		if ask {
			l.requestKeyframe()
		}
		return
	}
	payload := s.fillLocked(p, out, o)
	s.sentPackets++
	s.sentBytes += uint32(len(payload))
	writer := s.writer
	s.mu.Unlock()

	if _, err := writer.WriteRTP(&o.header, payload); err == nil && s.packets != nil {
		s.packets.Add(1)
	}
}

// fillLocked writes the header into o and returns the payload, which is p's own if nothing in it changes.
func (s *slot) fillLocked(p *packet, out rewritten, o *scratch) []byte {
	o.header = rtp.Header{
		Version: 2, Marker: p.marker, PayloadType: s.format.payload,
		SequenceNumber: out.sequence, Timestamp: out.timestamp, SSRC: s.ssrc,
		Extensions: o.header.Extensions[:0],
	}
	if p.hasLevel && s.levelID != 0 {
		o.level[0] = p.level
		o.header.Extension, o.header.ExtensionProfile = true, rtp.ExtensionProfileOneByte
		_ = o.header.SetExtension(s.levelID, o.level[:])
	}
	switch {
	case out.empty:
		return nil
	case p.vp8.pictureAt > 0 && out.pictureID != p.vp8.pictureID, p.vp8.tl0At > 0 && out.tl0 != p.vp8.tl0:
		o.payload = append(o.payload[:0], p.payload...)
		p.vp8.write(o.payload, out.pictureID, out.tl0)
		return o.payload
	default:
		return p.payload
	}
}

// report is the sender report for what flows now.
func (s *slot) report(now time.Time) (*rtcp.SenderReport, bool) {
	s.mu.Lock()
	source := s.source
	s.mu.Unlock()
	if source == nil {
		return nil, false
	}
	clock, known := source.clockAt(now)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.source != source || s.forward.state != running || s.sentPackets == 0 {
		return nil, false
	}
	timestamp := s.forward.timestamp + uint32(int64(now.Sub(s.forward.sentAt))*int64(source.clock)/int64(time.Second))
	if known {
		timestamp = clock + s.forward.offset
	}
	return &rtcp.SenderReport{
		SSRC: s.ssrc, NTPTime: ntpTime(now), RTPTime: timestamp,
		PacketCount: s.sentPackets, OctetCount: s.sentBytes,
	}, true
}

// wantsKeyframe handles a browser's request for one.
func (s *slot) wantsKeyframe(now time.Time) bool {
	s.mu.Lock()
	source := s.source
	ok := source != nil && s.quota.take(now)
	s.mu.Unlock()
	if ok {
		source.requestKeyframe()
	}
	return ok
}
