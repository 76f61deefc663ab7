package room

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/datachannel/storetest"
)

// enter is a join by which somebody gets in.
func enter(t *testing.T, rs *Rooms, name string, change func(*JoinRequest)) *Participant {
	t.Helper()
	req := request(name)
	if change != nil {
		change(&req)
	}
	p, _, err := rs.Join(req)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return p
}

func admin(req *JoinRequest) { req.Grant.Admin = true }

func told(p *Participant) []Notice {
	n := p.member.(*notices)
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.all)
}

func TestWhatOnlyAdminsMay(t *testing.T) {
	rs, _ := newTestRooms(t, nil)
	host, ben := enter(t, rs, "Host", admin), enter(t, rs, "Ben", nil)
	asked := map[string]func(p *Participant) error{
		"mute":   func(p *Participant) error { return p.Mute("p_nobody", "t", true) },
		"remove": func(p *Participant) error { return p.Remove("p_nobody") },
		"lock":   func(p *Participant) error { return p.Set(Change{Locked: new(false)}) },
		"admit":  func(p *Participant) error { return p.Admit("k_nobody") },
		"deny":   func(p *Participant) error { return p.Deny("k_nobody") },
	}
	for what, ask := range asked {
		if err := ask(ben); !errors.Is(err, ErrNotAllowed) {
			t.Errorf("%s by somebody: %v", what, err)
		}
		if err := ask(host); err != nil && !errors.Is(err, ErrUnknownParticipant) {
			t.Errorf("%s by an admin: %v", what, err)
		}
	}
	if err := ben.End(); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("end by somebody: %v", err)
	}
	host.Away(ReasonLost)
	for what, ask := range asked {
		if err := ask(host); !errors.Is(err, ErrGone) {
			t.Errorf("%s by an admin who is away: %v", what, err)
		}
	}
	if err := host.End(); !errors.Is(err, ErrGone) {
		t.Errorf("end by an admin who is away: %v", err)
	}
}

func TestWhoIsRemovedIsGoneForGood(t *testing.T) {
	rs, rec := newTestRooms(t, nil)
	host, ben := enter(t, rs, "Host", admin), enter(t, rs, "Ben", nil)
	rec.take()
	if err := host.Remove(ben.ID); err != nil {
		t.Fatal(err)
	}
	if got := rec.take(); len(got) != 1 || got[0] != (Left{ID: ben.ID, Reason: ReasonRemoved}) {
		t.Errorf("told %+v", got)
	}
	if got := told(ben); !slices.Contains(got, Notice(Expelled{Reason: ReasonRemoved})) {
		t.Errorf("told Ben %+v", got)
	}
	if err := ben.Return(); !errors.Is(err, ErrRemoved) {
		t.Errorf("return: %v", err)
	}
	again := request("Ben")
	again.Replaces = ben
	if _, _, err := rs.Join(again); !errors.Is(err, ErrRemoved) {
		t.Errorf("join in its own place: %v", err)
	}
	enter(t, rs, "Ben", nil) // as somebody new
}

