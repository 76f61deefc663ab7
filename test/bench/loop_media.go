package main

import (
	"net/url"
	"strconv"
	"sync"

	"github.com/pion/webrtc/v4"
)

// loopStage is the media of a loop: what one writes first with pion. Each track that is published has a
// TrackLocalStaticRTP, to which a loop writes what it reads; that sends it to everybody who was given it.
type loopStage struct {
	mu sync.Mutex
	// Guarded by mu.
	tracks map[loopTrack]*webrtc.TrackLocalStaticRTP
}

// loopTrack names a track: it is there before it is published, so that nobody has to negotiate again.
type loopTrack struct {
	publisher int
	kind      webrtc.RTPCodecType
}

func (s *loopStage) track(name loopTrack) (*webrtc.TrackLocalStaticRTP, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tracks[name]; t != nil {
		return t, nil
	}
	codec := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}
	if name.kind == webrtc.RTPCodecTypeAudio {
		codec = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}
	}
	t, err := webrtc.NewTrackLocalStaticRTP(codec, name.kind.String(), "publisher-"+strconv.Itoa(name.publisher))
	if err == nil {
		s.tracks[name] = t
	}
	return t, err
}

// add adds to a PeerConnection what its offer has lines for: the tracks of all but itself, from the first publisher on. The
// query says who it is, if it publishes, and how many do.
func (s *loopStage) add(pc *webrtc.PeerConnection, offer webrtc.SessionDescription, query url.Values) error {
	publishers, _ := strconv.Atoi(query.Get("publishers")) // nothing is none
	self := -1
	if v := query.Get("publisher"); v != "" {
		self, _ = strconv.Atoi(v)
	}
	parsed, err := offer.Unmarshal()
	if err != nil {
		return err
	}
	lines := map[webrtc.RTPCodecType]int{}
	for _, m := range parsed.MediaDescriptions {
		if _, receives := m.Attribute("recvonly"); receives {
			lines[webrtc.NewRTPCodecType(m.MediaName.Media)]++
		}
	}
	for i := range publishers {
		for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
			if i == self || lines[kind] == 0 {
				continue
			}
			lines[kind]--
			if err := s.send(pc, loopTrack{i, kind}); err != nil {
				return err
			}
		}
	}
	pc.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		s.relay(remote, loopTrack{self, remote.Kind()})
	})
	return nil
}

func (s *loopStage) send(pc *webrtc.PeerConnection, name loopTrack) error {
	track, err := s.track(name)
	if err != nil {
		return err
	}
	line, err := pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return err
	}
	go func() { // interceptors see what is read
		b := make([]byte, 1500)
		for {
			if _, _, err := line.Sender().Read(b); err != nil {
				return
			}
		}
	}()
	return nil
}

func (s *loopStage) relay(remote *webrtc.TrackRemote, name loopTrack) {
	track, err := s.track(name)
	if err != nil {
		return
	}
	for {
		p, _, err := remote.ReadRTP()
		if err != nil {
			return
		}
		_ = track.WriteRTP(p) // whose end it is hears of it by itself
	}
}
