package bubble_test

import (
	"cmp"
	"errors"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/internal/metrics"
	"github.com/parlorhq/parlor/room"
	"github.com/parlorhq/parlor/sfu"
	"github.com/parlorhq/parlor/signaling"
)

const (
	lostAfter    = 12 * time.Second
	resumeWindow = 2 * time.Minute
)

// siting is what a server is made of. Zero fields have the defaults of cmd/parlor, or of a scene.
type siting struct {
	log    zerolog.Logger
	wire   *wire
	socket net.PacketConn    // nil: there is no media, nor are there data channels
	store  datachannel.Store // nil: in memory only
	data   datachannel.LogConfig
	limits datachannel.Limits

	lostAfter, resumeWindow time.Duration
}

// site is a server, wired as cmd/parlor does it.
type site struct {
	t        *testing.T
	engine   *sfu.Engine
	keeper   *datachannel.Keeper
	rooms    *room.Rooms
	door     *signaling.Handler
	http     *http.Server
	listener *listener
	served   sync.WaitGroup
	closing  chan struct{}
}

func open(t *testing.T, s siting) *site {
	t.Helper()
	v := &site{t: t, listener: s.wire.listen(), closing: make(chan struct{})}
	counts := metrics.New()
	if s.socket != nil {
		var err error
		v.engine, err = sfu.NewEngine(sfu.Config{Sockets: []net.PacketConn{s.socket}, Log: s.log, Metrics: counts})
		if err != nil {
			t.Fatal(err)
		}
	}
	if s.store != nil {
		v.keeper = datachannel.NewKeeper(s.store, s.log, counts)
	}
	s.data.Keeper = v.keeper
	v.rooms = room.NewRooms(room.Config{
		Engine: v.engine, Encode: signaling.EncodeEvent, Log: s.log, Metrics: counts, EmptyTimeout: 10 * time.Minute,
		Data: s.data,
		Limits: room.Limits{
			Rooms: 10, Participants: 120, Tracks: 8, RoomBytes: 128, NameBytes: 64, IdentityBytes: 128, MetadataBytes: 16 << 10,
		},
	})
	v.door = signaling.New(signaling.Config{
		Rooms: v.rooms, Open: true, Log: s.log, Metrics: counts, Keeper: v.keeper, History: s.data.History.Types,
		Limits: signaling.Limits{
			FrameBytes: 448 << 10, MediaLines: 64, SignalRate: 10, SignalBurst: 40, OfferRate: 2, OfferBurst: 5,
			Connections: 1000, ConnectionsPerIP: 100, UpgradeTimeout: 10 * time.Second, FirstMessage: 5 * time.Second,
			LostAfter: cmp.Or(s.lostAfter, lostAfter), ResumeWindow: cmp.Or(s.resumeWindow, resumeWindow), Data: s.limits,
		},
	})
	if err := v.door.Restore(); err != nil {
		t.Errorf("restore: %v", err)
	}
	v.http = &http.Server{
		Handler: v.door, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 2 * time.Minute,
		IdleTimeout: 75 * time.Second, ErrorLog: stdlog.New(io.Discard, "", 0),
	}
	v.served.Go(func() {
		if err := v.http.Serve(v.listener); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("http: %v", err)
		}
	})
	v.served.Go(v.tend)
	return v
}

// tend does what is to be done now and then.
func (v *site) tend() {
	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	for {
		select {
		case now := <-minute.C:
			v.rooms.Trim(now)
		case <-v.closing:
			return
		}
	}
}

// close ends the server in the order of cmd/parlor, and returns when nothing of it is left.
func (v *site) close() {
	close(v.closing)
	v.rooms.Drain()
	v.door.Close()
	v.rooms.Close()
	_ = v.http.Close()
	v.served.Wait()
	if v.engine != nil {
		if err := v.engine.Close(); err != nil {
			v.t.Errorf("engine: %v", err)
		}
	}
	if v.keeper != nil {
		v.keeper.Close()
	}
}
