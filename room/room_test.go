package room

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/internal/metrics"
	"github.com/parlorhq/parlor/sfu"
)

// recorder keeps the events a room told, in order, and gives the log something to keep.
type recorder struct{ events []Event }

func (r *recorder) encode(e Event) []byte {
	r.events = append(r.events, e)
	return []byte(fmt.Sprintf(`{"event":"%T"}`, e))
}

func (r *recorder) take() []Event {
	events := r.events
	r.events = nil
	return events
}

// notices is a Member that keeps what it was told.
type notices struct {
	mu  sync.Mutex
	all []Notice
}

func (n *notices) Notify(v Notice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, v)
}

func (n *notices) Keep(*Participant, bool) []datachannel.Row { return nil }

func newTestRooms(t *testing.T, change func(*Config)) (*Rooms, *recorder) {
	t.Helper()
	rec := &recorder{}
	cfg := Config{
		Encode: rec.encode, Log: zerolog.Nop(), Metrics: metrics.New(), EmptyTimeout: time.Minute,
		Limits: Limits{
			Rooms: 2, Participants: 3, Tracks: 2, RoomBytes: 16, NameBytes: 16, IdentityBytes: 16, MetadataBytes: 16,
		},
	}
	if change != nil {
		change(&cfg)
	}
	rs := NewRooms(cfg)
	t.Cleanup(rs.Close)
	return rs, rec
}

func join(t *testing.T, rs *Rooms, name string) (*Participant, Snapshot) {
	t.Helper()
	p, snap, err := rs.Join(request(name))
	if err != nil {
		t.Fatal(err)
	}
	return p, snap
}

func request(name string) JoinRequest {
	return JoinRequest{Room: "demo", Create: true, Name: name, Grant: Everything(), Member: &notices{}}
}

func TestTheSnapshotHoldsAtTheNewcomersEntry(t *testing.T) {
	rs, _ := newTestRooms(t, nil)
	ada, first := join(t, rs, "Ada")
	if first.Position != 1 || len(first.Participants) != 0 {
		t.Fatalf("first snapshot: %+v", first)
	}
	if err := ada.Post(datachannel.Message{Type: "chat", Data: []byte(`1`)}, time.Now()); err != nil {
		t.Fatal(err)
	}
	_, second := join(t, rs, "Ben")
	if second.Position != 3 || len(second.Participants) != 1 || second.Participants[0].ID != ada.ID {
		t.Fatalf("second snapshot: %+v", second)
	}
	if second.Log != first.Log {
		t.Error("two logs in one room")
	}
}

