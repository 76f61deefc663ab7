package sfu

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/rs/zerolog"
)

// PeerConfig is what a Peer needs.
type PeerConfig struct {
	ID        string // for logs
	Log       zerolog.Logger
	Publish   bool // false: its sending m-lines are answered inactive
	Subscribe bool // false: it has no slots
	Handler   Handler
}

// Peer is one PeerConnection of a browser.
//
// Its own goroutine, run, calls the handler, asks for key frames, sends reports, and closes. Each layer it publishes
// has a reader. Lock order: negotiating, mu, then the leaves of tracks, layers, slots and streams. pion is never
// called with mu held, since pion calls back with locks of its own.
type Peer struct {
	// Static after NewPeer.
	engine    *Engine
	id        string
	log       zerolog.Logger
	rules     admission
	handler   Handler
	pc        *webrtc.PeerConnection
	streams   *streams
	line      *line
	ssrc      uint32 // of our RTCP
	wake      chan struct{}
	closing   chan struct{}
	done      chan struct{}
	closeOnce sync.Once
	readers   sync.WaitGroup
	offences  atomic.Int32 // data channels that it opened

	negotiating sync.Mutex // held for the whole of Answer
	candidates  candidates // Guarded by negotiating.

	// Owned by run.
	audiences map[*Track]*audience
	padder    *repeater
	opinion   opinion
	video     []*Track

	mu sync.Mutex
	// Guarded by mu.
	events    []event
	closed    bool // no more readers
	connected bool // ever: what flows before is lost
	tracks    map[string]*Track
	slots     []*slot
	wishes    []Wish              // best first
	order     map[*Track]int      // where each is in wishes
	rids      map[string][]string // the encodings that its sending m-lines announce, by mid
	decision  decision
	again     time.Time // when to ask the line again at the latest, while there is something to decide
	rev       uint64
	told      uint64 // rev of the last SlotsChanged
	confirmed uint64
}

// event is something for the handler.
type event struct {
	state   State
	started *Track
	ended   *Track
	channel *Channel
}

// NewPeer returns a peer that waits for its first offer.
func (e *Engine) NewPeer(c PeerConfig) (*Peer, error) {
	p := &Peer{
		engine: e, id: c.ID, log: c.Log, handler: c.Handler,
		rules: admission{limits: e.limits, publish: c.Publish, subscribe: c.Subscribe},
		ssrc:  rand.Uint32(),
		wake:  make(chan struct{}, 1), closing: make(chan struct{}), done: make(chan struct{}),
		candidates: candidates{relayed: e.relayed},
		tracks:     map[string]*Track{}, audiences: map[*Track]*audience{},
	}
	p.line = newLine(&e.counts, p.dropped)
	p.streams = newStreams(p, e.limits.SSRCs)
	api, err := e.api(p.streams)
	if err != nil {
		return nil, fmt.Errorf("set up peer: %w", err)
	}
	certificate, err := e.certificate.at(time.Now())
	if err != nil {
		return nil, fmt.Errorf("set up peer: %w", err)
	}
	if p.pc, err = api.NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{certificate}}); err != nil {
		return nil, fmt.Errorf("set up peer: %w", err)
	}
	if err := p.prepare(); err != nil {
		return nil, errors.Join(err, p.pc.Close())
	}
	if err := e.adopt(p); err != nil {
		return nil, errors.Join(err, p.pc.Close())
	}
	return p, nil
}

// prepare sets pion's callbacks and the two data channels.
func (p *Peer) prepare() error {
	p.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) { p.pionState(s) })
	p.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) { p.pionTrack(t, r) })
	p.pc.SCTP().Transport().ICETransport().OnSelectedCandidatePairChange(func(*webrtc.ICECandidatePair) {
		p.line.moved(time.Now())
	})
	// The association ends when the browser says goodbye. pion would close by itself then, but holding a lock that its
	// own goroutines wait for meanwhile.
	p.pc.SCTP().OnClose(func(error) { p.Close() })
	p.pc.OnDataChannel(func(dc *webrtc.DataChannel) { p.pionChannel(dc) })

	yes, no, none := true, false, uint16(0)
	reliable, lossy := uint16(0), uint16(1)
	dc, err := p.pc.CreateDataChannel("reliable", &webrtc.DataChannelInit{Negotiated: &yes, ID: &reliable})
	if err != nil {
		return fmt.Errorf("reliable data channel: %w", err)
	}
	dc.OnOpen(func() {
		if c, err := newChannel(dc, p.engine.limits.MessageBytes, p.refused); err == nil {
			p.post(event{channel: c})
		}
	})
	fast, err := p.pc.CreateDataChannel("lossy", &webrtc.DataChannelInit{
		Negotiated: &yes, ID: &lossy, Ordered: &no, MaxRetransmits: &none,
	})
	if err != nil {
		return fmt.Errorf("lossy data channel: %w", err)
	}
	fast.OnOpen(func() {
		if c, err := newChannel(fast, p.engine.limits.MessageBytes, p.refused); err == nil {
			c.lossy = true
			p.post(event{channel: c})
		}
	})
	return nil
}

