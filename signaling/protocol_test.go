package signaling

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"testing"

	"github.com/parlorhq/parlor/datachannel"
)

// ours are the messages of this package, by direction and kind. Those about messages are checked where they live.
var ours = map[string]any{
	"C→S join": joinRequest{}, "C→S resume": resumeRequest{}, "C→S leave": leaveRequest{}, "C→S offer": offerRequest{},
	"C→S slotted": slottedRequest{}, "C→S publish": publishRequest{}, "C→S unpublish": unpublishRequest{},
	"C→S ping": pingRequest{}, "S→C pong": pongReply{},
	"S→C joined": joinedReply{}, "S→C resumed": resumedReply{}, "S→C closed": closedNotice{}, "S→C error": errorReply{},
	"S→C answer": answerReply{}, "S→C slots": slotsNotice{}, "C→S view": viewRequest{}, "C→S mute": muteRequest{},
	"C→S remove": removeRequest{}, "C→S settings": settingsRequest{}, "C→S admit": decideRequest{}, "C→S deny": decideRequest{},
	"C→S end": endRequest{}, "S→C knocks": knocksNotice{}, "S→C wait": waitReply{},
	"S→C layers": layersNotice{}, "S→C speakers": speakersNotice{}, "S→C quality": qualityNotice{},
}

// TestEveryExampleOfTheProtocolIsReal holds docs/protocol.md against the code: each example is decoded without an unknown
// member and encoded again to the same JSON, and each message there is has an example.
func TestEveryExampleOfTheProtocolIsReal(t *testing.T) {
	doc, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile("(?s)```json (C→S|S→C)\n(.*?)\n```").FindAllSubmatch(doc, -1) {
		kind, err := kindOf(m[2])
		if err != nil {
			t.Fatalf("%s: %v", m[2], err)
		}
		name := string(m[1]) + " " + kind
		seen[name] = true
		prototype, mine := ours[name]
		if !mine {
			continue
		}
		v := reflect.New(reflect.TypeOf(prototype))
		dec := json.NewDecoder(bytes.NewReader(m[2]))
		dec.DisallowUnknownFields()
		if err := dec.Decode(v.Interface()); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, want := normal(t, marshal(v.Interface())), normal(t, m[2]); got != want {
			t.Errorf("%s\n encodes to %s\n documented %s", name, got, want)
		}
	}
	for name := range ours {
		if !seen[name] {
			t.Errorf("docs/protocol.md has no example of %s", name)
		}
	}
	for _, name := range []string{"C→S m", "C→S attach", "C→S ack", "C→S ping"} {
		if !seen[name] {
			t.Errorf("docs/protocol.md has no example of %s", name)
		}
	}
}

// TestEveryClientExampleIsTaken: what the protocol shows a client saying passes the strict decoder of links.
func TestEveryClientExampleIsTaken(t *testing.T) {
	doc, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, m := range regexp.MustCompile("(?s)```json C→S\n(.*?)\n```").FindAllSubmatch(doc, -1) {
		in, err := datachannel.Decode(nil, m[1], datachannel.Limits{}.WithDefaults())
		if err != nil || len(in) != 1 || in[0].Refusal != nil {
			t.Errorf("%s: %v %+v", m[1], err, in)
		}
		n++
	}
	if n < 11 {
		t.Errorf("only %d examples found", n)
	}
}

// TestEveryCodeIsDocumented: a code that can reach a client is in the table of codes.
func TestEveryCodeIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range codes() {
		if !bytes.Contains(doc, []byte("`"+c.code+"`")) {
			t.Errorf("%s is not in docs/protocol.md", c.code)
		}
	}
}

func normal(t *testing.T, raw []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return string(marshal(v))
}
