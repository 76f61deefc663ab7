package auth

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestMintAndVerify(t *testing.T) {
	v := newTestVerifier(t)
	expires := testNow().Add(10 * time.Minute)
	for _, c := range []Claims{
		{Identity: "ada", Room: "r", Expires: expires},
		{Identity: "ada", Room: "r", Publish: true, Subscribe: true, Data: true, Expires: expires},
		{Identity: "ada", Room: "r", Data: true, Expires: expires},
		{Identity: "ada", Room: "r", Publish: true, Expires: expires},
		{Identity: "ada", Room: "r", Data: true, SendTypes: []string{"chat"}, WriteState: []string{"own/hand/", "board/"}, Expires: expires},
		{Identity: "ada", Room: "r", Knock: new(true), Expires: expires},
		{Identity: "ada", Room: "r", Knock: new(false), Expires: expires},
		{Identity: "ada", Room: "r", Data: true, SendTypes: []string{}, WriteState: []string{}, Expires: expires},
		{
			Identity: "ada@example.org", Name: "Ada Löwe <b>", Metadata: `{"seat":4}`, Room: "r", Publish: true, Subscribe: true,
			Admin: true, Create: true, List: true, Hidden: true, Sources: []string{"camera", "screen", "screen_audio"}, Expires: expires,
		},
	} {
		token, err := Mint(testKey, testSecret, c, 10*time.Minute, testNow())
		if err != nil {
			t.Fatal(err)
		}
		got, err := v.Verify(token, "r", testNow())
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, c) {
			t.Errorf("got  %+v\nwant %+v", got, c)
		}
	}
}

func TestMintRefuses(t *testing.T) {
	good := Claims{Identity: "ada", Room: "r"}
	for _, c := range []struct {
		name, key, secret string
		claims            Claims
		ttl               time.Duration
	}{
		{"no key", "", testSecret, good, time.Minute},
		{"short secret", testKey, "short", good, time.Minute},
		{"no room", testKey, testSecret, Claims{Identity: "ada"}, time.Minute},
		{"no identity", testKey, testSecret, Claims{Room: "r"}, time.Minute},
		{"no time", testKey, testSecret, good, 0},
		{"time below zero", testKey, testSecret, good, -time.Minute},
		{"too long", testKey, testSecret, Claims{Identity: "ada", Room: "r", Metadata: strings.Repeat("m", MaxTokenBytes)}, time.Minute},
	} {
		if token, err := Mint(c.key, c.secret, c.claims, c.ttl, testNow()); err == nil {
			t.Errorf("%s: %s", c.name, token)
		}
	}
}
