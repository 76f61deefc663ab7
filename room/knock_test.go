package room

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// lobby runs a test in a bubble, with rooms in which newcomers wait.
func lobby(t *testing.T, change func(*Config), test func(t *testing.T, rs *Rooms)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		rs, _ := newTestRooms(t, func(c *Config) {
			c.Settings.Lobby, c.Limits.Waiting = true, 3
			if change != nil {
				change(c)
			}
		})
		test(t, rs)
		rs.Close()
	})
}

func knock(t *testing.T, rs *Rooms, name string) *Knock {
	t.Helper()
	req := request(name)
	req.Attempt = "attempt of " + name
	_, _, err := rs.Join(req)
	w, ok := errors.AsType[*Waiting](err)
	if !ok {
		t.Fatalf("%s: %v", name, err)
	}
	return w.Knock
}

// come is the join of somebody who waited.
func come(rs *Rooms, name string) error {
	req := request(name)
	req.Attempt = "attempt of " + name
	_, _, err := rs.Join(req)
	return err
}

// waits is who waits, as p was told last.
func waits(p *Participant) string {
	names := ""
	for _, n := range told(p) {
		if w, ok := n.(WaitingChanged); ok {
			names = ""
			for _, one := range w.Waiting {
				names += one.Name + " "
			}
		}
	}
	return names
}

func TestNewcomersWaitToBeLetIn(t *testing.T) {
	lobby(t, nil, func(t *testing.T, rs *Rooms) {
		early := knock(t, rs, "Early")
		leave := early.Watch()
		if _, attended, _ := early.State(); attended {
			t.Error("somebody is there, in a room in which nobody is")
		}
		_, _, news := early.State()
		host := enter(t, rs, "Host", admin)
		<-news
		if decided, attended, _ := early.State(); decided || !attended {
			t.Errorf("decided %v, attended %v", decided, attended)
		}
		if m := host.Moment(); len(m.Waiting) != 1 || m.Waiting[0].Name != "Early" {
			t.Errorf("the host finds %+v", m.Waiting)
		}
		ben, cy := knock(t, rs, "Ben"), knock(t, rs, "Cy")
		time.Sleep(knockedEvery)
		synctest.Wait()
		if got := waits(host); got != "Early Ben Cy " {
			t.Errorf("the host was told of %s", got)
		}
		if again := knock(t, rs, "Ben"); again != ben {
			t.Error("who asks again waits twice")
		}
		if err := host.Admit(ben.ID); err != nil {
			t.Fatal(err)
		}
		if decided, _, _ := ben.State(); !decided {
			t.Error("Ben does not hear of it")
		}
		if err := host.Set(Change{Locked: new(true)}); err != nil {
			t.Fatal(err)
		}
		if err := come(rs, "Ben"); err != nil { // a lock is for others
			t.Errorf("Ben: %v", err)
		}
		if err := host.Deny(cy.ID); err != nil {
			t.Fatal(err)
		}
		if err := come(rs, "Cy"); !errors.Is(err, ErrDenied) {
			t.Errorf("Cy: %v", err)
		}
		if err := come(rs, "Cy"); !errors.Is(err, ErrLocked) {
			t.Errorf("Cy, who comes again: %v", err)
		}
		if err := host.Admit(cy.ID); !errors.Is(err, ErrUnknownParticipant) {
			t.Errorf("somebody who was sent away: %v", err)
		}
		host.Leave(ReasonLeft)
		if _, attended, _ := early.State(); attended {
			t.Error("the host has left, and is there")
		}
		leave(true)
		if early.room.Waiting() != 0 {
			t.Error("who went still waits")
		}
	})
}

func TestOneDecisionForAllWhoWait(t *testing.T) {
	lobby(t, nil, func(t *testing.T, rs *Rooms) {
		host := enter(t, rs, "Host", admin)
		knock(t, rs, "Ben")
		knock(t, rs, "Cy")
		if err := host.Deny(""); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Ben", "Cy"} {
			if err := come(rs, name); !errors.Is(err, ErrDenied) {
				t.Errorf("%s: %v", name, err)
			}
		}
		knock(t, rs, "Dee")
		if err := host.Set(Change{Lobby: new(false)}); err != nil { // without a lobby nobody waits
			t.Fatal(err)
		}
		if err := come(rs, "Dee"); err != nil {
			t.Errorf("Dee: %v", err)
		}
		if err := host.Admit(""); err != nil {
			t.Errorf("of nobody all were let in: %v", err)
		}
	})
}

