package conformance

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

func TestMessage(t *testing.T) {
	tt := server(t)
	room := aRoom()
	ada, ben := join(t, tt.url, room, "Ada"), join(t, tt.url, room, "Ben")
	cy := join(t, tt.url, room, "Cy")
	ada.say(`{"t":"m","n":1,"type":"chat","data":{"exact":[12345678901234567890,1e400,-0.10,"\u00e9\ud83d\ude00"]}}`)
	ok := ada.expectEntry("ok", func(e object) bool { return num(e["ok"]) == 1 })
	for _, m := range []*member{ben, cy} {
		got := m.expectEntry("message", func(e object) bool { return e["type"] == "chat" })
		if got["from"] != ada.id || num(got["o"]) != num(ok["o"]) || num(got["at"]) == 0 || got["direct"] != nil {
			t.Errorf("sent as %v, received as %v", ok, got)
		}
		data, _ := json.Marshal(got["data"])
		if want := `{"exact":[12345678901234567890,1e400,-0.10,"é😀"]}`; string(data) != want {
			t.Errorf("data came as %s, want %s", data, want)
		}
	}

	ada.say(object{"t": "m", "n": 2, "type": "note", "data": nil, "to": []string{ben.id}})
	ada.expectEntry("ok", func(e object) bool { return num(e["ok"]) == 2 })
	if got := ben.expectEntry("note", func(e object) bool { return e["type"] == "note" }); got["direct"] != true {
		t.Errorf("direct message %v", got)
	}
	ada.say(object{"t": "m", "n": 3, "type": "end", "data": nil})
	cy.expectEntry("end", func(e object) bool {
		if e["type"] == "note" {
			t.Errorf("a message to another came: %v", e)
		}
		return e["type"] == "end"
	})
}

func TestNumbers(t *testing.T) {
	m := join(t, server(t).url, aRoom(), "Ada")
	m.say(object{"t": "m", "n": 1, "type": "a", "data": 1})
	m.say(object{"t": "m", "n": 1, "type": "a", "data": 1}) // again: ignored
	m.say(object{"t": "m", "n": 3, "type": "c", "data": 3})
	m.expectError("m", "gap")
	m.say(object{"t": "m", "n": 2, "type": "b", "data": 2})
	var oks []uint64
	m.expectEntry("the second ok", func(e object) bool {
		if e["ok"] != nil {
			oks = append(oks, num(e["ok"]))
		}
		return num(e["ok"]) == 2
	})
	if fmt.Sprint(oks) != "[1 2]" && fmt.Sprint(oks) != "[2]" { // the first may have come before the error
		t.Errorf("ok for %v", oks)
	}
}

// What is whole but above a limit is refused at its place, and the session goes on. (How large data may be: TestCase28.)
func TestRefusedMessages(t *testing.T) {
	tt := launch(t, "--dev", "--message-bytes", "64KiB")
	for name, c := range map[string]struct{ message, code string }{
		"unknown participant": {`"type":"x","data":1,"to":["p_nobody"]`, "unknown_participant"},
		"type too long":       {`"type":"` + strings.Repeat("t", 129) + `","data":1`, "too_large"},
		"too deep":            {`"type":"x","data":` + strings.Repeat("[", 40) + strings.Repeat("]", 40), "bad_message"},
	} {
		t.Run(name, func(t *testing.T) {
			m := join(t, tt.url, aRoom(), "Ada")
			m.say(`[{"t":"m","n":1,` + c.message + `},{"t":"m","n":2,"type":"x","data":1}]`)
			refused := m.expectEntry("refusal", func(e object) bool { return e["refused"] != nil })
			if num(refused["refused"]) != 1 || refused["code"] != c.code {
				t.Errorf("refused as %v, want %s", refused, c.code)
			}
			m.say(object{"t": "m", "n": 3, "type": "x", "data": 1})
			m.expectEntry("ok", func(e object) bool { return num(e["ok"]) == 3 })
		})
	}
}

