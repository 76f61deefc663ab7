package room

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/sfu"
)

// screen is a peer that keeps what it was told to show.
type screen struct {
	slots  []sfu.Binding
	wishes []sfu.Wish
	shows  int
}

func (s *screen) Answer(context.Context, string) (string, error) { return "answer", nil }
func (s *screen) Show(wishes []sfu.Wish)                         { s.wishes, s.shows = slices.Clone(wishes), s.shows+1 }
func (s *screen) Slots() (uint64, []sfu.Binding)                 { return 1, s.slots }
func (s *screen) Confirm(uint64)                                 {}
func (s *screen) Close()                                         {}

func newScreen(audio, video int) *screen {
	s := &screen{}
	for range audio {
		s.slots = append(s.slots, sfu.Binding{Kind: sfu.Audio})
	}
	for range video {
		s.slots = append(s.slots, sfu.Binding{Kind: sfu.Video})
	}
	return s
}

// said is what it was told to show, the pictures with their ranks.
func (s *screen) said() string {
	var b strings.Builder
	for _, w := range s.wishes {
		fmt.Fprintf(&b, "%s%s ", w.Track.ID(), [...]string{"", "!", "*", "#"}[w.Rank])
	}
	return strings.TrimSpace(b.String())
}

func (s *screen) want(t *testing.T, what, wishes string) {
	t.Helper()
	if got := s.said(); got != wishes {
		t.Errorf("%s: shown %q, want %q", what, got, wishes)
	}
}

// crowd is people in a room who each publish a microphone and a camera, named m and c with a number.
type crowd struct {
	room    *Room
	people  []*Participant
	screens []*screen
	told    []*notices
	levels  map[*sfu.Track]float64
	mics    []*sfu.Track
	now     time.Time
}

func newCrowd(tb testing.TB, n, audio, video int) *crowd {
	tb.Helper()
	rs := NewRooms(Config{
		Encode: func(Event) []byte { return []byte("{}") }, Log: zerolog.Nop(), EmptyTimeout: time.Minute,
		Limits: Limits{Rooms: 1, Participants: 1000, Tracks: 8, RoomBytes: 16, NameBytes: 16},
	})
	tb.Cleanup(rs.Close)
	c := &crowd{levels: map[*sfu.Track]float64{}, now: time.Unix(1000, 0)}
	for range n {
		c.join(tb, rs, audio, video)
	}
	return c
}

func (c *crowd) join(tb testing.TB, rs *Rooms, audio, video int) *Participant {
	tb.Helper()
	i := len(c.people)
	told := &notices{}
	p, _, err := rs.Join(JoinRequest{
		Room: "demo", Create: true, Name: fmt.Sprint(i), Grant: Grant{Publish: true, Subscribe: true, Admin: i == 0}, Member: told,
	})
	if err != nil {
		tb.Fatal(err)
	}
	s := newScreen(audio, video)
	if c.room = p.room; i == 0 { // the test looks at who speaks, not the room
		c.room.mu.Lock()
		c.room.listening = time.AfterFunc(24*time.Hour, func() {})
		c.room.mu.Unlock()
	}
	c.people, c.screens, c.told = append(c.people, p), append(c.screens, s), append(c.told, told)
	p.room.mu.Lock()
	p.peer = s
	p.shown.count(s)
	p.room.showToLocked(p)
	p.room.mu.Unlock()
	c.mics = append(c.mics, c.publish(tb, p, fmt.Sprint("m", i), sfu.Audio, Microphone))
	c.publish(tb, p, fmt.Sprint("c", i), sfu.Video, Camera)
	return p
}

func (c *crowd) publish(tb testing.TB, p *Participant, id string, kind sfu.Kind, source Source) *sfu.Track {
	tb.Helper()
	if err := p.Publish(Publish{Mid: id, Source: source}); err != nil {
		tb.Fatal(err)
	}
	track := sfu.NewTrack(id, id, kind)
	(&peerEvents{p: p, peer: p.peer}).TrackStarted(track)
	return track
}

// hear is n looks at who speaks, 100 ms apart.
func (c *crowd) hear(n int) {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	for range n {
		c.now = c.now.Add(listenEvery)
		if c.room.published.speakers.Rank(c.now, func(t *sfu.Track) float64 { return c.levels[t] }) {
			c.room.heardLocked()
		}
	}
}

// speak says who speaks from now on: all others are silent.
func (c *crowd) speak(who ...int) {
	clear(c.levels)
	for _, i := range who {
		c.levels[c.people[i].publications[fmt.Sprint("m", i)].track] = 100
	}
}

// shows counts the calls of Show since the last time it was asked, by person; those without are left out.
func (c *crowd) shows() string {
	var b strings.Builder
	for i, s := range c.screens {
		if s.shows > 0 {
			fmt.Fprintf(&b, "%d:%d ", i, s.shows)
		}
		s.shows = 0
	}
	return strings.TrimSpace(b.String())
}

