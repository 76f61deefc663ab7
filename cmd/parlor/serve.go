package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/auth"
	"github.com/parlorhq/parlor/config"
	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/files"
	"github.com/parlorhq/parlor/front"
	"github.com/parlorhq/parlor/front/turn"
	"github.com/parlorhq/parlor/internal/metrics"
	"github.com/parlorhq/parlor/internal/steady"
	"github.com/parlorhq/parlor/room"
	"github.com/parlorhq/parlor/sfu"
	"github.com/parlorhq/parlor/signaling"
	"github.com/parlorhq/parlor/signaling/peerjs"
	"github.com/parlorhq/parlor/web"
)

// shutdownTimeout is how long open HTTP requests may take after everyone was told.
const shutdownTimeout = 10 * time.Second

// responseTimeout is what the slowest line may take for the largest file of the page. WebSockets have their own.
const responseTimeout = 2 * time.Minute

// gcPercent trades memory for CPU: most of what a server holds is small, and collecting it half as often is worth
// more than the bytes. A GOGC in the environment wins.
const gcPercent = 400

// serve runs a server until ctx is done or the first SIGTERM or interrupt; a second one ends the process at once.
func serve(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cfg, err := config.Load(args, os.Environ(), stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "parlor serve:", err)
		return 2
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	log := newLogger(cfg, stderr)
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := newServer(cfg, log)
	if err != nil {
		fmt.Fprintln(stderr, "parlor serve:", err)
		return 1
	}
	fmt.Fprintf(stdout, "Parlor listens on %s\n", s.url())
	if cfg.Dev {
		fmt.Fprintln(stdout, "Development mode: every room is open to everyone who reaches this address.")
	}
	context.AfterFunc(ctx, stop) // from here a second signal ends the process
	if err := s.run(ctx); err != nil {
		fmt.Fprintln(stderr, "parlor serve:", err)
		return 1
	}
	return 0
}

// newLogger writes lines for people on a terminal and JSON elsewhere.
func newLogger(cfg *config.Config, w io.Writer) zerolog.Logger {
	console := cfg.LogFormat == "console"
	if f, ok := w.(*os.File); ok && cfg.LogFormat == "auto" {
		info, err := f.Stat()
		console = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	if console {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.TimeOnly}
	}
	return zerolog.New(w).Level(cfg.LogLevel).With().Timestamp().Logger()
}

// server is everything that runs, from the sockets up.
type server struct {
	cfg     *config.Config
	log     zerolog.Logger
	sockets []net.PacketConn
	store   datachannel.Store // nil: in memory only
	keeper  *datachannel.Keeper
	files   *files.Store
	clock   steady.Clock // of the ages of rooms
	engine  *sfu.Engine
	rooms   *room.Rooms
	door    *signaling.Handler
	peerjs  *peerjs.Door // nil: closed
	public  *http.Server
	listen  net.Listener
	admin   *http.Server // nil: none
	private net.Listener
	port    *front.Port
	turn    *turn.Server // nil: it is none
	relayed []netip.AddrPort
	acme    *front.ACME  // nil: certificates are from files, or there are none
	upgrade *http.Server // sends to https whoever comes without; nil: HTTP is what is served
}

// newServer opens the sockets and wires the packages, floor by floor. What it opened it closes again if it fails.
func newServer(cfg *config.Config, log zerolog.Logger) (*server, error) {
	s := &server{cfg: cfg, log: log, clock: steady.New(time.Now())}
	if err := s.open(); err != nil {
		s.closeSockets()
		return nil, errors.Join(err, s.closeStore())
	}
	return s, nil
}

