package auth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// MinSecretBytes is what a secret must have at least: HMAC-SHA256 is as strong as its key, and a token can be
	// attacked offline for as long as anyone likes.
	MinSecretBytes = 32

	// MaxTokenBytes bounds a token before anything is parsed.
	MaxTokenBytes = 4 << 10

	// Leeway is how far the clocks of who mints and who checks may differ.
	Leeway = 30 * time.Second

	// audience is what a token may name as its audience. LiveKit's SDKs name none.
	audience = "parlor"
)

// Why a token was refused. Everything that Verify returns is one of these, with the reason wrapped around it.
var (
	ErrUnauthorized = errors.New("token is not good")
	ErrTokenExpired = errors.New("token has expired")
	ErrNotAllowed   = errors.New("token does not grant this")
)

// Keys are API keys: name to secret.
type Keys map[string]string

// Verifier checks tokens. It is safe for concurrent use.
type Verifier struct {
	// Static after NewVerifier.
	secrets map[string][]byte
}

// NewVerifier refuses keys that could not protect anything. Without keys it refuses every token.
func NewVerifier(keys Keys) (*Verifier, error) {
	v := &Verifier{secrets: make(map[string][]byte, len(keys))}
	for name, secret := range keys {
		if err := checkKey(name, secret); err != nil {
			return nil, err
		}
		v.secrets[name] = []byte(secret)
	}
	return v, nil
}

// checkKey never says anything of the secret but its length.
func checkKey(name, secret string) error {
	if name == "" {
		return errors.New("a key has no name")
	}
	if len(secret) < MinSecretBytes {
		return fmt.Errorf("the secret of key %q has %d bytes, it needs %d or more", name, len(secret), MinSecretBytes)
	}
	return nil
}

// Verify says what the bearer of token may do in room, or ErrUnauthorized, ErrTokenExpired or ErrNotAllowed.
func (v *Verifier) Verify(token, room string, now time.Time) (Claims, error) {
	if err := checkForm(token); err != nil {
		return Claims{}, err
	}
	var p payload
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithExpirationRequired(),
		jwt.WithLeeway(Leeway),
		jwt.WithTimeFunc(func() time.Time { return now }),
		jwt.WithStrictDecoding(),
	)
	_, err := parser.ParseWithClaims(token, &p, func(t *jwt.Token) (any, error) {
		return v.secretOf(t, &p)
	})
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return Claims{}, fmt.Errorf("%w at %s", ErrTokenExpired, time.Unix(int64(*p.expires), 0).UTC().Format(time.RFC3339))
	case err != nil:
		return Claims{}, fmt.Errorf("%w: %w", ErrUnauthorized, err)
	}
	return p.claims(room)
}

// checkForm is all that happens to a token before its size is known to be harmless.
func checkForm(token string) error {
	if token == "" {
		return fmt.Errorf("%w: there is none", ErrUnauthorized)
	}
	if len(token) > MaxTokenBytes {
		return fmt.Errorf("%w: %d bytes, %d are allowed", ErrUnauthorized, len(token), MaxTokenBytes)
	}
	// Go's base64 skips line ends, so without this one token could be written in many ways.
	if strings.ContainsAny(token, "\r\n") {
		return fmt.Errorf("%w: it has line ends", ErrUnauthorized)
	}
	return nil
}

// secretOf finds the secret that must have signed t. The issuer is the only thing that selects it: kid, jku, jwk, x5u
// and x5c are never read.
func (v *Verifier) secretOf(t *jwt.Token, p *payload) ([]byte, error) {
	segment, _, _ := strings.Cut(t.Raw, ".")
	header, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if err := checkUnambiguous(header); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	// RFC 7515 §4.1.11: an extension that is marked critical and not understood makes the token invalid. None is.
	if _, found := t.Header["crit"]; found {
		return nil, errors.New("header: it has critical extensions")
	}
	if len(p.audience) > 0 && !slices.Contains(p.audience, audience) {
		return nil, errors.New("it is meant for another service")
	}
	secret, found := v.secrets[p.issuer]
	if !found {
		return nil, errors.New("its issuer is no key of this server")
	}
	return secret, nil
}