func (c *crowd) view(t *testing.T, i int, v View) {
	t.Helper()
	must(t, c.people[i].SetView(v))
}

func tiles(ids ...string) (all []Tile) {
	for _, id := range ids {
		all = append(all, Tile{Track: id})
	}
	return all
}

func TestWithoutAViewAllIsShownInOrderOfArrival(t *testing.T) {
	c := newCrowd(t, 4, 3, 3)
	c.screens[3].want(t, "from the start", "c0 c1 c2 m0 m1 m2")
	c.screens[0].want(t, "from the start", "c1 c2 c3 m1 m2 m3")
	c.publish(t, c.people[2], "s2", sfu.Video, Screen)
	c.publish(t, c.people[2], "a2", sfu.Audio, ScreenAudio)
	c.screens[3].want(t, "with a screen", "s2# c0 c1 c2 a2# m0 m1")
	c.people[2].Leave(ReasonLeft)
	c.screens[3].want(t, "without", "c0 c1 m0 m1")
	c.people[1].Away(ReasonLost)
	c.screens[3].want(t, "with one away", "c0 m0")
}

func TestAViewSaysWhatIsShown(t *testing.T) {
	c := newCrowd(t, 5, 2, 2)
	watcher := c.screens[4]
	c.publish(t, c.people[3], "s3", sfu.Video, Screen)
	pinned := Tile{Track: "c2", Width: 640, Height: 360, Pinned: true}
	c.view(t, 4, View{Tiles: append(tiles("c0", "c1", "c4", "m0", "nothing"), pinned, Tile{Track: "s3"}, Tile{Track: "c2"})})
	watcher.want(t, "by rank", "s3# c2* c0 c1 m0 m1") // not its own camera, nor a microphone in a tile
	if w := watcher.wishes[1]; w.Width != 640 || w.Height != 360 {
		t.Errorf("size %d×%d", w.Width, w.Height)
	}
	c.view(t, 4, View{Tiles: tiles("c0", "late"), Off: []string{"c0", "m0", "m9"}})
	watcher.want(t, "off", "m1 m2")
	c.publish(t, c.people[0], "late", sfu.Video, Camera)
	watcher.want(t, "what came later", "late m1 m2")
	c.shows()
	c.publish(t, c.people[1], "unseen", sfu.Video, Camera)
	if strings.Contains(c.shows(), "4:") {
		t.Error("a picture that is not in the view was shown anew")
	}
	c.view(t, 4, View{Tiles: tiles()})
	watcher.want(t, "no video at all", "m0 m1")
	c.view(t, 4, View{Tiles: tiles("c0")})
	c.shows()
	c.view(t, 4, View{Tiles: tiles("c0")})
	if got := c.shows(); got != "" {
		t.Errorf("the same view again: %s", got)
	}
	// It holds over a new Peer, and being away.
	next := newScreen(2, 2)
	c.people[4].Away(ReasonLost)
	must(t, c.people[4].Return())
	c.room.mu.Lock()
	c.people[4].peer = next
	c.people[4].shown.count(next)
	c.room.showToLocked(c.people[4])
	c.room.mu.Unlock()
	next.want(t, "on a new peer", "c0 m0 m1")
}

func TestAViewHasLimits(t *testing.T) {
	c := newCrowd(t, 2, 1, 1)
	many := func(n int) (ids []string) {
		for i := range n {
			ids = append(ids, fmt.Sprint("t", i))
		}
		return ids
	}
	long := strings.Repeat("x", 65)
	for name, tt := range map[string]struct {
		view View
		want error
	}{
		"as many as may be":    {View{Tiles: tiles(many(100)...), Off: many(500)}, nil},
		"one tile more":        {View{Tiles: tiles(many(101)...)}, ErrTooMuch},
		"one off more":         {View{Off: many(501)}, ErrTooMuch},
		"a long id":            {View{Tiles: tiles(long)}, ErrOutOfRange},
		"no id":                {View{Tiles: tiles("")}, ErrOutOfRange},
		"a long id off":        {View{Off: []string{long}}, ErrOutOfRange},
		"the largest place":    {View{Tiles: []Tile{{Track: "a", Width: 16384, Height: 16384}}}, nil},
		"a larger one":         {View{Tiles: []Tile{{Track: "a", Width: 16385}}}, ErrOutOfRange},
		"one below nothing":    {View{Tiles: []Tile{{Track: "a", Height: -1}}}, ErrOutOfRange},
		"nothing in it at all": {View{}, nil},
	} {
		before := c.people[1].view
		err := c.people[1].SetView(tt.view)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
		if tt.want != nil && c.people[1].view != before {
			t.Errorf("%s: it was taken", name)
		}
	}
}

