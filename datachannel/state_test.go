package datachannel

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func set(key, value string) Op { return Op{Key: key, Value: json.RawMessage(value)} }

func del(key string) Op { return Op{Key: key, Delete: true} }

func (op Op) based(on uint64) Op { op.Base = on; return op }

func (op Op) when(last uint64) Op { op.If = &last; return op }

func (op Op) version(version, nonce uint64) Op { op.Version, op.Nonce = &version, nonce; return op }

func (op Op) lives(ttl time.Duration) Op { op.TTL = ttl; return op }

// merge merges and commits, and says what was done or with which code it was refused.
func merge(t *testing.T, s *State, from string, offset uint64, now time.Time, ops ...Op) string {
	t.Helper()
	cells, err := s.Merge(from, ops, offset, now)
	if err != nil {
		r, ok := errors.AsType[Refusal](err)
		if !ok {
			t.Fatalf("%v is no refusal", err)
		}
		return r.Code
	}
	s.Commit(cells)
	return string(appendOps(nil, cells))
}

// has is the living cells of what snapshots see, as `k=v@o`.
func has(s *State) string {
	cells, _ := s.Since(0)
	var out []string
	for _, c := range cells {
		out = append(out, fmt.Sprintf("%s=%s@%d", c.Key, c.Value, c.Offset))
	}
	return strings.Join(out, " ")
}

func TestRules(t *testing.T) {
	type change struct {
		from string
		op   Op
		want string
	}
	for name, changes := range map[string][]change{
		"the last writer wins": {
			{"a", set("x", `1`), `[{"k":"x","v":1}]`},
			{"b", set("x", `2`), `[{"k":"x","v":2}]`},
			{"a", del("x"), `[{"k":"x","del":true}]`},
			{"a", del("x"), `[]`},
		},
		"a higher version wins, in whichever order they come": {
			{"a", set("ver/x", `7`).version(7, 3), `[{"k":"ver/x","v":7,"ver":7,"nonce":3}]`},
			{"b", set("ver/x", `6`).version(6, 0), `[]`},
			{"b", set("ver/x", `8`).version(8, 9), `[{"k":"ver/x","v":8,"ver":8,"nonce":9}]`},
			{"b", set("ver/x", `0`), `bad_message`},
			{"b", del("ver/x"), `bad_message`},
			{"b", del("ver/x").version(8, 9), `[]`},
			{"b", del("ver/x").version(9, 0), `[{"k":"ver/x","del":true,"ver":9}]`},
			{"a", set("ver/x", `9`).version(8, 0), `[]`},
			{"a", set("ver/x", `10`).version(10, 0), `[{"k":"ver/x","v":10,"ver":10}]`},
		},
		"a deletion wins over a lower version that comes later": {
			{"a", del("ver/x").version(5, 0), `[{"k":"ver/x","del":true,"ver":5}]`},
			{"b", set("ver/x", `4`).version(4, 0), `[]`},
		},
		"the server deletes what has a version": {
			{"a", set("ver/x", `7`).version(7, 3), `[{"k":"ver/x","v":7,"ver":7,"nonce":3}]`},
			{"", del("ver/x"), `[{"k":"ver/x","del":true,"ver":7,"nonce":3}]`},
			{"", del("ver/x"), `[]`},
			{"a", set("ver/x", `7`).version(7, 3), `[]`},
		},
		"an owner alone may change what it set first": {
			{"a", set("own/x", `1`), `[{"k":"own/x","v":1}]`},
			{"b", set("own/x", `2`), `not_allowed`},
			{"b", del("own/x"), `not_allowed`},
			{"a", set("own/x", `3`), `[{"k":"own/x","v":3}]`},
			{"a", del("own/x"), `[{"k":"own/x","del":true}]`},
			{"b", set("own/x", `4`), `[{"k":"own/x","v":4}]`},
			{"", del("own/x"), `[{"k":"own/x","del":true}]`},
		},
		"base keeps what was deleted deleted": {
			{"a", set("x", `1`), `[{"k":"x","v":1}]`},
			{"b", set("x", `2`).based(1), `[{"k":"x","v":2}]`},
			{"b", set("x", `3`).based(1), `[{"k":"x","v":3}]`}, // it is there: the last writer wins
			{"b", del("x"), `[{"k":"x","del":true}]`},
			{"a", set("x", `4`).based(2), `conflict`},
			{"a", del("x").based(2), `[]`}, // two may delete the same thing
			{"a", set("x", `5`), `[{"k":"x","v":5}]`},
			{"a", set("never", `5`).based(2), `conflict`},
		},
		"if works under every rule": {
			{"a", set("x", `1`).when(0), `[{"k":"x","v":1}]`},
			{"a", set("x", `2`).when(0), `conflict`},
			{"a", set("x", `2`).when(1), `[{"k":"x","v":2}]`},
			{"a", del("x").when(1), `conflict`},
			{"a", del("x").when(3), `[{"k":"x","del":true}]`},
			{"a", del("x").when(3), `conflict`},
			{"a", del("x").when(0), `[]`},
			{"a", set("ver/x", `7`).version(7, 3).when(4), `conflict`},
		},
		"cas needs an if": {
			{"a", set("cas/x", `1`), `conflict`},
			{"a", set("cas/x", `1`).when(0), `[{"k":"cas/x","v":1}]`},
			{"a", del("cas/x"), `conflict`},
			{"a", del("cas/x").when(2), `[{"k":"cas/x","del":true}]`},
			{"a", set("cas/x", `1`).when(2), `conflict`},
			{"a", set("cas/x", `1`).when(0), `[{"k":"cas/x","v":1}]`},
			{"", del("cas/x"), `[{"k":"cas/x","del":true}]`},
		},
		"the longest prefix counts": {
			{"a", set("cas/free/x", `1`), `[{"k":"cas/free/x","v":1}]`},
			{"a", set("el/x", `1`), `bad_message`},
			{"a", set("el/x", `1`).version(0, 0), `[{"k":"el/x","v":1}]`},
			{"a", set("el/x", `1`).version(0, 0), `[]`},
		},
		"limits": {
			{"a", set("", `1`), `bad_message`},
			{"a", Op{Key: "x"}, `bad_message`},
			{"a", Op{Key: "x", Value: json.RawMessage(`1`), Delete: true}, `bad_message`},
			{"a", set(strings.Repeat("k", 257), `1`), `too_large`},
			{"a", del(strings.Repeat("k", 256)), `[]`},
			{"a", set("x", `"`+strings.Repeat("v", 256<<10-1)+`"`), `too_large`},
			{"a", set("x", `1`).lives(99 * time.Millisecond), `bad_message`},
			{"a", set("x", `1`).lives(24*time.Hour + 1), `bad_message`},
		},
	} {
		s := NewState(StateConfig{Rules: map[string]Rule{"cas/free/": LastWriter, "el/": HigherVersion}})
		for i, c := range changes {
			if got := merge(t, s, c.from, uint64(i+1), start, c.op); got != c.want {
				t.Errorf("%s, %d: %s, want %s", name, i+1, got, c.want)
			}
		}
	}
}

