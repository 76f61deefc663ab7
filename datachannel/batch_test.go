package datachannel

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// logFrame is a log frame as a client reads it.
type logFrame struct {
	T        string     `json:"t"`
	After    uint64     `json:"after"`
	Position uint64     `json:"position"`
	Entries  []logEntry `json:"entries"`
}

type logEntry struct {
	O       uint64          `json:"o"`
	From    string          `json:"from"`
	Type    string          `json:"type"`
	Data    json.RawMessage `json:"data"`
	Bytes   *int            `json:"bytes"`
	At      int64           `json:"at"`
	Ms      int64           `json:"ms"`
	Direct  bool            `json:"direct"`
	OK      uint64          `json:"ok"`
	Refused uint64          `json:"refused"`
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Event   string          `json:"event"`
}

// complete gives entries what they left out.
func (f *logFrame) complete() {
	last, before := f.After, (*logEntry)(nil)
	for i := range f.Entries {
		e := &f.Entries[i]
		if e.O == 0 {
			e.O = last + 1
		}
		last = e.O
		if e.Data == nil && e.Bytes == nil {
			continue
		}
		if before != nil && e.From == "" {
			e.From = before.From
		}
		if before != nil && e.Type == "" {
			e.Type = before.Type
		}
		if before != nil && e.At == 0 {
			e.At = before.At + e.Ms
		}
		before = e
	}
}

func TestFrameIsWhatTheProtocolSays(t *testing.T) {
	l := newLog(LogConfig{})
	for _, e := range []Entry{
		{Kind: EntryMessage, From: "p_Rk2m", Session: "s_b", N: 4, Type: "chat", Data: json.RawMessage(`"hi"`)},
		{Kind: EntryMessage, From: "p_Zt4q", Session: "s_a", N: 17, Type: "chat", Data: json.RawMessage(`"ho"`)},
		{Kind: EntryRefused, Session: "s_a", N: 18, Code: "not_allowed", Text: "you may not send data"},
		{Kind: EntryMessage, From: "p_Rk2m", Session: "s_b", N: 5, To: []string{"p_Other"}, Type: "note"},
		{Kind: EntryMessage, From: "p_Rk2m", Session: "s_b", N: 6, To: []string{"p_x", "p_Zt4q"}, Type: "note"},
		{Kind: EntryEvent, Type: "joined", Data: json.RawMessage(` {"participant":{"id":"p_Lw8e"}} `)},
		{Kind: EntryEvent, Type: "quiet", Data: json.RawMessage(`{ }`)},
		{Kind: EntryEvent, Data: json.RawMessage(`{"event":"left","id":"p_x"}`)},
	} {
		mustAppend(t, l, e, start)
	}
	for _, c := range []struct {
		who  viewer
		want string
	}{
		{viewer{"s_a", "p_Zt4q"}, `{"o":1,"from":"p_Rk2m","type":"chat","data":"hi","at":1795212000000},{"o":2,"ok":17},` +
			`{"o":3,"refused":18,"code":"not_allowed","message":"you may not send data"},` +
			`{"o":5,"type":"note","data":null,"direct":true},` +
			`{"o":6,"event":"joined","participant":{"id":"p_Lw8e"}},{"o":7,"event":"quiet"},{"o":8,"event":"left","id":"p_x"}`},
		{viewer{"s_b", "p_Rk2m"}, `{"o":1,"ok":4},{"o":2,"from":"p_Zt4q","type":"chat","data":"ho","at":1795212000000},` +
			`{"o":4,"ok":5},{"o":5,"ok":6},{"o":6,"event":"joined","participant":{"id":"p_Lw8e"}},{"o":7,"event":"quiet"},{"o":8,"event":"left","id":"p_x"}`},
	} {
		frame, position, ok := readLog(l, 0, c.who, 1<<16)
		want := `{"t":"log","after":0,"position":8,"entries":[` + c.want + `]}`
		if !ok || position != 8 || string(frame) != want {
			t.Errorf("%s reads up to %d\n%s\nwant\n%s", c.who.session, position, frame, want)
		}
	}
}

// A sender that is not told apart from others who came back under its participant's id gets its own message as one.
func TestAnotherSessionOfTheSenderSeesTheMessage(t *testing.T) {
	l := newLog(LogConfig{})
	mustAppend(t, l, message("x"), start)
	frame, _, _ := readLog(l, 0, viewer{"s_later", "p_a"}, 1<<16)
	if !strings.Contains(string(frame), `"from":"p_a"`) {
		t.Errorf("got %s", frame)
	}
}

func TestMessageToNobodyReachesNobody(t *testing.T) {
	l := newLog(LogConfig{})
	e := message("secret")
	e.Direct = true
	mustAppend(t, l, e, start)
	if frame, position, ok := readLog(l, 0, viewer{"s_b", "p_b"}, 1<<16); !ok || len(frame) > 0 || position != 0 {
		t.Errorf("others got %s", frame)
	}
	if frame, _, _ := readLog(l, 0, viewer{"s_a", "p_a"}, 1<<16); !strings.Contains(string(frame), `"ok":1`) {
		t.Errorf("the sender got %s", frame)
	}
}

