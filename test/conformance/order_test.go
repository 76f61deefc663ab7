package conformance

import (
	"encoding/json"
	"testing"
)

// Who is not meant sees no message and misses none, whatever became of the links meanwhile.
func TestCase34TargetedMessagesLeaveNoGaps(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	ada, ben, cy := trio(t, tt.url)
	const count = 200
	for i := range count {
		ada.post(message{typ: "to ben", data: asJSON(i + 1), to: []string{ben.id}})
		ada.post(message{typ: "to cy", data: asJSON(i + 1), to: []string{cy.id}})
		if i%50 == 0 {
			ada.post(message{typ: "to all", data: asJSON(i/50 + 1)})
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
	last := ada.post(message{typ: "to cy", data: asJSON(count + 1), to: []string{cy.id}})
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
	dee := arrive(t, tt.url, ada.in.Room, "Dee")
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