func (s *server) open() (err error) {
	cfg, log := s.cfg, s.log
	if s.listen, err = net.Listen("tcp", cfg.Listen); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if cfg.Admin != "" {
		if s.private, err = net.Listen("tcp", cfg.Admin); err != nil {
			return fmt.Errorf("admin: %w", err)
		}
	}
	counts := metrics.New()
	if s.sockets, err = front.ListenUDP(s.udpAddress(), cfg.Dev, counts); err != nil {
		return fmt.Errorf("udp: %w", err)
	}
	if err = s.openPort(counts); err != nil {
		return err
	}
	if err = s.openTURN(counts); err != nil {
		return err
	}
	l := cfg.Limits
	if err = s.openStore(counts); err != nil {
		return err
	}
	if err = s.openFiles(counts); err != nil {
		return err
	}
	s.engine, err = sfu.NewEngine(sfu.Config{
		Sockets: s.sockets, Streams: s.port.ICE(), Relayed: s.relayed, ExternalIPs: cfg.ExternalIPs, Log: log, Metrics: counts,
		Limits: sfu.Limits{
			SDPBytes: l.SDPBytes, MediaLines: l.MediaLines, SSRCs: l.SSRCs, Channels: l.DataChannels, Tracks: l.Tracks,
			ICETimeout: l.ICETimeout, DTLSTimeout: l.DTLSTimeout,
		},
	})
	if err != nil {
		return fmt.Errorf("media: %w", err)
	}
	s.rooms = room.NewRooms(room.Config{
		Engine: s.engine, Encode: signaling.EncodeEvent, Log: log, Metrics: counts, EmptyTimeout: l.RoomEmptyTimeout,
		Data: s.logConfig(counts), Dropped: s.files.Forget, FirstIsHost: cfg.FirstIsHost, Settings: room.Settings{Lobby: cfg.Lobby},
		Limits: room.Limits{
			Rooms: l.Rooms, Participants: l.RoomSize, Waiting: l.RoomWaiting, Tracks: l.Tracks, RoomBytes: l.RoomBytes,
			NameBytes: l.NameBytes, IdentityBytes: l.IdentityBytes, MetadataBytes: l.MetadataBytes,
		},
	})
	verifier, err := auth.NewVerifier(cfg.Keys)
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	s.door = signaling.New(signaling.Config{
		Rooms: s.rooms, Verifier: verifier, Open: cfg.Dev, Origins: cfg.AllowedOrigins, Log: log, Metrics: counts,
		Limits: doorLimits(l), History: cfg.History, Keeper: s.keeper, Files: s.files, ICEServers: s.iceServers,
	})
	if err = s.door.Restore(); err != nil {
		return fmt.Errorf("data-dir: %w", err)
	}
	s.openPeerJS(verifier, counts)
	waiting := front.NewWaiting(l.HTTPWaiting, counts)
	s.public = s.httpServer(front.BehindProxies(cfg.TrustedProxies, s.routes()))
	s.public.ConnState = waiting.ConnState
	if s.upgrade != nil {
		s.upgrade.ConnState = waiting.ConnState
	}
	if cfg.Admin != "" {
		s.admin = s.httpServer(adminRoutes(s.door, counts))
	}
	return nil
}

// frameSlack is what an offer's frame has beside the SDP: JSON escapes each of its line ends, and names and tracks.
const frameSlack = 64 << 10

func doorLimits(l config.Limits) signaling.Limits {
	return signaling.Limits{
		FrameBytes: int64(l.SDPBytes + frameSlack), MediaLines: l.MediaLines,
		SignalRate: l.SignalRate, SignalBurst: l.SignalBurst, OfferRate: l.OfferRate, OfferBurst: l.OfferBurst,
		Connections: l.Connections, ConnectionsPerIP: l.ConnectionsPerIP,
		UpgradeTimeout: l.UpgradeTimeout, FirstMessage: l.FirstMessageTimeout, FilesPerMinute: l.FileRate,
		LostAfter: l.LostAfter, ResumeWindow: l.ResumeWindow,
		Data: datachannel.Limits{
			MessageBytes: l.MessageBytes, MessagesPerSecond: l.MessageRate, MessageBurst: l.MessageBurst,
			BytesPerSecond: l.ByteRate, ByteBurst: l.ByteBurst,
		},
	}
}