// What is no frame of the protocol ends the session.
func TestBadFrames(t *testing.T) {
	tt := server(t)
	many := strings.TrimSuffix(strings.Repeat(`{"t":"ping","id":1},`, 257), ",")
	for name, frame := range map[string]string{
		"not JSON":         "hello",
		"not UTF-8":        "{\"t\":\"m\",\"n\":1,\"type\":\"x\",\"data\":\"\xc3\x28\"}",
		"half":             `{"t":"m"`,
		"two values":       `{"t":"ping","id":1} {"t":"ping","id":2}`,
		"nested array":     `[[{"t":"ping","id":1}]]`,
		"number":           `7`,
		"no kind":          `{"n":1}`,
		"wrong type":       `{"t":"m","n":"1","type":"x","data":1}`,
		"endlessly deep":   `{"t":"m","n":1,"type":"x","data":` + strings.Repeat("[", 15_000) + strings.Repeat("]", 15_000) + `}`,
		"deep, not data":   `{"t":"ping","id":1,"x":` + strings.Repeat(`{"a":`, 10_000) + `1` + strings.Repeat("}", 10_000) + `}`,
		"too many objects": "[" + many + "]",
	} {
		t.Run(name, func(t *testing.T) {
			m := join(t, tt.url, aRoom(), "Ada")
			m.say(frame)
			m.expectClosed("bad_message")
		})
	}
}

func TestFrameTooLarge(t *testing.T) {
	m := join(t, server(t).url, aRoom(), "Ada")
	m.shout(`{"t":"m","n":1,"type":"x","data":"` + strings.Repeat("d", 1<<20) + `"}`)
	m.expectClose(websocket.CloseMessageTooBig)
}

// A sender above the rate, of messages or of bytes, is slowed; nobody loses anything by it.
func TestCase41RateLimitSlowsAndLosesNothing(t *testing.T) {
	t.Parallel()
	tt := server(t)
	for name, c := range map[string]struct {
		rate, burst string // of the limits
		each        int    // what a message counts for
	}{
		"messages": {"messagesPerSecond", "messageBurst", 1},
		"bytes":    {"bytesPerSecond", "byteBurst", 16 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			room := aRoom()
			ben, ada := join(t, tt.url, room, "Ben"), join(t, tt.url, room, "Ada")
			rate, burst := ada.limit(c.rate)/c.each, ada.limit(c.burst)/c.each
			if rate == 0 || rate > 2000 || burst > 5000 {
				t.Skip("limits too high to reach")
			}
			total := uint64(burst + 2*rate)
			pad := ""
			if c.each > 1 {
				pad = strings.Repeat("x", c.each)
			}
			began := time.Now()
			go func() { // not say: while she is slowed, this waits
				for n := uint64(1); n <= total; {
					var batch []string
					for size := 0; n <= total && len(batch) < 50 && size < 48<<10; n++ {
						batch = append(batch, fmt.Sprintf(`{"t":"m","n":%d,"type":"x","data":[%d,%q]}`, n, n, pad))
						size += len(batch[len(batch)-1])
					}
					if err := ada.ws.WriteMessage(websocket.TextMessage, []byte("["+strings.Join(batch, ",")+"]")); err != nil {
						return
					}
				}
			}()
			inOrder := func(m *member, number func(object) uint64) {
				t.Helper()
				next := uint64(1)
				m.expectEntry("all", func(e object) bool {
					if n := number(e); n != 0 {
						if n != next {
							t.Fatalf("%d of %d came instead of %d", n, total, next)
						}
						next++
					}
					return next > total
				})
			}
			inOrder(ada, func(e object) uint64 { return num(e["ok"]) })
			took := time.Since(began)
			inOrder(ben, func(e object) uint64 {
				if e["type"] != "x" {
					return 0
				}
				return num(e["data"].([]any)[0])
			})
			if took < 1500*time.Millisecond {
				t.Errorf("%d messages in %s", total, took)
			}
		})
	}
}

func TestPing(t *testing.T) {
	m := join(t, server(t).url, aRoom(), "Ada")
	m.say(`[{"t":"ping","id":1},{"t":"ping","id":9007199254740991}]`)
	if a, b := m.expect("pong"), m.expect("pong"); num(a["id"]) != 1 || num(b["id"]) != 9007199254740991 {
		t.Errorf("%v, %v", a, b)
	}
	m.say(`{"t":"ping","id":2,"unknown":{"members":["are ignored"]}}`)
	m.expect("pong")
}
