package datachannel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

var defaults = Limits{}.WithDefaults()

func TestDecode(t *testing.T) {
	for frame, want := range map[string]Inbound{
		`{"t":"m","n":17,"type":"changedDrawing","data":{"circles":[]},"to":["p_Rk2m"]}`: {
			Kind: "m", N: 17, Type: "changedDrawing", Data: json.RawMessage(`{"circles":[]}`), To: []string{"p_Rk2m"},
		},
		` { "data" : [ 1e2 , -0.5 ] , "n" : 9007199254740991 , "t" : "m" , "type" : "a\u0020b\"" , "other" : {"t":[]} } `: {
			Kind: "m", N: maxNumber, Type: "a b\"", Data: json.RawMessage(`[ 1e2 , -0.5 ]`),
		},
		`{"\u0074":"m","n":1,"type":"x"}`:                     {Kind: "m", N: 1, Type: "x"},
		`{"t":"m","n":1,"type":"x","to":["a","b" , "c"]}`:     {Kind: "m", N: 1, Type: "x", To: []string{"a", "b", "c"}},
		`{"t":"m","n":1,"type":"😀","data":"\ud800"}`:          {Kind: "m", N: 1, Type: "😀", Data: json.RawMessage(`"\ud800"`)},
		`{"t":"m","n":1,"type":"x","data":{"__proto__":1}}`:   {Kind: "m", N: 1, Type: "x", Data: json.RawMessage(`{"__proto__":1}`)},
		`{"t":"attach","gen":2,"epoch":"x5Gh","position":90}`: {Kind: "attach", Gen: 2, Epoch: "x5Gh", Position: 90},
		`{"t":"ack","position":0}`:                            {Kind: "ack"},
		`{"t":"ping","id":7}`:                                 {Kind: "ping", ID: 7},
		`{"t":"offer","id":"any","n":{},"sdp":"v=0\r\n"}`:     {Kind: "offer"},
		`{"t":"M","n":17}`:                                    {Kind: "M"},
	} {
		got, err := Decode(nil, []byte(frame), defaults)
		if err != nil || len(got) != 1 {
			t.Errorf("%s: %d objects, error %v", frame, len(got), err)
			continue
		}
		if string(got[0].Raw) != strings.TrimSpace(frame) {
			t.Errorf("%s: raw is %s", frame, got[0].Raw)
		}
		got[0].Raw = nil
		if !reflect.DeepEqual(got[0], want) {
			t.Errorf("%s:\n got %+v\nwant %+v", frame, got[0], want)
		}
	}
}

