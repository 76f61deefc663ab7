// Package doctor says what is wrong on the ways to a Parlor, by what was measured of them: facts go in, a report comes
// out. It is pure: it has no sockets and no clock, and it knows no server. Who measures is internal/doctor/probe; the
// page at /doctor measures what a browser can, and has the same codes (web/app/src/doctor).
package doctor

import (
	"net/netip"
	"time"
)

// Outcome is how an attempt ended.
type Outcome uint8

const (
	Untried Outcome = iota // there was no need, or no way to try
	Works
	Silent  // no answer came in time
	Refused // the other machine said that nobody listens there
	NoRoute // this machine has no way there, as to an IPv6 address without IPv6
	Broken  // what came was not an answer, or the connection was cut
)

// Try is one attempt.
type Try struct {
	Outcome Outcome
	Took    time.Duration
	Reason  string // in the words of who failed
}

// OK says whether it worked.
func (t Try) OK() bool { return t.Outcome == Works }

// failed says whether it was tried and did not work, for reasons that are not this machine's.
func (t Try) failed() bool { return t.Outcome != Works && t.Outcome != Untried && t.Outcome != NoRoute }

// Facts are all that was measured of one server.
type Facts struct {
	URL      string
	Host     string // of URL
	Port     uint16
	Secure   bool // URL is https
	Loopback bool // Host is this machine
	// Local says that this is the server of this machine, found by its configuration, and not by a name as others do.
	Local  bool
	Public bool      // Local, and meant for other machines than this
	At     time.Time // of the measurement

	Lookup    error    // of Host
	Doors     []Door   // each address of Host
	Taken     []string // addresses of the configuration that another program has
	Forbidden []string // and those that this user may not have

	Certificate Certificate
	Health      Exchange // GET /healthz
	Clock       Clock
	Origin      Origin
	WebSocket   Exchange
	Stream      Stream
	Post        Exchange
	Join        Join
	Ways        []Way
	Relays      []Relay
}

// Door is the TCP port at one address of the host.
type Door struct {
	Addr netip.Addr
	Try
}

// Certificate is what the server showed, each of its faults apart.
type Certificate struct {
	Shown     bool
	Handshake string // why there was none
	NotTLS    bool   // something else is spoken there
	Names     []string
	NotBefore time.Time
	NotAfter  time.Time
	Named     bool // Host is among Names
	Trusted   bool // an authority that this machine knows vouches for it, its times aside
}

// Clock is the server's beside ours.
type Clock struct {
	Known bool
	Ahead time.Duration // the server's minus ours
}

// Exchange is a request and what came back.
type Exchange struct {
	Try
	Status int
	Code   string // of problem details
	Parlor bool   // only a Parlor says what came back
}

// Origin is what the server says of pages that came from there.
type Origin struct {
	Exchange
	Asked string
	Own   bool // it is that of URL
}

// Stream is the probe for buffering: two events, the second a second after the first.
type Stream struct {
	Exchange
	Gap time.Duration // between the two as they came
}

// Join is what became of joining.
type Join struct {
	Exchange
	Token   bool // one was shown
	Message string
}

// Way is an ICE check by UDP or TCP.
type Way struct {
	Protocol  string // udp or tcp
	At        netip.AddrPort
	Announced bool // the server said so; else it is an address of the host that it did not name
	Hidden    bool // a name that only the server's own TURN knows
	Try
}

// Stage is how far a relay got.
type Stage uint8

const (
	RelayUntried   Stage = iota
	RelayUnreached       // the TURN server does not answer
	RelayUntrusted       // its certificate is no good
	RelayRefused         // it does not take the credentials
	RelayFull            // it gives no allocation
	RelayDenied          // what it relays does not get to the media
	RelayWorks
)

// Relay is a TURN server by one of its URLs.
type Relay struct {
	URL       string
	Transport string // udp, tcp or tls
	Own       bool   // it is the Parlor itself
	Stage     Stage
	Took      time.Duration
	Reason    string
}
