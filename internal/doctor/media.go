package doctor

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// media is what needs a participant: the ways of sound, pictures and data channels.
func (r *Report) media(f *Facts) {
	if !f.Join.OK() {
		r.skip(r.notIn(f), checkExternal, checkUDP, checkTCP, relayCheck("udp"), relayCheck("tls"))
		return
	}
	known := r.external(f)
	r.way(f, checkUDP, "udp", known)
	r.way(f, checkTCP, "tcp", known)
	r.ipv6(f)
	r.relays(f)
	r.chromium(f)
}

// notIn says why nobody joined.
func (r *Report) notIn(f *Facts) string {
	j := &f.Join
	switch j.Code {
	case "":
		return "nothing lets a participant in" // what is in the way was found already
	case "unauthorized", "token_expired", "not_allowed":
		switch {
		case !j.Token:
			r.find(Finding{
				Code: "token_missing", Cause: "The server lets nobody in without a token, so the ways of sound and pictures could not be tried.",
				Remedy: "Say which key to make one with (--key NAME --secret SECRET, or PARLOR_KEYS as the server has it), or show one (--token).",
			})
		case !r.Has("clock"):
			r.find(Finding{
				Code: "token_refused", Cause: fmt.Sprintf("The server does not take the token (%s).", cmp.Or(j.Message, j.Code)),
				Remedy: "Make it with a key that the server has, for the room, and not yet over; a server that was given new keys must be started again.",
				Line:   "keys:\n  NAME: SECRET",
			})
		}
		return "the server wants a token"
	}
	if !r.Has("server_refuses") {
		r.find(refuses(j.Code, j.Message))
	}
	return "the server lets nobody in (" + j.Code + ")"
}

// external says whether the addresses that the server announces are its own; false: they are not, which explains the rest.
func (r *Report) external(f *Facts) bool {
	var announced, answers []netip.Addr
	for _, w := range f.Ways {
		if !w.Announced || w.Hidden {
			continue
		}
		announced = include(announced, w.At.Addr())
		if w.OK() {
			answers = include(answers, w.At.Addr())
		}
	}
	elsewhere := f.elsewhere(answers)
	if len(answers) > 0 && !elsewhere.IsValid() {
		r.check(checkExternal, Well, listed(answers))
		r.private(f, announced)
		return true
	}
	if len(answers) > 0 { // those of the other family are good
		announced = slices.DeleteFunc(announced, func(ip netip.Addr) bool { return ip.Is4() != elsewhere.Is4() })
	}
	private := len(announced) > 0 && !slices.ContainsFunc(announced, func(ip netip.Addr) bool { return !inward(ip) })
	if !elsewhere.IsValid() && private {
		elsewhere = f.outside()
	}
	switch {
	case len(announced) == 0:
		r.check(checkExternal, Skipped, "the server announces none")
		return true
	case !elsewhere.IsValid():
		r.check(checkExternal, Skipped, listed(announced)+": nothing answers there, nor elsewhere")
		return true
	case f.Local:
		r.check(checkExternal, Skipped, listed(announced)+" is not seen from inside")
		r.find(Finding{
			Code: "external_unseen", Cause: fmt.Sprintf("From this machine the announced address (%s) does not answer; many routers do not lead back inside.", listed(announced)),
			Remedy: "Ask from another network: parlor doctor " + f.URL, Note: true,
		})
		return false
	}
	r.check(checkExternal, Ill, fmt.Sprintf("announced is %s, reached is %s", listed(announced), elsewhere))
	r.find(Finding{
		Code:   "external_ip",
		Cause:  fmt.Sprintf("The server tells browsers to send media to %s, where nobody answers; it is reached at %s.", listed(announced), elsewhere),
		Remedy: "Say which address the world knows.", Line: "external-ip: " + elsewhere.String(),
	})
	return false
}

// elsewhere is an address of the host at which media is had, though it is not announced, where of its family none that is
// announced answers.
func (f *Facts) elsewhere(answers []netip.Addr) netip.Addr {
	for _, w := range f.Ways {
		four := w.At.Addr().Is4()
		if !w.Announced && w.OK() && f.announces(four) && !slices.ContainsFunc(answers, func(ip netip.Addr) bool { return ip.Is4() == four }) {
			return w.At.Addr()
		}
	}
	return netip.Addr{}
}

// announces says whether there are addresses of a family.
func (f *Facts) announces(four bool) bool {
	return slices.ContainsFunc(f.Ways, func(w Way) bool { return w.Announced && !w.Hidden && w.At.Addr().Is4() == four })
}

// outside is a public address at which the page is had: it need not be that of the media, but is the best guess.
func (f *Facts) outside() netip.Addr {
	for _, d := range f.Doors {
		if d.OK() && !inward(d.Addr) {
			return d.Addr
		}
	}
	return netip.Addr{}
}

// inward says whether the world cannot know an address.
func inward(ip netip.Addr) bool { return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() }