func TestBatchesAreBounded(t *testing.T) {
	l := newLog(LogConfig{})
	for i := range 200 {
		mustAppend(t, l, message(strings.Repeat("x", 37*i%3000)), start)
	}
	const limit = 5000
	next := uint64(1)
	for position := uint64(0); position < 200; {
		frame, to, ok := readLog(l, position, viewer{"s_b", "p_b"}, limit)
		if !ok || to <= position {
			t.Fatalf("stuck at %d", position)
		}
		if len(frame) > limit {
			t.Errorf("frame of %d bytes, want at most %d", len(frame), limit)
		}
		var f logFrame
		if err := json.Unmarshal(frame, &f); err != nil {
			t.Fatal(err)
		}
		f.complete()
		if f.After != position || f.Position != to {
			t.Errorf("frame from %d to %d, want %d to %d", f.After, f.Position, position, to)
		}
		for _, e := range f.Entries {
			if e.O != next {
				t.Fatalf("entry %d, want %d", e.O, next)
			}
			next++
		}
		position = to
	}
	frame, to, _ := readLog(l, 0, viewer{"s_b", "p_b"}, 1)
	if to != 1 || len(frame) == 0 {
		t.Error("a limit below every entry stopped the reader")
	}
}

// Who is not addressed hears only now and then how far the log is, and is never stuck.
func TestWhatIsForOthersIsQuiet(t *testing.T) {
	l := newLog(LogConfig{})
	e := message("x")
	e.To = []string{"p_c"}
	for range quietSpan - 1 {
		mustAppend(t, l, e, start)
	}
	if frame, position, ok := readLog(l, 0, viewer{"s_b", "p_b"}, 1<<16); !ok || position != 0 || len(frame) > 0 {
		t.Errorf("told %q", frame)
	}
	mustAppend(t, l, e, start)
	frame, position, _ := readLog(l, 0, viewer{"s_b", "p_b"}, 1<<16)
	if want := fmt.Sprintf(`{"t":"log","after":0,"position":%d,"entries":[]}`, quietSpan); string(frame) != want {
		t.Errorf("told %q, want %q", frame, want)
	}
	mustAppend(t, l, e, start)
	mustAppend(t, l, message("for all"), start)
	frame, position, _ = readLog(l, position, viewer{"s_b", "p_b"}, 1<<16)
	if position != quietSpan+2 || strings.Count(string(frame), `"o":`) != 1 {
		t.Errorf("told %q", frame)
	}
}

// In a room of direct messages nobody looks through all of the log at once: others wait for its lock.
func TestOneFrameLooksAtSoManyEntries(t *testing.T) {
	l := newLog(LogConfig{})
	e := message("x")
	e.To = []string{"p_c"}
	const others = 3*spanEntries + 10
	for range others {
		mustAppend(t, l, e, start)
	}
	mustAppend(t, l, message("for all"), start)
	frames, heard, position := 0, 0, uint64(0)
	for position < l.Head() {
		frame, to, ok := readLog(l, position, viewer{"s_b", "p_b"}, 1<<16)
		if !ok || to <= position || to-position > spanEntries {
			t.Fatalf("from %d to %d in one frame", position, to)
		}
		var f logFrame
		if err := json.Unmarshal(frame, &f); err != nil || f.After != position || f.Position != to {
			t.Fatalf("told %q, %v", frame, err)
		}
		frames, heard, position = frames+1, heard+len(f.Entries), to
	}
	if frames != 4 || heard != 1 {
		t.Errorf("%d frames with %d entries", frames, heard)
	}
}

func TestStringsAreJSON(t *testing.T) {
	for _, s := range []string{"", "plain", "\"\\/", "\x00\x1f\n\t", "é€😀\u2028\ufffd", "</script>&", "\xff\xc0cut\xe2\x82"} {
		got := appendString(nil, s)
		var back string
		if err := json.Unmarshal(got, &back); err != nil || !utf8.Valid(got) {
			t.Errorf("%q became %s: %v", s, got, err)
			continue
		}
		want := s
		if !utf8.ValidString(s) {
			want = string([]rune(s)) // every bad byte is one U+FFFD
		}
		if back != want {
			t.Errorf("%q came back as %q", s, back)
		}
	}
}

// What one more reader who has caught up costs.
func TestFramesCostNoAllocation(t *testing.T) {
	l := newLog(LogConfig{})
	for range 32 {
		mustAppend(t, l, message(strings.Repeat("x", 200)), start)
	}
	own := viewer{"s_a", "p_a"}
	other := viewer{"s_b", "p_b"}
	buf := make([]byte, 0, 64<<10)
	for name, v := range map[string]viewer{"reader": other, "sender": own} {
		if n := testing.AllocsPerRun(100, func() { _, _, _ = l.frame(buf, 0, v, 48<<10) }); n != 0 {
			t.Errorf("%v allocations a frame of 32 entries for a %s, want 0", n, name)
		}
	}
}
