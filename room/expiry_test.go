package room

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/datachannel/storetest"
	"github.com/parlorhq/parlor/internal/metrics"
)

// What has lived its time while the disk does not write is deleted when it does, without asking all the time.
func TestExpiryWaitsForTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storetest.New()
		keeper := datachannel.NewKeeper(store, zerolog.Nop(), metrics.New())
		defer keeper.Close()
		rs, _ := newTestRooms(t, func(c *Config) { c.Data.Keeper = keeper })
		ada, snap := join(t, rs, "Ada")
		must(t, ada.Post(datachannel.Message{
			Ops: []datachannel.Op{{Key: "ttl/a", Value: json.RawMessage("1"), TTL: time.Second}}, From: ada.ID, Session: "s_a", N: 1,
		}, time.Now()))
		synctest.Wait()
		store.Fail(datachannel.ErrFull)
		must(t, ada.Post(datachannel.Message{Type: "x", From: ada.ID, Session: "s_a", N: 2}, time.Now())) // it notices
		time.Sleep(time.Minute)                                                                           // or never ends
		if cells := snap.Log.View(0).Cells; len(cells) != 1 {
			t.Errorf("%d cells while nothing can be written", len(cells))
		}
		store.Fail(nil)
		time.Sleep(5 * time.Second)
		if cells := snap.Log.View(0).Cells; len(cells) != 0 {
			t.Errorf("%d cells are left", len(cells))
		}
		ada.Leave(ReasonLeft)
		rs.Close()
	})
}
