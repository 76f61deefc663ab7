package client

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func text(o uint64) entry { return entry{O: o, From: "p_a", Type: "chat", Data: json.RawMessage(`1`)} }

func ok(o, n uint64) entry { return entry{O: o, OK: n} }

func no(o, n uint64) entry { return entry{O: o, Refused: n, Code: "not_allowed"} }

func offsets(entries []entry) []uint64 {
	out := []uint64{}
	for _, e := range entries {
		out = append(out, e.O)
	}
	return out
}

func TestLedgerTake(t *testing.T) {
	for _, tt := range []struct {
		name     string
		after    uint64
		position uint64
		entries  []entry
		fresh    []uint64
		now      uint64
		err      error
	}{
		{name: "next", after: 10, position: 12, entries: []entry{text(11), text(12)}, fresh: []uint64{11, 12}, now: 12},
		{name: "holes are for others", after: 10, position: 15, entries: []entry{text(13)}, fresh: []uint64{13}, now: 15},
		{name: "nothing for us", after: 10, position: 15, fresh: []uint64{}, now: 15},
		{name: "overlap is skipped", after: 8, position: 12, entries: []entry{text(9), text(11)}, fresh: []uint64{11}, now: 12},
		{name: "all old", after: 3, position: 7, entries: []entry{text(5)}, fresh: []uint64{}, now: 10},
		{name: "gap", after: 11, position: 12, entries: []entry{text(12)}, now: 10, err: errGap},
		{name: "out of order", after: 10, position: 12, entries: []entry{text(12), text(11)}, now: 10, err: errFrame},
		{name: "twice", after: 10, position: 12, entries: []entry{text(11), text(11)}, now: 10, err: errFrame},
		{name: "beyond position", after: 10, position: 12, entries: []entry{text(13)}, now: 10, err: errFrame},
		{name: "not beyond after", after: 10, position: 12, entries: []entry{text(10)}, now: 10, err: errFrame},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLedger("s", "e", 10, 0, Limits{})
			fresh, _, err := l.take(&logFrame{tt.after, tt.position, tt.entries})
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if err == nil && !reflect.DeepEqual(offsets(fresh), tt.fresh) {
				t.Errorf("new entries %v, want %v", offsets(fresh), tt.fresh)
			}
			if l.position != tt.now {
				t.Errorf("position %d, want %d", l.position, tt.now)
			}
		})
	}
}

// sendAll drains next and returns the n that went out.
func sendAll(t *testing.T, l *ledger) (out []uint64) {
	t.Helper()
	for {
		next, count := l.next()
		if count == 0 {
			return out
		}
		frame := next.bytes
		var batch []struct{ N uint64 }
		if frame[0] != '[' {
			frame = append(append([]byte{'['}, frame...), ']')
		}
		if err := json.Unmarshal(frame, &batch); err != nil {
			t.Fatal(err)
		}
		if len(batch) != count {
			t.Fatalf("%d objects in a frame of %d", len(batch), count)
		}
		for _, m := range batch {
			out = append(out, m.N)
		}
		l.wentOut(count)
	}
}

func queue(l *ledger, count int) {
	for range count {
		l.queue(message("t", []byte(`"x"`), nil, nil))
	}
}

func TestLedgerFates(t *testing.T) {
	l := newLedger("s", "e", 0, 0, Limits{})
	queue(&l, 4)
	if got := sendAll(t, &l); !reflect.DeepEqual(got, []uint64{1, 2, 3, 4}) {
		t.Fatalf("sent %v", got)
	}
	_, fates, err := l.take(&logFrame{0, 3, []entry{ok(1, 1), no(2, 2), ok(3, 7)}})
	if err != nil {
		t.Fatal(err)
	}
	if len(fates) != 2 || fates[0].offset != 1 || fates[0].err != nil || fates[1].id != 2 || fates[1].err == nil {
		t.Errorf("fates %+v", fates)
	}
	if len(l.unacked) != 2 || l.sent != 2 {
		t.Errorf("unacked %d, sent %d", len(l.unacked), l.sent)
	}
	if _, fates, _ = l.take(&logFrame{1, 3, []entry{no(2, 2)}}); len(fates) != 0 {
		t.Errorf("an entry that was seen has a fate again: %+v", fates)
	}
}