// Failure case 36: two versions that are equal in everything are the same whichever comes first, and so are all others.
func TestCase36VersionTies(t *testing.T) {
	ops := []Op{
		set("ver/x", `"a"`).version(3, 9), set("ver/x", `"b"`).version(3, 4), set("ver/x", `"c"`).version(2, 0), set("ver/x", `"b"`).version(3, 4),
	}
	for first := range ops {
		s := NewState(StateConfig{})
		for i := range ops {
			merge(t, s, "a", uint64(i+1), start, ops[(first+i)%len(ops)])
		}
		if got, _, _ := strings.Cut(has(s), "@"); got != `ver/x="b"` {
			t.Errorf("from %d on: %s", first, got)
		}
	}
	s := NewState(StateConfig{})
	merge(t, s, "a", 1, start, set("ver/x", `"first"`).version(3, 4))
	merge(t, s, "b", 2, start, set("ver/x", `"second"`).version(3, 4))
	if got := has(s); got != `ver/x="first"@1` {
		t.Errorf("of equals the first stays: %s", got)
	}
}

// Failure case 37: who was away while something was deleted learns of it, or gets everything; and cannot bring it back.
func TestCase37DeletedStaysDeleted(t *testing.T) {
	s := NewState(StateConfig{MaxTombstones: 3})
	merge(t, s, "a", 1, start, set("x", `1`), set("y", `1`))
	merge(t, s, "b", 2, start, del("x"))
	if cells, full := s.Since(1); full || len(cells) != 1 || cells[0].Value != nil || cells[0].Key != "x" {
		t.Errorf("after the deletion: %v, full %v", cells, full)
	}
	offset := uint64(3)
	for ; offset < 10; offset++ {
		key := fmt.Sprint("k", offset)
		merge(t, s, "b", offset, start, set(key, `1`), del(key))
	}
	if cells, full := s.Since(1); !full || len(cells) != 1 || cells[0].Key != "y" {
		t.Errorf("after its tombstone was forgotten: %v, full %v", cells, full)
	}
	if s.Floor() != 6 {
		t.Errorf("floor %d, want 6", s.Floor())
	}
	if cells, full := s.Since(s.Floor()); full || len(cells) != 3 {
		t.Errorf("at the floor: %v, full %v", cells, full)
	}
	if got := merge(t, s, "a", offset, start, set("x", `2`).based(1)); got != codeConflict {
		t.Errorf("the edit of one who was away: %s", got)
	}
	if got := merge(t, s, "a", offset+1, start, set("y", `2`).based(1)); got != `[{"k":"y","v":2}]` {
		t.Errorf("its edit of something else: %s", got)
	}
}

