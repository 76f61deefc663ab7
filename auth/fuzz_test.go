package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

// FuzzVerify knows two things of every token: what is accepted carries a MAC by one of the keys, and what is refused
// is refused with one of the three reasons. The second half of each round signs the input, to get past the signature.
func FuzzVerify(f *testing.F) {
	for _, c := range refusals(f, "http://127.0.0.1:1/") {
		parts := strings.Split(c.token, ".")
		if len(c.token) > MaxTokenBytes || len(parts) != 3 {
			continue
		}
		header, _ := base64.RawURLEncoding.DecodeString(parts[0])
		payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
		f.Add(c.token, string(header), string(payload))
	}
	f.Add(signed(body()), hs256, body())
	v := newTestVerifier(f)
	f.Fuzz(func(t *testing.T, token, header, payload string) {
		for _, token := range []string{token, sign(header, payload, testSecret, sha256.New)} {
			claims, err := v.Verify(token, "r", testNow())
			if err != nil {
				if !errors.Is(err, ErrUnauthorized) && !errors.Is(err, ErrTokenExpired) && !errors.Is(err, ErrNotAllowed) {
					t.Fatalf("%q: a reason of no kind: %v", token, err)
				}
				continue
			}
			if claims.Room != "r" || claims.Identity == "" || claims.Expires.Before(testNow().Add(-Leeway)) {
				t.Fatalf("%q: accepted as %+v", token, claims)
			}
			text, signature, _ := cutLast(token)
			if !macOf(text, signature, testSecret) && !macOf(text, signature, otherSecret) {
				t.Fatalf("%q: accepted without a signature", token)
			}
		}
	})
}

func cutLast(token string) (text, signature string, found bool) {
	i := strings.LastIndexByte(token, '.')
	if i < 0 {
		return "", "", false
	}
	return token[:i], token[i+1:], true
}

func macOf(text, signature, secret string) bool {
	got, err := base64.RawURLEncoding.DecodeString(signature)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return err == nil && hmac.Equal(got, mac.Sum(nil))
}
