package auth

import (
	"reflect"
	"testing"
	"time"
)

// Tokens that npm livekit-server-sdk 2 minted for key demo, identity ada, name Ada, metadata {"a":1}, ten minutes.
func TestTokensOfLiveKitSDK(t *testing.T) {
	const header, head = "eyJhbGciOiJIUzI1NiJ9.", "eyJtZXRhZGF0YSI6IntcImFcIjoxfSIsIm5hbWUiOiJBZGEiLCJ2aWRlbyI6eyJyb29tSm9pbiI6dHJ1ZSwicm9vbSI6InIi"
	const minted = 1_795_217_204
	base := Claims{
		Identity: "ada", Name: "Ada", Metadata: `{"a":1}`, Room: "r",
		Publish: true, Subscribe: true, Data: true, Expires: time.Unix(minted+600, 0),
	}
	watcher, admin := base, base
	watcher.Publish, watcher.Data = false, false
	admin.Admin, admin.Hidden, admin.Sources = true, true, []string{"camera", "screen"}
	for _, c := range []struct {
		name, token string
		want        Claims
	}{
		{"room and roomJoin", header + head + "fSwiaXNzIjoiZGVtbyIsImV4cCI6MTc5NTIxNzgwNCwibmJmIjoxNzk1MjE3MjA0LCJzdWIiOiJhZGEifQ.gm9VN7MpcUNSfip8t_JWmezUdEeAR3nMRR8i2SeMtkA", base},
		{"canPublish false", header + head + "LCJjYW5QdWJsaXNoIjpmYWxzZX0sImlzcyI6ImRlbW8iLCJleHAiOjE3OTUyMTc4MDQsIm5iZiI6MTc5NTIxNzIwNCwic3ViIjoiYWRhIn0.mFqENKzNYluqL-QO6LAzCYiSveHm-kCsvMsT75-07gI", watcher},
		{"admin with sources", header + head + "LCJyb29tQWRtaW4iOnRydWUsImNhblB1Ymxpc2hTb3VyY2VzIjpbImNhbWVyYSIsInNjcmVlbl9zaGFyZSJdLCJoaWRkZW4iOnRydWV9LCJpc3MiOiJkZW1vIiwiZXhwIjoxNzk1MjE3ODA0LCJuYmYiOjE3OTUyMTcyMDQsInN1YiI6ImFkYSJ9.EY71b0RYy4ZuEJEMtZWueVfszpoNndVjQgdsOa0McDs", admin},
	} {
		got, err := newTestVerifier(t).Verify(c.token, "r", time.Unix(minted, 0))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", c.name, got, c.want)
		}
	}
}
