package signaling

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/datachannel/storetest"
	"github.com/parlorhq/parlor/internal/metrics"
	"github.com/parlorhq/parlor/room"
)

// keys are those of the rows that sessions have in a table.
func keys(t *testing.T, s datachannel.Store, table datachannel.Table) (all []string) {
	t.Helper()
	err := s.Read("", func(r datachannel.Row) error {
		if r.Table == table {
			all = append(all, string(r.Key))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// keeping runs a test in a bubble, with a door whose sessions are kept in store.
func keeping(t *testing.T, store datachannel.Store, test func(t *testing.T, h *Handler)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		keeper := datachannel.NewKeeper(store, zerolog.Nop(), metrics.New())
		h := newTestHandler(t, Config{Limits: testLimits(), Keeper: keeper})
		h.cfg.Rooms = room.NewRooms(room.Config{
			Encode: EncodeEvent, EmptyTimeout: time.Minute, Data: datachannel.LogConfig{Keeper: keeper},
			Limits: room.Limits{Rooms: 2, Participants: 3, RoomBytes: 64, NameBytes: 64},
		})
		test(t, h)
		h.cfg.Rooms.Drain()
		h.Close()
		h.cfg.Rooms.Close()
		keeper.Close()
	})
}

// newcomer is the client of somebody who has joined, and whose session is kept.
func newcomer(t *testing.T, h *Handler) *client {
	t.Helper()
	a, err := h.enter([]byte(`{"t":"join","room":"demo","name":"Ada"}`), caller{})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	if n := len(keys(t, h.cfg.Keeper.Store(), datachannel.TableSessions)); n != 1 {
		t.Errorf("%d sessions are kept, want 1", n)
	}
	return a.client
}

// A session that has ended is not found after a restart, however much waited to be written when it did.
func TestSessionsThatEndedStayAway(t *testing.T) {
	backlog := func(t *testing.T, c *client) {
		t.Helper()
		for n := range 5 {
			text := json.RawMessage(`"` + strings.Repeat("x", 700<<10) + `"`)
			err := c.participant.Post(datachannel.Message{
				Type: "x", Data: text, From: c.participant.ID, Session: c.id, N: uint64(n + 1),
			}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, end := range map[string]func(c *client){
		"said leave": func(c *client) { c.request("leave", []byte(`{"t":"leave"}`)) },
		"went and left": func(c *client) {
			c.request("leave", []byte(`{"t":"leave","return":true}`))
			synctest.Wait()
			c.request("leave", []byte(`{"t":"leave"}`))
		},
		"room closed": func(c *client) { _ = c.h.cfg.Rooms.CloseRoom("demo") },
		"left while resuming": func(c *client) {
			c.request("leave", []byte(`{"t":"leave"}`))
			synctest.Wait()
			go c.keep()
		},
		"never heard of": func(c *client) { c.undo("bad_offer", errBadMessage) },
	} {
		t.Run(name, func(t *testing.T) {
			store := storetest.New()
			keeping(t, store, func(t *testing.T, h *Handler) {
				c := newcomer(t, h)
				store.Block()
				backlog(t, c)
				end(c)
				synctest.Wait()
				store.Unblock()
				time.Sleep(5 * time.Second)
				for _, table := range []datachannel.Table{datachannel.TableSessions, datachannel.TableTaken} {
					if left := keys(t, store, table); len(left) > 0 {
						t.Errorf("rows are left in table %d: %q", table, left)
					}
				}
			})
		})
	}
}

// It goes together with the word that its participant left: a server that is killed in between would let somebody come back
// who is known to have gone.
func TestTheLastEntryTakesTheSessionAlong(t *testing.T) {
	store := storetest.New()
	keeping(t, store, func(t *testing.T, h *Handler) {
		c := newcomer(t, h)
		c.leaving.Store(true)
		c.participant.Leave(room.ReasonLeft)
		synctest.Wait()
		if left := keys(t, store, datachannel.TableSessions); len(left) > 0 {
			t.Errorf("sessions %q are left", left)
		}
		c.end("left", "")
	})
}

// What a session said last may be written after the session is forgotten: nobody needs to know it after a restart.
func TestRestoreForgetsWhatNoSessionNeeds(t *testing.T) {
	store := storetest.New()
	var orphans []datachannel.Row
	for i := range 100 {
		orphans = append(orphans, datachannel.Row{Table: datachannel.TableTaken, Key: fmt.Appendf(nil, "s_%d", i), Value: []byte{1}})
	}
	id := []byte("s_000000000a")
	orphans = append(orphans, datachannel.Row{Table: datachannel.TableTaken, Key: id, Value: []byte{7}},
		datachannel.Row{Table: datachannel.TableSessions, Key: id, Value: marshal(kept{
			Room: "demo", ID: "p_ada", Name: "Ada", Grant: room.Everything(), Token: "t", Here: true,
		})})
	if err := store.Write(orphans); err != nil {
		t.Fatal(err)
	}
	keeping(t, store, func(t *testing.T, h *Handler) {
		if err := h.Restore(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if left := keys(t, store, datachannel.TableTaken); len(left) != 1 || left[0] != string(id) {
			t.Errorf("%d rows of sessions that are no more", len(left)-1)
		}
	})
}