// Failure case 38: of many who compare and set, one wins, whether or not the first is written yet.
func TestCase38OneWins(t *testing.T) {
	for _, early := range []bool{true, false} {
		s := NewState(StateConfig{})
		won := 0
		for i := range 20 {
			cells, err := s.Merge(fmt.Sprint("p", i), []Op{set("cas/lock", fmt.Sprint(i)).when(0)}, uint64(i+1), start)
			if err == nil {
				won++
			}
			if early {
				s.Commit(cells)
			}
		}
		if won != 1 {
			t.Errorf("%d won", won)
		}
	}
}

// Failure case 39: what somebody owns goes when it leaves, and what has a time when it is over; after a restart too.
func TestCase39OwnersAndTimes(t *testing.T) {
	live := NewState(StateConfig{})
	merge(t, live, "a", 1, start, set("own/b", `1`), set("own/a", `1`), set("ttl/x", `1`), set("x", `1`).lives(time.Hour), set("z", `1`))
	merge(t, live, "b", 2, start, set("own/c", `1`))
	loaded := NewState(StateConfig{})
	cells, _ := live.Since(0)
	for i := range cells {
		c, err := unmarshalCell(cells[len(cells)-1-i].Key, marshalCell(nil, cells[len(cells)-1-i]))
		if err != nil {
			t.Fatal(err)
		}
		loaded.Load(c)
	}
	for name, s := range map[string]*State{"live": live, "loaded": loaded} {
		if got := s.Owners(); !reflect.DeepEqual(got, []string{"a", "b"}) {
			t.Errorf("%s: owners %v", name, got)
		}
		merge(t, s, "", 3, start, s.Leave("a")...)
		if got := has(s); got != "ttl/x=1@1 x=1@1 z=1@1 own/c=1@2" {
			t.Errorf("%s: after it left %s", name, got)
		}
		if at, ok := s.NextExpiry(); !ok || !at.Equal(start.Add(30*time.Second)) {
			t.Errorf("%s: next %v, %v", name, at, ok)
		}
		if ops := s.Expired(start.Add(30*time.Second - 1)); len(ops) != 0 {
			t.Errorf("%s: too early %v", name, ops)
		}
		merge(t, s, "", 4, start, s.Expired(start.Add(30*time.Second))...)
		if at, ok := s.NextExpiry(); !ok || !at.Equal(start.Add(time.Hour)) {
			t.Errorf("%s: next %v, %v", name, at, ok)
		}
		merge(t, s, "a", 5, start, set("x", `2`)) // set anew without a time
		if at, ok := s.NextExpiry(); ok {
			t.Errorf("%s: still %v", name, at)
		}
		if got := has(s); got != "z=1@1 own/c=1@2 x=2@5" {
			t.Errorf("%s: in the end %s", name, got)
		}
		if s.Leave("a") != nil && len(s.Leave("a")) > 0 || len(s.Leave("nobody")) > 0 {
			t.Errorf("%s: it still owns %v", name, s.Leave("a"))
		}
	}
}

