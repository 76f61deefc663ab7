package config

import (
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// option is one thing that can be set, under one name everywhere.
type option struct {
	name  string
	arg   string // what its value is called in --help; empty for a switch
	usage string
	value value
}

// section is options that are explained together.
type section struct {
	title   string
	options []option
}

// env is the variable of the same name.
func (o option) env() string {
	return "PARLOR_" + strings.ToUpper(strings.ReplaceAll(o.name, "-", "_"))
}

const (
	second = time.Second
	minute = time.Minute
	hour   = time.Hour
	day    = 24 * hour

	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// sections are all options, bound to the fields of l.config, in the order in which they are explained.
func (l *loader) sections() []section {
	c, m := &l.config, &l.config.Limits
	return []section{
		{"Server", []option{
			{"dev", "", "development mode: rooms open to everyone, no key needed; HTTP for this machine alone unless listen says otherwise", boolean{&c.Dev}},
			{"config", "FILE", "YAML file with any of these options, as `name: value`", text{&l.file}},
			{"listen", "ADDRESS", "TCP address of everything: page, HTTP, WebSocket, media where UDP does not get through (default :8080; with dev 127.0.0.1:8080)", address{&c.Listen}},
			{"udp", "ADDRESS", "UDP address of media (default: all addresses, the port of listen)", address{&c.UDP}},
			{"external-ip", "IP,…", "addresses to announce to browsers, for a server behind NAT", addresses(&c.ExternalIPs)},
			{"tls-cert", "FILE", "certificate chain in PEM; with tls-key the server speaks HTTPS", text{&c.TLSCert}},
			{"tls-key", "FILE", "private key in PEM", text{&c.TLSKey}},
			{"acme-domains", "NAME,…", "names that the server fetches certificates for by itself, from Let's Encrypt unless acme-directory says otherwise, which must reach it at TCP port 443 of them", domains(&c.ACME.Domains)},
			{"acme-email", "ADDRESS", "where the authority may write to", text{&c.ACME.Email}},
			{"acme-directory", "URL", "another authority (ACME, RFC 8555)", webAddress{&c.ACME.Directory}},
			{"acme-cache", "FOLDER", "where fetched certificates and the account are kept (default: acme in data-dir)", text{&c.ACME.Cache}},
			{"trusted-proxies", "NETWORK,…", "proxies in front of this server, whose X-Forwarded-For says where clients are", prefixes(&c.TrustedProxies)},
			{"proxy-protocol", "", "trusted-proxies pass TCP through and say where clients are by the PROXY protocol, version 1 or 2", boolean{&c.ProxyProtocol}},
			{"turn", "", "be a TURN server, for this server's own media alone, on the same ports: for networks that let nothing through but TLS", boolean{&c.TURN.Own}},
			{"turn-mesh", "", "its clients may also reach each other by it, for pages that connect directly; nobody else, ever", boolean{&c.TURN.Mesh}},
			{"turn-host", "HOST[:PORT]", "where browsers reach the TCP port for it (default: where the page is)", hostPort{&c.TURN.Host}},
			{"turn-servers", "URL,…", "other TURN servers that browsers may use (turn:turn.example.org:3478?transport=udp), which know turn-secret (coturn: use-auth-secret)", turnURLs(&c.TURN.Servers)},
			{"turn-secret", "SECRET", "what turn-servers make credentials of (coturn: static-auth-secret)", secretText{&c.TURN.Secret}},
			{"keys", "NAME:SECRET,…", "API keys that sign tokens, secrets of 32 bytes or more; in YAML a map. Flags are seen by every user of the machine: prefer the variable or the file", keys{&c.Keys}},
			{"allowed-origins", "ORIGIN,…", "web pages elsewhere that may use this server (https://example.org)", origins(&c.AllowedOrigins)},
			{"embed-origins", "ORIGIN,…", "web pages elsewhere that may show a room inside of them (parlor-room, or an iframe of /embed/ROOM)", origins(&c.EmbedOrigins)},
			{"data-dir", "FOLDER", "where messages, state and sessions are kept, so that they survive a restart and a crash; unset: in memory only", text{&c.DataDir}},
			{"admin", "ADDRESS", "address of metrics, pprof and probes, or off (default 127.0.0.1:9090; with dev off)", admin{address{&c.Admin}, &l.adminSet}},
			{"log-level", "LEVEL", "trace, debug, info, warn or error", level{&c.LogLevel}},
			{"log-format", "FORMAT", "json, console, or auto: console on a terminal", choice{&c.LogFormat, []string{"auto", "console", "json"}}},
		}},
		{"Doors for other clients", []option{
			{"peerjs", "MODE", "clients of PeerJS: off; open, an id is whose who comes with it first; tokens, it is whose who has a token for the room peerjs with it as identity; auto, with dev open, else tokens", choice{&c.PeerJS.Mode, []string{"auto", "off", "open", "tokens"}}},
			{"peerjs-key", "KEY", "their option key", text{&c.PeerJS.Key}},
			{"peerjs-clients", "N", "how many of them there may be", number{&c.PeerJS.Clients, 1, 1e6}},
			{"peerjs-discovery", "", "each of them may see the ids of all (listAllPeers)", boolean{&c.PeerJS.Discovery}},
		}},
		{"Messages of one participant", []option{
			{"message-bytes", "SIZE", "largest message", size{&m.MessageBytes, kib, 16 * mib}},
			{"message-rate", "N", "messages per second; a faster sender is slowed down, nothing is dropped", number{&m.MessageRate, 1, 1e6}},
			{"message-burst", "N", "messages that may come at once", number{&m.MessageBurst, 1, 1e6}},
			{"byte-rate", "SIZE", "bytes of messages per second", size{&m.ByteRate, kib, gib}},
			{"byte-burst", "SIZE", "bytes of messages that may come at once", size{&m.ByteBurst, kib, gib}},
			{"signal-rate", "N", "signalling requests per second", number{&m.SignalRate, 1, 1e6}},
			{"signal-burst", "N", "signalling requests that may come at once", number{&m.SignalBurst, 1, 1e6}},
			{"offer-rate", "N", "SDP offers per second", number{&m.OfferRate, 1, 1000}},
			{"offer-burst", "N", "SDP offers that may come at once", number{&m.OfferBurst, 1, 1000}},
		}},
		{"Media of one participant", []option{
			{"sdp-bytes", "SIZE", "largest SDP offer", size{&m.SDPBytes, kib, mib}},
			{"media-lines", "N", "m-lines of an offer: each costs the server milliseconds", number{&m.MediaLines, 1, 256}},
			{"tracks", "N", "published tracks", number{&m.Tracks, 1, 64}},
			{"ssrcs", "N", "RTP streams it may send", number{&m.SSRCs, 1, 4096}},
			{"data-channels", "N", "data channels, the two of the protocol among them", number{&m.DataChannels, 2, 64}},
			{"ice-timeout", "TIME", "how long a PeerConnection may look for a path", duration{&m.ICETimeout, second, hour}},
			{"dtls-timeout", "TIME", "how long a DTLS handshake may take", duration{&m.DTLSTimeout, second, hour}},
		}},
		{"Names", []option{
			{"name-bytes", "SIZE", "longest name of a participant", size{&m.NameBytes, 1, kib}},
			{"identity-bytes", "SIZE", "longest identity of a participant", size{&m.IdentityBytes, 1, kib}},
			{"room-bytes", "SIZE", "longest name of a room", size{&m.RoomBytes, 1, kib}},
			{"metadata-bytes", "SIZE", "longest metadata of a participant", size{&m.MetadataBytes, 0, 64 * kib}},
		}},
		{"Rooms", []option{
			{"rooms", "N", "rooms on this server", number{&m.Rooms, 1, 1e6}},
			{"room-size", "N", "participants of a room; as many again, or 16, may be expected back", number{&m.RoomSize, 1, 1e5}},
			{"first-is-host", "", "whoever enters a room in which nobody may administer it is its host, and may (default: with dev)", heardOf{boolean{&c.FirstIsHost}, &l.hostSet}},
			{"lobby", "", "newcomers wait until somebody who may administer the room lets them in; such a person can change that for a room", boolean{&c.Lobby}},
			{"room-waiting", "N", "people who wait to be let into a room", number{&m.RoomWaiting, 1, 1000}},
			{"room-empty-timeout", "TIME", "how long an empty room is kept", duration{&m.RoomEmptyTimeout, second, 7 * day}},
			{"log-entries", "N", "messages and events a room remembers", number{&m.LogEntries, 100, 1e7}},
			{"log-bytes", "SIZE", "bytes of them", size{&m.LogBytes, mib, gib}},
			{"log-age", "TIME", "how long it remembers them", duration{&m.LogAge, second, 30 * day}},
			{"log-total", "SIZE", "bytes of the logs of all rooms together", size{&m.LogTotal, mib, 1024 * gib}},
			{"history", "TYPE,…", "types of messages that are kept for newcomers", words{&c.History}},
			{"history-count", "N", "messages of each of these types", number{&m.HistoryCount, 1, 10_000}},
			{"history-age", "TIME", "how long they are kept", duration{&m.HistoryAge, second, 365 * day}},
			{"state-rules", "PREFIX=RULE,…", "merge rules of the state's keys by prefix: lww, version, cas, owner or ttl; in YAML a map", rules{&c.StateRules}},
			{"data-bytes", "SIZE", "most that data-dir may take, files apart", size{&m.DataBytes, mib, 1024 * gib}},
			{"data-age", "TIME", "how long data-dir keeps a room that nobody enters", duration{&m.DataAge, minute, 3650 * day}},
			{"data-sync", "TIME", "what a power failure may cost: data-dir is synced this often; 0: before each acknowledgement. A crash of the server alone costs nothing", duration{&m.DataSync, 0, minute}},
			{"lost-after", "TIME", "silence after which a participant counts as gone", duration{&m.LostAfter, second, hour}},
			{"resume-window", "TIME", "how long it can come back to its place", duration{&m.ResumeWindow, 0, day}},
		}},
		{"Files", []option{
			{"file-bytes", "SIZE", "largest file that is taken, of a chat or a board; 0: none is", size{&m.FileBytes, 0, gib}},
			{"file-room-bytes", "SIZE", "bytes of the files of one room; a small one counts 16 KiB", size{&m.FileRoomBytes, mib, 1024 * gib}},
			{"file-memory", "SIZE", "bytes of the files of all rooms together where there is no data-dir: they are in memory then", size{&m.FileMemory, mib, 64 * gib}},
			{"file-disk-bytes", "SIZE", "bytes of the files of all rooms together in data-dir, beside data-bytes", size{&m.FileDiskBytes, mib, 1024 * gib}},
			{"file-rate", "N", "files a participant may put into its room per minute", number{&m.FileRate, 1, 10_000}},
			{"file-age", "TIME", "how long a file is kept that nobody asks for; it goes with its room in any case", duration{&m.FileAge, minute, 3650 * day}},
		}},
		{"Connections", []option{
			{"connections", "N", "WebSockets and requests of sessions in all, and twice as many connections for media over TCP; there may be twice as many sessions, since some wait for their clients to come back", number{&m.Connections, 1, 1e6}},
			{"connections-per-ip", "N", "connections from one address, and twice as many sessions and connections for media over TCP; a school class behind one NAT is one address", number{&m.ConnectionsPerIP, 1, 1e6}},
			{"undecided", "N", "connections that have not said yet what they speak; of more the oldest is closed", number{&m.Undecided, 16, 1e6}},
			{"http-waiting", "N", "HTTP connections that wait for a request; of more the oldest is closed", number{&m.HTTPWaiting, 16, 1e6}},
			{"first-bytes-timeout", "TIME", "how long a connection may take to say it, TLS handshake and all", duration{&m.FirstBytesTimeout, 100 * time.Millisecond, minute}},
			{"turn-allocations", "N", "TURN allocations in all; from one address as many as connections", number{&m.TURNAllocations, 1, 1e6}},
			{"turn-allocations-per-participant", "N", "TURN allocations of one participant", number{&m.TURNPerParticipant, 1, 1000}},
			{"turn-byte-rate", "SIZE", "bytes per second of one TURN allocation, each way", size{&m.TURNByteRate, 16 * kib, gib}},
			{"turn-ttl", "TIME", "how long credentials for TURN are good to begin with", duration{&c.TURN.TTL, minute, day}},
			{"header-bytes", "SIZE", "largest HTTP header", size{&m.HeaderBytes, kib, mib}},
			{"header-timeout", "TIME", "how long an HTTP header may take", duration{&m.HeaderTimeout, 100 * time.Millisecond, hour}},
			{"idle-timeout", "TIME", "how long an unused HTTP connection is kept", duration{&m.IdleTimeout, second, hour}},
			{"upgrade-timeout", "TIME", "how long a WebSocket upgrade may take", duration{&m.UpgradeTimeout, 100 * time.Millisecond, hour}},
			{"first-message-timeout", "TIME", "how long a WebSocket may be silent before it says who it is", duration{&m.FirstMessageTimeout, 100 * time.Millisecond, hour}},
		}},
	}
}

// setDefaults fills in what stands when nobody says anything. Where a limit comes from is written in docs/decisions.
func (l *loader) setDefaults() {
	l.config = Config{
		History:   []string{"chat"},
		TURN:      TURN{Own: true, TTL: hour},
		PeerJS:    PeerJS{Mode: "auto", Key: "peerjs", Clients: 5000},
		LogFormat: "auto",
		LogLevel:  zerolog.InfoLevel,
		Limits: Limits{
			MessageBytes: mib, MessageRate: 200, MessageBurst: 400, ByteRate: 256 * kib, ByteBurst: mib,
			SignalRate: 10, SignalBurst: 40, OfferRate: 2, OfferBurst: 5,
			SDPBytes: 384 * kib, MediaLines: 64, Tracks: 8, SSRCs: 64, DataChannels: 4,
			ICETimeout: 15 * second, DTLSTimeout: 20 * second,
			NameBytes: 64, IdentityBytes: 128, RoomBytes: 128, MetadataBytes: 16 * kib,
			Rooms: 1000, RoomSize: 100, RoomWaiting: 50, RoomEmptyTimeout: 10 * minute,
			LogEntries: 250_000, LogBytes: 64 * mib, LogAge: 10 * minute, LogTotal: gib,
			HistoryCount: 100, HistoryAge: day,
			DataBytes: 16 * gib, DataAge: 30 * day, DataSync: 20 * time.Millisecond,
			FileBytes: 10 * mib, FileRoomBytes: 128 * mib, FileMemory: 256 * mib, FileDiskBytes: 4 * gib, FileRate: 30, FileAge: 30 * day,
			LostAfter: 12 * second, ResumeWindow: 2 * minute,
			Connections: 4096, ConnectionsPerIP: 200, Undecided: 1024, HTTPWaiting: 2048, FirstBytesTimeout: 5 * second,
			TURNAllocations: 2400, TURNPerParticipant: 12, TURNByteRate: 2 * mib,
			HeaderBytes: 16 * kib, HeaderTimeout: 5 * second, IdleTimeout: 75 * second,
			UpgradeTimeout: 10 * second, FirstMessageTimeout: 5 * second,
		},
	}
}