// udpAddress has the port that TCP got where none is set, also when that was 0.
func (s *server) udpAddress() string {
	host, port, err := net.SplitHostPort(s.cfg.UDP)
	if err != nil || port != "0" {
		return s.cfg.UDP
	}
	_, tcp, err := net.SplitHostPort(s.listen.Addr().String())
	if err != nil {
		return s.cfg.UDP
	}
	return net.JoinHostPort(host, tcp)
}

func (s *server) httpServer(h http.Handler) *http.Server {
	l := s.cfg.Limits
	return &http.Server{
		Handler: h, ReadHeaderTimeout: l.HeaderTimeout, ReadTimeout: l.HeaderTimeout + l.UpgradeTimeout,
		WriteTimeout: responseTimeout, IdleTimeout: l.IdleTimeout, MaxHeaderBytes: l.HeaderBytes,
		ErrorLog: stdlog.New(io.Discard, "", 0), // it would print peers' addresses, as often as they like
	}
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/v1/", s.door)
	mux.Handle("/healthz", s.door)
	mux.Handle("/readyz", s.door)
	if s.peerjs != nil {
		mux.Handle("/peerjs", s.peerjs)
		mux.Handle("/peerjs/", s.peerjs)
	}
	mux.Handle("/", web.Handler(s.cfg.EmbedOrigins))
	return mux
}

func adminRoutes(door http.Handler, counts *metrics.Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", counts.Handler())
	mux.Handle("/healthz", door)
	mux.Handle("/readyz", door)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// url is what a person opens.
func (s *server) url() string {
	scheme := "http"
	if s.cfg.TLS() {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(s.listen.Addr().String())
	if err != nil {
		return scheme + "://" + s.listen.Addr().String()
	}
	if ip := net.ParseIP(strings.Trim(host, "[]")); ip == nil || ip.IsUnspecified() || ip.IsLoopback() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// run serves until ctx is done, then closes from the top floor down: nobody is let in any more, those inside are told,
// open requests end, and last the sockets.
func (s *server) run(ctx context.Context) error {
	failed := make(chan error, 5)
	s.servePort(failed)
	if s.admin != nil {
		go func() { failed <- s.admin.Serve(s.private) }()
	}
	s.log.Info().Str("listen", s.listen.Addr().String()).Str("udp", s.udpAddress()).Bool("dev", s.cfg.Dev).
		Str("version", version()).Msg("serving")
	err := s.tend(ctx, failed)
	s.rooms.Drain()
	if s.peerjs != nil {
		s.peerjs.Close()
	}
	s.door.Close()
	s.rooms.Close()
	timeout, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	err = errors.Join(err, s.public.Shutdown(timeout), s.closeUpgrade())
	if s.admin != nil {
		err = errors.Join(err, s.admin.Shutdown(timeout))
	}
	err = errors.Join(err, s.engine.Close(), s.closeTURN(), s.port.Close(), s.closeStore())
	s.closeSockets()
	s.log.Info().Msg("shut down")
	return err
}

// tend waits for the end, and meanwhile does what is to be done now and then.
func (s *server) tend(ctx context.Context, failed <-chan error) error {
	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	for {
		select {
		case now := <-minute.C:
			s.rooms.Trim(now)
			s.sweep(now)
		case err := <-failed:
			return err
		case <-ctx.Done():
			s.log.Info().Msg("shutting down")
			return nil
		}
	}
}

func (s *server) closeSockets() {
	_ = s.closeTURN() // it may have been
	for _, c := range []io.Closer{closerOf(s.listen), closerOf(s.private)} {
		if c != nil {
			_ = c.Close() // Shutdown may have closed it
		}
	}
	for _, c := range s.sockets {
		_ = c.Close()
	}
}

func closerOf(l net.Listener) io.Closer {
	if l == nil {
		return nil
	}
	return l
}