func TestALockKeepsOutWhoIsNew(t *testing.T) {
	rs, rec := newTestRooms(t, nil)
	host, ben := enter(t, rs, "Host", admin), enter(t, rs, "Ben", nil)
	rec.take()
	for range 2 { // once more is no news
		if err := host.Set(Change{Locked: new(true)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := rec.take(); len(got) != 1 || got[0] != (SettingsChanged{Settings: Settings{Locked: true}, By: host.ID}) {
		t.Errorf("told %+v", got)
	}
	if _, _, err := rs.Join(request("Cy")); !errors.Is(err, ErrLocked) {
		t.Errorf("a newcomer: %v", err)
	}
	ben.Away(ReasonLost)
	if err := ben.Return(); err != nil {
		t.Errorf("who was away: %v", err)
	}
	again := request("Ben")
	again.Replaces = ben
	ben, snap, err := rs.Join(again)
	if err != nil || !snap.Settings.Locked {
		t.Errorf("who reloads: %v, settings %+v", err, snap.Settings)
	}
	other := enter(t, rs, "Other", admin)
	for _, p := range []*Participant{host, ben, other} {
		p.Leave(ReasonLeft)
	}
	if _, snap, err := rs.Join(request("Cy")); err != nil || snap.Settings.Locked {
		t.Errorf("into the empty room: %v, settings %+v", err, snap.Settings)
	}
}

func TestEndPutsEveryoneOut(t *testing.T) {
	rs, _ := newTestRooms(t, func(c *Config) { c.Limits.Waiting, c.FirstIsHost = 1, true }) // who waits is not the next host
	host, ben, away := enter(t, rs, "Host", admin), enter(t, rs, "Ben", nil), enter(t, rs, "Away", nil)
	away.Away(ReasonLost)
	waits := request("Waits")
	waits.Grant.Knock, waits.Attempt = new(true), "attempt"
	_, _, err := rs.Join(waits)
	if _, ok := errors.AsType[*Waiting](err); !ok {
		t.Fatal(err)
	}
	if err := host.End(); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*Participant{host, ben, away} {
		if got := told(p); !slices.Contains(got, Notice(Expelled{Reason: ReasonClosed})) {
			t.Errorf("%s was told %+v", p.Name, got)
		}
		if err := p.Return(); !errors.Is(err, ErrClosed) {
			t.Errorf("%s returns: %v", p.Name, err)
		}
	}
	if _, _, err := rs.Join(waits); !errors.Is(err, ErrClosed) {
		t.Errorf("who waited: %v", err)
	}
	if p, snap := join(t, rs, "Next"); len(snap.Participants) != 0 || p.Room() != "demo" {
		t.Errorf("the next finds %+v", snap)
	}
}

func TestTheFirstIsHost(t *testing.T) {
	rs, rec := newTestRooms(t, func(c *Config) { c.FirstIsHost = true })
	ada, ben, cy := enter(t, rs, "Ada", nil), enter(t, rs, "Ben", nil), enter(t, rs, "Cy", nil)
	if !ada.Admin() || !ada.Info().Admin || ben.Admin() || cy.Admin() {
		t.Fatal("not the first alone may administer")
	}
	ada.Away(ReasonLost)
	if ben.Admin() {
		t.Error("somebody else is host while the host is expected back")
	}
	again := request("Ada")
	again.Replaces = ada
	ada, _, err := rs.Join(again)
	if err != nil || !ada.Admin() {
		t.Errorf("a reload cost the host the room: %v", err)
	}
	rec.take()
	ada.Leave(ReasonLeft)
	if got := rec.take(); !ben.Admin() || cy.Admin() || !slices.Contains(got, Event(Appointed{ID: ben.ID})) {
		t.Errorf("who has been there longest is not host: %+v", got)
	}
	if err := ben.Remove(ben.ID); err != nil || !cy.Admin() {
		t.Errorf("who remains is not host: %v", err)
	}
	// Nobody is here when the host goes: whoever comes back first has it.
	dee := enter(t, rs, "Dee", nil)
	dee.Away(ReasonLost)
	cy.Leave(ReasonLeft)
	if err := dee.Return(); err != nil || !dee.Admin() {
		t.Errorf("who came back is not host: %v", err)
	}
	dee.Leave(ReasonLeft)
	if eve := enter(t, rs, "Eve", nil); !eve.Admin() {
		t.Error("the first in an empty room is not host")
	}
}

// A room that was locked is locked after a restart, as long as somebody is expected back.
func TestALockOutlivesTheServer(t *testing.T) {
	store := storetest.New()
	keptRooms(t, store, nil, func(t *testing.T, rs *Rooms) {
		host := enter(t, rs, "Host", admin)
		if err := host.Set(Change{Locked: new(true), Lobby: new(true)}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
	})
	keptRooms(t, store, nil, func(t *testing.T, rs *Rooms) {
		ben, snap, err := rs.Restore(RestoreRequest{Room: "demo", ID: "p_ben", Name: "Ben", Host: true, Member: &notices{}, Here: true})
		if err != nil || snap.Settings != (Settings{Locked: true, Lobby: true}) || !ben.Admin() {
			t.Errorf("restored with %+v: %v", snap.Settings, err)
		}
		if _, _, err := rs.Join(request("Cy")); !errors.Is(err, ErrLocked) {
			t.Errorf("a newcomer: %v", err)
		}
		ben.Leave(ReasonLeft)
		cy, _ := join(t, rs, "Cy")
		if err := cy.Post(datachannel.Message{Type: "x", Data: []byte(`1`)}, time.Now()); err != nil {
			t.Error(err)
		}
	})
	keptRooms(t, store, nil, func(t *testing.T, rs *Rooms) {
		if _, snap, err := rs.Restore(RestoreRequest{Room: "demo", ID: "p_cy", Name: "Cy", Member: &notices{}}); err != nil || snap.Settings.Locked {
			t.Errorf("the lock of a room that was empty: %+v, %v", snap.Settings, err)
		}
	})
}