// private says of a server that is asked from within that the world does not know it.
func (r *Report) private(f *Facts, announced []netip.Addr) {
	if f.Local && f.Public && !slices.ContainsFunc(announced, func(ip netip.Addr) bool { return !inward(ip) }) {
		r.find(Finding{
			Code: "private_only", Cause: fmt.Sprintf("Only private addresses are announced (%s): who comes from the internet gets no sound and pictures.", listed(announced)),
			Remedy: "If people come from there, say which address the world knows.", Line: "external-ip: ADDRESS", Note: true,
		})
	}
}

// way is UDP or TCP.
func (r *Report) way(f *Facts, name, protocol string, known bool) {
	var tried, out []Way
	for _, w := range f.Ways {
		switch {
		case w.Protocol != protocol || !w.Announced || w.Hidden:
		case w.Outcome == NoRoute:
			out = append(out, w)
		case w.Outcome != Untried:
			tried = append(tried, w)
		}
	}
	switch {
	case len(tried) > 0:
	case len(out) > 0:
		r.check(name, Skipped, fmt.Sprintf("%s: %s", out[0].At, out[0].words()))
		return
	default:
		r.check(name, Skipped, "the server announces none")
		return
	}
	for _, w := range tried {
		if w.OK() {
			r.check(name, Well, fmt.Sprintf("%s, %s", w.At, took(w.Took)))
			return
		}
	}
	first := tried[0]
	if !known && f.Local {
		r.check(name, Skipped, fmt.Sprintf("%s: %s", first.At, first.words()))
		return
	}
	r.check(name, Ill, fmt.Sprintf("%s: %s", first.At, first.words()))
	if !known {
		return
	}
	port := first.At.Port()
	if protocol == "udp" {
		r.find(Finding{
			Code: "udp_closed", Cause: fmt.Sprintf("No UDP comes back from %s (%s): a firewall at the server, at its provider or in this network drops it. Media takes slower ways.", first.At, first.words()),
			Remedy: fmt.Sprintf("Let UDP %d in at the server; in a container, publish %d/udp. If it works from another network, it is this one.", port, port),
			Line:   fmt.Sprintf("udp: :%d", port),
		})
		return
	}
	r.find(Finding{
		Code: "tcp_closed", Cause: fmt.Sprintf("Media does not get through by TCP to %s (%s): networks without UDP have no sound and pictures.", first.At, first.words()),
		Remedy: fmt.Sprintf("Let TCP %d in at the server, past any proxy that speaks HTTP.", port), Line: fmt.Sprintf("listen: :%d", port),
	})
}

// ipv6 is whether IPv6 works where IPv4 does.
func (r *Report) ipv6(f *Facts) {
	if r.Has("ipv6_half") {
		return
	}
	var four bool
	var dead []Way
	for _, w := range f.Ways {
		switch ip := w.At.Addr(); {
		case !w.Announced || w.Hidden:
		case ip.Is4():
			four = four || w.OK()
		case inward(ip):
		case w.OK():
			return
		case w.failed():
			dead = append(dead, w)
		}
	}
	if four && len(dead) > 0 {
		r.find(Finding{
			Code: "ipv6_half", Cause: fmt.Sprintf("The server announces %s for media, where nobody answers (%s), while IPv4 works: browsers lose time on it.", dead[0].At, dead[0].words()),
			Remedy: fmt.Sprintf("Let the firewall pass IPv6 to port %d, or announce IPv4 alone.", dead[0].At.Port()), Line: "external-ip: " + f.four(),
		})
	}
}

func (f *Facts) four() string {
	for _, w := range f.Ways {
		if w.Announced && w.At.Addr().Is4() && w.OK() {
			return w.At.Addr().String()
		}
	}
	return "ADDRESS"
}

// chromium is about ports that it does not take at private addresses.
func (r *Report) chromium(f *Facts) {
	var at netip.AddrPort
	for _, w := range f.Ways {
		if !w.Announced || w.Hidden {
			continue
		}
		if !w.At.Addr().IsPrivate() || w.At.Port() >= 1024 {
			return
		}
		at = w.At
	}
	if !at.IsValid() {
		return
	}
	finding := Finding{
		Code:   "chromium_port",
		Cause:  fmt.Sprintf("Chromium takes no media address like %s, a port below 1024 of a private address, by UDP or TCP: TURN over TLS must carry it there.", at),
		Remedy: "Take a port of 1024 or more for media.", Line: "udp: :8443",
		Note: slices.ContainsFunc(f.Relays, func(l Relay) bool { return l.Stage == RelayWorks && l.Transport != "udp" }),
	}
	if finding.Note {
		finding.Cause = strings.TrimSuffix(finding.Cause, " must carry it there.") + " carries it there, and does."
		finding.Remedy = "Nothing need be done; a port of 1024 or more for media would be quicker."
	}
	r.find(finding)
}
