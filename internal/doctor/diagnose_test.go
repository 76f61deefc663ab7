package doctor

import (
	"errors"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var (
	now  = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	fine = Try{Outcome: Works, Took: 12 * time.Millisecond}
	dead = Try{Outcome: Silent, Reason: "no answer within 4s"}
	told = Exchange{Try: fine, Status: 200, Parlor: true}
)

// healthy are the facts of a server in the internet that wants for nothing.
func healthy() *Facts {
	at := netip.MustParseAddrPort("203.0.113.7:443")
	return &Facts{
		URL: "https://call.example.org", Host: "call.example.org", Port: 443, Secure: true, At: now,
		Doors: []Door{{at.Addr(), fine}}, Health: told, Clock: Clock{true, time.Second},
		Certificate: Certificate{
			Shown: true, Names: []string{"call.example.org"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(60 * 24 * time.Hour),
			Named: true, Trusted: true,
		},
		Origin:    Origin{told, "https://call.example.org", true},
		WebSocket: told, Stream: Stream{told, time.Second}, Post: told, Join: Join{Exchange: told},
		Ways: []Way{{"udp", at, true, false, fine}, {"tcp", at, true, false, fine}},
		Relays: []Relay{
			{"turns:call.example.org:443?transport=tcp", "tls", true, RelayWorks, time.Millisecond, ""},
			{"turn:203.0.113.7:443?transport=udp", "udp", true, RelayWorks, time.Millisecond, ""},
			{"turn:turn.example.org:3478?transport=udp", "udp", false, RelayWorks, time.Millisecond, ""},
		},
	}
}

func blocked(status int, code string) Exchange {
	return Exchange{Try: Try{Outcome: Broken}, Status: status, Code: code, Parlor: code != ""}
}

// announce moves all media to an address.
func (f *Facts) announce(at string, t Try) {
	for i := range f.Ways {
		f.Ways[i].At, f.Ways[i].Try = netip.MustParseAddrPort(at), t
	}
}

// Of each fault: what is found, the likeliest first, and with a + what is only to be known.
func TestDiagnose(t *testing.T) {
	seen := map[string]bool{}
	for _, tt := range []struct {
		name, want string
		plant      func(f *Facts)
	}{
		{"nothing", "", func(*Facts) {}},
		{"no such name", "unknown_host", func(f *Facts) { f.Lookup, f.Doors = errors.New("no such host"), nil }},
		{"a firewall drops everything", "unreachable", func(f *Facts) { f.Doors[0].Try = dead }},
		{"nobody listens", "not_running", func(f *Facts) { f.Doors[0].Try = Try{Outcome: Refused} }},
		{"nobody listens since another has UDP", "port_taken", func(f *Facts) {
			f.Doors[0].Try, f.Local, f.Taken = Try{Outcome: Refused}, true, []string{"udp :443"}
		}},
		{"nobody may listen", "port_forbidden", func(f *Facts) {
			f.Doors[0].Try, f.Local, f.Forbidden = Try{Outcome: Refused}, true, []string{"tcp :443"}
		}},
		{"another program here", "port_taken", func(f *Facts) { f.stranger404(); f.Local, f.Taken = true, []string{"tcp :443"} }},
		{"another program there", "not_parlor", (*Facts).stranger404},
		{"IPv6 of the name", "ipv6_half", func(f *Facts) { f.Doors = append(f.Doors, Door{netip.MustParseAddr("2001:db8::7"), dead}) }},
		{"no IPv6 here", "", func(f *Facts) {
			f.Doors = append(f.Doors, Door{netip.MustParseAddr("2001:db8::7"), Try{Outcome: NoRoute}})
		}},
		{"one of two addresses", "address_dead", func(f *Facts) { f.Doors = append(f.Doors, Door{netip.MustParseAddr("203.0.113.8"), dead}) }},
		{"IPv6 of media", "ipv6_half", func(f *Facts) {
			f.Ways = append(f.Ways, Way{"udp", netip.MustParseAddrPort("[2001:db8::7]:443"), true, false, dead})
		}},
		{"a private IPv6 address of media", "", func(f *Facts) {
			f.Ways = append(f.Ways, Way{"udp", netip.MustParseAddrPort("[fd00::7]:443"), true, false, dead})
		}},
		{"http", "insecure", func(f *Facts) { f.Secure, f.Certificate = false, Certificate{} }},
		{"http to this machine", "", func(f *Facts) { f.Secure, f.Loopback, f.Certificate = false, true, Certificate{} }},
		{"no TLS there", "not_tls", func(f *Facts) { f.unasked(); f.Certificate = Certificate{NotTLS: true, Handshake: "not TLS"} }},
		{"TLS breaks off", "not_tls", func(f *Facts) { f.unasked(); f.Certificate = Certificate{Handshake: "internal error"} }},
		{"expired", "certificate_expired", func(f *Facts) { f.unasked(); f.Certificate.NotAfter = now.Add(-time.Hour) }},
		{"expired, of another name, of nobody", "certificate_expired", func(f *Facts) {
			f.unasked()
			f.Certificate.NotAfter, f.Certificate.Named, f.Certificate.Trusted = now.Add(-time.Hour), false, false
		}},
		{"not yet good", "certificate_early", func(f *Facts) { f.unasked(); f.Certificate.NotBefore = now.Add(time.Hour) }},
		{"of another name", "certificate_name", func(f *Facts) { f.unasked(); f.Certificate.Named, f.Certificate.Trusted = false, false }},
		{"self-signed", "certificate_untrusted", func(f *Facts) { f.unasked(); f.Certificate.Trusted = false }},
		{"clock", "clock", func(f *Facts) { f.Clock.Ahead = -31 * time.Second }},
		{"clock, and so the token", "clock", func(f *Facts) {
			f.Clock.Ahead = time.Hour
			f.Join = Join{Exchange: blocked(401, "token_expired"), Token: true}
		}},
		{"clock within what tokens allow", "", func(f *Facts) { f.Clock.Ahead = 29 * time.Second }},
		{"origin", "origin", func(f *Facts) { f.Origin = Origin{blocked(403, "origin"), "https://app.example.org", false} }},
		{"host not passed on", "host_header", func(f *Facts) { f.Origin.Exchange = blocked(403, "origin") }},
		{"upgrade stripped", "websocket_stripped", func(f *Facts) { f.WebSocket = blocked(400, "bad_message") }},
		{"no WebSockets", "websocket_blocked", func(f *Facts) { f.WebSocket = blocked(502, "") }},
		{"too many connections", "server_refuses", func(f *Facts) {
			f.WebSocket = blocked(503, "overloaded")
			f.Join = Join{Exchange: blocked(503, "overloaded")}
		}},
		{"a full room", "server_refuses", func(f *Facts) { f.Join = Join{Exchange: blocked(409, "room_full")} }},
		{"buffered", "stream_buffered", func(f *Facts) { f.Stream.Gap = 10 * time.Millisecond }},
		{"streams are ended", "stream_blocked", func(f *Facts) { f.Stream.Exchange = blocked(504, "") }},
		{"no POST", "post_blocked", func(f *Facts) { f.Post = blocked(405, "") }},
		{"neither POST nor WebSockets", "websocket_blocked post_blocked", func(f *Facts) {
			f.Post, f.WebSocket, f.Join = blocked(405, ""), blocked(502, ""), Join{Exchange: blocked(502, "")}
		}},
		{"no token", "token_missing", func(f *Facts) { f.Join = Join{Exchange: blocked(401, "unauthorized")} }},
		{"a wrong token", "token_refused", func(f *Facts) { f.Join = Join{Exchange: blocked(401, "unauthorized"), Token: true} }},
		{"announced is another address", "external_ip", func(f *Facts) {
			f.announce("198.51.100.9:443", dead)
			f.Ways = append(f.Ways, Way{"udp", netip.MustParseAddrPort("203.0.113.7:443"), false, false, fine})
			f.Relays[1].Stage = RelayUnreached
		}},
		{"announced is another address, and IPv6 is right", "external_ip", func(f *Facts) {
			f.announce("198.51.100.9:443", dead)
			f.Ways = append(f.Ways, Way{"udp", netip.MustParseAddrPort("203.0.113.7:443"), false, false, fine},
				Way{"udp", netip.MustParseAddrPort("[2001:db8::7]:443"), true, false, fine})
			f.Relays[1].Stage = RelayUnreached
		}},
		{"announced is a private address", "external_ip", func(f *Facts) { f.announce("10.0.0.4:8443", dead) }},
		{"not seen from inside", "+external_unseen", func(f *Facts) {
			f.Local = true
			f.announce("198.51.100.9:443", dead)
			f.Ways = append(f.Ways, Way{"udp", netip.MustParseAddrPort("127.0.0.1:443"), false, false, fine})
		}},
		{"seen from inside only", "+private_only", func(f *Facts) { f.Local, f.Public = true, true; f.announce("10.0.0.4:8443", fine) }},
		{"meant for this machine", "", func(f *Facts) { f.Local = true; f.announce("127.0.0.1:8443", fine) }},
		{"UDP", "udp_closed", func(f *Facts) { f.Ways[0].Try = dead; f.Relays[1].Stage = RelayUnreached }},
		{"TCP", "tcp_closed", func(f *Facts) { f.Ways[1].Try = dead; f.Relays[0].Stage = RelayUnreached }},
		{"UDP and TCP", "udp_closed tcp_closed", func(f *Facts) { f.Ways[0].Try, f.Ways[1].Try = dead, dead }},
		{"no UDP from here", "", func(f *Facts) { f.Ways[0].Outcome = NoRoute }},
		{"own TURN", "turn_closed", func(f *Facts) { f.Relays[0].Stage = RelayUnreached }},
		{"another TURN", "turn_closed", func(f *Facts) { f.Relays[2].Stage = RelayUnreached }},
		{"another TURN, by another name", "turn_certificate", func(f *Facts) { f.Relays[2].Stage = RelayUntrusted }},
		{"another TURN, another secret", "turn_secret", func(f *Facts) { f.Relays[2].Stage = RelayRefused }},
		{"own TURN is another's", "turn_secret", func(f *Facts) { f.Relays[0].Stage = RelayRefused }},
		{"another TURN, full", "turn_full", func(f *Facts) { f.Relays[2].Stage = RelayFull }},
		{"another TURN does not get here", "turn_denied", func(f *Facts) { f.Relays[2].Stage = RelayDenied }},
		{"own TURN does not get here", "turn_denied", func(f *Facts) { f.Relays[0].Stage = RelayDenied }},
		{"no TURN", "+turn_off", func(f *Facts) { f.Relays = nil }},
		{"Chromium by TURN", "+chromium_port", func(f *Facts) { f.announce("10.0.0.4:443", fine) }},
		{"Chromium not at all", "chromium_port +turn_off", func(f *Facts) { f.announce("10.0.0.4:443", fine); f.Relays = nil }},
		{"Chromium by another address", "", func(f *Facts) {
			f.Ways = append(f.Ways, Way{"udp", netip.MustParseAddrPort("10.0.0.4:443"), true, false, fine})
		}},
	} {
		f := healthy()
		tt.plant(f)
		r := Diagnose(f)
		var got []string
		grave := false
		for _, found := range r.Findings {
			seen[found.Code] = true
			if found.Cause == "" || found.Remedy == "" || strings.Contains(found.Cause, "%!") {
				t.Errorf("%s: %+v", tt.name, found)
			}
			code := found.Code
			if found.Note {
				code = "+" + code
			}
			grave = grave || !found.Note
			got = append(got, code)
		}
		if strings.Join(got, " ") != tt.want || r.OK == grave {
			t.Errorf("%s: found %q, want %q; %+v", tt.name, strings.Join(got, " "), tt.want, r)
		}
		if n := len(r.Checks); n < 10 {
			t.Errorf("%s: only %d checks", tt.name, n)
		}
		var text strings.Builder
		r.Write(&text)
		for line := range strings.Lines(text.String()) {
			if n := utf8.RuneCountInString(line); n > lineWidth+1 && !strings.HasPrefix(line, "        ") {
				t.Errorf("%s: a line of %d: %s", tt.name, n, line)
			}
		}
	}
	if missed := slices.DeleteFunc(Codes(), func(c string) bool { return seen[c] }); len(missed) > 0 {
		t.Errorf("never found: %v", missed)
	}
	for code := range maps.Keys(seen) {
		if !slices.Contains(Codes(), code) {
			t.Errorf("%s is not in the list", code)
		}
	}
}

// stranger404 is another program with a web page.
func (f *Facts) stranger404() {
	other := Exchange{Try: fine, Status: 404}
	f.Health, f.WebSocket, f.Post, f.Stream.Exchange, f.Origin.Exchange = other, other, other, other, other
}

// unasked is what is left where nobody went past the certificate.
func (f *Facts) unasked() {
	f.Health, f.WebSocket, f.Post, f.Stream, f.Origin, f.Join, f.Clock = Exchange{}, Exchange{}, Exchange{}, Stream{}, Origin{}, Join{}, Clock{}
	f.Ways, f.Relays = nil, nil
}

// docs/doctor.md explains every code.
func TestPageExplainsEachCode(t *testing.T) {
	page, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range Codes() {
		if !strings.Contains(string(page), "\n| `"+code+"` |") {
			t.Errorf("docs/doctor.md does not explain %s", code)
		}
	}
}
