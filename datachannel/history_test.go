package datachannel

import (
	"fmt"
	"testing"
	"time"
)

// What is older than HistoryConfig.Age is not told, also while nobody says anything that would have it forgotten.
func TestHistoryEndsWithItsAge(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{History: HistoryConfig{Types: []string{"chat"}, Age: time.Hour}}, Limits{})
		w := r.open(WebSocket, joined())
		r.says(w, firstSocket)
		ask := func(id int) string {
			w.send(fmt.Sprintf(`{"t":"history","id":%d,"limit":1}`, id))
			got, err := w.recvWithin(time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			return string(got)
		}
		chat := func(text string) string {
			e := message(text)
			e.Session, e.Name = "s_b", "Ben"
			o := mustAppend(t, r.room.log, e, time.Now())
			if _, err := w.recvWithin(time.Minute); err != nil {
				t.Fatal(err)
			}
			return fmt.Sprintf(`{"o":%d,"from":"p_a","type":"chat","data":%q,"at":%d,"name":"Ben"}`, o, text, time.Now().UnixMilli())
		}
		chat("first")
		time.Sleep(30 * time.Minute)
		second := chat("second")
		if got, want := ask(1), `{"t":"history","id":1,"entries":[`+second+`],"more":true}`; got != want {
			t.Errorf("said %s\nwant %s", got, want)
		}
		time.Sleep(30*time.Minute + 1)
		if got, want := ask(2), `{"t":"history","id":2,"entries":[`+second+`],"more":false}`; got != want {
			t.Errorf("said %s\nwant %s", got, want)
		}
		time.Sleep(30 * time.Minute)
		if got, want := ask(3), `{"t":"history","id":3,"entries":[],"more":false}`; got != want {
			t.Errorf("said %s\nwant %s", got, want)
		}
		r.room.log.Trim(time.Now())
		if n := len(r.room.log.history.list); n != 0 {
			t.Errorf("%d messages are kept", n)
		}
	})
}
