package client

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const sampleLog = ` {"t" : "log","after":9000,"position":9005,"entries":[
	{"o":9001,"from":"p_Rk2m","type":"chat","data":{"a":"}]\\\"","b":[1,{"c":[]}]},"at":1795212000000,"new":[{}]},
	{"o":9002,"ok":17},{"o":9003,"refused":18,"code":"not_allowed","message":"you \"may\" not"},
	{"at":1795212000040,"data":null,"direct":true,"from":"p_Rk2m","o":9005,"type":"n\u00f6te"}]} `

func TestReadLog(t *testing.T) {
	var f logFrame
	w := words{}
	for range 2 { // the second time into the slice of the first
		if err := w.readLog(object{json: []byte(sampleLog)}, &f); err != nil {
			t.Fatal(err)
		}
		for i := range f.entries {
			f.entries[i].json = nil
		}
		want := logFrame{9000, 9005, []entry{
			{O: 9001, From: "p_Rk2m", Type: "chat", Data: json.RawMessage(`{"a":"}]\\\"","b":[1,{"c":[]}]}`), At: 1795212000000},
			{O: 9002, OK: 17},
			{O: 9003, Refused: 18, Code: "not_allowed", Message: `you "may" not`},
			{O: 9005, From: "p_Rk2m", Type: "nöte", Data: json.RawMessage("null"), At: 1795212000040, Direct: true},
		}}
		if !reflect.DeepEqual(f, want) {
			t.Errorf("read\n%+v\nwant\n%+v", f, want)
		}
	}
}

func withRaw(text, raw string) []byte {
	return append(append(binary.AppendUvarint([]byte{withBytes}, uint64(len(text))), text...), raw...)
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		name   string
		frame  []byte
		binary bool
		want   []string // kinds
		bytes  string
		err    bool
	}{
		{name: "one", frame: []byte(` {"id":1,"t":"pong"}`), want: []string{"pong"}},
		{name: "several", frame: []byte(`[{"t":"pong"}, {"t":"log","entries":[]}]`), want: []string{"pong", "log"}},
		{name: "none", frame: []byte(`[ ]`)},
		{name: "bytes", frame: withRaw(`[{"t":"e","bytes":2},{"t":"e","bytes":0},{"t":"e","bytes":1}]`, "abc"), binary: true, want: []string{"e", "e", "e"}, bytes: "ab||c"},
		{name: "empty", frame: nil, err: true},
		{name: "empty binary", frame: []byte{}, binary: true, err: true},
		{name: "cut off", frame: []byte(`{"t":"pong"`), err: true},
		{name: "no object", frame: []byte(`7`), err: true},
		{name: "left over", frame: withRaw(`{"t":"e","bytes":2}`, "abc"), binary: true, want: []string{"e"}, bytes: "ab", err: true},
		{name: "too few", frame: withRaw(`{"t":"e","bytes":4}`, "abc"), binary: true, err: true},
		{name: "unknown kind", frame: []byte{9}, binary: true, err: true},
		{name: "longer than it is", frame: []byte{withBytes, 40, '{', '}'}, binary: true, err: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var kinds, blobs []string
			err := split(tt.frame, tt.binary, func(o object) error {
				var e entry
				if err := (words{}).readEntry(o.json, o.raw, &e); err != nil {
					return err
				}
				kinds = append(kinds, o.t)
				if e.Bytes != nil {
					blobs = append(blobs, string(e.Bytes))
				}
				return nil
			})
			if (err != nil) != tt.err || !tt.err && !reflect.DeepEqual(kinds, tt.want) || strings.Join(blobs, "|") != tt.bytes {
				t.Errorf("%v %v, %v", kinds, blobs, err)
			}
		})
	}
}

