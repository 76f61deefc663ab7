package sfu

import (
	"bytes"
	"io"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/transport/v4/packetio"

	"github.com/parlorhq/parlor/sfu/bandwidth"
)

// streams are the RTP and RTCP streams of one peer by SSRC. pion asks here for a buffer whenever it meets a new one,
// which is where they are counted: a peer that sends more than the limit is ended. RTCP has no buffer and no reader:
// it is handled as it is decrypted.
type streams struct {
	peer  *Peer // static
	limit int   // static

	mu sync.Mutex // a leaf
	// Guarded by mu.
	remote map[uint32]int // what the peer sends: number of open buffers by SSRC
	rtp    map[uint32]*rtpStream
	slots  map[uint32]*slot
	layers map[uint32]*layer

	// Owned by the goroutine that decrypts RTCP.
	repeater *repeater
	last     []byte // what was handled last
	lastAt   time.Time
}

func newStreams(p *Peer, limit int) *streams {
	return &streams{
		peer: p, limit: limit,
		remote: map[uint32]int{}, rtp: map[uint32]*rtpStream{}, slots: map[uint32]*slot{}, layers: map[uint32]*layer{},
	}
}

const sameControl = time.Millisecond

// What a buffer may hold: several key frames of RTP.
const rtpBufferBytes = 256 << 10

// open is pion's BufferFactory. It is called with locks of pion's held, so it only counts.
func (s *streams) open(kind packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser {
	s.mu.Lock()
	_, own := s.slots[ssrc]
	over := false
	if !own {
		if _, known := s.remote[ssrc]; !known && len(s.remote) >= s.limit {
			over = true
		} else {
			s.remote[ssrc]++
		}
	}
	s.mu.Unlock()
	if over {
		s.peer.fail("ssrcs")
		return closedStream{}
	}
	release := func() {
		if !own {
			s.release(ssrc)
		}
	}
	if kind == packetio.RTCPBufferPacket {
		return &rtcpStream{streams: s, release: release, closed: make(chan struct{})}
	}
	buffer := packetio.NewBuffer()
	buffer.SetLimitSize(rtpBufferBytes)
	stream := &rtpStream{Buffer: buffer}
	stream.release = func() {
		release()
		s.forget(ssrc, stream)
	}
	s.mu.Lock()
	s.rtp[ssrc] = stream
	s.mu.Unlock()
	return stream
}

func (s *streams) forget(ssrc uint32, stream *rtpStream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rtp[ssrc] == stream {
		delete(s.rtp, ssrc)
	}
}

// waiting tells how many packets of a stream of the peer's have come and were not read yet.
func (s *streams) waiting(ssrc uint32) func() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stream := s.rtp[ssrc]; stream != nil {
		return stream.Count
	}
	return func() int { return 0 }
}

func (s *streams) release(ssrc uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.remote[ssrc]--; s.remote[ssrc] <= 0 {
		delete(s.remote, ssrc)
	}
}

func (s *streams) addSlot(sl *slot, ssrcs ...uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ssrc := range ssrcs {
		if ssrc != 0 {
			s.slots[ssrc] = sl
		}
	}
}

func (s *streams) removeSlot(ssrcs ...uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ssrc := range ssrcs {
		delete(s.slots, ssrc)
	}
}

func (s *streams) addLayer(l *layer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.layers[l.ssrc] = l
}

func (s *streams) removeLayer(l *layer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.layers[l.ssrc] == l {
		delete(s.layers, l.ssrc)
	}
}

func (s *streams) find(ssrc uint32) (*slot, *layer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.slots[ssrc], s.layers[ssrc]
}

// control handles RTCP of the peer: reports on its line, requests for its slots, reports on its own streams.
//
// pion hands a compound packet to the stream of each SSRC that it speaks of, which is here as often: a browser with 25 pictures
// reports on as many. Nobody says the same twice within sameControl.
func (s *streams) control(b []byte, now time.Time) {
	if now.Sub(s.lastAt) < sameControl && bytes.Equal(b, s.last) {
		return
	}
	s.last, s.lastAt = append(s.last[:0], b...), now
	for len(b) > 0 {
		packet, rest, feedback := bandwidth.Cut(b)
		if !feedback {
			s.handle(packet, now)
		} else if s.peer.line.feedback(packet, now) {
			s.peer.poke()
		}
		b = rest
	}
}

func (s *streams) handle(b []byte, now time.Time) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		s.peer.dropped("bad_rtcp")
		return
	}
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			if _, l := s.find(p.SSRC); l != nil {
				l.senderReport(p, now)
			}
		case *rtcp.TransportLayerNack:
			if sl, _ := s.find(p.MediaSSRC); sl != nil {
				s.repeat(sl, p, now)
			}
		case *rtcp.PictureLossIndication:
			if sl, _ := s.find(p.MediaSSRC); sl != nil {
				sl.wantsKeyframe(now)
			}
		case *rtcp.FullIntraRequest:
			for _, entry := range p.FIR {
				if sl, _ := s.find(entry.SSRC); sl != nil {
					sl.wantsKeyframe(now)
				}
			}
		}
	}
}

func (s *streams) repeat(sl *slot, nack *rtcp.TransportLayerNack, now time.Time) {
	if s.repeater == nil {
		s.repeater = newRepeater()
	}
	for _, pair := range nack.Nacks {
		pair.Range(func(sequence uint16) bool {
			sl.repeat(sequence, s.repeater, now)
			return true
		})
	}
}

// rtpStream is what pion reads one stream of RTP from.
type rtpStream struct {
	*packetio.Buffer
	once    sync.Once
	release func()
}

// Close ends the stream.
func (r *rtpStream) Close() error {
	r.once.Do(r.release)
	return r.Buffer.Close()
}

// rtcpStream takes the RTCP that concerns one SSRC.
type rtcpStream struct {
	streams *streams
	once    sync.Once
	release func()
	closed  chan struct{}
}

// Write handles packets. It runs in pion's goroutine, so a panic over what a peer sent must not get out of it.
func (r *rtcpStream) Write(b []byte) (int, error) {
	defer r.streams.peer.contain()
	r.streams.control(b, time.Now())
	return len(b), nil
}

// Read waits for the end: there is nothing to read.
func (r *rtcpStream) Read([]byte) (int, error) {
	<-r.closed
	return 0, io.EOF
}

// Close ends the stream.
func (r *rtcpStream) Close() error {
	r.once.Do(func() {
		close(r.closed)
		r.release()
	})
	return nil
}

// closedStream is for streams above the limit: it takes and gives nothing.
type closedStream struct{}

// Write drops.
func (closedStream) Write(b []byte) (int, error) { return len(b), nil }

// Read says that it is over.
func (closedStream) Read([]byte) (int, error) { return 0, io.EOF }

// Close does nothing.
func (closedStream) Close() error { return nil }
