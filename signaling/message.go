package signaling

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/parlorhq/parlor/room"
)

// The kinds of signalling messages a client may send. Those about messages belong to package datachannel.
const (
	kindJoin      = "join"
	kindResume    = "resume"
	kindLeave     = "leave"
	kindOffer     = "offer"
	kindSlotted   = "slotted"
	kindPublish   = "publish"
	kindUnpublish = "unpublish"
	kindView      = "view"
	kindMute      = "mute"
	kindRemove    = "remove"
	kindSettings  = "settings"
	kindAdmit     = "admit"
	kindDeny      = "deny"
	kindEnd       = "end"
	kindPing      = "ping" // only before the first of the others
)

var errBadMessage = errors.New("not a message of the protocol")

type track struct {
	ID     string      `json:"id,omitempty"`
	Mid    string      `json:"mid,omitempty"`
	Kind   string      `json:"kind,omitempty"`
	Source room.Source `json:"source"`
	Muted  bool        `json:"muted"`
	described
}

// described is how a track is published, as far as its owner says.
type described struct {
	Width  int     `json:"width,omitempty"`
	Height int     `json:"height,omitempty"`
	Layers []layer `json:"layers,omitempty"`
}

type layer struct {
	RID   string  `json:"rid"`
	Scale float64 `json:"scale"`
}

type session struct {
	ID    string `json:"sid"`
	Token string `json:"rt"`
}

type joinRequest struct {
	T      string   `json:"t"`
	Room   string   `json:"room"`
	Name   string   `json:"name"`
	Token  string   `json:"token,omitempty"`
	Create *bool    `json:"create,omitempty"`
	Resume *session `json:"resume,omitempty"`
	// Attempt names this try to join: a second one with the same word takes the first one's place.
	Attempt string `json:"attempt,omitempty"`
	Watch   bool   `json:"watch,omitempty"` // to see and hear, and no more
	// Wait says of a request over HTTP that it knows it has to wait, and does so for news.
	Wait   bool    `json:"wait,omitempty"`
	Offer  string  `json:"offer,omitempty"`
	Tracks []track `json:"tracks,omitempty"`
}

type resumeRequest struct {
	T string `json:"t"`
	session
}

type pingRequest struct {
	T  string `json:"t"`
	ID uint64 `json:"id"`
}

type pongReply struct {
	T  string `json:"t"`
	ID uint64 `json:"id"`
}

type leaveRequest struct {
	T      string `json:"t"`
	Return bool   `json:"return,omitempty"`
}

type offerRequest struct {
	T      string  `json:"t"`
	ID     int64   `json:"id"`
	SDP    string  `json:"sdp"`
	Fresh  bool    `json:"fresh,omitempty"`
	Tracks []track `json:"tracks"`
}

type slottedRequest struct {
	T   string `json:"t"`
	Rev uint64 `json:"rev"`
}

type publishRequest struct {
	T      string      `json:"t"`
	Mid    string      `json:"mid"`
	Source room.Source `json:"source"`
	Muted  bool        `json:"muted"`
	described
}

type viewRequest struct {
	T      string   `json:"t"`
	Tracks []tile   `json:"tracks"`
	Off    []string `json:"off,omitempty"`
}