func TestLedgerSwitch(t *testing.T) {
	for _, tt := range []struct {
		name    string
		n       uint64 // the server has
		resent  []uint64
		gen     uint64
		wantErr bool
	}{
		{name: "all lost", n: 0, resent: []uint64{1, 2, 3, 4, 5}, gen: 2},
		{name: "some there", n: 3, resent: []uint64{4, 5}, gen: 2},
		{name: "all there", n: 5, gen: 2},
		{name: "more than was sent", n: 6, gen: 2, wantErr: true},
		{name: "another attach", n: 0, gen: 1, wantErr: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLedger("s", "e", 7, 0, Limits{})
			queue(&l, 4)
			sendAll(t, &l)
			if a := l.attach(); a.Gen != 2 || a.Position != 7 || a.Epoch != "e" {
				t.Fatalf("attach %+v", a)
			}
			queue(&l, 1)
			if _, count := l.next(); count != 0 {
				t.Fatal("sent before the answer")
			}
			err := l.answered(tt.gen, tt.n, "")
			if (err != nil) != tt.wantErr {
				t.Fatalf("error %v", err)
			}
			if err != nil {
				return
			}
			if got := sendAll(t, &l); !reflect.DeepEqual(got, tt.resent) {
				t.Errorf("sent again %v, want %v", got, tt.resent)
			}
			if l.answered(tt.gen, tt.n, "") == nil {
				t.Error("the second answer counted")
			}
		})
	}
}

func TestLedgerSwitchBeforeFates(t *testing.T) {
	// A message the server has, whose ok comes only over the new link, is not sent again and keeps waiting.
	l := newLedger("s", "e", 0, 0, Limits{})
	queue(&l, 3)
	sendAll(t, &l)
	l.attach()
	if err := l.answered(2, 2, "g"); err != nil {
		t.Fatal(err)
	}
	if l.epoch != "g" {
		t.Errorf("the log's name is %s", l.epoch)
	}
	if _, fates, err := l.take(&logFrame{0, 2, []entry{ok(1, 1), ok(2, 2)}}); err != nil || len(fates) != 2 {
		t.Fatalf("fates %v, %v", fates, err)
	}
	if got := sendAll(t, &l); !reflect.DeepEqual(got, []uint64{3}) {
		t.Errorf("sent %v", got)
	}
}

func TestLedgerReset(t *testing.T) {
	l := newLedger("s", "e", 10, 0, Limits{})
	queue(&l, 4)
	sendAll(t, &l)
	l.attach()
	unknown, err := l.reset(&inbound{Gen: 2, Epoch: "f", Position: 500, N: 3})
	if err != nil {
		t.Fatal(err)
	}
	if len(unknown) != 3 || !errors.Is(unknown[0].err, ErrUnconfirmed) {
		t.Errorf("unknown %+v", unknown)
	}
	if l.epoch != "f" || l.position != 500 {
		t.Errorf("at %s %d", l.epoch, l.position)
	}
	if got := sendAll(t, &l); !reflect.DeepEqual(got, []uint64{4}) {
		t.Errorf("sent again %v", got)
	}
	if _, err := l.reset(&inbound{Gen: 1, Epoch: "g"}); !errors.Is(err, errStale) {
		t.Errorf("a reset of a former attach counted: %v", err)
	}
}

// A server that was killed while its disk did not write has forgotten what it refused: numbers go on from its own.
func TestLedgerForgottenRefusals(t *testing.T) {
	l := newLedger("s", "e", 0, 0, Limits{})
	queue(&l, 5)
	sendAll(t, &l)
	if _, _, err := l.take(&logFrame{0, 3, []entry{ok(1, 1), {O: 2, Refused: 2}, {O: 3, Refused: 3}}}); err != nil {
		t.Fatal(err)
	}
	unknown, err := l.reset(&inbound{Gen: 1, Epoch: "f", Position: 1, N: 1})
	if err != nil || len(unknown) != 0 {
		t.Fatalf("%v, %v", unknown, err)
	}
	if got := sendAll(t, &l); !reflect.DeepEqual(got, []uint64{2, 3}) {
		t.Errorf("sent %v", got)
	}
	_, fates, err := l.take(&logFrame{1, 3, []entry{ok(2, 2), ok(3, 3)}})
	if err != nil || len(fates) != 2 || fates[0].id != 4 || fates[1].id != 5 {
		t.Errorf("fates %v, %v", fates, err)
	}
}

