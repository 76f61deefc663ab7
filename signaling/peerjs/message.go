package peerjs

import (
	"bytes"
	"encoding/json"
)

// kind is what a message is. Others than these are dropped.
type kind string

const (
	kindOpen      kind = "OPEN"
	kindError     kind = "ERROR"
	kindTaken     kind = "ID-TAKEN"
	kindOffer     kind = "OFFER"
	kindAnswer    kind = "ANSWER"
	kindCandidate kind = "CANDIDATE"
	kindLeave     kind = "LEAVE"
	kindExpire    kind = "EXPIRE"
	kindHeartbeat kind = "HEARTBEAT"
)

// What a client is told that is not let in.
const (
	textParameters = "No id, token, or key supplied to websocket server"
	textKey        = "Invalid key provided"
	textLimit      = "Server has reached its concurrent user limit"
	textTaken      = "ID is taken"
	textToken      = "Invalid token provided"
)

// message is what goes from one client to another.
type message struct {
	Type    kind            `json:"type"`
	Src     string          `json:"src,omitempty"`
	Dst     string          `json:"dst,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// relayed says whether it is of those that are handed on.
func (m *message) relayed() bool {
	switch m.Type {
	case kindOffer, kindAnswer, kindCandidate, kindLeave, kindExpire:
		return true
	}
	return false
}

// waits says whether it is kept for who is not here.
func (m *message) waits() bool { return m.Type != kindLeave && m.Type != kindExpire }

// decode reads a message of a client's; false for what is none. A name in it that is no text is none.
func decode(frame []byte) (m message, ok bool) {
	return m, json.Unmarshal(frame, &m) == nil
}

// encode is m on the wire, as JavaScript writes it: with <, > and & as they are.
func encode(m message) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(m) != nil {
		return nil // the payload was read from JSON
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}

// refusal tells a client why it is not let in.
func refusal(k kind, text string) []byte {
	payload, _ := json.Marshal(struct { //nolint:errchkjson // a string always can
		Text string `json:"msg"`
	}{text})
	return encode(message{Type: k, Payload: payload})
}
