package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// relayCheck is what a check of TURN is called.
func relayCheck(transport string) string { return "TURN/" + strings.ToUpper(transport) }

// relays are TURN servers, our own first.
func (r *Report) relays(f *Facts) {
	if len(f.Relays) == 0 {
		r.skip("the server names no TURN server", relayCheck("udp"), relayCheck("tls"))
		r.find(Finding{
			Code: "turn_off", Cause: "There is no TURN server: networks that let nothing but TLS through get no sound and pictures.",
			Remedy: "Switch Parlor's own on, or name another.", Line: "turn: true", Note: true,
		})
		return
	}
	for i := range f.Relays {
		r.relay(f, &f.Relays[i])
	}
	own := slices.ContainsFunc(f.Relays, func(l Relay) bool { return l.Own })
	if own && !slices.ContainsFunc(f.Relays, func(l Relay) bool { return l.Transport == "tls" }) {
		r.skip("the server speaks no TLS itself", relayCheck("tls"))
	}
}

func (r *Report) relay(f *Facts, l *Relay) {
	name := relayCheck(l.Transport)
	if l.Stage == RelayWorks {
		r.check(name, Well, fmt.Sprintf("%s, %s", l.URL, took(l.Took)))
		return
	}
	if l.Stage == RelayUntried {
		r.check(name, Skipped, fmt.Sprintf("%s: %s", l.URL, l.Reason))
		return
	}
	finding := l.finding(f)
	explained := r.explains(f, l)
	state := Ill
	if explained && f.Local && r.Has("external_unseen") {
		state = Skipped
	}
	r.check(name, state, fmt.Sprintf("%s: %s", l.URL, cmp.Or(l.Reason, stageWords(l.Stage))))
	if !explained && !r.Has(finding.Code) {
		r.find(finding)
	}
}

// explains says whether something that was found already is why a relay does not work.
func (r *Report) explains(f *Facts, l *Relay) bool {
	if r.Has("external_ip") || r.Has("external_unseen") {
		return l.Stage == RelayUnreached && l.Own || l.Stage == RelayDenied && !l.Own
	}
	switch l.Stage {
	case RelayUnreached:
		if r.Has("host_header") {
			return true // the server takes the name in it for its own
		}
		return l.Own && (l.Transport == "udp" && r.Has("udp_closed") || l.Transport == "tcp" && r.Has("tcp_closed") ||
			l.Transport == "tls" && r.Has("tcp_closed") && strings.HasSuffix(l.URL, fmt.Sprintf(":%d?transport=tcp", f.mediaPort())))
	case RelayDenied:
		return !l.Own && r.Has("udp_closed") // it may go the same way
	case RelayRefused:
		return r.Has("clock") && l.Own
	}
	return false
}

func (f *Facts) mediaPort() uint16 {
	for _, w := range f.Ways {
		if w.Announced && !w.Hidden && w.Protocol == "tcp" {
			return w.At.Port()
		}
	}
	return 0
}

func stageWords(s Stage) string {
	return map[Stage]string{
		RelayUnreached: "no answer", RelayUntrusted: "its certificate is no good", RelayRefused: "it does not take the credentials",
		RelayFull: "it gives no allocation", RelayDenied: "it does not get to the media",
	}[s]
}

// finding is why a relay does not work, taken by itself.
func (l *Relay) finding(f *Facts) Finding {
	switch l.Stage {
	case RelayUntrusted:
		return Finding{
			Code: "turn_certificate", Cause: fmt.Sprintf("The certificate of %s is no good (%s): browsers do not go on.", l.URL, l.Reason),
			Remedy: "Name the TURN server by a name that is in its certificate.", Line: l.line("turn-host: " + f.Host),
		}
	case RelayRefused:
		if l.Own {
			return Finding{
				Code: "turn_secret", Cause: fmt.Sprintf("%s does not take the credentials that this server makes: another Parlor is there.", l.URL),
				Remedy: "Name the TCP port of this very server.", Line: "turn-host: HOST:PORT",
			}
		}
		return Finding{
			Code: "turn_secret", Cause: fmt.Sprintf("%s does not take the credentials that Parlor makes (%s): the two have different secrets, or clocks.", l.URL, l.Reason),
			Remedy: "Give both the same: what coturn has as static-auth-secret (with use-auth-secret).", Line: "turn-secret: SECRET",
		}
	case RelayFull:
		return Finding{
			Code: "turn_full", Cause: fmt.Sprintf("%s gives no allocation (%s).", l.URL, l.Reason),
			Remedy: "Raise its limits.", Line: l.line("turn-allocations: N   turn-allocations-per-participant: N"),
		}
	case RelayDenied:
		finding := Finding{
			Code: "turn_denied", Cause: fmt.Sprintf("%s is there and lets us in, but what it relays does not get to the media.", l.URL),
			Remedy: "Let it send to Parlor's addresses: allowed-peer-ip in coturn, and the firewall between the two.", Line: l.line(""),
		}
		if l.Own {
			finding.Remedy = "Another Parlor is there: name the TCP port of this very server."
			finding.Line = "turn-host: HOST:PORT"
		}
		return finding
	}
	finding := Finding{
		Code: "turn_closed", Cause: fmt.Sprintf("%s does not answer (%s): networks that let only TLS through have no sound and pictures.", l.URL, cmp.Or(l.Reason, "no answer")),
		Remedy: "Start it and let its port in, or take it out of the list.", Line: l.line("turn-host: HOST:PORT"),
	}
	if l.Own {
		finding.Remedy = "Say where browsers reach Parlor's TCP port itself; a proxy that speaks HTTP does not carry TURN."
	}
	return finding
}

// line is where a TURN server is set.
func (l *Relay) line(own string) string {
	if l.Own {
		return own
	}
	return "turn-servers: " + l.URL
}
