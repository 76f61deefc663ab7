package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	testKey     = "demo"
	testSecret  = "0123456789abcdef0123456789abcdef"
	otherSecret = "fedcba9876543210fedcba9876543210"
	hs256       = `{"alg":"HS256","typ":"JWT"}`
)

// testNow is a second at which every token of these tests is minted or checked.
func testNow() time.Time { return time.Unix(1_795_212_000, 0) }

// at is a claim's number for the time d from testNow.
func at(d time.Duration) string { return fmt.Sprint(testNow().Add(d).Unix()) }

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func sign(header, payload, secret string, h func() hash.Hash) string {
	text := encode(header) + "." + encode(payload)
	mac := hmac.New(h, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// signed is payload under a header and a signature that are good.
func signed(payload string) string { return sign(hs256, payload, testSecret, sha256.New) }

// body is a good payload with some members replaced, or left out where they are empty.
func body(changes ...string) string {
	names := []string{"iss", "sub", "nbf", "exp", "video"}
	members := map[string]string{
		"iss": `"demo"`, "sub": `"ada"`, "nbf": at(0), "exp": at(time.Minute), "video": `{"room":"r","roomJoin":true}`,
	}
	for i := 0; i < len(changes); i += 2 {
		if _, known := members[changes[i]]; !known {
			names = append(names, changes[i])
		}
		members[changes[i]] = changes[i+1]
	}
	var out []string
	for _, name := range names {
		if members[name] != "" {
			out = append(out, fmt.Sprintf("%q:%s", name, members[name]))
		}
	}
	return "{" + strings.Join(out, ",") + "}"
}

func newTestVerifier(t testing.TB) *Verifier {
	t.Helper()
	v, err := NewVerifier(Keys{testKey: testSecret, "other": otherSecret})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

type refusal struct {
	name, token string
	want        error
}

// refusals is the matrix of T11: tokens that must not open the room "r".
func refusals(t testing.TB, url string) []refusal {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	rs256, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": testKey, "sub": "ada", "exp": testNow().Add(time.Minute).Unix(),
		"video": map[string]any{"room": "r", "roomJoin": true},
	}).SignedString(rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	good := signed(body())
	head, rest, _ := strings.Cut(good, ".")
	mid, sig, _ := strings.Cut(rest, ".")
	header := func(h string) string { return sign(h, body(), testSecret, sha256.New) }
	stranger := func(h string) string { return sign(h, body(), "a secret of somebody else, long enough", sha256.New) }
	tampered := head + "." + encode(body("sub", `"eve"`)) + "." + sig

	return []refusal{
		// Form.
		{"empty", "", ErrUnauthorized},
		{"one dot", ".", ErrUnauthorized},
		{"two dots", "..", ErrUnauthorized},
		{"a megabyte of dots", strings.Repeat(".", 1<<20), ErrUnauthorized},
		{"4096 dots", strings.Repeat(".", MaxTokenBytes), ErrUnauthorized},
		{"longer than allowed", signed(body("metadata", `"`+strings.Repeat("m", MaxTokenBytes)+`"`)), ErrUnauthorized},
		{"two segments", head + "." + mid, ErrUnauthorized},
		{"four segments", good + "." + sig, ErrUnauthorized},
		{"dot at the end", good + ".", ErrUnauthorized},
		{"line end inside", head + "\n." + mid + "." + sig, ErrUnauthorized},
		{"line end after", good + "\n", ErrUnauthorized},
		{"space before", " " + good, ErrUnauthorized},
		{"Bearer before", "Bearer " + good, ErrUnauthorized},
		{"NUL inside", head + "\x00." + mid + "." + sig, ErrUnauthorized},
		{"padded base64", head + "=." + mid + "." + sig, ErrUnauthorized},
		{"standard base64", strings.ReplaceAll(good, "_", "/") + "+/", ErrUnauthorized},
		{"not base64", "!." + mid + "." + sig, ErrUnauthorized},
		{"header not JSON", header("alg=HS256"), ErrUnauthorized},
		{"header a list", header(`["HS256"]`), ErrUnauthorized},
		{"header null", header("null"), ErrUnauthorized},
		{"payload not JSON", signed("iss=demo"), ErrUnauthorized},
		{"payload null", signed("null"), ErrUnauthorized},
		{"payload a list", signed("[]"), ErrUnauthorized},
		{"payload empty", signed(""), ErrUnauthorized},
		{"two payloads", signed(body() + body()), ErrUnauthorized},
		{"payload not UTF-8", signed(body("name", "\"\xff\"")), ErrUnauthorized},
		{"payload nested deep", signed(body("x", strings.Repeat("[", 1000)+strings.Repeat("]", 1000))), ErrUnauthorized},

		// Algorithm.
		{"alg none", encode(`{"alg":"none"}`) + "." + mid + ".", ErrUnauthorized},
		{"alg None", encode(`{"alg":"None"}`) + "." + mid + ".", ErrUnauthorized},
		{"alg NONE, signature kept", encode(`{"alg":"NONE"}`) + "." + mid + "." + sig, ErrUnauthorized},
		{"alg none, signature good", header(`{"alg":"none"}`), ErrUnauthorized},
		{"alg missing", header(`{"typ":"JWT"}`), ErrUnauthorized},
		{"alg empty", header(`{"alg":""}`), ErrUnauthorized},
		{"alg a number", header(`{"alg":256}`), ErrUnauthorized},
		{"alg a list", header(`{"alg":["HS256"]}`), ErrUnauthorized},
		{"alg in small letters", header(`{"alg":"hs256"}`), ErrUnauthorized},
		{"ALG", header(`{"ALG":"HS256"}`), ErrUnauthorized},
		{"alg twice", header(`{"alg":"none","alg":"HS256"}`), ErrUnauthorized},
		{"HS384", sign(`{"alg":"HS384"}`, body(), testSecret, sha512.New384), ErrUnauthorized},
		{"HS512", sign(`{"alg":"HS512"}`, body(), testSecret, sha512.New), ErrUnauthorized},
		{"RS256", rs256, ErrUnauthorized},
		{"RS256 named, HMAC done", header(`{"alg":"RS256"}`), ErrUnauthorized},
		{"HMAC with a public key as secret", sign(hs256, body(), publicPEM, sha256.New), ErrUnauthorized},
		{"ES256 named", header(`{"alg":"ES256"}`), ErrUnauthorized},
		{"EdDSA named", header(`{"alg":"EdDSA"}`), ErrUnauthorized},
		{"PS256 named", header(`{"alg":"PS256"}`), ErrUnauthorized},

		// Signature.
		{"no signature", head + "." + mid + ".", ErrUnauthorized},
		{"signature cut", good[:len(good)-4], ErrUnauthorized},
		{"signature longer", good + "AAAA", ErrUnauthorized},
		{"signature of zeros", head + "." + mid + "." + encode(strings.Repeat("\x00", 32)), ErrUnauthorized},
		{"signature of another payload", tampered, ErrUnauthorized},
		{"secret of somebody else", stranger(hs256), ErrUnauthorized},
		{"secret of another key", sign(hs256, body(), otherSecret, sha256.New), ErrUnauthorized},
		{"empty secret", sign(hs256, body(), "", sha256.New), ErrUnauthorized},
		{"key name as secret", sign(hs256, body(), testKey, sha256.New), ErrUnauthorized},

		// Where the key would be found, if anybody looked.
		{"kid a path", stranger(`{"alg":"HS256","kid":"../../../../dev/null"}`), ErrUnauthorized},
		{"kid /dev/null, empty secret", sign(`{"alg":"HS256","kid":"/dev/null"}`, body(), "", sha256.New), ErrUnauthorized},
		{"kid a URL", stranger(`{"alg":"HS256","kid":"` + url + `"}`), ErrUnauthorized},
		{"kid SQL", stranger(`{"alg":"HS256","kid":"x' UNION SELECT 'key';--"}`), ErrUnauthorized},
		{"kid another key", sign(`{"alg":"HS256","kid":"other"}`, body(), otherSecret, sha256.New), ErrUnauthorized},
		{"jku", stranger(`{"alg":"HS256","jku":"` + url + `"}`), ErrUnauthorized},
		{"x5u", stranger(`{"alg":"HS256","x5u":"` + url + `"}`), ErrUnauthorized},
		{"jwk", stranger(`{"alg":"HS256","jwk":{"kty":"oct","k":"` + encode("a secret of somebody else, long enough") + `"}}`), ErrUnauthorized},
		{"x5c", stranger(`{"alg":"HS256","x5c":["MIIB"]}`), ErrUnauthorized},
		{"crit", header(`{"alg":"HS256","crit":["exp"],"exp":1}`), ErrUnauthorized},
		{"crit with b64", header(`{"alg":"HS256","crit":["b64"],"b64":false}`), ErrUnauthorized},

		// Issuer and audience.
		{"no issuer", signed(body("iss", "")), ErrUnauthorized},
		{"issuer empty", signed(body("iss", `""`)), ErrUnauthorized},
		{"issuer unknown or revoked", signed(body("iss", `"gone"`)), ErrUnauthorized},
		{"issuer in capitals", signed(body("iss", `"DEMO"`)), ErrUnauthorized},
		{"issuer a list", signed(body("iss", `["demo"]`)), ErrUnauthorized},
		{"issuer a URL", signed(body("iss", `"`+url+`"`)), ErrUnauthorized},
		{"issuer twice", signed(`{"iss":"demo",` + body()[1:]), ErrUnauthorized},
		{"for another audience", signed(body("aud", `"elsewhere"`)), ErrUnauthorized},
		{"for other audiences", signed(body("aud", `["a","b"]`)), ErrUnauthorized},
		{"audience a number", signed(body("aud", "7")), ErrUnauthorized},

		// Time.
		{"no expiry", signed(body("exp", "")), ErrUnauthorized},
		{"expiry null", signed(body("exp", "null")), ErrUnauthorized},
		{"expiry a string", signed(body("exp", `"`+at(time.Minute)+`"`)), ErrUnauthorized},
		{"expiry below zero", signed(body("exp", "-1")), ErrUnauthorized},
		{"expiry beyond all time", signed(body("exp", "1e300")), ErrUnauthorized},
		{"expiry beyond all numbers", signed(body("exp", "1e999")), ErrUnauthorized},
		{"EXP", signed(body("exp", "", "EXP", at(time.Minute))), ErrUnauthorized},
		{"expired 31 s ago", signed(body("exp", at(-31*time.Second))), ErrTokenExpired},
		{"expired 30 s ago", signed(body("exp", at(-30*time.Second))), ErrTokenExpired},
		{"expired in 1970", signed(body("exp", "0")), ErrTokenExpired},
		{"expiry twice", signed(`{"exp":` + at(-time.Hour) + `,` + body()[1:]), ErrUnauthorized},
		{"expiry twice, once by escapes", signed(`{"\u0065xp":` + at(-time.Hour) + `,` + body()[1:]), ErrUnauthorized},
		{"good in 31 s", signed(body("nbf", at(31*time.Second))), ErrUnauthorized},
		{"good in a year", signed(body("nbf", at(365*24*time.Hour), "exp", at(366*24*time.Hour))), ErrUnauthorized},
		{"nbf a string", signed(body("nbf", `"0"`)), ErrUnauthorized},

		// Identity.
		{"no identity", signed(body("sub", "")), ErrUnauthorized},
		{"identity empty", signed(body("sub", `""`)), ErrUnauthorized},
		{"identity a number", signed(body("sub", "7")), ErrUnauthorized},
		{"Sub", signed(body("sub", "", "Sub", `"ada"`)), ErrUnauthorized},

		// Grant.
		{"no grant", signed(body("video", "")), ErrNotAllowed},
		{"grant null", signed(body("video", "null")), ErrNotAllowed},
		{"grant empty", signed(body("video", "{}")), ErrNotAllowed},
		{"grant a list", signed(body("video", "[]")), ErrUnauthorized},
		{"roomJoin missing", signed(body("video", `{"room":"r"}`)), ErrNotAllowed},
		{"roomJoin false", signed(body("video", `{"room":"r","roomJoin":false}`)), ErrNotAllowed},
		{"roomJoin a string", signed(body("video", `{"room":"r","roomJoin":"true"}`)), ErrUnauthorized},
		{"roomjoin", signed(body("video", `{"room":"r","roomjoin":true}`)), ErrNotAllowed},
		{"roomJoin twice", signed(body("video", `{"room":"r","roomJoin":false,"roomJoin":true}`)), ErrUnauthorized},
		{"admin only", signed(body("video", `{"room":"r","roomAdmin":true,"roomCreate":true}`)), ErrNotAllowed},
		{"no room", signed(body("video", `{"roomJoin":true}`)), ErrNotAllowed},
		{"room empty", signed(body("video", `{"room":"","roomJoin":true}`)), ErrNotAllowed},
		{"another room", signed(body("video", `{"room":"q","roomJoin":true}`)), ErrNotAllowed},
		{"room in capitals", signed(body("video", `{"room":"R","roomJoin":true}`)), ErrNotAllowed},
		{"room with a space", signed(body("video", `{"room":"r ","roomJoin":true}`)), ErrNotAllowed},
		{"room a wildcard", signed(body("video", `{"room":"*","roomJoin":true}`)), ErrNotAllowed},
		{"room a list", signed(body("video", `{"room":["r"],"roomJoin":true}`)), ErrUnauthorized},
		{"room at the top only", signed(body("room", `"r"`, "video", `{"roomJoin":true}`)), ErrNotAllowed},
	}
}

func TestT11Refused(t *testing.T) {
	var asked atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer elsewhere.Close()

	v := newTestVerifier(t)
	cases := refusals(t, elsewhere.URL)
	if len(cases) < 60 {
		t.Fatalf("%d cases, T11 asks for 60", len(cases))
	}
	seen := map[string]bool{}
	for _, c := range cases {
		if seen[c.name] {
			t.Errorf("two cases are called %q", c.name)
		}
		seen[c.name] = true
		t.Run(c.name, func(t *testing.T) {
			claims, err := v.Verify(c.token, "r", testNow())
			if !errors.Is(err, c.want) {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			if claims.Identity != "" || claims.Room != "" || claims.Publish {
				t.Fatalf("refused, and yet it says %+v", claims)
			}
		})
	}
	if n := asked.Load(); n != 0 {
		t.Fatalf("%d requests went out", n)
	}
}

// A refusal may not cost more than T11 allows: 64 KiB and (with room for a busy machine) a millisecond each.
func TestT11RefusalIsCheap(t *testing.T) {
	v := newTestVerifier(t)
	for _, c := range refusals(t, "http://127.0.0.1:1/") {
		const rounds = 10
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		fastest := time.Hour
		for range rounds {
			start := time.Now()
			_, _ = v.Verify(c.token, "r", testNow())
			fastest = min(fastest, time.Since(start))
		}
		runtime.ReadMemStats(&after)
		if each := (after.TotalAlloc - before.TotalAlloc) / rounds; each > 64<<10 {
			t.Errorf("%s: %d bytes allocated", c.name, each)
		}
		if fastest > 5*time.Millisecond {
			t.Errorf("%s: %v", c.name, fastest)
		}
	}
}

func TestVerifyGrants(t *testing.T) {
	base := Claims{Identity: "ada", Room: "r", Publish: true, Subscribe: true, Data: true, Expires: testNow().Add(time.Minute)}
	with := func(edit func(*Claims)) Claims {
		c := base
		edit(&c)
		return c
	}
	video := func(more string) string { return signed(body("video", `{"room":"r","roomJoin":true`+more+`}`)) }
	for _, c := range []struct {
		name, token string
		want        Claims
	}{
		{"all by default", signed(body()), base},
		{"null counts as missing", video(`,"canPublish":null`), base},
		{"no audience in the list", signed(body("aud", "[]")), base},
		{"audience parlor", signed(body("aud", `["x","parlor"]`)), base},
		{"no nbf", signed(body("nbf", "")), base},
		{"nbf in 30 s", signed(body("nbf", at(30*time.Second))), base},
		{"expired 29 s ago", signed(body("exp", at(-29*time.Second))), with(func(c *Claims) { c.Expires = testNow().Add(-29 * time.Second) })},
		{"kid is not read", sign(`{"alg":"HS256","kid":"other"}`, body(), testSecret, sha256.New), base},
		{"unknown claims are not read", signed(body("attributes", `{"a":"b"}`, "sip", `{}`)), base},
		{"the second key", sign(hs256, body("iss", `"other"`), otherSecret, sha256.New), base},
		{"name and metadata", signed(body("name", `"Ada L."`, "metadata", `"{\"a\":1}"`)), with(func(c *Claims) { c.Name, c.Metadata = "Ada L.", `{"a":1}` })},
		{"no publishing means no data", video(`,"canPublish":false`), with(func(c *Claims) { c.Publish, c.Data = false, false })},
		{"unless it says so", video(`,"canPublish":false,"canPublishData":true`), with(func(c *Claims) { c.Publish = false })},
		{"no data", video(`,"canPublishData":false`), with(func(c *Claims) { c.Data = false })},
		{"no subscribing", video(`,"canSubscribe":false`), with(func(c *Claims) { c.Subscribe = false })},
		{"admin", video(`,"roomAdmin":true,"roomCreate":true,"roomList":true,"hidden":true`), with(func(c *Claims) { c.Admin, c.Create, c.List, c.Hidden = true, true, true, true })},
		{"sources", video(`,"canPublishSources":["camera","screen_share","hologram"]`), with(func(c *Claims) { c.Sources = []string{"camera", "screen", "hologram"} })},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := newTestVerifier(t).Verify(c.token, "r", testNow())
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Fatalf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestNewVerifierRefusesWeakKeys(t *testing.T) {
	for _, c := range []struct {
		name string
		keys Keys
	}{
		{"empty secret", Keys{"demo": ""}},
		{"31 bytes", Keys{"demo": strings.Repeat("s", 31)}},
		{"no name", Keys{"": testSecret}},
		{"one of two", Keys{"good": testSecret, "bad": "short-and-secret"}},
	} {
		_, err := NewVerifier(c.keys)
		if err == nil {
			t.Errorf("%s: accepted", c.name)
		} else if strings.Contains(err.Error(), "short-and-secret") {
			t.Errorf("%s: the error gives the secret away: %v", c.name, err)
		}
	}
}

func TestWithoutKeysNothingIsGood(t *testing.T) {
	v, err := NewVerifier(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(sign(hs256, body("iss", `""`), "", sha256.New), "r", testNow()); !errors.Is(err, ErrUnauthorized) {
		t.Fatal(err)
	}
}