func TestAllOrNothing(t *testing.T) {
	s := NewState(StateConfig{})
	merge(t, s, "a", 1, start, set("x", `1`), set("own/x", `1`), set("ttl/x", `1`))
	before, keys, bytes := has(s), s.Len(), s.Bytes()
	for _, last := range []Op{set("own/x", `2`), set("y", `1`).when(4), set("", `1`), set("y", `1`).based(1)} {
		ops := []Op{set("x", `2`), set("x", `3`), del("ttl/x"), set("new", `1`), del("new"), set("own/y", `1`), last}
		cells, err := s.Merge("b", ops, 2, start)
		if err == nil || cells != nil {
			t.Errorf("%s was taken", last.Key)
		}
		if _, next := s.NextExpiry(); has(s) != before || s.Len() != keys || s.Bytes() != bytes || len(s.Leave("b")) > 0 || !next || len(s.dirty) > 0 {
			t.Errorf("after %q it is %s", last.Key, has(s))
		}
	}
	if got := merge(t, s, "a", 2, start, set("x", `4`), set("y", `1`).when(0), set("x", `5`), set("y", `2`).when(2), del("own/x"), set("own/x", `6`)); got !=
		`[{"k":"x","v":5},{"k":"y","v":2},{"k":"own/x","v":6}]` {
		t.Errorf("twice in one batch: %s", got)
	}
	if got := merge(t, s, "a", 3, start, set("z", `1`), del("z")); got != `[{"k":"z","del":true}]` {
		t.Errorf("set and deleted: %s", got)
	}
}

func TestStateIsBounded(t *testing.T) {
	s := NewState(StateConfig{MaxKeys: 3, MaxBytes: 20})
	for i, c := range []struct {
		ops  []Op
		want string
	}{
		{[]Op{set("a", `1`), set("b", `1`), set("c", `1`)}, ""},
		{[]Op{set("d", `1`)}, codeStateFull},
		{[]Op{set("d", `1`), del("a")}, ""},
		{[]Op{set("b", `"678901234567"`)}, ""}, // 19 bytes in all
		{[]Op{set("b", `"67890123456789"`)}, codeStateFull},
		{[]Op{set("b", `"6789012345678"`)}, ""}, // 20
		{[]Op{set("c", `12`)}, codeStateFull},
		{[]Op{set("c", `2`)}, ""},
		{[]Op{del("c")}, ""},
		{[]Op{set("ver/much", `1`).version(1, 1)}, codeStateFull},
		{[]Op{del("b"), set("e", `1`)}, ""},
	} {
		got := merge(t, s, "a", uint64(i+1), start, c.ops...)
		if c.want == "" && got[0] != '[' || c.want != "" && got != c.want {
			t.Errorf("%d: %s, want %q", i, got, c.want)
		}
	}
	if s.Len() != 2 || s.Bytes() != 4 {
		t.Errorf("%d keys of %d bytes: %s", s.Len(), s.Bytes(), has(s))
	}

	// A store may have more than is allowed now: what makes it less is taken.
	s = NewState(StateConfig{MaxKeys: 1, MaxBytes: 1})
	for i, key := range []string{"a", "b", "c"} {
		s.Load(&Cell{Key: key, Value: json.RawMessage(`1000`), Offset: uint64(i + 1)})
	}
	if got := merge(t, s, "a", 4, start, del("a")); got != `[{"k":"a","del":true}]` {
		t.Errorf("a deletion: %s", got)
	}
	if got := merge(t, s, "a", 5, start, set("b", `100`)); got != `[{"k":"b","v":100}]` {
		t.Errorf("something smaller: %s", got)
	}
}

// What is merged and not written is there for the next change, and for nobody else.
func TestPending(t *testing.T) {
	s := NewState(StateConfig{})
	merge(t, s, "a", 1, start, set("x", `1`), set("own/x", `1`), set("ttl/x", `1`))
	before, keys, bytes := has(s), s.Len(), s.Bytes()
	try := func(from string, offset uint64, ops ...Op) []*Cell {
		cells, err := s.Merge(from, ops, offset, start)
		if err != nil {
			t.Fatal(err)
		}
		return cells
	}
	try("a", 2, del("x"), del("own/x"), del("ttl/x"), set("own/z", `1`))
	try("b", 3, set("x", `3`).when(0), set("own/x", `3`))
	if got := s.Leave("a"); len(got) != 1 || got[0].Key != "own/z" {
		t.Errorf("a owns %v", got)
	}
	if got := s.Leave("b"); len(got) != 1 || got[0].Key != "own/x" {
		t.Errorf("b owns %v", got)
	}
	if _, next := s.NextExpiry(); next || len(s.Expired(start.Add(time.Hour))) > 0 {
		t.Error("what is deleted expires")
	}
	if has(s) != before || s.Len() != 3 {
		t.Errorf("%d keys; snapshots see %s", s.Len(), has(s))
	}
	s.Abort()
	if _, next := s.NextExpiry(); has(s) != before || s.Len() != keys || s.Bytes() != bytes || !next ||
		len(s.Leave("a")) != 1 || len(s.Leave("b")) != 0 || len(s.nodes) != 3 {
		t.Errorf("after the failure %s", has(s))
	}

	first := try("a", 2, set("x", `2`), del("own/x"))
	second := try("b", 3, set("x", `3`).when(2), set("own/x", `3`))
	s.Commit(first)
	if got := has(s); got != "ttl/x=1@1 x=2@2" {
		t.Errorf("after the first: %s", got)
	}
	s.Commit(second)
	if got := has(s); got != "ttl/x=1@1 own/x=3@3 x=3@3" || len(s.dirty) != 0 {
		t.Errorf("after the second: %s", got)
	}
}

