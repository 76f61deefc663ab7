package bubble_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/internal/client"
	"github.com/parlorhq/parlor/internal/simnet"
)

const (
	oneWay   = 20 * time.Millisecond // of both networks
	serverIP = "10.0.0.1"
)

// world is a server, people and the networks between them.
type world struct {
	t    *testing.T
	ctx  context.Context
	log  zerolog.Logger
	tcp  *wire
	udp  *simnet.Network
	seed uint64

	// Owned by the scene.
	rng    *rand.Rand
	hosts  int
	people []*person

	site   *site
	socket net.PacketConn
	served sync.WaitGroup
}

// scene plays body once for each seed. PARLOR_SEED=7 plays another one.
func scene(t *testing.T, body func(w *world)) {
	seeds := []uint64{1, 2}
	if raced {
		seeds = seeds[:1]
	}
	scenes(t, seeds, body)
}

func scenes(t *testing.T, seeds []uint64, body func(w *world)) {
	if s := os.Getenv("PARLOR_SEED"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds = []uint64{seed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, seed)
				defer w.close()
				body(w)
			})
		})
	}
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		t: t, tcp: newWire(), seed: seed, log: zerolog.Nop(),
		rng: rand.New(rand.NewPCG(seed, 1)), ctx: t.Context(),
	}
	if os.Getenv("PARLOR_LOG") != "" {
		w.log = zerolog.New(zerolog.NewTestWriter(t)).With().Timestamp().Logger()
	}
	w.udp = simnet.New(t, seed)
	w.socket = w.udp.Listen(serverIP, 8080)
	w.udp.SetDelay(serverIP, oneWay)
	w.site = open(t, siting{log: w.log, wire: w.tcp, socket: w.socket})
	return w
}

func (w *world) close() {
	for _, p := range w.people {
		p.Kill()
	}
	w.served.Wait()
	w.site.close()
	_ = w.socket.Close()
	w.udp.Close()
	if w.t.Failed() {
		w.t.Logf("again with PARLOR_SEED=%d PARLOR_LOG=1", w.seed)
	}
}

// person is a client with a line to the net, and a memory.
type person struct {
	*client.Client
	w    *world
	name string
	ip   string
	line *line

	mu       sync.Mutex
	messages []client.Message
	events   []client.Event
	packets  map[string][]packet // by track
	bindings [][]client.Binding  // each state of the slots
	onEvent  func(client.Event)
}

type packet struct {
	mid      string
	sequence uint16
	stamp    uint64
	at       time.Time
	key      bool
}

// join brings somebody into the room. o has what is particular to them.
func (w *world) join(name string, o client.Options) *person {
	w.t.Helper()
	p := w.arrive(name)
	o.URL, o.Name, o.Dial, o.Log = "http://parlor", name, p.line.Dial, w.log.With().Str("client", name).Logger()
	if o.Room == "" {
		o.Room = "bubble"
	}
	o.Net = w.udp.Host(p.ip)
	w.udp.SetDelay(p.ip, oneWay)
	o.OnMessage, o.OnEvent, o.OnRTP, o.OnSlots = p.message, p.event, p.rtp, p.slots
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	c, err := client.Join(ctx, o)
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	p.Client = c
	w.people = append(w.people, p)
	return p
}

// arrive gives somebody a line to the net.
func (w *world) arrive(name string) *person {
	w.hosts++
	ip := net.IPv4(10, 0, 1, byte(w.hosts))
	return &person{w: w, name: name, ip: ip.String(), line: w.tcp.line(ip, oneWay), packets: map[string][]packet{}}
}

// cut takes away all of a person's network, or gives it back.
func (p *person) cut(cut bool) {
	p.line.set(cut)
	p.block(cut)
}

// block takes away only UDP.
func (p *person) block(blocked bool) {
	if blocked {
		p.w.udp.Cut(p.ip)
	} else {
		p.w.udp.Restore(p.ip)
	}
}

// lose loses a share of the UDP packets, each way.
func (p *person) lose(share float64) {
	p.w.udp.SetLoss(p.ip, serverIP, share)
	p.w.udp.SetLoss(serverIP, p.ip, share)
}

func (p *person) message(m client.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.messages = append(p.messages, m)
}

func (p *person) event(e client.Event) {
	p.mu.Lock()
	p.events = append(p.events, e)
	then := p.onEvent
	p.mu.Unlock()
	if then != nil {
		then(e)
	}
}

func (p *person) rtp(slot client.Binding, in *rtp.Packet) {
	stamp, _ := client.Stamp(in.Payload)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.packets[slot.Track] = append(p.packets[slot.Track], packet{
		slot.Mid, in.SequenceNumber, stamp, time.Now(), slot.Kind == "video" && client.IsKeyframe(in.Payload),
	})
}

func (p *person) slots(_ uint64, slots []client.Binding) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bindings = append(p.bindings, slots)
}

// look runs f with what the person remembers held still.
func (p *person) look(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *person) count(track string) (n int) {
	p.look(func() { n = len(p.packets[track]) })
	return n
}

// texts are what others sent, as who/type/data.
func (p *person) texts() (all []string) {
	p.look(func() {
		for _, m := range p.messages {
			all = append(all, fmt.Sprintf("%d %s %s %s", m.Offset, m.From, m.Type, m.Data))
		}
	})
	return all
}

// saw finds an event of a kind about a participant.
func (p *person) saw(kind, participant string) (found *client.Event) {
	p.look(func() {
		for i := range p.events {
			if e := p.events[i]; e.Kind == kind && e.Participant == participant {
				found = &e
			}
		}
	})
	return found
}

// sees says whether the person's roster has another.
func (p *person) sees(other *person) bool {
	for _, o := range p.Participants() {
		if o.ID == other.You().ID {
			return true
		}
	}
	return false
}

// within waits until ok, which must come before limit has passed, and says how long it took.
func (w *world) within(limit time.Duration, what string, ok func() bool) time.Duration {
	w.t.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > limit {
			w.t.Fatalf("not within %s: %s", limit, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(began)
}

// publish joins with a synthetic camera and, as source microphone, a synthetic microphone that run until the end.
func (w *world) camera(name string, o client.Options) *person {
	w.t.Helper()
	video, audio := client.NewVideo(uint16(w.rng.Uint32()), w.rng.Uint32(), uint16(w.rng.Uint32())),
		client.NewAudio(uint16(w.rng.Uint32()), w.rng.Uint32())
	vt, err := client.NewVideoTrack(name)
	if err != nil {
		w.t.Fatal(err)
	}
	at, err := client.NewAudioTrack(name)
	if err != nil {
		w.t.Fatal(err)
	}
	o.Publish = []client.Publication{
		{Source: "camera", Track: vt, Keyframe: video.RequestKeyframe}, {Source: "microphone", Track: at},
	}
	p := w.join(name, o)
	ctx, cancel := context.WithCancel(context.Background())
	w.served.Go(func() {
		<-p.Done()
		cancel()
	})
	w.served.Go(func() { _ = video.Run(ctx, vt, 0) })
	w.served.Go(func() { _ = audio.Run(ctx, at) })
	return p
}

// track is the id of what somebody publishes, as another sees it; empty while it isn't seen.
func (p *person) track(other *person, source string) string {
	for _, o := range p.Participants() {
		if o.ID != other.You().ID {
			continue
		}
		for _, t := range o.Tracks {
			if t.Source == source {
				return t.ID
			}
		}
	}
	return ""
}
