package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
)

// What is kept for newcomers is kept in its order, in its number, and across a restart; what is for one alone is not.
func TestHistory(t *testing.T) {
	t.Parallel()
	p := durable(t, "--history", "chat,note", "--history-count", "30")
	room := aRoom()
	ada := arrive(t, p.url, room, "Ada")
	for i := 1; i <= 50; i++ {
		ada.post(message{typ: "chat", data: strconv.Itoa(i)})
		ada.post(message{typ: "passing", data: strconv.Itoa(i)})
	}
	ada.post(message{typ: "chat", data: `"for me alone"`, to: []string{ada.id}})
	ada.ok(ada.post(message{typ: "note", raw: []byte("bytes")}))
	if got := fmt.Sprint(ada.in.History); got != "[chat note]" {
		t.Errorf("kept are %s", got)
	}
	look := func(who *person, request object) told {
		t.Helper()
		request["t"] = "history"
		answer, err := who.ask(within(t, patience), request)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	check := func(who *person) {
		t.Helper()
		// By pages, from the newest.
		next, before := 50, uint64(0)
		for page := range 3 {
			request := object{"type": "chat", "limit": 12}
			if before > 0 {
				request["before"] = before
			}
			a := look(who, request)
			for _, e := range slices.Backward(a.Entries) {
				if string(e.Data) != strconv.Itoa(next) || e.From != ada.id || e.Name != "Ada" || e.At == 0 || e.Type != "chat" {
					t.Errorf("%+v, want message %d", e, next)
				}
				next--
			}
			if len(a.Entries) == 0 || a.More != (page < 2) {
				t.Fatalf("page %d has %d entries, more: %t", page, len(a.Entries), a.More)
			}
			before = a.Entries[0].O
		}
		if next != 20 {
			t.Errorf("%d messages are kept, not 30", 50-next)
		}
		all := look(who, object{})
		if n := len(all.Entries); n != 31 || all.More {
			t.Fatalf("%d entries of all types, more: %t", n, all.More)
		}
		for i, e := range all.Entries[1:] {
			if e.O <= all.Entries[i].O {
				t.Errorf("%d after %d", e.O, all.Entries[i].O)
			}
		}
		if last := all.Entries[30]; last.Type != "note" || string(last.raw) != "bytes" {
			t.Errorf("the newest is %+v", last)
		}
		if a := look(who, object{"type": "passing"}); len(a.Entries) != 0 {
			t.Errorf("%d entries of a type that is not kept", len(a.Entries))
		}
	}
	check(arrive(t, p.url, room, "Newcomer"))
	p.kill()
	p.again(t)
	check(arrive(t, p.url, room, "Later"))
}
