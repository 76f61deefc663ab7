package auth

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Mint makes a token for c that is good from now for ttl. It refuses what Verify would refuse.
func Mint(key, secret string, c Claims, ttl time.Duration, now time.Time) (string, error) {
	if err := checkKey(key, secret); err != nil {
		return "", err
	}
	switch {
	case c.Room == "":
		return "", errors.New("a token needs a room")
	case c.Identity == "":
		return "", errors.New("a token needs an identity")
	case ttl <= 0:
		return "", errors.New("a token needs a time to live")
	}
	video := map[string]any{
		"room":         c.Room,
		"roomJoin":     true,
		"canPublish":   c.Publish,
		"canSubscribe": c.Subscribe,
		// Said even when true: what a missing one means is where readers differ.
		"canPublishData": c.Data,
	}
	for name, granted := range map[string]bool{
		"roomAdmin": c.Admin, "roomCreate": c.Create, "roomList": c.List, "hidden": c.Hidden,
	} {
		if granted {
			video[name] = true
		}
	}
	if len(c.Sources) > 0 {
		var sources []string
		for _, source := range c.Sources {
			sources = append(sources, sourceToWire(source))
		}
		video["canPublishSources"] = sources
	}
	for name, list := range map[string][]string{"canSendTypes": c.SendTypes, "canWriteState": c.WriteState} {
		if list != nil { // an empty one says: none
			video[name] = list
		}
	}
	if c.Knock != nil {
		video["mustKnock"] = *c.Knock
	}
	claims := jwt.MapClaims{
		"iss":   key,
		"sub":   c.Identity,
		"nbf":   now.Unix(),
		"exp":   now.Add(ttl).Unix(),
		"video": video,
	}
	if c.Name != "" {
		claims["name"] = c.Name
	}
	if c.Metadata != "" {
		claims["metadata"] = c.Metadata
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	if err != nil {
		return "", err
	}
	if len(token) > MaxTokenBytes {
		return "", fmt.Errorf("the token would have %d bytes, %d are allowed", len(token), MaxTokenBytes)
	}
	return token, nil
}
