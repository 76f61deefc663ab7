package datachannel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestPiecesMakeTheFrame(t *testing.T) {
	parts := [][]byte{[]byte("head"), bytes.Repeat([]byte("body"), 1000), {}, []byte("tail")}
	want := bytes.Join(parts, nil)
	for _, f := range []frame{
		{parts: parts, size: len(want)}, {parts: parts, size: len(want), binary: true}, whole(want, false),
	} {
		for _, limit := range []int{1, 3, 4, 5, 1000, len(want) - 1, len(want), len(want) + 1} {
			s, j := splitter{frame: f}, joiner{}
			for {
				piece := s.next(nil, limit)
				got, binary, done, err := j.take(piece, len(want), start)
				if err != nil {
					t.Fatalf("pieces of %d: %v", limit, err)
				}
				if done != s.empty() {
					t.Fatalf("pieces of %d: done %v, empty %v", limit, done, s.empty())
				}
				if done {
					if !bytes.Equal(got, want) || binary != f.binary {
						t.Errorf("pieces of %d make another frame", limit)
					}
					break
				}
			}
		}
	}
}

func TestHostilePieces(t *testing.T) {
	first := func(total byte, text string) []byte { return append([]byte{framePiece, pieceFirst, total}, text...) }
	more := func(flags byte, text string) []byte { return append([]byte{framePiece, flags}, text...) }
	for name, pieces := range map[string][][]byte{
		"no head":        {{framePiece}},
		"unknown flags":  {more(8, "x")},
		"only an end":    {more(pieceLast, "x")},
		"began twice":    {first(9, "x"), first(9, "x")},
		"too much":       {first(3, "ab"), more(0, "cd")},
		"end too soon":   {first(3, "ab"), more(pieceLast, "")},
		"no end":         {first(3, "ab"), more(0, "c")},
		"empty":          {first(3, "ab"), more(0, "")},
		"nothing":        {first(0, "")},
		"above":          {first(101, "x")},
		"endless length": {append([]byte{framePiece, pieceFirst}, bytes.Repeat([]byte{0xff}, 11)...)},
		"kind said late": {first(3, "ab"), more(pieceLast|pieceBinary, "c")},
	} {
		j, err := joiner{}, error(nil)
		for _, p := range pieces {
			if _, _, _, err = j.take(p, 100, start); err != nil {
				break
			}
		}
		want := ErrBadMessage
		if name == "above" {
			want = ErrTooLarge
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	j := joiner{}
	if _, _, _, err := j.take(first(3, "a"), 100, start); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := j.take(more(0, "b"), 100, start.Add(pieceIdle+1)); !errors.Is(err, ErrBadMessage) {
		t.Errorf("a piece that came too late: %v", err)
	}
}

// The announced length takes no memory.
func TestPiecesGrowAsTheyCome(t *testing.T) {
	j := joiner{}
	head := append([]byte{framePiece, pieceFirst}, 0x80, 0x80, 0x80, 0x08) // 16 MiB
	if _, _, _, err := j.take(append(head, "x"...), 16<<20, start); err != nil || cap(j.buf) > 1024 {
		t.Errorf("%d bytes for one, %v", cap(j.buf), err)
	}
}

func TestBytesOnALink(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		other := r.room.session("b", Limits{})
		defer other.Close("left", "")
		ws, dc := r.open(WebSocket, joined()), r.run(other, DataChannel, LinkOptions{Attached: true})
		r.says(ws, firstSocket)
		large := strings.Repeat("\x00\xffé", 200_000)
		text := fmt.Sprintf(`[{"t":"m","n":1,"type":"a","bytes":3},{"t":"m","n":2,"type":"b","data":[]},{"t":"m","n":3,"type":"c","bytes":%d}]`, len(large))
		whole := appendWithBytes(nil, []byte(text), []byte("\x00\x01\x02"+large))
		s := splitter{frame: frame{one: whole, size: len(whole), binary: true}}
		for !s.empty() {
			ws.send(string(s.next(nil, 60_000)))
			ws.send(`{"t":"ping","id":1}`) // passes between
		}
		defer ws.cut() // its pongs are not read
		var got []string
		for len(got) < 3 {
			raw, err := dc.recvWithin(time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, entriesOf(t, raw)...)
		}
		want := []string{"a \x00\x01\x02", "b []", "c " + large}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("entry %d is %.20q, want %.20q", i, got[i], want[i])
			}
		}
	})
}

