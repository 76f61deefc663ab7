package datachannel

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// A disk that takes for ever makes nothing grow for ever: neither messages nor their bytes, of one room or of all.
func TestADiskThatHangs(t *testing.T) {
	const mib = 1 << 20
	for name, tt := range map[string]struct {
		config LogConfig
		logs   int
		bytes  int // of each message
		most   int // messages that are taken, of all logs
	}{
		"messages":           {LogConfig{}, 1, 10, pendingEntries + 1},
		"bytes":              {LogConfig{MaxBytes: 4 * mib}, 1, mib, 4},
		"bytes of all rooms": {LogConfig{Budget: NewBudget(8 * mib)}, 4, mib, 8},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newShelf()
				k := NewKeeper(s, zerolog.Nop(), nil)
				defer k.Close()
				var logs []*Log
				for i := range tt.logs {
					c := tt.config
					c.Keeper, c.Room = k, fmt.Sprint("room", i)
					l, err := NewLog(c)
					if err != nil {
						t.Fatal(err)
					}
					logs = append(logs, l)
				}
				release := s.hold()
				text := strings.Repeat("x", tt.bytes)
				taken := 0
				for range tt.most + 5 {
					for _, l := range logs {
						if _, err := l.Append(message(text), time.Now()); err == nil {
							taken++
						}
					}
				}
				if taken != tt.most {
					t.Errorf("%d messages wait to be written, want %d", taken, tt.most)
				}
				for _, l := range logs { // what happens in the room is not refused
					mustAppend(t, l, Entry{Kind: EntryEvent, Type: "left"}, time.Now())
				}
				release()
				synctest.Wait()
				for _, l := range logs {
					if l.keep.waiting != 0 || l.Head() != l.last {
						t.Errorf("%d bytes wait for nothing", l.keep.waiting)
					}
					mustAppend(t, l, message(text), time.Now())
				}
				synctest.Wait()
				if n := tt.config.Budget.Waiting(); n != 0 {
					t.Errorf("%d bytes wait for nothing", n)
				}
			})
		})
	}
}

// Its sender is told, and it is counted. Bytes count as long as they wait, also when writing fails.
func TestWhoSaysTooMuchForTheDiskIsTold(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		k := NewKeeper(s, zerolog.Nop(), nil)
		defer k.Close()
		r := newRig(t, LogConfig{Keeper: k, Room: "demo", MaxBytes: 100_000}, Limits{})
		w := r.open(WebSocket, joined())
		r.says(w, firstSocket)
		release := s.hold()
		for n := range 4 {
			w.send(fmt.Sprintf(`{"t":"m","n":%d,"type":"x","data":"%s"}`, n+1, strings.Repeat("x", 60_000)))
		}
		synctest.Wait()
		if n := r.room.metrics.RefusedCount("not_stored"); n != 2 {
			t.Errorf("%v refusals counted, want 2", n)
		}
		s.fail(errBroken)
		release()
		synctest.Wait()
		if got := says(r.room.log, "a"); strings.Count(got, `"code":"not_stored"`) != 4 || r.room.log.keep.waiting != 0 {
			t.Errorf("told %s; %d bytes wait", got, r.room.log.keep.waiting)
		}
	})
}