func TestPieces(t *testing.T) {
	for _, size := range []int{1, 90, 91, 92, 1000, 65537} {
		whole := bytes.Repeat([]byte("0123456789"), size/10+1)[:size]
		c := cut{frame: outFrame{whole, size%2 == 0}, size: 100}
		a := assembly{limit: 70000}
		for range 2 { // an assembly is used again
			for c.at = 0; ; {
				piece, last := c.next()
				if len(piece.bytes) > 100 || !piece.binary {
					t.Fatalf("a piece of %d bytes", len(piece.bytes))
				}
				got, isBinary, done, err := a.take(piece.bytes[1:])
				if err != nil || done != last {
					t.Fatalf("of %d: done %v, last %v, %v", size, done, last, err)
				}
				if done {
					if !bytes.Equal(got, whole) || isBinary != c.frame.binary {
						t.Errorf("of %d came %d", size, len(got))
					}
					break
				}
			}
		}
	}
}

func TestBadPieces(t *testing.T) {
	for name, pieces := range map[string][]string{
		"no flags":          {""},
		"begins in between": {"\x02abc"},
		"two beginnings":    {"\x01\x05ab", "\x01\x05ab"},
		"too large":         {"\x01\xff\x7fab"},
		"no length":         {"\x01"},
		"of nothing":        {"\x03\x00"},
		"more than said":    {"\x01\x03ab", "\x02cd"},
		"less than said":    {"\x01\x05ab", "\x02cd"},
	} {
		a := assembly{limit: 1000}
		var err error
		for _, p := range pieces {
			if err != nil {
				t.Errorf("%s: ended early: %v", name, err)
			}
			_, _, _, err = a.take([]byte(p))
		}
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestEntriesLeaveOutWhatIsKnown(t *testing.T) {
	frame := `{"t":"log","after":6,"position":14,"entries":[{"from":"p","type":"x","data":1,"at":100},{"o":9,"data":2},
		{"from":"q","data":3,"ms":5},{"o":11,"ok":3},{"type":"y","data":null,"ms":2,"direct":true},{"o":14,"data":5,"at":90}]}`
	var f logFrame
	if err := (words{}).readLog(object{json: []byte(frame), raw: &raw{}}, &f); err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range f.entries {
		e := &f.entries[i]
		got = append(got, fmt.Sprintf("%d %s %s %s %d %d %t", e.O, e.From, e.Type, e.Data, e.At, e.OK, e.Direct))
	}
	want := []string{"7 p x 1 100 0 false", "9 p x 2 100 0 false", "10 q x 3 105 0 false", "11    0 3 false", "12 q y null 107 0 true", "14 q y 5 90 0 false"}
	if !slices.Equal(got, want) {
		t.Errorf("read\n%q\nwant\n%q", got, want)
	}
}

// Whatever is JSON is read as the JSON package reads it, and nothing else panics.
func FuzzReadLog(f *testing.F) {
	f.Add([]byte(sampleLog))
	f.Add([]byte(`{"entries":[{"o":1,"data":[[{"\"}":1}]]}]}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		var got logFrame
		err := (words{}).readLog(object{json: frame, raw: &raw{}}, &got)
		var want struct {
			After    *uint64
			Position uint64
			Entries  []struct {
				O    uint64
				Data json.RawMessage
			}
		}
		var exact map[string]json.RawMessage // the JSON package takes "After" for "after" and the last of several
		if err != nil || json.Unmarshal(frame, &want) != nil || json.Unmarshal(frame, &exact) != nil {
			return
		}
		if _, plain := exact["after"]; plain && len(exact) == 1 && want.After != nil && got.after != *want.After {
			t.Errorf("after %d, want %v", got.after, *want.After)
		}
		if _, plain := exact["entries"]; plain && len(exact) == 1 && len(want.Entries) > 0 && len(got.entries) < len(want.Entries) {
			t.Errorf("%d entries, want %d", len(got.entries), len(want.Entries))
		}
	})
}

func BenchmarkReadLog(b *testing.B) {
	for _, count := range []int{1, 10} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			entries := make([]string, count)
			for i := range entries {
				entries[i] = fmt.Sprintf(`{"o":%d,"from":"p_Rk2m","type":"bench","data":"%s","at":1795212000000}`, i+1, strings.Repeat("x", 200))
			}
			frame := fmt.Appendf(nil, `{"t":"log","after":0,"position":%d,"entries":[%s]}`, count, strings.Join(entries, ","))
			w, f := words{}, logFrame{}
			b.ReportAllocs()
			for b.Loop() {
				if err := split(frame, false, func(o object) error { return w.readLog(o, &f) }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