type tile struct {
	ID     string `json:"id"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Pin    bool   `json:"pin,omitempty"`
}

type unpublishRequest struct {
	T   string `json:"t"`
	Mid string `json:"mid"`
}

type participant struct {
	ID       string  `json:"id"`
	Identity string  `json:"identity"`
	Name     string  `json:"name"`
	Metadata string  `json:"metadata,omitempty"`
	Admin    bool    `json:"admin,omitempty"`
	Watching bool    `json:"watching,omitempty"`
	Tracks   []track `json:"tracks,omitempty"`
}

type grant struct {
	Publish   bool `json:"publish"`
	Subscribe bool `json:"subscribe"`
	Data      bool `json:"data"`
	Admin     bool `json:"admin"`
	// Sources are all that may be published; left out where that is everything.
	Sources []room.Source `json:"sources,omitempty"`
	// SendTypes and WriteState are all that may be sent and written; left out where that is everything, empty where it is nothing.
	SendTypes  []string `json:"sendTypes,omitzero"`
	WriteState []string `json:"writeState,omitzero"`
}

type slot struct {
	Mid         string  `json:"mid"`
	Kind        string  `json:"kind"`
	Track       string  `json:"track,omitempty"`
	Participant string  `json:"participant,omitempty"`
	Paused      bool    `json:"paused,omitempty"`
	After       *uint32 `json:"after,omitempty"`
}

type advertised struct {
	MessageBytes      int   `json:"messageBytes"`
	FrameBytes        int   `json:"frameBytes"`
	LossyBytes        int   `json:"lossyBytes"`
	KeyBytes          int   `json:"keyBytes"`
	ValueBytes        int   `json:"valueBytes"`
	MessagesPerSecond int   `json:"messagesPerSecond"`
	MessageBurst      int   `json:"messageBurst"`
	BytesPerSecond    int   `json:"bytesPerSecond"`
	ByteBurst         int   `json:"byteBurst"`
	MediaLines        int   `json:"mediaLines"`
	FileBytes         int64 `json:"fileBytes"`
}

type joinedReply struct {
	T    string `json:"t"`
	Room string `json:"room"`
	session
	Epoch        string        `json:"epoch"`
	Position     uint64        `json:"position"`
	You          participant   `json:"you"`
	Grant        grant         `json:"grant"`
	Participants []participant `json:"participants"`
	Settings     settings      `json:"settings"`
	Answer       string        `json:"answer,omitempty"`
	Rev          uint64        `json:"rev,omitempty"`
	Slots        []slot        `json:"slots,omitempty"`
	ICEServers   []ICEServer   `json:"iceServers"`
	State        int           `json:"state"`          // cells that follow
	History      []string      `json:"history"`        // types of messages that are kept for newcomers
	Link         string        `json:"link,omitempty"` // key of the link, over HTTP
	FileKey      string        `json:"fileKey"`        // lets it put files into the room
	Limits       advertised    `json:"limits"`
}

// ICEServer is a TURN server as WebRTC's RTCIceServer has it.
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

type resumedReply struct {
	T     string `json:"t"`
	Token string `json:"rt"`
	Link  string `json:"link,omitempty"`
	Peer  bool   `json:"peer"`
	Here  bool   `json:"here"`
	Rev   uint64 `json:"rev,omitempty"`
	Slots []slot `json:"slots,omitempty"`

	ICEServers []ICEServer `json:"iceServers,omitempty"`
}

type answerReply struct {
	T     string `json:"t"`
	ID    int64  `json:"id"`
	SDP   string `json:"sdp"`
	Rev   uint64 `json:"rev"`
	Slots []slot `json:"slots"`

	ICEServers []ICEServer `json:"iceServers,omitempty"`
}

type slotsNotice struct {
	T     string `json:"t"`
	Rev   uint64 `json:"rev"`
	Slots []slot `json:"slots"`
}

type layersNotice struct {
	T    string   `json:"t"`
	Mid  string   `json:"mid"`
	RIDs []string `json:"rids"`
}

type speakersNotice struct {
	T   string   `json:"t"`
	IDs []string `json:"ids"`
}

type qualityNotice struct {
	T  string            `json:"t"`
	Of map[string]string `json:"of"`
}

type closedNotice struct {
	T       string `json:"t"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

type errorReply struct {
	T       string `json:"t"`
	Re      string `json:"re,omitempty"`
	ID      int64  `json:"id,omitempty"`
	Mid     string `json:"mid,omitempty"`
	Code    string `json:"code"`
	Message string `json:"message"`
	RetryMs int64  `json:"retryMs,omitempty"`
}

// kindOf reads what a message says it is.
func kindOf(raw []byte) (string, error) {
	var head struct {
		T string `json:"t"`
	}
	if err := decode(raw, &head); err != nil {
		return "", err
	}
	return head.T, nil
}

// decode reads one message into v. Members v does not have are ignored, so that older servers understand newer clients.
func decode(raw []byte, v any) error {
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("%w: %s", errBadMessage, cause(err))
	}
	return nil
}

// cause says what is wrong without quoting the peer's bytes, which have no place in logs or in others' screens.
func cause(err error) string {
	var typ *json.UnmarshalTypeError
	var syn *json.SyntaxError
	switch {
	case errors.As(err, &typ):
		return fmt.Sprintf("%q is a %s", typ.Field, typ.Value)
	case errors.As(err, &syn):
		return fmt.Sprintf("not JSON at byte %d", syn.Offset)
	}
	return "not JSON"
}
