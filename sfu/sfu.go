// Package sfu forwards RTP and opens data channels: one PeerConnection per browser, answered from its offers.
//
// It knows media: tracks that a peer publishes, slots in which it is shown those of others, and the reliable
// channel as a pipe for frames. It knows no rooms, no JSON, no WebSockets and no names: who may see what is
// decided by the caller, who hands each Peer the tracks it should see, best first.
//
// The browser always offers. A sendonly m-line of the offer is a Track, a recvonly one is a slot. What a slot
// shows changes without SDP: its former source is stopped at once, the handler is told, and the new source
// flows only after Confirm, so that nobody's picture appears under another's name.
//
// A track comes in one or more encodings, each a stream of its own, and these may have layers. What of it flows in a slot
// is chosen for the slot and may change at any picture that a decoder can follow; the browser sees one stream that goes on.
// Publishers are told which encodings somebody is shown, so that those that nobody watches cost nothing.
//
// Everything a peer can make grow here has a cap in Limits and a count in metrics; what one peer does wrong
// ends at most that peer.
package sfu

import (
	"errors"
	"time"
)

// Errors of Answer. They are wrapped with what exactly was wrong.
var (
	ErrTooLarge     = errors.New("offer is too large")
	ErrTooManyMedia = errors.New("offer has too many media")
	ErrBadOffer     = errors.New("offer cannot be answered")
	ErrClosed       = errors.New("peer is closed")
)

// Errors of Channel.
var (
	ErrMessageTooLarge = errors.New("message is larger than the channel takes")
	ErrSlowConsumer    = errors.New("the other side takes nothing")
)

// Kind is what a track carries and a slot takes.
type Kind uint8

// The two kinds of media.
const (
	Audio Kind = iota + 1
	Video
)

// String is the word SDP and the protocol use.
func (k Kind) String() string {
	switch k {
	case Audio:
		return "audio"
	case Video:
		return "video"
	default:
		return "unknown"
	}
}

// State is how a peer's connection stands.
type State uint8

// A peer begins in Connecting. Disconnected may become Connected again, also by an ICE restart after Failed.
// Closed is the last.
const (
	Connecting State = iota + 1
	Connected
	Disconnected
	Failed
	Closed
)

// String is for logs.
func (s State) String() string {
	switch s {
	case Connecting:
		return "connecting"
	case Connected:
		return "connected"
	case Disconnected:
		return "disconnected"
	case Failed:
		return "failed"
	case Closed:
		return "closed"
	default:
		return "unknown"
	}
}

// Rank orders what a peer wishes to see or hear. When not everything can be afforded, a higher one goes first.
type Rank uint8

// Plain is what a Wish has that says nothing; among equals the larger goes first.
const (
	Plain Rank = iota
	Speaking
	Pinned // chosen by the peer itself
	Shared // a screen
)

// Wish is a track that a peer should be shown, and how.
type Wish struct {
	Track         *Track
	Rank          Rank
	Width, Height int // of the place it is shown in, in pixels of the screen; 0: not known
}

// Encoding is one of those in which a track is published, as its publisher describes it.
type Encoding struct {
	RID   string
	Scale float64 // by which it is smaller than the whole, each way; 1 or more
}

// Quality is how well a peer's connection carries what it should.
type Quality uint8

// From nothing known to nothing heard.
const (
	QualityUnknown Quality = iota
	QualityGood
	QualityPoor
	QualityLost
)

// Binding says what one slot shows. Track nil is an empty slot.
type Binding struct {
	Mid    string
	Kind   Kind
	Track  *Track
	Paused bool // the peer's connection does not carry it at the moment
	// After is the RTP timestamp of the last packet the slot sent for the former track: the new one is ahead of it.
	After    uint32
	HasAfter bool
}

// Handler is told what happens to a peer. It is called from that peer's goroutine, one call at a time and in
// order. It must not block, and it must not call the Peer.
type Handler interface {
	PeerState(State)
	TrackStarted(*Track) // with the first RTP packet of an m-line
	TrackEnded(*Track)
	SlotsChanged(rev uint64, slots []Binding) // the full state
	// LayersWanted names the encodings of a video track of the peer's that somebody is shown or is about to be; the others
	// need not be sent. The stream of a track without encodings is named "". It is called when that changes: at once for
	// one that is to be sent, two seconds after the last look for one that is not. Until the first call all are to be.
	LayersWanted(t *Track, rids []string)
	// QualityChanged says how well the connection carries what it should: the worse of what the peer is sent and what it sends.
	// It does not change for what passes.
	QualityChanged(q Quality)
	ChannelOpened(*Channel) // the reliable channel, negotiated with id 0, or the lossy one, with id 1
}

// Limits are the caps of one peer. A zero field takes its default.
type Limits struct {
	SDPBytes     int // 384 KiB: Chromium takes 5 KiB for an m-line of video
	MediaLines   int // 64
	SSRCs        int // 64 streams the peer sends at a time
	Channels     int // 4; two are Parlor's own, none is taken from the peer, see Peer
	MessageBytes int // 64 KiB
	Tracks       int // 8 published at a time
	Layers       int // 3 of a track

	ICETimeout  time.Duration // to find a path, at first or after it was lost; 15 s
	DTLSTimeout time.Duration // of the handshake; 20 s
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&l.SDPBytes, 384<<10)
	set(&l.MediaLines, 64)
	set(&l.SSRCs, 64)
	set(&l.Channels, 4)
	set(&l.MessageBytes, 64<<10)
	set(&l.Tracks, 8)
	set(&l.Layers, 3)
	if l.ICETimeout <= 0 {
		l.ICETimeout = 15 * time.Second
	}
	if l.DTLSTimeout <= 0 {
		l.DTLSTimeout = 20 * time.Second
	}
	return l
}
