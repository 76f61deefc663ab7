package client

import (
	"context"
	"net"

	"github.com/pion/rtp"
	"github.com/pion/transport/v4"
	"github.com/pion/webrtc/v4"
	"github.com/rs/zerolog"
)

// Transport is a way for messages to travel.
type Transport string

// The transports that a client can be restricted to.
const (
	WebRTC    Transport = "webrtc"
	WebSocket Transport = "websocket"
)

// Options say how to join. URL and Room are needed; the rest has useful zero values.
type Options struct {
	URL       string // http(s) or ws(s), of the server or of its /v1/ws
	Room      string
	Name      string
	Token     string
	Origin    string      // sent as the Origin header when set
	MustExist bool        // refuse a room that does not exist
	Resume    *Resume     // of a page that was here before
	Rejoin    bool        // join anew by itself when the session is gone: an event reset says so
	Pin       []Transport // only these carry messages; default both, WebRTC first

	NoMedia    bool // no PeerConnection at all
	AudioSlots int
	VideoSlots int
	Publish    []Publication

	Dial func(ctx context.Context, network, addr string) (net.Conn, error) // of the WebSocket; default TCP
	Net  transport.Net                                                     // of the media; default the machine's

	// Callbacks. OnMessage, OnEvent and OnState are called in log order, and none of them or OnLossy while another runs;
	// one that blocks holds up the log of this client. What they are given is the callee's. OnRTP is called from one goroutine per slot. The packet is the callee's.
	OnMessage func(Message)
	OnEvent   func(Event)
	OnState   func(Change)
	OnLossy   func(Lossy)
	OnRTP     func(slot Binding, packet *rtp.Packet)
	OnPacket  func(h *rtp.Header, payload []byte, again bool) // instead of OnRTP, for load: see Intake
	Quiet     bool                                            // with OnPacket: the server is not told when packets arrive
	OnSlots   func(rev uint64, slots []Binding)
	// OnSpeakers, OnQuality and OnLayers are called from the client's own goroutine: they must not call the Client.
	OnSpeakers func(ids []string)
	OnQuality  func(of map[string]string)
	OnLayers   func(mid string, rids []string)

	Log zerolog.Logger
}

// Resume names a session to go on with.
type Resume struct{ Session, Token string }

// Publication is a track to publish.
type Publication struct {
	Source   string // microphone, camera, screen, screen_audio, other
	Track    webrtc.TrackLocal
	Layers   []*Layer // instead of Track: simulcast, smallest first
	Muted    bool
	Size            // what is said of it, if anything
	Keyframe func() // called when the server asks for a keyframe
}
