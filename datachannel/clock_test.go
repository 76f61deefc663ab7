package datachannel

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/parlorhq/parlor/internal/steady/steadytest"
)

// What is too old is a matter of the time that has passed: the machine's clock may be set meanwhile.
func TestClockJumps(t *testing.T) {
	for name, jump := range map[string]time.Duration{
		"none": 0, "an hour forward": time.Hour, "an hour back": -time.Hour, "ten years forward": 87_600 * time.Hour, "ten years back": -87_600 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			started := time.Now()
			after := func(d time.Duration) time.Time { return steadytest.Jump(started.Add(d), jump) }
			l := newLog(LogConfig{MaxAge: 10 * time.Minute, History: HistoryConfig{Types: []string{"chat"}, Age: 20 * time.Minute}})
			kept := func(minutes time.Duration) int {
				return strings.Count(historyText(t, l, after(minutes*time.Minute)), `"o":`)
			}
			ttl := func(key string) Entry {
				return Entry{
					Kind: EntryState, From: "p_a", Session: "s_a", N: 2,
					Ops: []Op{{Key: key, Value: json.RawMessage(`1`), TTL: time.Minute}},
				}
			}
			has := func(key string) bool {
				for _, c := range l.View(0).Cells {
					if c.Key == key {
						return true
					}
				}
				return false
			}

			mustAppend(t, l, message("before"), started)
			mustAppend(t, l, ttl("early"), started)
			mustAppend(t, l, ttl("late"), after(30*time.Second))

			if next, more := l.NextExpiry(); !more || next.Sub(after(0)) != time.Minute {
				t.Errorf("the first value expires in %s", next.Sub(after(0)))
			}
			l.Expire(after(59 * time.Second))
			if !has("early") {
				t.Error("a value expired before its time")
			}
			next, more := l.Expire(after(61 * time.Second))
			if has("early") || !has("late") {
				t.Errorf("after 61 s there is early: %t, late: %t", has("early"), has("late"))
			}
			if !more || next.Sub(after(61*time.Second)) != 29*time.Second {
				t.Errorf("the next value expires in %s", next.Sub(after(61*time.Second)))
			}
			if _, more := l.Expire(after(91 * time.Second)); has("late") || more {
				t.Error("a value outlives its time")
			}

			l.Trim(after(9 * time.Minute))
			if l.Tail() != 1 || kept(9) != 1 {
				t.Errorf("after 9 min the log begins at %d, the history has %d messages", l.Tail(), kept(9))
			}
			l.Trim(after(12 * time.Minute))
			if l.Tail() != l.Head()+1 || kept(12) != 1 {
				t.Errorf("after 12 min the log begins at %d of %d, the history has %d messages", l.Tail(), l.Head(), kept(12))
			}
			if kept(21) != 0 {
				t.Errorf("after 21 min the history has %d messages", kept(21))
			}
		})
	}
}

// Whose clock is put forward by a minute has not been silent for one.
func TestSilenceIsNoMatterOfTheClock(t *testing.T) {
	s := NewSession(SessionConfig{ID: "s_a", Log: newLog(LogConfig{})})
	if silent := steadytest.Jump(time.Now(), time.Hour).Sub(s.LastHeard()); silent > time.Minute {
		t.Errorf("silent for %s", silent)
	}
}

func historyText(t *testing.T, l *Log, now time.Time) string {
	t.Helper()
	frame, _ := l.recollect(question{}, now)
	return string(frame)
}
