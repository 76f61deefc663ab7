package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// maxDepth is how deep the JSON of a token may be nested.
	maxDepth = 32

	// maxTime is the last second of the year 9999: beyond it times overflow somewhere.
	maxTime = 253402300799
)

// payload is the body of a token between JSON and Claims.
type payload struct {
	issuer, subject, name, metadata string
	audience                        jwt.ClaimStrings
	expires, notBefore              *float64
	video                           grant
}

// grant is the `video` claim. What counts as true when it is missing is a pointer.
type grant struct {
	room                              string
	join, admin, create, list, hidden bool
	publish, subscribe, data          *bool
	sources                           []string
	sendTypes, writeState             []string // ours, as what follows; nil where missing
	knock                             *bool
}

var _ jwt.Claims = (*payload)(nil)

// UnmarshalJSON takes members by their exact names, once each. encoding/json alone would take EXP for exp and the last
// of two exps, so that two readers of one token could see two tokens.
func (p *payload) UnmarshalJSON(raw []byte) error {
	if err := checkUnambiguous(raw); err != nil {
		return err
	}
	var video json.RawMessage
	if err := decodeMembers(raw, map[string]any{
		"iss": &p.issuer, "sub": &p.subject, "aud": &p.audience, "exp": &p.expires, "nbf": &p.notBefore,
		"name": &p.name, "metadata": &p.metadata, "video": &video,
	}); err != nil {
		return err
	}
	for _, at := range []*float64{p.expires, p.notBefore} {
		if at != nil && (*at < 0 || *at > maxTime) {
			return errors.New("a time is out of range")
		}
	}
	if video == nil {
		return nil
	}
	g := &p.video
	return decodeMembers(video, map[string]any{
		"room": &g.room, "roomJoin": &g.join, "roomAdmin": &g.admin, "roomCreate": &g.create, "roomList": &g.list,
		"canPublish": &g.publish, "canSubscribe": &g.subscribe, "canPublishData": &g.data,
		"canPublishSources": &g.sources, "hidden": &g.hidden,
		"canSendTypes": &g.sendTypes, "canWriteState": &g.writeState, "mustKnock": &g.knock,
	})
}

func decodeMembers(raw []byte, into map[string]any) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return err
	}
	for name, target := range into {
		if value, found := members[name]; found {
			if err := json.Unmarshal(value, target); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// checkUnambiguous refuses JSON that two readers could read differently: a name twice in one object, bytes that are
// not UTF-8, more than one value, or nesting that some readers give up on.
func checkUnambiguous(raw []byte) error {
	if !utf8.Valid(raw) {
		return errors.New("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := walk(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the value")
	}
	return nil
}

func walk(d *json.Decoder, depth int) error {
	if depth > maxDepth {
		return errors.New("it is nested too deep")
	}
	t, err := d.Token()
	if err != nil {
		return err
	}
	open, nested := t.(json.Delim)
	if !nested {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			text, _ := name.(string)
			if seen[text] {
				return fmt.Errorf("it has %q twice", text)
			}
			seen[text] = true
		}
		if err := walk(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// The rest is what the JWT library asks a payload for, to check the times.

func (p *payload) GetExpirationTime() (*jwt.NumericDate, error) { return numericDate(p.expires), nil }

func (p *payload) GetNotBefore() (*jwt.NumericDate, error) { return numericDate(p.notBefore), nil }
func (p *payload) GetIssuedAt() (*jwt.NumericDate, error)  { return nil, nil }
func (p *payload) GetIssuer() (string, error)              { return p.issuer, nil }
func (p *payload) GetSubject() (string, error)             { return p.subject, nil }
func (p *payload) GetAudience() (jwt.ClaimStrings, error)  { return p.audience, nil }

func numericDate(seconds *float64) *jwt.NumericDate {
	if seconds == nil {
		return nil
	}
	whole, part := math.Modf(*seconds)
	return jwt.NewNumericDate(time.Unix(int64(whole), int64(part*1e9)))
}