// Those who speak take the places of those who have been silent for longest, and only those are told for whom that
// changes something.
func TestWhoSpeaksIsHeard(t *testing.T) {
	c := newCrowd(t, 6, 2, 1)
	c.view(t, 5, View{Tiles: tiles("c3")})
	for i := range 5 {
		c.view(t, i, View{Tiles: tiles()})
	}
	c.hear(2)
	c.shows()
	c.speak(3)
	c.hear(3)
	c.screens[5].want(t, "one speaks", "c3! m3 m0")
	c.screens[3].want(t, "the one who speaks", "m0 m1")
	if got := c.shows(); got != "0:1 1:1 2:1 4:1 5:1" { // not the one who speaks
		t.Errorf("shown anew to %s", got)
	}
	c.hear(20)
	if got := c.shows(); got != "" {
		t.Errorf("while nothing changes: %s", got)
	}
	c.speak(3, 0)
	c.hear(5)
	c.screens[5].want(t, "two speak", "c3! m3 m0")
	if got := c.shows(); got != "" {
		t.Errorf("who is heard already begins to speak: %s", got)
	}
	c.speak()
	c.hear(20)
	c.screens[5].want(t, "silent for 2 s", "c3! m3 m0")
	c.hear(60)
	c.screens[5].want(t, "silent for 8 s", "c3 m3 m0")
	var said []string
	for _, n := range c.told[1].all {
		if s, ok := n.(SpeakersChanged); ok {
			said = append(said, strings.Join(s.IDs, "+"))
		}
	}
	three, zero := c.people[3].ID, c.people[0].ID
	if want := []string{three, three + "+" + zero, ""}; !slices.Equal(said, want) {
		t.Errorf("told of %q, want %q", said, want)
	}
}

// What is muted gets no slot, keeps the one it has until somebody needs it, and is first when it is unmuted.
func TestWhatIsMutedIsNotHeard(t *testing.T) {
	c := newCrowd(t, 5, 2, 0)
	mute := func(i int, muted bool) {
		mid := fmt.Sprint("m", i)
		must(t, c.people[i].Publish(Publish{Mid: mid, Source: Microphone, Muted: muted}))
	}
	c.screens[4].want(t, "before", "m0 m1")
	mute(0, true)
	c.screens[4].want(t, "another needs the slot", "m1 m2")
	mute(2, true)
	mute(3, true)
	c.screens[4].want(t, "nobody needs it", "m1 m3")
	c.shows()
	mute(3, false)
	if got := c.shows(); strings.Contains(got, "4:") {
		t.Errorf("unmuting changed the slots of %s", got)
	}
	mute(0, false)
	c.screens[4].want(t, "who was unmuted last goes first", "m0 m3")
	must(t, c.people[4].SetView(View{Off: []string{"m3"}}))
	c.screens[4].want(t, "off", "m0 m1")
	mute(1, true)
	must(t, c.people[4].SetView(View{Off: []string{"m1"}}))
	c.screens[4].want(t, "muted and off", "m0 m3")
}

// The sound of screens is heard first, but leaves room for voices however many there are.
func TestScreensLeaveRoomForVoices(t *testing.T) {
	c := newCrowd(t, 3, 4, 0)
	for i := range 5 {
		c.publish(t, c.people[0], fmt.Sprint("a", i), sfu.Audio, ScreenAudio)
	}
	c.screens[2].want(t, "five screens", "a0# a1# m0 m1")
	c.screens[1].want(t, "five screens", "a0# a1# m0 m2")
}

// In a room of a hundred, all of whom speak in turn, nobody is asked to receive more than there are slots.
func TestAHundredVoicesTakeNoMoreThanTheSlots(t *testing.T) {
	c := newCrowd(t, 100, 10, 25)
	for i := range c.people {
		var page []string
		for j := range 25 {
			page = append(page, fmt.Sprint("c", (i/25*25+j)%100))
		}
		c.view(t, i, View{Tiles: tiles(page...)})
	}
	total := 0
	const rounds = 30
	for round := range rounds {
		c.speak(round, (round*7+3)%100, (round*31+9)%100)
		c.shows()
		c.hear(10)
		for i, s := range c.screens {
			sounds := 0
			for _, w := range s.wishes {
				if w.Track.Kind() == sfu.Audio {
					sounds++
				}
			}
			if sounds != 10 {
				t.Fatalf("round %d: %d hears %d", round, i, sounds)
			}
			total += s.shows
			for _, who := range []int{round, (round*7 + 3) % 100, (round*31 + 9) % 100} {
				heard := slices.ContainsFunc(s.wishes, func(w sfu.Wish) bool { return w.Track == c.mics[who] })
				if who != i && !heard {
					t.Fatalf("round %d: %d does not hear %d: %s", round, i, who, s.said())
				}
			}
		}
	}
	t.Logf("%.1f changes for each of a hundred in a round of three new speakers", float64(total)/100/rounds)
}