// entriesOf are the types and contents of the messages in a log frame of either kind.
func entriesOf(t *testing.T, raw []byte) (out []string) {
	t.Helper()
	text, payload := raw, []byte(nil)
	if raw[0] == frameWithBytes {
		in := 0
		size := 0
		for shift := 0; ; shift += 7 {
			in++
			size |= int(raw[in]&0x7f) << shift
			if raw[in] < 0x80 {
				break
			}
		}
		text, payload = raw[in+1:in+1+size], raw[in+1+size:]
	}
	var f struct {
		Entries []struct {
			Type  string          `json:"type"`
			Data  json.RawMessage `json:"data"`
			Bytes *int            `json:"bytes"`
		} `json:"entries"`
	}
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatalf("%.100s: %v", text, err)
	}
	for _, e := range f.Entries {
		body := string(e.Data)
		if e.Bytes != nil {
			body, payload = string(payload[:*e.Bytes]), payload[*e.Bytes:]
		}
		out = append(out, e.Type+" "+body)
	}
	return out
}

// The state of a newcomer comes in frames that a link takes, and goes on where it was on another link.
func TestSnapshotGoesOnAfterASwitch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		room := newTestRoom(LogConfig{})
		value := json.RawMessage(`"` + strings.Repeat("v", 1000) + `"`)
		for i := range 300 {
			if _, err := room.log.Append(Entry{Kind: EntryState, From: "p_x", Ops: []Op{{Key: fmt.Sprint("k", i), Value: value}}}, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		view := room.log.View(0)
		r := &rig{t: t, room: room, ends: map[*wire]error{}}
		r.s = NewSession(SessionConfig{
			Log: room.log, ID: "s_a", Participant: "p_a", Position: view.Position, Cells: view.Cells,
			Poster: room, Snapshot: room.snapshot, Metrics: room.metrics,
		})
		t.Cleanup(func() {
			r.s.Close("left", "")
			r.wg.Wait()
		})
		ws := r.open(WebSocket, joined())
		r.says(ws, firstSocket)
		cells, at := page(t, ws)
		if cells == 0 || at != 0 || cells == 300 {
			t.Fatalf("%d cells from %d in the first frame", cells, at)
		}
		ws.cut()
		if _, err := room.log.Append(Entry{Kind: EntryState, From: "p_x", Ops: []Op{{Key: "k0", Delete: true}}}, time.Now()); err != nil {
			t.Fatal(err)
		}
		dc := r.open(DataChannel, LinkOptions{})
		defer dc.cut() // the last snapshot is not read to its end
		dc.send(fmt.Sprintf(`{"t":"attach","gen":2,"epoch":%q,"position":%d,"state":%d}`, room.log.Epoch(), view.Position, cells))
		r.says(dc, r.attached(2, 0))
		for cells < 300 {
			n, at := page(t, dc)
			if at != cells {
				t.Fatalf("cells from %d, want %d", at, cells)
			}
			cells += n
		}
		r.says(dc, fmt.Sprintf(`{"t":"log","after":300,"position":301,"entries":[{"o":301,"from":"p_x","ops":[{"k":"k0","del":true}],"at":%d}]}`, time.Now().UnixMilli()))
		dc.send(`{"t":"ack","position":301}`)
		r.silent(dc)
		if r.s.paging.snap != nil {
			t.Error("a snapshot that has arrived is kept")
		}
		// Of a snapshot that is gone there is no going on.
		dc.send(fmt.Sprintf(`{"t":"attach","gen":3,"epoch":%q,"position":300,"state":7}`, room.log.Epoch()))
		if got, err := dc.recvWithin(time.Second); err != nil || !strings.HasPrefix(string(got), `{"t":"reset","gen":3,"reason":"trimmed"`) || strings.Contains(string(got), "since") {
			t.Errorf("got %.100s, %v", got, err)
		}
	})
}

func page(t *testing.T, w *wire) (cells, at int) {
	t.Helper()
	raw, err := w.recvWithin(time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		T     string            `json:"t"`
		At    int               `json:"at"`
		Cells []json.RawMessage `json:"cells"`
	}
	if err := json.Unmarshal(raw, &f); err != nil || f.T != "state" || len(raw) > wholeFrame {
		t.Fatalf("%d bytes: %.100s %v", len(raw), raw, err)
	}
	return len(f.Cells), f.At
}

func TestBudget(t *testing.T) {
	b := NewBudget(100_000)
	quiet, busy := newLog(LogConfig{Budget: b}), newLog(LogConfig{Budget: b})
	for range 20 {
		mustAppend(t, quiet, message(strings.Repeat("q", 1000)), start)
	}
	for range 500 {
		mustAppend(t, busy, message(strings.Repeat("b", 1000)), start)
	}
	if quiet.Tail() != 1 {
		t.Error("a quiet room pays for a busy one")
	}
	if used := b.Used(); used > 101_500 || busy.Tail() < 400 {
		t.Errorf("%d bytes in use, the busy log begins at %d", used, busy.Tail())
	}
	busy.Close()
	quiet.Close()
	if b.Used() != 0 {
		t.Errorf("%d bytes in use by nobody", b.Used())
	}
}
