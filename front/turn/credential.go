package turn

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Credential is what a client shows.
type Credential struct{ Username, Password string }

// Mint makes a credential that whoever knows the secret accepts until expires: this server, or a coturn with
// use-auth-secret. (draft-uberti-behave-turn-rest)
func Mint(secret []byte, id string, expires time.Time) Credential {
	user := strconv.FormatInt(expires.Unix(), 10) + ":" + id
	return Credential{user, passwordOf(secret, user)}
}

// Mint makes a credential for this server.
func (s *Server) Mint(id string, expires time.Time) Credential {
	return Mint(s.cfg.Secret, id, expires)
}

func passwordOf(secret []byte, user string) string {
	h := hmac.New(sha1.New, secret)
	_, _ = h.Write([]byte(user))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// keyOf is what a client's messages are signed with (RFC 8489, long-term credentials).
func keyOf(secret []byte, user string) []byte {
	sum := md5.Sum([]byte(user + ":" + Realm + ":" + passwordOf(secret, user)))
	return sum[:]
}

// expired says whether a credential's time is over, or was never one.
func expired(user string, now time.Time) bool {
	text, _, _ := strings.Cut(user, ":")
	at, err := strconv.ParseInt(text, 10, 64)
	return err != nil || now.Unix() >= at
}

// nonces are words that clients show to prove that they heard the server lately. The server keeps none.
type nonces struct{ key []byte }

// nonceLife is how long one is good.
const nonceLife = 10 * time.Minute

// nonceBytes are the time, and as much of its signature as nobody guesses in that time.
const nonceBytes = 8 + 10

// make makes one for an address.
func (n nonces) make(ip netip.Addr, now time.Time) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, nonceBytes), uint64(now.Unix()))
	b = append(b, n.sign(b, ip)...)
	return base64.RawURLEncoding.AppendEncode(nil, b)
}

// good says whether one was made for this address lately.
func (n nonces) good(nonce []byte, ip netip.Addr, now time.Time) bool {
	var b [2 * nonceBytes]byte
	if len(nonce) > base64.RawURLEncoding.EncodedLen(nonceBytes) {
		return false
	}
	size, err := base64.RawURLEncoding.Decode(b[:], nonce)
	if err != nil || size != nonceBytes {
		return false
	}
	age := now.Sub(time.Unix(int64(binary.BigEndian.Uint64(b[:8])), 0))
	return age >= -time.Second && age < nonceLife && hmac.Equal(b[8:nonceBytes], n.sign(b[:8], ip))
}

func (n nonces) sign(at []byte, ip netip.Addr) []byte {
	h := hmac.New(sha256.New, n.key)
	_, _ = h.Write(at)
	_, _ = h.Write(ip.AsSlice())
	return h.Sum(nil)[:nonceBytes-8]
}
