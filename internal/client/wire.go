package client

import (
	"encoding/json"
	"fmt"
	"time"
)

// Participant is somebody in the room, as the server describes them.
type Participant struct {
	ID       string  `json:"id"`
	Identity string  `json:"identity"`
	Name     string  `json:"name"`
	Tracks   []Track `json:"tracks,omitempty"`
}

// Track is something a participant publishes.
type Track struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"`
	Source string `json:"source"`
	Muted  bool   `json:"muted"`
}

// Grant is what the server lets this session do.
type Grant struct {
	Publish   bool `json:"publish"`
	Subscribe bool `json:"subscribe"`
	Data      bool `json:"data"`
	Admin     bool `json:"admin"`
}

// Event is what happened in the room, or to our place in it.
type Event struct {
	Epoch       string // of the log that Offset is in; of reset, the new one
	Offset      uint64
	Kind        string // joined, left, published, unpublished, muted, …, or reset
	Participant string
	Track       string
	Source      string
	Reason      string // of left and of reset
	Muted       bool
	By          string // of muted: who did it, if not the owner
	Name        string // of joined
	Unconfirmed int    // of reset: how many of our own messages have an unknown fate
}

// Error is a refusal by the server.
type Error struct {
	Re      string
	Code    string
	Message string
	Retry   time.Duration
}

func (e *Error) Error() string {
	if e.Re == "" {
		return fmt.Sprintf("%s: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%s refused: %s: %s", e.Re, e.Code, e.Message)
}

// Binding is what one slot shows.
type Binding struct {
	Mid         string  `json:"mid"`
	Kind        string  `json:"kind"`
	Track       string  `json:"track"`
	Participant string  `json:"participant"`
	Paused      bool    `json:"paused"` // our line does not carry it at the moment
	After       *uint32 `json:"after"`
}

// inbound is the union of what a server says now and then; what it says all the time is read in entry.go and lossy.go.
type inbound struct {
	T  string `json:"t"`
	ID uint64 `json:"id"`

	// joined, resumed
	SID          string        `json:"sid"`
	RT           string        `json:"rt"`
	Epoch        string        `json:"epoch"`    // also attached, reset
	Position     uint64        `json:"position"` // also reset
	You          Participant   `json:"you"`
	Grant        Grant         `json:"grant"`
	Participants []Participant `json:"participants"` // also reset
	Answer       string        `json:"answer"`
	Rev          uint64        `json:"rev"`
	Slots        []Binding     `json:"slots"`
	Peer         bool          `json:"peer"`
	Here         bool          `json:"here"`
	State        int           `json:"state"` // also reset
	History      []string      `json:"history"`
	Limits       Limits        `json:"limits"`

	// answer
	SDP string `json:"sdp"`

	// layers, speakers, quality
	Mid  string            `json:"mid"`
	RIDs []string          `json:"rids"`
	IDs  []string          `json:"ids"`
	Of   map[string]string `json:"of"`

	// attached, reset
	Gen    uint64 `json:"gen"`
	N      uint64 `json:"n"`
	Reason string `json:"reason"`
	Since  bool   `json:"since"`

	// error, closed
	Re      string `json:"re"`
	Code    string `json:"code"`
	Message string `json:"message"`
	RetryMs int64  `json:"retryMs"`
}

// Limits are what the server takes of this session.
type Limits struct {
	MessageBytes      int `json:"messageBytes"`
	FrameBytes        int `json:"frameBytes"`
	LossyBytes        int `json:"lossyBytes"`
	MessagesPerSecond int `json:"messagesPerSecond"`
	BytesPerSecond    int `json:"bytesPerSecond"`
}

func (m *inbound) err() *Error {
	return &Error{Re: m.Re, Code: m.Code, Message: m.Message, Retry: time.Duration(m.RetryMs) * time.Millisecond}
}

// What the client says. Each is small enough to be its own documentation.
type (
	sending struct {
		Mid    string `json:"mid"`
		Source string `json:"source"`
		Muted  bool   `json:"muted"`
		Size
	}
	viewFrame struct {
		T string `json:"t"`
		View
	}
	muteFrame struct {
		T           string `json:"t"`
		Participant string `json:"participant"`
		Track       string `json:"track"`
		Muted       bool   `json:"muted"`
	}
	resumeRef struct {
		SID string `json:"sid"`
		RT  string `json:"rt"`
	}
	joinFrame struct {
		T       string     `json:"t"`
		Room    string     `json:"room"`
		Name    string     `json:"name,omitempty"`
		Token   string     `json:"token,omitempty"`
		Create  *bool      `json:"create,omitempty"`
		Resume  *resumeRef `json:"resume,omitempty"`
		Attempt string     `json:"attempt,omitempty"`
		Offer   string     `json:"offer,omitempty"`
		Tracks  []sending  `json:"tracks,omitempty"`
	}
	resumeFrame struct {
		T string `json:"t"`
		resumeRef
	}
	leaveFrame struct {
		T      string `json:"t"`
		Return bool   `json:"return,omitempty"`
	}
	offerFrame struct {
		T      string    `json:"t"`
		ID     uint64    `json:"id"`
		SDP    string    `json:"sdp"`
		Fresh  bool      `json:"fresh,omitempty"`
		Tracks []sending `json:"tracks"`
	}
	slottedFrame struct {
		T   string `json:"t"`
		Rev uint64 `json:"rev"`
	}
	publishFrame struct {
		T string `json:"t"`
		sending
	}
	unpublishFrame struct {
		T   string `json:"t"`
		Mid string `json:"mid"`
	}
	attachFrame struct {
		T        string `json:"t"`
		Gen      uint64 `json:"gen"`
		Epoch    string `json:"epoch"`
		Position uint64 `json:"position"`
		State    *int   `json:"state,omitempty"`
	}
	ackFrame struct {
		T        string `json:"t"`
		Position uint64 `json:"position"`
	}
	pingFrame struct {
		T  string `json:"t"`
		ID uint64 `json:"id"`
	}
)

// encode renders what cannot fail to be rendered: the frames above hold only strings, numbers and JSON that was
// checked when it came in.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("client: frame %T: %v", v, err))
	}
	return b
}
