package room

import (
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/datachannel/storetest"
	"github.com/parlorhq/parlor/internal/metrics"
)

// slowStore is a store that takes its time to read, and reads so often only.
type slowStore struct {
	*storetest.Store
	has, read time.Duration
	reads     int
}

func (s *slowStore) Has(room string) (bool, error) {
	time.Sleep(s.has)
	return s.Store.Has(room)
}

func (s *slowStore) Read(room string, f func(datachannel.Row) error) error {
	if s.reads--; s.reads < 0 {
		return errors.New("read too often")
	}
	time.Sleep(s.read)
	return s.Store.Read(room, f)
}

// keptRooms runs a test in a bubble, with rooms that are kept in a store.
func keptRooms(t *testing.T, store datachannel.Store, change func(*Config), test func(t *testing.T, rs *Rooms)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		keeper := datachannel.NewKeeper(store, zerolog.Nop(), metrics.New())
		rs, _ := newTestRooms(t, func(c *Config) {
			c.Data.Keeper = keeper
			if change != nil {
				change(c)
			}
		})
		test(t, rs)
		rs.Close()
		keeper.Close()
	})
}

func sets(p *Participant, n uint64, ops ...datachannel.Op) error {
	return p.Post(datachannel.Message{Ops: ops, From: p.ID, Session: "s_" + p.Name, N: n}, time.Now())
}

// A room that takes longer to be read than empty rooms are kept can be entered nevertheless, also by those who were there
// before a restart, and gives back what it holds when it ends.
func TestAnEmptyRoomIsNotDroppedWhileItIsRead(t *testing.T) {
	budget := datachannel.NewBudget(1 << 20)
	store := &slowStore{Store: storetest.New(), read: 5 * time.Second, reads: 2}
	keptRooms(t, store, func(c *Config) { c.EmptyTimeout, c.Data.Budget = time.Second, budget }, func(t *testing.T, rs *Rooms) {
		ada, _ := join(t, rs, "Ada")
		ada.Leave(ReasonLeft)
		time.Sleep(10 * time.Second)
		if rs.Has("demo") || budget.Used() != 0 {
			t.Errorf("the room is there, with %d bytes", budget.Used())
		}
		ben, _, err := rs.Restore(RestoreRequest{Room: "demo", ID: "p_ben", Name: "Ben", Member: &notices{}, Here: true})
		if err != nil || !ben.Here() {
			t.Errorf("restore: %v", err)
		}
	})
	if budget.Used() != 0 {
		t.Errorf("%d bytes are held by nobody", budget.Used())
	}
}

// A room that is closed while it is read holds nothing.
func TestARoomThatIsClosedWhileItIsRead(t *testing.T) {
	budget := datachannel.NewBudget(1 << 20)
	store := &slowStore{Store: storetest.New(), read: 5 * time.Second, reads: 2}
	keptRooms(t, store, func(c *Config) { c.Data.Budget = budget }, func(t *testing.T, rs *Rooms) {
		join(t, rs, "Ada")
		if err := rs.CloseRoom("demo"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		done := make(chan error)
		go func() {
			_, _, err := rs.Join(request("Ben"))
			done <- err
		}()
		time.Sleep(time.Second)
		rs.Close()
		if err := <-done; !errors.Is(err, ErrDraining) {
			t.Errorf("join: %v", err)
		}
		if rs.Trim(time.Now()); budget.Used() != 0 {
			t.Errorf("%d bytes are held by nobody", budget.Used())
		}
	})
}

// Whoever asks for a room that may be kept keeps nobody else waiting for the disk.
func TestLookingForAKeptRoomHoldsNobodyUp(t *testing.T) {
	store := &slowStore{Store: storetest.New(), has: time.Minute, reads: 4}
	keptRooms(t, store, nil, func(t *testing.T, rs *Rooms) {
		join(t, rs, "Ada")
		synctest.Wait()
		rs.rooms["demo"].pause()
		delete(rs.rooms, "demo") // as if it had been dropped
		found := make(chan error)
		for _, name := range []string{"demo", "never"} {
			go func() {
				req := request("Ben")
				req.Room, req.Create = name, false
				_, _, err := rs.Join(req)
				found <- err
			}()
			synctest.Wait()
			before := time.Now()
			req := request("Cy")
			req.Room = "other"
			if _, _, err := rs.Join(req); err != nil || time.Since(before) > 0 {
				t.Errorf("%v after %v", err, time.Since(before))
			}
			if err := <-found; name == "demo" && err != nil || name == "never" && !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// What the server itself was to delete and could not is deleted once the disk writes, though nobody comes or goes.
func TestDeletionsThatFailedAreMadeUpFor(t *testing.T) {
	store := storetest.New()
	keptRooms(t, store, nil, func(t *testing.T, rs *Rooms) {
		ada, snap := join(t, rs, "Ada")
		ben, _ := join(t, rs, "Ben")
		must(t, sets(ada, 1, datachannel.Op{Key: "own/a", Value: json.RawMessage("1")}))
		must(t, sets(ben, 1, datachannel.Op{Key: "own/b", Value: json.RawMessage("1")}))
		must(t, sets(ben, 2, datachannel.Op{Key: "ttl/b", Value: json.RawMessage("1"), TTL: time.Second}))
		synctest.Wait()
		store.Fail(datachannel.ErrFull)
		time.Sleep(2 * time.Second)
		ada.Leave(ReasonLeft)
		store.Fail(nil)
		time.Sleep(5 * time.Second)
		rs.Trim(time.Now())
		synctest.Wait()
		if cells := snap.Log.View(0).Cells; len(cells) != 1 || cells[0].Key != "own/b" {
			t.Errorf("%d cells are left, want Ben's own", len(cells))
		}
	})
}

// A room is not forgotten before it is written: it would be read back without its end, and go on in another way.
func TestAnEmptyRoomWaitsForTheDisk(t *testing.T) {
	store := storetest.New()
	keptRooms(t, store, nil, func(t *testing.T, rs *Rooms) {
		ada, first := join(t, rs, "Ada")
		synctest.Wait()
		store.Block()
		ada.Leave(ReasonLeft)
		time.Sleep(5 * time.Minute)
		ben, second := join(t, rs, "Ben")
		if second.Log != first.Log {
			t.Error("another log, though the first is not written")
		}
		ben.Leave(ReasonLeft)
		time.Sleep(5 * time.Minute)
		store.Unblock()
		time.Sleep(2 * time.Minute)
		if rs.Has("demo") {
			t.Error("the room is kept for ever")
		}
		_, third := join(t, rs, "Cy")
		if third.Position != first.Log.Head() {
			t.Errorf("it goes on at %d, after %d", third.Position, first.Log.Head())
		}
	})
}
