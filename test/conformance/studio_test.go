package conformance

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// studio is a member with a microphone, a camera, and a slot of each kind.
type studio struct {
	*member
	pc      *webrtc.PeerConnection
	mids    map[string]string // of microphone and camera
	loud    atomic.Int32      // decibels below the loudest
	sent    atomic.Int64      // packets of each
	pixels  atomic.Int32      // bytes of a picture, beside its beginning
	sounds  atomic.Int64      // packets that came
	picture atomic.Int64
	slots   atomic.Pointer[[]any]
}

const levelURI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

// openStudio joins with media. What it publishes flows until the test ends.
func openStudio(t *testing.T, url string, join object) *studio {
	t.Helper()
	return openStudioBehind(t, nil, url, join)
}

// openStudioBehind is openStudio behind a line, of which it reports what comes when; nil: none.
func openStudioBehind(t *testing.T, line *thin, url string, join object) *studio {
	t.Helper()
	s := &studio{mids: map[string]string{}}
	s.loud.Store(27)
	engine := &webrtc.MediaEngine{}
	level := webrtc.RTPHeaderExtensionCapability{URI: levelURI} // the first, so its id is 1
	if err := engine.RegisterHeaderExtension(level, webrtc.RTPCodecTypeAudio); err != nil {
		t.Fatal(err)
	}
	if err := engine.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	var settings webrtc.SettingEngine
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetIncludeLoopbackCandidate(true)
	registry := &interceptor.Registry{}
	if line != nil {
		settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
		settings.SetICEUDPMux(webrtc.NewICEUDPMux(nil, line))
		if err := webrtc.ConfigureTWCCSender(engine, registry); err != nil {
			t.Fatal(err)
		}
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithSettingEngine(settings), webrtc.WithInterceptorRegistry(registry))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	s.pc = pc
	t.Cleanup(func() { _ = pc.Close() })
	mic := s.line(t, webrtc.MimeTypeOpus, "microphone")
	cam := s.line(t, webrtc.MimeTypeVP8, "camera")
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		if _, err := pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			t.Fatal(err)
		}
	}
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		count := &s.sounds
		if track.Kind() == webrtc.RTPCodecTypeVideo {
			count = &s.picture
		}
		for {
			if _, _, err := track.ReadRTP(); err != nil {
				return
			}
			count.Add(1)
		}
	})
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	var tracks []object
	for i, source := range []string{"microphone", "camera"} {
		s.mids[source] = pc.GetTransceivers()[i].Mid()
		tracks = append(tracks, object{"mid": s.mids[source], "source": source, "muted": false, "width": 640, "height": 360})
	}
	join["t"], join["offer"], join["tracks"] = "join", offer.SDP, tracks
	socket := dial(t, url)
	socket.say(join)
	in := socket.expect("joined")
	s.member = &member{socket: socket, id: in["you"].(object)["id"].(string), in: in}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: in["answer"].(string)}); err != nil {
		t.Fatal(err)
	}
	socket.say(object{"t": "slotted", "rev": in["rev"]})
	slots, _ := in["slots"].([]any)
	s.slots.Store(&slots)
	s.confirm()
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	go s.stream(mic, cam, stop)
	return s
}

func (s *studio) line(t *testing.T, mime, source string) *webrtc.TrackLocalStaticRTP {
	t.Helper()
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, source, source)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		t.Fatal(err)
	}
	return track
}

// stream sends a packet of each kind every 20 ms: Opus that says how loud it is, and key frames of VP8.
func (s *studio) stream(mic, cam *webrtc.TrackLocalStaticRTP, stop <-chan struct{}) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		sound := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(n), Timestamp: uint32(n * 960)}, Payload: []byte{0x78, 1, 2, 3}}
		_ = sound.SetExtension(1, []byte{byte(s.loud.Load())}) // one byte always fits
		picture := &rtp.Packet{
			Header:  rtp.Header{Version: 2, Marker: true, SequenceNumber: uint16(n), Timestamp: uint32(n * 1800)},
			Payload: append([]byte{0x10, 0x10, 0, 0, 0x9d, 1, 0x2a, 0x80, 2, 0x68, 1, 0, 0}, make([]byte, s.pixels.Load())...),
		}
		_, _ = mic.WriteRTP(sound), cam.WriteRTP(picture) // errors only before there is a connection
		s.sent.Add(1)
	}
}

// confirm reads along, and confirms slots as they come.
func (s *studio) confirm() {
	inner := s.came
	outer := make(chan object, cap(inner))
	s.came = outer
	go func() {
		defer close(outer)
		for m := range inner {
			if m["t"] == "slots" {
				slots := m["slots"].([]any)
				s.slots.Store(&slots)
				s.writing.Lock()
				_ = s.ws.WriteJSON(object{"t": "slotted", "rev": m["rev"]}) // the reader hears of errors
				s.writing.Unlock()
			}
			outer <- m
		}
	}()
}

// shows waits until the slot of a kind shows a track, or nothing, and returns it.
func (s *studio) shows(kind, track string) (slot object) {
	s.t.Helper()
	wait(s.t, kind+" slot with "+track, func() bool {
		slots := s.slots.Load()
		for i := 0; slots != nil && i < len(*slots); i++ {
			slot = (*slots)[i].(object)
			if showing, _ := slot["track"].(string); slot["kind"] == kind && showing == track {
				return true
			}
		}
		return false
	})
	return slot
}

// published waits for what somebody publishes.
func (s *socket) published(owner, source string) string {
	s.t.Helper()
	e := s.expectEntry(source, func(e object) bool {
		if e["event"] != "published" || e["id"] != owner {
			return false
		}
		return e["track"].(object)["source"] == source
	})
	return e["track"].(object)["id"].(string)
}

// grows waits for more of a count.
func grows(t *testing.T, what string, count *atomic.Int64, by int64) {
	t.Helper()
	from := count.Load()
	wait(t, what, func() bool { return count.Load() >= from+by })
}

// wait looks until something is so that nobody tells of.
func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for late := time.After(patience); !ok(); {
		select {
		case <-late:
			t.Fatalf("no %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
