package room

import (
	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/sfu"
)

// Event is something that happened in a room and that everyone in it gets to know, in the log's order.
type Event interface{ event() }

// Joined: somebody came, or came back.
type Joined struct{ Participant Info }

// Left: somebody went.
type Left struct {
	ID     string
	Reason Reason
}

// Published: a track can be seen or heard from now on.
type Published struct {
	ID    string
	Track TrackInfo
}

// Unpublished: a track is no more.
type Unpublished struct{ ID, Track string }

// Muted: a track was muted or unmuted, by its owner or by somebody who may.
type Muted struct {
	ID, Track string
	Muted     bool
	By        string // empty: its owner
}

// SettingsChanged: other people get in than did.
type SettingsChanged struct {
	Settings
	By string // empty: because the room was empty
}

// Appointed: somebody may administer the room from now on.
type Appointed struct{ ID string }

// Restarted: the server was, and nobody publishes anything until it does so anew.
type Restarted struct{}

func (Joined) event()          {}
func (SettingsChanged) event() {}
func (Appointed) event()       {}
func (Restarted) event()       {}
func (Left) event()            {}
func (Published) event()       {}
func (Unpublished) event()     {}
func (Muted) event()           {}

// Reason says why somebody left.
type Reason string

// The reasons there are.
const (
	ReasonLeft     Reason = "left"     // said so
	ReasonLost     Reason = "lost"     // silent for too long
	ReasonRemoved  Reason = "removed"  // by somebody who may
	ReasonReplaced Reason = "replaced" // went on in another page
	ReasonClosed   Reason = "closed"   // the room or the server closed
)

// Info is what others know of a participant.
type Info struct {
	ID, Identity, Name, Metadata string
	Admin                        bool // it may administer
	Watching                     bool // it is there to see and hear
	Tracks                       []TrackInfo
}

// TrackInfo is what others know of a track.
type TrackInfo struct {
	ID     string
	Kind   sfu.Kind
	Source Source
	Muted  bool
}

// Slot is what one of a participant's slots shows: a Track of somebody, or nothing where Track is empty.
type Slot struct {
	Mid         string
	Kind        sfu.Kind
	Track       string
	Participant string
	Paused      bool // the participant's line does not carry it at the moment
	// After is the RTP timestamp of the last packet of what was shown there before, if HasAfter.
	After    uint32
	HasAfter bool
}

// Notice is something one participant's door gets to know.
type Notice interface{ notice() }

// SlotsChanged: the slots of this participant show something else from revision Rev on.
type SlotsChanged struct {
	Rev   uint64
	Slots []Slot
}

// ChannelOpened: the reliable or the lossy data channel of this participant's Peer is open.
type ChannelOpened struct{ Channel *sfu.Channel }

// PeerLost: the participant's Peer has failed or was closed; a new offer is needed for media to flow again.
type PeerLost struct{}

// LayersWanted: of what the participant sends in an m-line, somebody is shown these encodings.
type LayersWanted struct {
	Mid  string
	RIDs []string
}

// SpeakersChanged: these participants speak now, the loudest first. It is shared: nobody edits it.
type SpeakersChanged struct{ IDs []string }

// QualitiesChanged: this is how well the lines of these participants, by id, carry what they should. It is shared.
type QualitiesChanged struct{ Of map[string]sfu.Quality }

// WaitingChanged: these wait to be let in, in the order in which they came. It is shared.
type WaitingChanged struct{ Waiting []Waiter }

// Expelled: the participant was put out and is no longer in the room.
type Expelled struct{ Reason Reason }

func (SlotsChanged) notice()     {}
func (ChannelOpened) notice()    {}
func (PeerLost) notice()         {}
func (LayersWanted) notice()     {}
func (SpeakersChanged) notice()  {}
func (QualitiesChanged) notice() {}
func (WaitingChanged) notice()   {}
func (Expelled) notice()         {}

// Member is a door's side of a participant. Both are called under locks, so they return at once.
type Member interface {
	// Notify posts to a mailbox.
	Notify(n Notice)
	// Keep is what the door wants to have written in the moment in which p comes or goes.
	Keep(p *Participant, here bool) []datachannel.Row
}