func TestTheTokenSaysWhoWaits(t *testing.T) {
	lobby(t, nil, func(t *testing.T, rs *Rooms) {
		host := enter(t, rs, "Host", admin)
		enter(t, rs, "Known", func(r *JoinRequest) { r.Grant.Knock = new(false) })
		if err := host.Set(Change{Lobby: new(false)}); err != nil {
			t.Fatal(err)
		}
		req := request("Stranger")
		req.Grant.Knock = new(true)
		_, _, err := rs.Join(req)
		w, ok := errors.AsType[*Waiting](err)
		if !ok {
			t.Fatalf("a stranger: %v", err)
		}
		if len(w.Knock.Attempt) < 16 {
			t.Errorf("who had no word is given %q", w.Knock.Attempt)
		}
		req.Attempt = w.Knock.Attempt
		if err := host.Admit(w.Knock.ID); err != nil {
			t.Fatal(err)
		}
		other := req
		other.Name = "Admin" // not who was seen to wait
		if _, _, err := rs.Join(other); err == nil {
			t.Error("somebody came in under another name than was let in")
		}
	})
}

func TestSoManyMayWait(t *testing.T) {
	lobby(t, nil, func(t *testing.T, rs *Rooms) {
		host := enter(t, rs, "Host", admin)
		for i := range 3 {
			knock(t, rs, fmt.Sprint(i))
		}
		if _, _, err := rs.Join(request("One more")); !errors.Is(err, ErrLobbyFull) {
			t.Errorf("one more: %v", err)
		}
		synctest.Wait()
		if n := len(told(host)); n > 4 {
			t.Errorf("the host was told %d times within a moment", n)
		}
		time.Sleep(knockPatience + knockedEvery) // nobody is in touch with them
		synctest.Wait()
		if got := waits(host); got != "" {
			t.Errorf("there still wait %s", got)
		}
		knock(t, rs, "One more")
	})
}

// Who waits keeps a room, and who waits no more lets it go.
func TestARoomIsKeptForWhoWaits(t *testing.T) {
	lobby(t, nil, func(t *testing.T, rs *Rooms) {
		leave := knock(t, rs, "Ben").Watch()
		time.Sleep(time.Hour)
		if !rs.Has("demo") {
			t.Fatal("the room is gone under who waits")
		}
		leave(false)
		time.Sleep(knockPatience + time.Minute + time.Second)
		synctest.Wait()
		if rs.Has("demo") {
			t.Error("the room stays for nobody")
		}
	})
}

// Where the first is host, who waits in front of a room that all have left is the first.
func TestWhoWaitsInFrontOfAnEmptyRoomComesIn(t *testing.T) {
	for _, byDefault := range []bool{false, true} {
		lobby(t, func(c *Config) { c.Settings.Lobby, c.FirstIsHost = byDefault, true }, func(t *testing.T, rs *Rooms) {
			host := enter(t, rs, "Host", nil)
			if err := host.Set(Change{Lobby: new(true)}); err != nil {
				t.Fatal(err)
			}
			ben, cy := knock(t, rs, "Ben"), knock(t, rs, "Cy")
			host.Away(ReasonLost)
			if decided, _, _ := ben.State(); decided {
				t.Error("the host is expected back")
			}
			host.Leave(ReasonLost)
			if decided, _, _ := ben.State(); !decided {
				t.Error("Ben waits in front of an empty room")
			}
			if err := come(rs, "Ben"); err != nil {
				t.Errorf("Ben: %v", err)
			}
			if decided, attended, _ := cy.State(); decided == byDefault || !attended {
				t.Errorf("lobby by default %v: decided %v, attended %v", byDefault, decided, attended)
			}
		})
	}
}