func TestLedgerBatch(t *testing.T) {
	l := newLedger("s", "e", 0, 0, Limits{})
	big := []byte(`"` + strings.Repeat("x", batchBytes*2/3) + `"`)
	for range 3 {
		l.queue(message("t", big, nil, nil))
	}
	if frame, count := l.next(); count != 1 || frame.bytes[0] != '{' {
		t.Errorf("%d large messages in a frame", count)
	}
	if got := sendAll(t, &l); len(got) != 3 {
		t.Errorf("sent %v", got)
	}
}

func TestLedgerWindow(t *testing.T) {
	l := newLedger("s", "e", 0, 0, Limits{})
	queue(&l, 3*defaultMessages)
	if got := sendAll(t, &l); len(got) != defaultMessages {
		t.Fatalf("%d on their way, want %d", len(got), defaultMessages)
	}
	if _, _, err := l.take(&logFrame{0, 10, []entry{ok(1, 1), ok(2, 2), ok(3, 3)}}); err != nil {
		t.Fatal(err)
	}
	if got := sendAll(t, &l); len(got) != 3 || got[0] != defaultMessages+1 {
		t.Fatalf("room for three: %v", got)
	}
	big := []byte(`"` + strings.Repeat("x", 60<<10) + `"`)
	l = newLedger("s", "e", 0, 0, Limits{})
	for range 20 {
		l.queue(message("t", big, nil, nil))
	}
	if got := sendAll(t, &l); len(got) != 5 {
		t.Fatalf("%d large ones on their way", len(got))
	}
	l.attach()
	if l.flying != 0 || l.sent != 0 {
		t.Errorf("after attach %d, %d bytes", l.sent, l.flying)
	}
}

func TestLedgerBytes(t *testing.T) {
	l := newLedger("s", "e", 0, 0, Limits{})
	l.queue(message("t", []byte(`1`), nil, nil))
	l.queue(message("t", nil, []byte("abc"), nil))
	l.queue(message("t", nil, []byte{}, nil))
	frame, count := l.next()
	if count != 3 || !frame.binary {
		t.Fatalf("%d in a frame, binary %v", count, frame.binary)
	}
	var got []string
	err := split(frame.bytes, true, func(o object) error {
		return members(o.json, func(key, value []byte) error {
			if string(key) == "bytes" {
				b, err := o.raw.take(value)
				got = append(got, string(b))
				return err
			}
			return nil
		})
	})
	if err != nil || !reflect.DeepEqual(got, []string{"abc", ""}) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestLedgerCells(t *testing.T) {
	l := newLedger("s", "e", 12, 3, Limits{})
	if _, _, err := l.take(&logFrame{12, 13, []entry{text(13)}}); !errors.Is(err, errGap) {
		t.Errorf("the log went on before the snapshot was whole: %v", err)
	}
	if err := l.page(12, 0, 3, 2); err != nil {
		t.Fatal(err)
	}
	if a := l.attach(); a.State == nil || *a.State != 2 {
		t.Errorf("attach %+v", a)
	}
	for _, bad := range [][4]int{{12, 0, 3, 2}, {12, 2, 4, 1}, {11, 2, 3, 1}, {12, 2, 3, 2}} {
		if err := l.page(uint64(bad[0]), bad[1], bad[2], bad[3]); !errors.Is(err, errGap) {
			t.Errorf("page %v: %v", bad, err)
		}
	}
	if err := l.page(12, 2, 3, 1); err != nil {
		t.Fatal(err)
	}
	if a := l.attach(); a.State != nil {
		t.Errorf("attach %+v", a)
	}
}

// What changed in the state comes to its sender too, with its ok.
func TestLedgerOwnOps(t *testing.T) {
	l := newLedger("s", "e", 0, 0, Limits{})
	l.queue(numbered{kind: "s", body: []byte(`,"ops":[]`)})
	l.queue(numbered{kind: "s", body: []byte(`,"ops":[]`)})
	sendAll(t, &l)
	fresh, fates, err := l.take(&logFrame{0, 2, []entry{{O: 1, OK: 1, Ops: []byte(`[]`)}, no(2, 2)}})
	if err != nil || len(fresh) != 1 || len(fates) != 2 {
		t.Fatalf("%v, %v, %v", fresh, fates, err)
	}
	if refusal, is := errors.AsType[*Error](fates[1].err); !is || refusal.Re != "s" {
		t.Errorf("refused with %v", fates[1].err)
	}
}