func TestWhoMayNotEnter(t *testing.T) {
	rs, _ := newTestRooms(t, nil)
	for _, tt := range []struct {
		name   string
		change func(*JoinRequest)
		want   error
	}{
		{"no room name", func(r *JoinRequest) { r.Room = "" }, ErrBadName},
		{"long room name", func(r *JoinRequest) { r.Room = "12345678901234567" }, ErrBadName},
		{"no name", func(r *JoinRequest) { r.Name = "" }, ErrBadName},
		{"control character", func(r *JoinRequest) { r.Name = "a\x1b[2J" }, ErrBadName},
		{"long identity", func(r *JoinRequest) { r.Identity = "12345678901234567" }, ErrBadName},
		{"long metadata", func(r *JoinRequest) { r.Metadata = "12345678901234567" }, ErrBadName},
		{"no such room", func(r *JoinRequest) { r.Create = false }, ErrNotFound},
	} {
		req := request("Ada")
		tt.change(&req)
		if _, _, err := rs.Join(req); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	for i := range 3 {
		join(t, rs, fmt.Sprint("p", i))
	}
	if _, _, err := rs.Join(request("one more")); !errors.Is(err, ErrFull) {
		t.Errorf("fourth of three: %v", err)
	}
	other := request("Ada")
	other.Room = "second"
	if _, _, err := rs.Join(other); err != nil {
		t.Fatal(err)
	}
	other.Room = "third"
	if _, _, err := rs.Join(other); !errors.Is(err, ErrTooManyRooms) {
		t.Errorf("third room of two: %v", err)
	}
	rs.Drain()
	if _, _, err := rs.Join(request("late")); !errors.Is(err, ErrDraining) {
		t.Errorf("while draining: %v", err)
	}
}

func TestAwayAndBackIsTheSamePerson(t *testing.T) {
	rs, rec := newTestRooms(t, nil)
	ada, _ := join(t, rs, "Ada")
	ben, _ := join(t, rs, "Ben")
	rec.take()
	ada.Away(ReasonLost)
	ada.Away(ReasonLost) // says nothing new
	if ada.Here() {
		t.Error("still on the roster")
	}
	// A message to somebody who is expected back is taken; it waits in the log.
	if err := ben.Post(datachannel.Message{Type: "x", Data: []byte(`1`), To: []string{ada.ID}}, time.Now()); err != nil {
		t.Errorf("message to somebody away: %v", err)
	}
	if err := ada.Return(); err != nil {
		t.Fatal(err)
	}
	events := rec.take()
	if len(events) != 2 {
		t.Fatalf("events: %+v", events)
	}
	if left, ok := events[0].(Left); !ok || left.ID != ada.ID || left.Reason != ReasonLost {
		t.Errorf("first event: %+v", events[0])
	}
	if joined, ok := events[1].(Joined); !ok || joined.Participant.ID != ada.ID {
		t.Errorf("second event: %+v", events[1])
	}
	ada.Leave(ReasonLeft)
	if err := ada.Return(); !errors.Is(err, ErrGone) {
		t.Errorf("return after leaving: %v", err)
	}
	var refusal datachannel.Refusal
	if err := ada.Post(datachannel.Message{Type: "x"}, time.Now()); !errors.As(err, &refusal) {
		t.Errorf("message after leaving: %v", err)
	}
}

// Each who is expected back is a session that is kept: somebody who joins and vanishes all the time fills no server.
func TestThoseExpectedBackAreBounded(t *testing.T) {
	for size, most := range map[int]int{2: 18, 30: 60} {
		rs, _ := newTestRooms(t, func(c *Config) { c.Limits.Participants = size })
		var gone []*Participant
		for range most {
			p, _ := join(t, rs, "Ada")
			p.Away(ReasonLeft)
			gone = append(gone, p)
		}
		if _, _, err := rs.Join(request("Ben")); !errors.Is(err, ErrFull) {
			t.Errorf("room of %d: %d are expected back, and another one: %v", size, most, err)
		}
		if err := gone[0].Return(); err != nil {
			t.Errorf("room of %d: one of them does not get back: %v", size, err)
		}
		again := request("Cy")
		again.Replaces = gone[1]
		if _, _, err := rs.Join(again); err != nil {
			t.Errorf("room of %d: nor does one who joins again in its place: %v", size, err)
		}
		gone[2].Leave(ReasonLost)
		if _, _, err := rs.Join(request("Dan")); size > 2 && err != nil {
			t.Errorf("room of %d: one is gone for good, and another one: %v", size, err)
		}
	}
}

func TestReplacedKeepsTheID(t *testing.T) {
	rs, rec := newTestRooms(t, func(c *Config) { c.Limits.Participants = 1 })
	ada, _ := join(t, rs, "Ada")
	rec.take()
	req := request("Ada")
	req.Replaces = ada
	again, snap, err := rs.Join(req) // the room is full, but of her
	if err != nil {
		t.Fatal(err)
	}
	if again.ID != ada.ID || len(snap.Participants) != 0 {
		t.Errorf("again %s, was %s, %+v", again.ID, ada.ID, snap.Participants)
	}
	ada.Leave(ReasonReplaced) // her former session ends; that must not put her out
	if !again.Here() {
		t.Error("the former session took the present one along")
	}
	if events := rec.take(); len(events) != 2 {
		t.Errorf("events: %+v", events)
	}
}

func TestRestoredPlacesAreOnesOwn(t *testing.T) {
	rs, _ := newTestRooms(t, nil)
	back := RestoreRequest{Room: "demo", ID: "p_ada", Name: "Ada", Grant: Everything(), Member: &notices{}, Here: true}
	ada, _, err := rs.Restore(back)
	must(t, err)
	if _, _, err := rs.Restore(back); !errors.Is(err, ErrTaken) {
		t.Errorf("a second one in the same place: %v", err)
	}
	_, snap := join(t, rs, "Ben")
	if len(snap.Participants) != 1 || snap.Participants[0].ID != ada.ID {
		t.Errorf("here: %+v", snap.Participants)
	}
}

func TestMessagesAreRefusedWithAReason(t *testing.T) {
	rs, _ := newTestRooms(t, nil)
	req := request("Ada")
	req.Grant.Data = false
	mute, _, err := rs.Join(req)
	if err != nil {
		t.Fatal(err)
	}
	ben, _ := join(t, rs, "Ben")
	for _, tt := range []struct {
		from *Participant
		to   []string
		code string
	}{{mute, nil, "not_allowed"}, {ben, []string{"p_nobody"}, "unknown_participant"}} {
		err := tt.from.Post(datachannel.Message{Type: "x", Data: []byte(`1`), To: tt.to}, time.Now())
		if refusal, ok := errors.AsType[datachannel.Refusal](err); !ok || refusal.Code != tt.code {
			t.Errorf("got %v, want %s", err, tt.code)
		}
	}
}

// What the log and the lossy messages keep of a `to` is ids of people in the room, each once.
func TestRecipientsAreNamedOnce(t *testing.T) {
	rs, _ := newTestRooms(t, nil)
	ada, _ := join(t, rs, "Ada")
	ben, _ := join(t, rs, "Ben")
	ben.Away(ReasonLost) // is expected back
	to := []string{ben.ID, "p_nobody", ada.ID, ben.ID, strings.Repeat("x", 300<<10)}
	ada.room.mu.Lock()
	defer ada.room.mu.Unlock()
	ids, stranger := ada.room.recipientsLocked(to)
	if !slices.Equal(ids, []string{ben.ID, ada.ID}) || stranger == nil {
		t.Errorf("%.100q, %.100v", ids, stranger)
	}
	if ids, stranger := ada.room.recipientsLocked([]string{}); ids == nil || len(ids) > 0 || stranger != nil {
		t.Errorf("nobody is everybody: %v, %v", ids, stranger)
	}
}

func TestEmptyRoomsAreKeptForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rs, _ := newTestRooms(t, nil)
		ada, first := join(t, rs, "Ada")
		ada.Leave(ReasonLeft)
		time.Sleep(50 * time.Second)
		ben, second := join(t, rs, "Ben")
		if second.Log.Epoch() != first.Log.Epoch() {
			t.Error("the room was gone after 50 s")
		}
		ben.Leave(ReasonLeft)
		time.Sleep(2 * time.Minute)
		req := request("Cy")
		req.Create = false
		if _, _, err := rs.Join(req); !errors.Is(err, ErrNotFound) {
			t.Errorf("after two minutes: %v", err)
		}
	})
}