// Answer answers an offer: the first, or a later one that publishes more, grows the pool of slots or restarts ICE.
// An offer that is refused by admission leaves the peer as it was; one that pion cannot handle ends it.
func (p *Peer) Answer(ctx context.Context, offer string) (string, error) {
	admitted, err := p.rules.admit(offer)
	if err != nil {
		p.refused(refusalCode(err))
		return "", err
	}
	for range admitted.over {
		p.refused("tracks")
	}
	p.negotiating.Lock()
	defer p.negotiating.Unlock()
	if p.isClosed() {
		return "", ErrClosed
	}
	answer, err := p.negotiate(ctx, admitted)
	if err != nil {
		p.Close()
		return "", fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	p.settle(admitted.media)
	return answer, nil
}

func refusalCode(err error) string {
	switch {
	case errors.Is(err, ErrTooLarge):
		return "too_large"
	case errors.Is(err, ErrTooManyMedia):
		return "too_many_media"
	default:
		return "bad_offer"
	}
}

// negotiate is the dance with pion. It wants a sending transceiver for each new receiving m-line, in order, before it
// sees the offer.
func (p *Peer) negotiate(ctx context.Context, offer admitted) (string, error) {
	known := map[string]bool{}
	for _, t := range p.pc.GetTransceivers() {
		known[t.Mid()] = true
	}
	var added []*slot
	for _, m := range offer.media {
		if m.direction != recvOnly || known[m.mid] {
			continue
		}
		s := newSlot(p, m)
		if _, err := p.pc.AddTransceiverFromTrack(s, webrtc.RTPTransceiverInit{
			Direction: webrtc.RTPTransceiverDirectionSendonly,
		}); err != nil {
			return "", fmt.Errorf("add slot: %w", err)
		}
		added = append(added, s)
	}
	rids := map[string][]string{}
	for _, m := range offer.media {
		rids[m.mid] = m.rids
	}
	p.mu.Lock()
	p.rids = rids
	p.mu.Unlock()
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer.sdp}); err != nil {
		return "", fmt.Errorf("take offer: %w", err)
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("make answer: %w", err)
	}
	// Taking an offer that restarts ICE gathers anew, so only now is it known whether that is complete.
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(answer); err != nil {
		return "", fmt.Errorf("take answer: %w", err)
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return "", ctx.Err()
	case <-p.closing:
		return "", ErrClosed
	}
	p.mu.Lock()
	p.slots = append(p.slots, added...)
	p.mu.Unlock()
	return p.candidates.announce(p.pc.LocalDescription().SDP), nil
}

// settle takes out slots whose m-line is gone and fills new ones.
func (p *Peer) settle(media []mediaLine) {
	receives := map[string]bool{}
	for _, m := range media {
		receives[m.mid] = m.direction == recvOnly
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	before := len(p.slots)
	p.slots = slices.DeleteFunc(p.slots, func(s *slot) bool {
		if receives[s.mid] {
			return false
		}
		s.leave()
		return true
	})
	if changed := p.allocateLocked(); !changed && (before != len(p.slots) || p.rev == 0) {
		p.rev++
	}
	p.pokeLocked()
}

var _ layerOwner = (*Peer)(nil)

// pionState is called by pion.
func (p *Peer) pionState(s webrtc.PeerConnectionState) {
	switch s {
	case webrtc.PeerConnectionStateConnecting:
		p.post(event{state: Connecting})
	case webrtc.PeerConnectionStateConnected:
		p.mu.Lock()
		again := p.connected
		p.connected = true
		p.flowLocked()
		p.mu.Unlock()
		if again {
			p.refresh()
		}
		p.post(event{state: Connected})
	case webrtc.PeerConnectionStateDisconnected:
		p.post(event{state: Disconnected})
	case webrtc.PeerConnectionStateFailed:
		p.post(event{state: Failed})
	case webrtc.PeerConnectionStateClosed:
		p.Close()
	}
}

// refresh asks for key frames of what is watched: what was asked meanwhile had no path to go by.
func (p *Peer) refresh() {
	for _, l := range p.layers() {
		if l.watched() {
			l.requestKeyframe()
		}
	}
}

// pionTrack is called by pion with the first packet of a stream.
func (p *Peer) pionTrack(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	defer p.contain()
	mid, kind, ids := remoteTrack(remote, receiver)
	c, red := remote.Codec(), uint8(0)
	if kind == Audio {
		c, red = soundOf(c, receiver)
	}
	if mid == "" || formatOf(c.MimeType) == formatOther {
		p.refused("codec")
		return
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	t := p.tracks[mid]
	isNew := t == nil
	if isNew {
		if len(p.tracks) >= p.engine.limits.Tracks {
			p.mu.Unlock()
			p.refused("tracks")
			return
		}
		t = newTrack(mid, kind, c.MimeType, c.SDPFmtpLine)
		t.announce(p, p.rids[mid])
		p.tracks[mid] = t
	}
	l := newLayer(t, p, uint32(remote.SSRC()), uint8(c.PayloadType), ids)
	l.parser.red = red
	l.rid, l.packets, l.deadline = remote.RID(), &p.engine.counts.in, remote.SetReadDeadline
	l.waiting = p.streams.waiting(l.ssrc)
	l.read = func(b []byte) (int, error) {
		n, _, err := remote.Read(b)
		return n, err
	}
	added := t.add(l, p.engine.limits.Layers)
	p.mu.Unlock()
	if !added {
		p.refused("layers")
		return
	}
	p.streams.addLayer(l)
	if isNew {
		p.post(event{started: t})
	}
	if !p.reader(func() {
		defer p.layerEnded(l)
		l.run()
	}) {
		p.layerEnded(l)
	}
}

// layerEnded takes a layer out, and its track with the last.
func (p *Peer) layerEnded(l *layer) {
	p.streams.removeLayer(l)
	p.mu.Lock()
	ended := l.track.drop(l) && p.tracks[l.track.mid] == l.track
	if ended {
		delete(p.tracks, l.track.mid)
	}
	p.mu.Unlock()
	if ended {
		p.post(event{ended: l.track})
	}
}

// pionChannel is called by pion for each data channel the browser opened. Ours are negotiated; nothing else is served.
func (p *Peer) pionChannel(dc *webrtc.DataChannel) {
	p.refused("channels")
	_ = dc.Close()
	if int(p.offences.Add(1)) > 4*p.engine.limits.Channels {
		p.fail("channels")
	}
}
