package conformance

import (
	"strings"
	"testing"
)

// What is JSON is relayed as it is, to the byte; what is not ends the session; what is too deep is refused.
func TestCase33JSONEdgeCases(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	room := aRoom()
	ada, ben := join(t, tt.url, room, "Ada"), arrive(t, tt.url, room, "Ben")
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
		ada.say(`{"t":"m","n":` + asJSON(n) + `,"type":"json","data":` + data + `}`)
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
		ada.say(`{"t":"m","n":` + asJSON(n) + `,"type":` + asJSON(typ) + `}`)
		ben.sees("type "+typ, func(e event) bool { return e.typ == typ && e.body == "null" })
	}
	for name, data := range map[string]string{
		"too deep":             strings.Repeat("[", 33) + strings.Repeat("]", 33),
		"too deep, of objects": strings.Repeat(`{"a":`, 33) + "1" + strings.Repeat("}", 33),
	} {
		n++
		ada.say(`{"t":"m","n":` + asJSON(n) + `,"type":"json","data":` + data + `}`)
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
