package signaling

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/datachannel/storetest"
	"github.com/parlorhq/parlor/internal/metrics"
	"github.com/parlorhq/parlor/room"
)

// A server may be killed between a reload's new session and the end of the former one. Only one of them is put back, or
// the other would be found lost later and take everyone's view of the participant along.
func TestRestoreOfAReloadThatWasCutShort(t *testing.T) {
	for name, ids := range map[string]struct{ former, latter string }{
		"in order": {"s_000000000a", "s_000000000b"}, "the other way": {"s_000000000b", "s_000000000a"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := storetest.New()
				session := func(id string, turn uint64) datachannel.Row {
					return datachannel.Row{Table: datachannel.TableSessions, Key: []byte(id), Value: marshal(kept{
						Room: "demo", ID: "p_ada", Name: "Ada", Grant: room.Everything(), Token: "t" + id, Turn: turn, Here: true,
					})}
				}
				if err := store.Write([]datachannel.Row{session(ids.former, 0), session(ids.latter, 1)}); err != nil {
					t.Fatal(err)
				}
				keeper := datachannel.NewKeeper(store, zerolog.Nop(), metrics.New())
				rooms := room.NewRooms(room.Config{
					Encode: EncodeEvent, EmptyTimeout: time.Minute, Data: datachannel.LogConfig{Keeper: keeper},
					Limits: room.Limits{Rooms: 1, Participants: 3, RoomBytes: 64, NameBytes: 64},
				})
				h := newTestHandler(t, Config{Limits: testLimits(), Keeper: keeper})
				h.cfg.Rooms = rooms
				defer func() {
					rooms.Drain()
					h.Close()
					rooms.Close()
					keeper.Close()
				}()
				if err := h.Restore(); err != nil {
					t.Fatal(err)
				}
				if _, _, err := h.sessions.resume(sessionOf(ids.former)); err == nil {
					t.Error("the former session can be resumed")
				}
				c, _, err := h.sessions.resume(sessionOf(ids.latter))
				if err != nil || !c.participant.Here() {
					t.Fatalf("the latter session: %v", err)
				}
				time.Sleep(testLimits().LostAfter - time.Second)
				c.session.Hear()
				time.Sleep(2 * time.Second)
				if !c.participant.Here() {
					t.Error("the former session took the participant along")
				}
				kept := 0
				if err := store.Read("", func(datachannel.Row) error { kept++; return nil }); err != nil || kept != 1 {
					t.Errorf("%d sessions are kept, %v", kept, err)
				}
			})
		})
	}
}

func sessionOf(id string) session { return session{ID: id, Token: "t" + id} }
