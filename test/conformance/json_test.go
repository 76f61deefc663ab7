package conformance

import (
	"encoding/json"
	"strings"
	"testing"
)

// What is JSON is relayed as it is, to the byte; what is not ends the session; what is too deep is refused.
func TestCase33JSONEdgeCases(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	room := aRoom()
	ada, ben := join(t, tt.url, room, "Ada"), enter(t, tt.url, room, "Ben")
	n := 0
	for name, data := range map[string]string{
		"line separator":        "\"a\u2028b\u2029c\"",
		"escaped separator":     `"a\u2028b"`,
		"lone high surrogate":   `"\ud800"`,
		"lone low surrogate":    `"x\udc00y"`,
		"surrogates swapped":    `"\udc00\ud800"`,
		"surrogate as a key":    `{"\ud83d":1}`,
		"noncharacter":          "\"\uffff\ufdd0\U0010ffff\"",
		"byte order mark":       "\"\ufeff\"",
		"NUL":                   `"\u0000"`,
		"DEL":                   "\"\x7f\"",
		"minus zero":            `[-0,-0.0,-0e0]`,
		"beyond doubles":        `[9007199254740993,-9007199254740993,1e400,1e-400,123456789012345678901234567890]`,
		"digits":                `[1.0,1.10,1e2,1E+2,0.1e-7]`,
		"prototype":             `{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}},"toString":null}`,
		"keys twice":            `{"a":1,"a":2,"":3,"":4}`,
		"members of the frame":  `{"t":"m","n":99,"o":1,"from":"p_x","ok":1,"entries":[],"to":["x"],"bytes":3}`,
		"escapes":               `"\/\b\f\n\r\t\"\\\u00e9\u00E9"`,
		"HTML":                  `"<script>&</script>"`,
		"empty":                 `""`,
		"empty object":          `{}`,
		"empty array":           `[]`,
		"false":                 `false`,
		"text that looks":       `"{\"t\":\"leave\"}"`,
		"as deep as may be":     strings.Repeat("[", 32) + strings.Repeat("]", 32),
		"as deep, of objects":   strings.Repeat(`{"a":`, 32) + "1" + strings.Repeat("}", 32),
		"brackets in a text":    `"` + strings.Repeat("[{", 500) + `"`,
		"many members":          `{` + strings.TrimSuffix(strings.Repeat(`"k":0,`, 5000), ",") + `}`,
		"backslashes at an end": `"\\\\\\\\"`,
	} {
		n++
		ada.say(`{"t":"m","n":` + encode(n) + `,"type":"json","data":` + data + `}`)
		offset := uint64(0)
		ada.expectEntry(name, func(e object) bool {
			if e["refused"] != nil {
				t.Fatalf("%s: refused: %v", name, e)
			}
			offset = num(e["o"])
			return num(e["ok"]) == uint64(n)
		})
		if got := ben.sees(name, func(e event) bool { return e.o == offset }); got.body != brief(data) {
			t.Errorf("%s: sent %.100q, came as %.100q", name, data, got.body)
		}
	}
	// Names are as free as data.
	for _, typ := range []string{"__proto__", "constructor", "\u2028", "é€😀", "a\"b\\c", strings.Repeat("t", 128), " "} {
		n++
		ada.say(`{"t":"m","n":` + encode(n) + `,"type":` + encode(typ) + `}`)
		ben.sees("type "+typ, func(e event) bool { return e.typ == typ && e.body == "null" })
	}
	for name, data := range map[string]string{
		"too deep":             strings.Repeat("[", 33) + strings.Repeat("]", 33),
		"too deep, of objects": strings.Repeat(`{"a":`, 33) + "1" + strings.Repeat("}", 33),
	} {
		n++
		ada.say(`{"t":"m","n":` + encode(n) + `,"type":"json","data":` + data + `}`)
		if e := ada.expectEntry(name, func(e object) bool { return num(e["refused"]) == uint64(n) }); e["code"] != "bad_message" {
			t.Errorf("%s: %v", name, e)
		}
	}
	for name, data := range map[string]string{
		"NaN": `NaN`, "infinity": `Infinity`, "hex": `0x10`, "leading zero": `01`, "plus": `+1`, "dot": `.5`, "dot at the end": `1.`,
		"single quotes": `'a'`, "comma": `[1,]`, "comment": `1/**/`, "bare control": "\"a\nb\"", "bad escape": `"\x41"`,
		"half an escape": `"\u12"`, "half a surrogate in UTF-8": "\"\xed\xa0\x80\"", "overlong": "\"\xc0\xaf\"",
		"beyond Unicode": "\"\xf4\x90\x80\x80\"", "cut off": `"abc`, "two": `1 2`, "nothing": ``, "undefined": `undefined`,
	} {
		t.Run(name, func(t *testing.T) {
			m := join(t, tt.url, aRoom(), "Eve")
			m.say(`{"t":"m","n":1,"type":"json","data":` + data + `}`)
			m.expectClosed("bad_message")
		})
	}
}

// Who is not meant sees no message and misses none, whatever became of the links meanwhile.
func TestCase34TargetedMessagesLeaveNoGaps(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	ada, ben, cy := trio(t, tt.url)
	const count = 200
	for i := range count {
		ada.post(message{typ: "to ben", data: encode(i + 1), to: []string{ben.id}})
		ada.post(message{typ: "to cy", data: encode(i + 1), to: []string{cy.id}})
		if i%50 == 0 {
			ada.post(message{typ: "to all", data: encode(i/50 + 1)})
		}
		if i == count/2 {
			ben.signal.cut()
			ben.switchTo(overWebSocket)
			cy.switchTo(overWebRTC)
		}
	}
	ada.answered()
	ada.ok(ada.post(message{typ: "to both", to: []string{ben.id, cy.id}}))
	for _, p := range []*person{ben, cy} {
		p.sees("to both", ofType("to both"))
		p.inOrder("to all", count/50)
	}
	ben.inOrder("to ben", count)
	cy.inOrder("to cy", count)
	if a, b := ben.count(ofType("to cy")), cy.count(ofType("to ben")); a+b > 0 {
		t.Errorf("%d and %d messages came to whom they were not for", a, b)
	}
	// Whoever was away for all of it goes on as if nothing had been.
	ben.signal.cut()
	last := ada.post(message{typ: "to cy", data: encode(count + 1), to: []string{cy.id}})
	ada.ok(last)
	ben.switchTo(overWebSocket)
	ada.ok(ada.post(message{typ: "end"}))
	ben.sees("end", ofType("end"))
	agree(t, ada, ben, cy)
}

func TestCase35TwoSendersOneOrder(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	ada, ben, cy := trio(t, tt.url)
	dee := enter(t, tt.url, ada.in.Room, "Dee")
	ben.switchTo(overWebRTC)
	dee.switchTo(overWebRTC)
	count := tt.many(2000)
	ada.burst("a", count)
	ben.burst("b", count)
	all := []*person{ada, ben, cy, dee}
	for _, p := range all {
		p.complete("a", count)
		p.complete("b", count)
	}
	agree(t, all...)
	var order json.RawMessage
	for _, p := range all {
		var mine []uint64
		p.look(func() {
			for _, e := range p.timeline {
				if e.typ == "a" {
					mine = append(mine, e.o)
				}
			}
		})
		if text := rawJSON(mine); order == nil {
			order = text
		} else if string(text) != string(order) {
			t.Errorf("%s saw other offsets", p.name)
		}
	}
}