func TestDecodeArray(t *testing.T) {
	into := []Inbound{{Kind: "kept"}}
	got, err := Decode(into, []byte(` [ {"t":"ping","id":1} , {"t":"leave"}] `), defaults)
	if err != nil || len(got) != 3 || got[1].ID != 1 || got[2].Kind != "leave" || string(got[2].Raw) != `{"t":"leave"}` {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := Decode(nil, []byte(`[]`), defaults); err != nil || len(got) != 0 {
		t.Errorf("an empty array: %v, %v", got, err)
	}
	many := "[" + strings.Repeat(`{"t":"ack","position":1},`, 255) + `{"t":"ack","position":1}`
	if got, err := Decode(nil, []byte(many+"]"), defaults); err != nil || len(got) != 256 {
		t.Errorf("256 objects: %d, %v", len(got), err)
	}
	if _, err := Decode(nil, []byte(many+`,{"t":"ack","position":1}]`), defaults); !errors.Is(err, ErrBadMessage) {
		t.Errorf("257 objects: %v", err)
	}
}

func TestDecodeBad(t *testing.T) {
	for name, frame := range map[string]string{
		"empty":                  ``,
		"white":                  ` `,
		"not JSON":               `hello`,
		"a number":               `7`,
		"cut":                    `{"t":"ping","id":7`,
		"two":                    `{"t":"ping","id":7}{"t":"ping","id":7}`,
		"zero byte after":        "{\"t\":\"ping\",\"id\":7}\x00",
		"trailing comma":         `{"t":"ping","id":7,}`,
		"array cut":              `[{"t":"ping","id":7},`,
		"array in array":         `[[{"t":"ping","id":7}]]`,
		"no t":                   `{"n":7}`,
		"empty object":           `{}`,
		"t is a number":          `{"t":7}`,
		"t is empty":             `{"t":""}`,
		"t twice":                `{"t":"ping","t":"m","id":7}`,
		"id twice, disguised":    `{"t":"ping","id":7,"i\u0064":8}`,
		"id is a fraction":       `{"t":"ping","id":7.0}`,
		"id is an exponent":      `{"t":"ping","id":7e1}`,
		"id is negative":         `{"t":"ping","id":-7}`,
		"id is a string":         `{"t":"ping","id":"7"}`,
		"id is missing":          `{"t":"ping"}`,
		"id is no exact number":  `{"t":"ping","id":9007199254740992}`,
		"id has a leading zero":  `{"t":"ping","id":07}`,
		"n is zero":              `{"t":"m","n":0,"type":"x"}`,
		"type is missing":        `{"t":"m","n":1}`,
		"type is null":           `{"t":"m","n":1,"type":null}`,
		"to is a string":         `{"t":"m","n":1,"type":"x","to":"p"}`,
		"to is null":             `{"t":"m","n":1,"type":"x","to":null}`,
		"to has a number":        `{"t":"m","n":1,"type":"x","to":["p",1]}`,
		"data is undefined":      `{"t":"m","n":1,"type":"x","data":undefined}`,
		"epoch is missing":       `{"t":"attach","gen":1,"position":0}`,
		"gen is zero":            `{"t":"attach","gen":0,"epoch":"x","position":0}`,
		"position is null":       `{"t":"ack","position":null}`,
		"bytes that aren't UTF8": "{\"t\":\"m\",\"n\":1,\"type\":\"x\",\"data\":\"\xff\"}",
		"surrogate in UTF-8":     "{\"t\":\"m\",\"n\":1,\"type\":\"x\",\"data\":\"\xed\xa0\x80\"}",
		"a raw control":          "{\"t\":\"m\",\"n\":1,\"type\":\"x\",\"data\":\"\n\"}",
		"byte order mark":        "\ufeff{\"t\":\"ping\",\"id\":7}",
		"bottomless":             `{"t":"m","n":1,"type":"x","data":` + strings.Repeat("[", 60000),
		"very deep":              `{"t":"m","n":1,"type":"x","data":` + strings.Repeat("[", 400) + strings.Repeat("]", 400) + `}`,
	} {
		if got, err := Decode(nil, []byte(frame), defaults); !errors.Is(err, ErrBadMessage) || len(got) != 0 {
			t.Errorf("%s: got %+v, error %v", name, got, err)
		}
	}
}

// What is above a limit is refused at its place, so that a session doesn't end because of it.
func TestDecodeRefusals(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	ids := func(n int) string { return strings.TrimSuffix(strings.Repeat(`"p",`, n), ",") }
	for name, c := range map[string]struct{ frame, code string }{
		"data at the limit":     {`{"t":"m","n":1,"type":"x","data":"` + strings.Repeat("x", 1<<20-2) + `"}`, ""},
		"data above it":         {`{"t":"m","n":1,"type":"x","data":"` + strings.Repeat("x", 1<<20-1) + `"}`, "too_large"},
		"type at the limit":     {`{"t":"m","n":1,"type":"` + strings.Repeat(`\u0001`, 128) + `"}`, ""},
		"type above it":         {`{"t":"m","n":1,"type":"` + strings.Repeat("é", 65) + `"}`, "too_large"},
		"no type":               {`{"t":"m","n":1,"type":""}`, "bad_message"},
		"100 recipients":        {`{"t":"m","n":1,"type":"x","to":[` + ids(100) + `]}`, ""},
		"101 recipients":        {`{"t":"m","n":1,"type":"x","to":[` + ids(101) + `]}`, "too_large"},
		"an id at the limit":    {`{"t":"m","n":1,"type":"x","to":["p","` + strings.Repeat("i", 64) + `"]}`, ""},
		"an id above it":        {`{"t":"m","n":1,"type":"x","to":["p","` + strings.Repeat("i", 65) + `"]}`, "too_large"},
		"lossy, an id above it": {`{"t":"e","type":"x","to":["` + strings.Repeat("i", 300<<10) + `"]}`, "too_large"},
		"lossy, 101 recipients": {`{"t":"e","type":"x","to":[` + ids(101) + `]}`, "too_large"},
		"no recipient":          {`{"t":"m","n":1,"type":"x","to":[]}`, "unknown_participant"},
		"32 levels":             {`{"t":"m","n":1,"type":"x","data":` + deep(32) + `}`, ""},
		"33 levels":             {`[{"t":"m","n":1,"data":` + deep(33) + `,"type":"x"}]`, "bad_message"},
		"deep beside data":      {`{"t":"m","n":1,"other":` + deep(100) + `,"data":[],"type":"x"}`, ""},
	} {
		got, err := Decode(nil, []byte(c.frame), defaults)
		if err != nil || len(got) != 1 {
			t.Errorf("%s: %d objects, error %v", name, len(got), err)
			continue
		}
		code := ""
		if got[0].Refusal != nil {
			code = got[0].Refusal.Code
		}
		if code != c.code {
			t.Errorf("%s: refused with %q, want %q", name, code, c.code)
		}
	}
}

// Who names more than may be named does not have them all remembered before it is told.
func TestManyRecipientsAreNotRead(t *testing.T) {
	to := strings.TrimSuffix(strings.Repeat(`"",`, 100_000), ",")
	got, err := Decode(nil, []byte(`{"t":"m","n":1,"type":"x","to":[`+to+`]}`), defaults)
	if err != nil || got[0].Refusal == nil || cap(got[0].To) > 256 {
		t.Errorf("%v: %d ids read, refused with %v", err, len(got[0].To), got[0].Refusal)
	}
}

// The largest message has to fit into what pieces make, on its way in and on its way out.
func TestLargestMessageFitsAFrame(t *testing.T) {
	id := strings.Repeat("i", 64)
	kind := strings.Repeat("\x01", 128) // six bytes each in JSON
	to := make([]string, 100)
	for i := range to {
		to[i] = id
	}
	in, err := json.Marshal(map[string]any{
		"t": "m", "n": maxNumber, "type": kind, "to": to,
		"data": json.RawMessage(`"` + strings.Repeat("<", 1<<20-2) + `"`),
	})
	if err != nil {
		t.Fatal(err)
	}
	in = bytes.ReplaceAll(in, []byte(`\u003c`), []byte("<")) // Go escapes it, browsers don't
	if most := defaults.FrameBytes(); len(in) > most {
		t.Errorf("a frame of %d bytes in, want at most %d", len(in), most)
	}
	got, err := Decode(nil, in, defaults)
	if err != nil || got[0].Refusal != nil {
		t.Fatalf("refused: %v, %v", err, got)
	}

	l := newLog(LogConfig{})
	l.head, l.last, l.tail = maxNumber, maxNumber, maxNumber+1
	e := (&Message{Type: kind, Data: got[0].Data, To: got[0].To, From: id, Session: "s", N: maxNumber}).Entry()
	if _, err := l.Append(e, start); err != nil {
		t.Fatal(err)
	}
	out, _, ok := readLog(l, maxNumber, viewer{"other", id}, 48<<10)
	if most := defaults.FrameBytes(); !ok || len(out) > most || !json.Valid(out) {
		t.Errorf("a frame of %d bytes out, want at most %d", len(out), most)
	}
	t.Logf("largest frame in %d, out %d", len(in), len(out))
}

func TestEncode(t *testing.T) {
	for want, got := range map[string][]byte{
		`{"t":"pong","id":7}`:                                                 appendPong(nil, 7),
		`{"t":"attached","gen":2,"n":16,"epoch":"x5Gh"}`:                      appendAttached(nil, 2, 16, "x5Gh"),
		`{"t":"closed","code":"room_closed","message":"the room was closed"}`: appendClosed(nil, "room_closed", "the room was closed"),
		`{"t":"error","re":"m","code":"gap","message":"x"}`:                   appendError(nil, "m", "gap", "x"),
		`{"t":"reset","gen":2,"reason":"trimmed","epoch":"x5Gh","position":19000,"n":16,"state":0,"participants":[{"id":"p_Rk2m"}]}`: appendReset(
			nil, 2, resetTrimmed, "x5Gh", 16, &Snapshot{View{Position: 19000, Full: true}, []byte(`[{"id":"p_Rk2m"}]`), nil}),
		`{"t":"reset","gen":1,"reason":"ahead","epoch":"e","position":0,"n":0,"state":0,"participants":[],"x":1}`: appendReset(
			nil, 1, resetAhead, "e", 0, &Snapshot{View: View{Full: true}, About: []byte(`"x":1`)}),
		`{"t":"reset","gen":1,"reason":"epoch","epoch":"e","position":0,"n":0,"state":0,"participants":[]}`: appendReset(
			nil, 1, resetEpoch, "e", 0, &Snapshot{View: View{Full: true}}),
	} {
		if string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

var seeds = []string{
	`{"t":"m","n":17,"type":"changedDrawing","data":{"circles":[]},"to":["p_Rk2m"]}`,
	`[{"t":"m","n":1,"type":"a","data":null},{"t":"ack","position":9005},{"t":"ping","id":7}]`,
	`{"t":"attach","gen":2,"epoch":"x5Gh","position":9005}`,
	`{"t":"offer","id":3,"sdp":"v=0\r\n","tracks":[{"mid":"9","source":"screen","muted":false}]}`,
	`{"t":"m","n":1,"type":"\ud83d\ude00\u0000","data":"\u2028\ud800\\\/\b"}`,
	`{"t":"m","n":1,"type":"x","data":[-0,1E+2,0.10,1e-7,9007199254740993,true,false,null,{"":{}}]}`,
	`{"t":"m","n":1,"type":"x","data":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}`,
	"{\"t\":\"m\",\"n\":1,\"type\":\"x\",\"data\":\"\xff\xed\xa0\x80\"}",
	" \t\r\n[ ] ", `{}`, `[{}]`, `{"t":"m","t":"m"}`, `{"t":"leave"}x`, `{"a":01}`, `{"a":1.}`, `{"a":.5}`, `{"a":-}`, `{"a":"\x"}`, `tru`,
}

// FuzzDecode: what is taken is relayed to browsers, so a log frame made of it must be UTF-8 and JSON and of bounded size.
func FuzzDecode(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		got, err := Decode(nil, frame, defaults)
		if err != nil {
			if !errors.Is(err, ErrBadMessage) || len(got) != 0 {
				t.Errorf("error %v with %d objects", err, len(got))
			}
			return
		}
		if !utf8.Valid(frame) || !json.Valid(frame) {
			t.Fatal("took what is not JSON")
		}
		if len(got) > defaults.Objects {
			t.Errorf("%d objects", len(got))
		}
		l := newLog(LogConfig{})
		for _, in := range got {
			if !json.Valid(in.Raw) || in.Kind == "" {
				t.Errorf("object %q of kind %q", in.Raw, in.Kind)
			}
			if in.Kind != kindMessage {
				continue
			}
			if in.N == 0 || in.N > maxNumber || in.To != nil && len(in.To) == 0 && in.Refusal == nil {
				t.Errorf("message %+v", in)
			}
			if in.Refusal != nil {
				continue
			}
			m := Message{Type: in.Type, Data: in.Data, To: in.To, From: "p_a", Session: "s_a", N: in.N}
			if _, err := l.Append(m.Entry(), start); err != nil {
				t.Errorf("no entry of %q: %v", in.Raw, err)
			}
		}
		for position := uint64(0); position < l.Head(); {
			out, to, ok := readLog(l, position, viewer{"s_b", "p_b"}, 48<<10)
			if !ok || len(out) > wholeFrame || len(out) > 0 && (!json.Valid(out) || !utf8.Valid(out)) {
				t.Fatalf("%d bytes, ok %v: %q", len(out), ok, out)
			}
			if to == position {
				break // for others only
			}
			position = to
		}
	})
}

// FuzzScanner: the scanner takes what encoding/json takes, no more and no less, but for depth.
func FuzzScanner(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) > hardDepth-1 {
			return
		}
		s := scanner{text: text}
		got := s.value(0)
		s.space()
		got = got && s.at == len(text)
		if want := json.Valid(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	one := `{"t":"m","n":17,"type":"changedDrawing","data":{"circles":[{"x":10.5,"y":20,"text":"` + strings.Repeat("x", 120) + `"}]}}`
	for _, n := range []int{1, 16} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			frame := []byte("[" + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + "]")
			var into []Inbound
			b.ReportAllocs()
			b.SetBytes(int64(len(frame)))
			for b.Loop() {
				var err error
				if into, err = Decode(into[:0], frame, defaults); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
