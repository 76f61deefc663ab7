package datachannel

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestMessagesLeaveOutWhatIsKnown(t *testing.T) {
	l := newLog(LogConfig{})
	say := func(from, kind, data string, later time.Duration, to ...string) {
		mustAppend(t, l, Entry{
			Kind: EntryMessage, From: from, Session: "s_" + from, N: 1, Type: kind, Data: json.RawMessage(data), To: to,
		}, start.Add(later*time.Millisecond))
	}
	say("p_c", "x", `1`, 0)
	say("p_c", "x", `2`, 0)
	say("p_d", "x", `"\",\"at\":7}"`, 5)
	say("p_d", "y\"type\":", `{"from":"p_x","at":8}`, 6)
	say("p_d", "y\"type\":", `4`, 7, "p_elsewhere")
	say("p_d", "y\"type\":", `5`, 8, "p_b")
	say("p_b", "own", `6`, 8)
	say("p_d", "z", `7`, 8+mostLater+1)
	say("p_d", "z", `8`, 2)
	mustAppend(t, l, Entry{Kind: EntryEvent, Type: "restarted"}, start)
	mustAppend(t, l, Entry{Kind: EntryMessage, From: "p_d", Session: "s_d", N: 9, Type: "z", Bytes: []byte(`,"at":9`)}, start.Add(3*time.Millisecond))
	want := `{"t":"log","after":0,"position":11,"entries":[{"o":1,"from":"p_c","type":"x","data":1,"at":1795212000000},{"data":2},` +
		`{"from":"p_d","data":"\",\"at\":7}","ms":5},{"type":"y\"type\":","data":{"from":"p_x","at":8},"ms":1},` +
		`{"o":6,"data":5,"ms":2,"direct":true},{"o":7,"ok":1},{"type":"z","data":7,"at":1795212010008},{"data":8,"at":1795212000002},` +
		`{"o":10,"event":"restarted"},{"bytes":7,"ms":1}]}`
	got, _, _ := readLog(l, 0, viewer{"s_p_b", "p_b"}, 1<<16)
	if i := strings.Index(string(got), `{"t"`); string(got[i:i+len(want)]) != want {
		t.Errorf("the frame is\n%s\nwant\n%s", got, want)
	}
}

// What a frame says, completed, is what its entries say alone.
func FuzzShortMessages(f *testing.F) {
	f.Add("p_a", "x", `"data"`, "p_a", "x", `{"at":1}`, int64(3))
	f.Add("p_a", `"from":`, `",\"at\":1"`, `"type":`, `"data":`, `null`, int64(-3))
	f.Fuzz(func(t *testing.T, from1, kind1, data1, from2, kind2, data2 string, later int64) {
		l := newLog(LogConfig{})
		for i, e := range []Entry{{From: from1, Type: kind1, Data: json.RawMessage(data1)}, {From: from2, Type: kind2, Data: json.RawMessage(data2)}} {
			if e.Kind = EntryMessage; !json.Valid(e.Data) || e.From == "" || e.Type == "" {
				return
			}
			at := start.Add(time.Duration(i) * time.Duration(later%1e6) * time.Millisecond)
			if _, err := l.Append(e, at); err != nil {
				return
			}
		}
		var whole, alone logFrame
		for after, into := range []*logFrame{&whole, &alone} {
			frame, _, _ := readLog(l, uint64(after), viewer{"s_b", "p_b"}, 1<<20)
			if err := json.Unmarshal(frame, into); err != nil {
				t.Fatalf("%s: %v", frame, err)
			}
			into.complete()
		}
		if len(whole.Entries) != 2 || fmt.Sprint(whole.Entries[1].plain()) != fmt.Sprint(alone.Entries[0].plain()) {
			t.Errorf("%+v is alone %+v", whole.Entries, alone.Entries)
		}
	})
}

// plain is e without how it was said.
func (e logEntry) plain() logEntry {
	e.Ms, e.Data = 0, json.RawMessage(fmt.Sprintf("%q", e.Data))
	return e
}