// Values are copied: the frame they came in is used again.
func TestStateKeepsNoFrame(t *testing.T) {
	frame := []byte(`[{"k":"x","v":[1,2]}]`)
	ops, _, err := decodeOps(frame, &defaults, &stateDefaults)
	if err != nil {
		t.Fatal(err)
	}
	s := NewState(StateConfig{})
	merge(t, s, "a", 1, start, ops...)
	clear(frame)
	if got := has(s); got != "x=[1,2]@1" {
		t.Error(got)
	}
}

func TestSinceIsCheapWithoutChange(t *testing.T) {
	s := NewState(StateConfig{})
	merge(t, s, "a", 1, start, set("x", `1`), set("y", `1`))
	if n := testing.AllocsPerRun(100, func() { s.Since(0) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
	before, _ := s.Since(0)
	merge(t, s, "a", 2, start, set("x", `2`))
	if before[0].Key != "x" || string(before[0].Value) != `1` {
		t.Errorf("a snapshot changed: %v", before[0])
	}
}

func TestForgotten(t *testing.T) {
	s := NewState(StateConfig{MaxTombstones: 1, Stored: true})
	for i, key := range []string{"a", "b", "c", "d"} {
		merge(t, s, "a", uint64(i+1), start, set(key, `1`), del(key))
	}
	if _, err := s.Merge("a", []Op{set("b", `1`)}, 5, start); err != nil {
		t.Fatal(err)
	}
	if got := s.Forgotten(); !reflect.DeepEqual(got, []string{"a", "c"}) {
		t.Errorf("forgotten %v", got)
	}
	if got := s.Forgotten(); len(got) != 0 {
		t.Errorf("again %v", got)
	}
	s.Unforgotten([]string{"a"}) // it could not be deleted, nor b be changed
	s.Abort()
	if got := s.Forgotten(); !reflect.DeepEqual(got, []string{"b", "a"}) {
		t.Errorf("after the failure %v", got)
	}
	again := NewState(StateConfig{})
	again.LoadFloor(s.Floor())
	again.Load(&Cell{Key: "d", Offset: 4})
	if _, full := again.Since(2); !full {
		t.Error("below the floor it knows all deletions")
	}
	if cells, full := again.Since(3); full || len(cells) != 1 {
		t.Errorf("at the floor: %v, %v", cells, full)
	}
}

func TestManyExpireInParts(t *testing.T) {
	s := NewState(StateConfig{})
	const all = 1_000
	for i := range all {
		merge(t, s, "a", uint64(i+1), start.Add(time.Duration(i*7919%all)*time.Millisecond), set(fmt.Sprint("ttl/", i), `1`))
	}
	now := start.Add(defaultTTL + all*time.Millisecond/2)
	gone, offset := 0, uint64(all)
	for ops := s.Expired(now); len(ops) > 0; ops = s.Expired(now) {
		if len(ops) > maxOps {
			t.Fatalf("%d at once", len(ops))
		}
		offset++
		gone += len(ops)
		merge(t, s, "", offset, now, ops...)
	}
	if gone != all/2+1 || s.Len() != all-gone {
		t.Errorf("%d gone, %d left", gone, s.Len())
	}
}

func TestParseRule(t *testing.T) {
	for word, want := range map[string]Rule{"lww": LastWriter, "version": HigherVersion, "cas": CompareAndSet, "owner": Owned, "ttl": Expiring} {
		if got, err := ParseRule(word); err != nil || got != want {
			t.Errorf("%s: %v, %v", word, got, err)
		}
	}
	if _, err := ParseRule("LWW"); err == nil {
		t.Error("LWW is a rule")
	}
}
