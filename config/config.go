// Package config says how a server is set up: defaults, then a YAML file, then PARLOR_* variables, then flags, the
// later over the earlier, each option under one name in all three.
//
// It knows what an option is called, what it may be and what it is for (options.go is that list, and --help and
// docs/options.md are printed from it). It does not know what the server does with it. Whatever is wrong is found at
// once and named: a server that started with half of what was meant is worse than one that did not start.
package config

import (
	"net/netip"
	"time"

	"github.com/rs/zerolog"
)

// Config is how one server is set up. Load made it; nobody changes it afterwards.
type Config struct {
	// Dev opens every room to everyone. Tokens are not needed.
	Dev bool

	// Listen is the TCP address and UDP the UDP address, each HOST:PORT with a port in digits; no HOST means all.
	Listen string
	UDP    string

	// ExternalIPs are announced to browsers instead of the machine's own addresses.
	ExternalIPs []netip.Addr

	// TLSCert and TLSKey are files that were found good, or both empty: no TLS.
	TLSCert, TLSKey string

	// ACME says for which names certificates are fetched.
	ACME ACME

	// TURN is how browsers get to the media where only TLS gets through.
	TURN TURN

	// PeerJS is the door for its clients.
	PeerJS PeerJS

	// TrustedProxies are believed about where clients are.
	TrustedProxies []netip.Prefix
	// ProxyProtocol: they may say so by the PROXY protocol too.
	ProxyProtocol bool

	// Keys are API keys, name to secret, none too short. Never log them.
	Keys map[string]string

	// AllowedOrigins are the web origins besides this host's own, as a browser writes them (https://example.org).
	AllowedOrigins []string

	// EmbedOrigins are the web origins besides this host's own whose pages may have a room in a frame.
	EmbedOrigins []string

	// DataDir is where logs, state and sessions are kept; empty: in memory only.
	DataDir string

	// StateRules are the merge rules of keys by prefix, beside those of docs/protocol.md.
	StateRules map[string]string

	// History are the types of messages that are kept for newcomers.
	History []string

	// FirstIsHost lets whoever enters a room first administer it; Lobby has whoever is new wait to be let in.
	FirstIsHost, Lobby bool

	// Admin is the address of metrics, pprof and probes, empty for none.
	Admin string

	LogLevel  zerolog.Level
	LogFormat string // auto, console or json

	Limits Limits
}

// TLS says whether the server itself speaks it.
func (c *Config) TLS() bool {
	return c.TLSCert != "" || len(c.ACME.Domains) > 0
}

// ACME is where certificates come from, if not from files. No domains: from nowhere.
type ACME struct {
	Domains   []string
	Email     string
	Directory string // empty: Let's Encrypt
	Cache     string
}

// TURN says which TURN servers browsers are told of.
type TURN struct {
	Own     bool     // the server is one itself
	Mesh    bool     // its clients may reach each other
	Host    string   // HOST or HOST:PORT of its TCP port; empty: where the page is
	Servers []string // others, as URLs
	Secret  string   // that they share with us. Never log it
	TTL     time.Duration
}

// PeerJS says what PeerJS's clients may do.
type PeerJS struct {
	Mode      string // off, open or tokens
	Key       string
	Clients   int
	Discovery bool
}

// Limits are the caps on what one guest, one room and one server may use.
type Limits struct {
	// One participant's messages: bytes of one, how many and how many bytes per second, and what may come at once.
	MessageBytes              int
	MessageRate, MessageBurst int
	ByteRate, ByteBurst       int

	// One participant's signalling requests and offers.
	SignalRate, SignalBurst int
	OfferRate, OfferBurst   int

	// One participant's PeerConnection.
	SDPBytes     int
	MediaLines   int
	Tracks       int
	SSRCs        int
	DataChannels int
	DTLSTimeout  time.Duration
	ICETimeout   time.Duration

	// Words a participant brings along.
	NameBytes, IdentityBytes, RoomBytes, MetadataBytes int

	// Rooms, and what a room remembers.
	Rooms            int
	RoomSize         int
	RoomWaiting      int // to be let in
	RoomEmptyTimeout time.Duration
	LogEntries       int
	LogBytes         int
	LogAge           time.Duration
	LogTotal         int // bytes of the logs of all rooms together
	HistoryCount     int // of each type
	HistoryAge       time.Duration

	// What is kept on disk: bytes in all, how long that of a room nobody enters, and how far behind the disk may be.
	DataBytes int
	DataAge   time.Duration
	DataSync  time.Duration // 0: nothing is acknowledged before it is on the disk

	// Files that people put into rooms: bytes of one, of a room's, and of all where they are kept; how many a participant may
	// put in a minute; and how long one is kept that nobody asks for.
	FileBytes, FileRoomBytes  int
	FileMemory, FileDiskBytes int
	FileRate                  int
	FileAge                   time.Duration

	// Sessions whose links are gone: when the room takes them for lost, and until when they can come back.
	LostAfter    time.Duration
	ResumeWindow time.Duration

	// Connections.
	Connections, ConnectionsPerIP int
	Undecided                     int
	HTTPWaiting                   int
	FirstBytesTimeout             time.Duration

	// TURN: allocations in all and of one participant, and the bytes per second of one, each way.
	TURNAllocations     int
	TURNPerParticipant  int
	TURNByteRate        int
	HeaderBytes         int
	HeaderTimeout       time.Duration
	IdleTimeout         time.Duration
	UpgradeTimeout      time.Duration
	FirstMessageTimeout time.Duration
}