func TestClosingPutsEveryoneOut(t *testing.T) {
	rs, _ := newTestRooms(t, nil)
	told := &notices{}
	req := request("Ada")
	req.Member = told
	if _, _, err := rs.Join(req); err != nil {
		t.Fatal(err)
	}
	if err := rs.CloseRoom("demo"); err != nil {
		t.Fatal(err)
	}
	if len(told.all) != 1 || told.all[0] != (Expelled{Reason: ReasonClosed}) {
		t.Errorf("told: %+v", told.all)
	}
	if err := rs.CloseRoom("demo"); !errors.Is(err, ErrNotFound) {
		t.Errorf("closed twice: %v", err)
	}
}

func TestATrackIsAnnouncedOnceDeclaredAndThere(t *testing.T) {
	rs, rec := newTestRooms(t, nil)
	ada, _ := join(t, rs, "Ada")
	events := attachPeer(t, ada)
	rec.take()
	track := sfu.NewTrack("t_1", "1", sfu.Video)

	events.TrackStarted(track) // media first, then the word for it
	if got := rec.take(); len(got) != 0 {
		t.Fatalf("announced undeclared: %+v", got)
	}
	publish := Publish{Mid: "1", Source: Camera}
	must(t, ada.Publish(publish))
	must(t, ada.Publish(publish)) // nothing new
	publish.Muted = true
	must(t, ada.Publish(publish))
	ada.Unpublish("1")
	must(t, ada.Publish(Publish{Mid: "1", Source: Camera})) // the m-line is still there
	events.TrackEnded(track)

	want := []Event{
		Published{ID: ada.ID, Track: TrackInfo{ID: "t_1", Kind: sfu.Video, Source: Camera}},
		Muted{ID: ada.ID, Track: "t_1", Muted: true},
		Unpublished{ID: ada.ID, Track: "t_1"},
		Published{ID: ada.ID, Track: TrackInfo{ID: "t_1", Kind: sfu.Video, Source: Camera}},
		Unpublished{ID: ada.ID, Track: "t_1"},
	}
	got := rec.take()
	if len(got) != len(want) {
		t.Fatalf("events: %+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("event %d: %+v, want %+v", i, got[i], want[i])
		}
	}
	if left := ada.room.published; len(left.of)+len(left.byID)+len(left.pictures) != 0 {
		t.Errorf("left: %+v", left)
	}
}

func TestWhatMayNotBePublished(t *testing.T) {
	rs, _ := newTestRooms(t, nil)
	req := request("Ada")
	req.Grant.Sources = []Source{Microphone}
	ada, _, err := rs.Join(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := ada.Publish(Publish{Mid: "0", Source: Camera}); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("camera with a microphone's grant: %v", err)
	}
	if err := ada.Publish(Publish{Mid: "0", Source: "hologram"}); !errors.Is(err, ErrBadSource) {
		t.Errorf("a source there is not: %v", err)
	}
	for i := range 2 {
		must(t, ada.Publish(Publish{Mid: fmt.Sprint(i), Source: Microphone}))
	}
	if err := ada.Publish(Publish{Mid: "9", Source: Microphone}); !errors.Is(err, ErrTooManyTracks) {
		t.Errorf("third track of two: %v", err)
	}
	if n := rs.cfg.Metrics.RefusedCount("too_many_tracks"); n != 1 {
		t.Errorf("too_many_tracks counted %v times", n)
	}
	ada.Leave(ReasonLeft)
	if err := ada.Publish(Publish{Mid: "0", Source: Microphone}); !errors.Is(err, ErrGone) {
		t.Errorf("after leaving: %v", err)
	}
}

// attachPeer gives p a Peer that nobody connects to.
func attachPeer(t *testing.T, p *Participant) *peerEvents {
	t.Helper()
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
	must(t, err)
	engine, err := sfu.NewEngine(sfu.Config{Sockets: []net.PacketConn{socket}, Log: zerolog.Nop()})
	must(t, err)
	t.Cleanup(func() {
		must(t, engine.Close())
		_ = socket.Close()
	})
	p.room.rooms.cfg.Engine = engine
	peer, err := p.newPeer()
	must(t, err)
	return &peerEvents{p: p, peer: peer}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
