package sfu

import (
	"time"

	"github.com/pion/rtcp"
)

// reportEvery is how often a peer gets reports on what it sends and about what it is sent.
const reportEvery = time.Second

// maxReports of one kind fit in one RTCP packet.
const maxReports = 16

// run is the peer's own goroutine, from NewPeer until everything of it has ended.
func (p *Peer) run() {
	defer p.engine.forget(p)
	defer close(p.done)
	reports := time.NewTimer(time.Until(after(time.Now(), reportEvery)))
	defer reports.Stop()
	later := time.NewTimer(0)
	defer later.Stop()
	if p.rules.subscribe {
		p.reader(func() { p.line.run(p.closing) })
	}
	for {
		select {
		case <-p.closing:
			p.shutdown()
			return
		case <-p.wake:
		case <-later.C:
		case now := <-reports.C:
			p.report(now)
			p.judge(now)
			reports.Reset(time.Until(after(time.Now(), reportEvery)))
		}
		p.tell()
		now := time.Now()
		if at := sooner(p.decide(now), sooner(p.tellAudience(now), p.askKeyframes(now))); !at.IsZero() {
			later.Reset(time.Until(at))
		}
	}
}

// shutdownWait is how long pion may take to close a connection. It takes half a second at most, but it has hung
// before, and a server that is stopped must stop.
const shutdownWait = 15 * time.Second

// shutdown tells the handler the last of the peer, and then ends pion and the readers.
func (p *Peer) shutdown() {
	p.mu.Lock()
	for _, s := range p.slots {
		s.leave()
	}
	for _, t := range p.tracks {
		for _, l := range t.all() {
			t.drop(l)
		}
		p.events = append(p.events, event{ended: t})
	}
	p.events = append(p.events, event{state: Closed})
	p.tracks, p.slots, p.wishes = map[string]*Track{}, nil, nil
	p.connected, p.closed, p.told = false, true, p.rev
	p.mu.Unlock()
	p.tell()

	ended := make(chan struct{})
	go func() {
		defer close(ended)
		// What fails in closing concerns a connection that is gone anyway.
		_ = p.pc.GracefulClose()
		p.readers.Wait()
	}()
	timeout := time.NewTimer(shutdownWait)
	defer timeout.Stop()
	select {
	case <-ended:
	case <-timeout.C:
		p.log.Error().Str("peer", p.id).Msg("peer does not close: its goroutines are left behind")
	}
}

// tell calls the handler with what has happened, outside of any lock.
func (p *Peer) tell() {
	p.mu.Lock()
	events := p.events
	p.events = nil
	rev, changed := p.rev, p.rev != p.told
	var slots []Binding
	if changed {
		p.told = p.rev
		slots = p.bindingsLocked()
	}
	p.mu.Unlock()
	for _, e := range events {
		switch {
		case e.started != nil:
			p.handler.TrackStarted(e.started)
		case e.ended != nil:
			p.handler.TrackEnded(e.ended)
		case e.channel != nil:
			p.handler.ChannelOpened(e.channel)
		default:
			p.opinion.gone = e.state == Disconnected || e.state == Failed
			p.handler.PeerState(e.state)
		}
	}
	if changed {
		p.handler.SlotsChanged(rev, slots)
	}
}

// askKeyframes asks for those that are wanted and due; at is when to look again, if ever.
func (p *Peer) askKeyframes(now time.Time) (at time.Time) {
	for _, l := range p.layers() {
		ask, next := l.keyframeDue(now)
		if ask {
			p.engine.counts.keyframes.Add(1)
			p.writeRTCP(&rtcp.PictureLossIndication{SenderSSRC: p.ssrc, MediaSSRC: l.ssrc})
		}
		at = sooner(at, next)
	}
	return at
}

// report sends receiver reports on the peer's layers and sender reports for its slots.
func (p *Peer) report(now time.Time) {
	var blocks []rtcp.ReceptionReport
	p.opinion.uplink = uplink{}
	for _, l := range p.layers() {
		if b, ok := l.report(now); ok {
			blocks = append(blocks, b)
			p.opinion.uplink.add(l.lately())
		}
	}
	for len(blocks) > 0 {
		n := min(len(blocks), maxReports)
		p.writeRTCP(&rtcp.ReceiverReport{SSRC: p.ssrc, Reports: blocks[:n]})
		blocks = blocks[n:]
	}
	p.mu.Lock()
	slots := append([]*slot(nil), p.slots...)
	p.mu.Unlock()
	var reports []rtcp.Packet
	for _, s := range slots {
		if sr, ok := s.report(now); ok {
			reports = append(reports, sr)
		}
	}
	for len(reports) > 0 {
		n := min(len(reports), maxReports)
		p.writeRTCP(reports[:n]...)
		reports = reports[n:]
	}
}

func (p *Peer) layers() []*layer {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []*layer
	for _, t := range p.tracks {
		out = append(out, t.all()...)
	}
	return out
}

// Close ends the peer. It does not wait: Done is closed when everything of it has ended.
func (p *Peer) Close() { p.closeOnce.Do(func() { close(p.closing) }) }

// Done is closed when all goroutines of the peer have ended and the handler has heard of Closed.
func (p *Peer) Done() <-chan struct{} { return p.done }

func (p *Peer) isClosed() bool {
	select {
	case <-p.closing:
		return true
	default:
		return false
	}
}

// fail ends the peer for what it did.
func (p *Peer) fail(code string) {
	if p.isClosed() {
		return
	}
	p.refused(code)
	p.log.Warn().Str("peer", p.id).Str("code", code).Msg("peer ended: over a limit")
	p.Close()
}

// contain keeps a panic over what a peer sent from ending more than that peer. To be deferred.
func (p *Peer) contain() {
	if r := recover(); r != nil {
		p.engine.counts.panics.Add(1)
		p.log.Error().Str("peer", p.id).Interface("panic", r).Msg("peer ended: panic over what it sent")
		p.Close()
	}
}

func (p *Peer) refused(code string) { p.engine.metrics.Refused(code) }

// dropped counts something of the peer's that was given up.
func (p *Peer) dropped(reason string) { p.engine.metrics.Dropped(reason) }

// poke wakes run.
func (p *Peer) poke() { p.pokeLocked() }

func (p *Peer) pokeLocked() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// post hands run something for the handler; after Closed there is nothing more.
func (p *Peer) post(e event) {
	p.mu.Lock()
	if !p.closed {
		p.events = append(p.events, e)
	}
	p.mu.Unlock()
	p.poke()
}

// reader runs f as one of the peer's goroutines, unless the peer is closed.
func (p *Peer) reader(f func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.readers.Go(func() {
		defer p.contain()
		f()
	})
	return true
}

// askAgain sends a NACK to the publisher.
func (p *Peer) askAgain(ssrc uint32, sequences []uint16) {
	p.engine.counts.nacks.Add(uint64(len(sequences)))
	p.writeRTCP(&rtcp.TransportLayerNack{
		SenderSSRC: p.ssrc, MediaSSRC: ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(sequences),
	})
}

func (p *Peer) writeRTCP(packets ...rtcp.Packet) {
	// It fails only before the connection stands and after it has ended.
	_ = p.pc.WriteRTCP(packets)
}
