package doctor

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Names of checks, in the order in which they are shown.
const (
	checkAddress     = "address"
	checkCertificate = "certificate"
	checkClock       = "clock"
	checkOrigin      = "origin"
	checkWebSocket   = "WebSocket"
	checkStream      = "SSE"
	checkPost        = "POST"
	checkExternal    = "external address"
	checkUDP         = "UDP"
	checkTCP         = "TCP"
)

// Diagnose says what works, and of what does not the likeliest cause. A cause that explains others is named alone.
func Diagnose(f *Facts) *Report {
	r := &Report{URL: f.URL, Checks: []Check{}, Findings: []Finding{}}
	reached := r.address(f)
	if reached && r.certificate(f) {
		r.doors(f)
		r.media(f)
	} else {
		why := "the server was not reached"
		if reached {
			why = "no browser goes past that certificate"
		} else {
			r.skip(why, checkCertificate)
		}
		r.skip(why, checkClock, checkOrigin, checkWebSocket, checkStream, checkPost, checkExternal, checkUDP, checkTCP,
			relayCheck("udp"), relayCheck("tls"))
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(weight(a), weight(b)) })
	r.OK = !slices.ContainsFunc(r.Findings, func(f Finding) bool { return !f.Note })
	return r
}

// weight puts what is to be mended before what is only to be known.
func weight(f Finding) int {
	if f.Note {
		return 1
	}
	return 0
}

// address says whether there is a Parlor at all.
func (r *Report) address(f *Facts) bool {
	if f.Lookup != nil {
		r.check(checkAddress, Ill, f.Lookup.Error())
		r.find(Finding{
			Code: "unknown_host", Cause: fmt.Sprintf("The name %s leads nowhere.", f.Host),
			Remedy: "Add an A or AAAA record for it where the domain is managed, or mind the spelling.",
		})
		return false
	}
	good, bad := split(f.Doors)
	switch {
	case len(good) == 0:
		r.check(checkAddress, Ill, doorWords(f.Doors))
		r.find(f.nobody())
		return false
	case !f.isParlor():
		r.check(checkAddress, Ill, doorWords(f.Doors)+": not a Parlor")
		r.find(f.stranger())
		return false
	}
	if len(bad) == 0 {
		r.check(checkAddress, Well, doorWords(f.Doors))
		return true
	}
	r.check(checkAddress, Ill, doorWords(f.Doors))
	r.find(f.half(good, bad[0]))
	return true
}

// half is about an address where nobody answers while somebody does at others.
func (f *Facts) half(good []Door, bad Door) Finding {
	finding := Finding{
		Code: "address_dead", Cause: fmt.Sprintf("%s leads to %s too, where nobody answers (%s): browsers that try it first wait.", f.Host, bad.Addr, bad.words()),
		Remedy: fmt.Sprintf("Take the record for %s away, or let Parlor be reached there.", bad.Addr), Line: fmt.Sprintf("listen: :%d", f.Port),
	}
	if bad.Addr.Is6() && slices.ContainsFunc(good, func(d Door) bool { return d.Addr.Is4() }) {
		finding.Code = "ipv6_half"
		finding.Cause = fmt.Sprintf("%s has an IPv6 address, %s, where nobody answers (%s), while IPv4 works: browsers try it first, and wait.", f.Host, bad.Addr, bad.words())
		finding.Remedy = fmt.Sprintf("Let Parlor listen on all addresses and the firewall pass IPv6 to port %d, or take the AAAA record away.", f.Port)
	}
	return finding
}

// isParlor says whether anything that came back was said by one.
func (f *Facts) isParlor() bool {
	if f.Health.Outcome == Untried {
		return true // nobody was asked: the certificate has the word
	}
	return f.WebSocket.Parlor || f.Stream.Parlor || f.Post.Parlor || f.Origin.Parlor
}

// nobody is why no address answers.
func (f *Facts) nobody() Finding {
	listen := fmt.Sprintf("listen: :%d", f.Port)
	switch {
	case len(f.Taken) > 0:
		return taken(f.Taken)
	case len(f.Forbidden) > 0:
		return Finding{
			Code: "port_forbidden", Cause: fmt.Sprintf("This user may not listen at %s, so Parlor cannot have started.", strings.Join(f.Forbidden, ", ")),
			Remedy: "Give the program the capability CAP_NET_BIND_SERVICE, or take a port of 1024 or more.", Line: "listen: :8443",
		}
	case slices.ContainsFunc(f.Doors, func(d Door) bool { return d.Outcome == Silent }) || len(f.Doors) == 0:
		return Finding{
			Code: "unreachable", Cause: fmt.Sprintf("Nothing comes back from TCP port %d of %s: a firewall drops it, or the name leads to another machine.", f.Port, f.Host),
			Remedy: fmt.Sprintf("Let TCP %d (and UDP %d) in, in the machine's firewall and in that of its provider.", f.Port, f.Port), Line: listen,
		}
	}
	return Finding{
		Code: "not_running", Cause: fmt.Sprintf("The machine is there, but nothing listens at TCP port %d of it.", f.Port),
		Remedy: "Start Parlor, or let it listen there; its last lines say why it ended. In a container the port must be published.", Line: listen,
	}
}

// stranger is who answers instead.
func (f *Facts) stranger() Finding {
	if f.Local {
		at := f.Taken
		if len(at) == 0 {
			at = []string{fmt.Sprintf("tcp port %d", f.Port)}
		}
		return taken(at)
	}
	return Finding{
		Code: "not_parlor", Cause: fmt.Sprintf("Something answers at port %d of %s, but not as a Parlor does%s.", f.Port, f.Host, f.Health.inBrackets()),
		Remedy: "Mind the port in the address. If a proxy stands there, have it pass everything to Parlor; if another program has the port, one of them must take another.",
		Line:   fmt.Sprintf("listen: :%d", f.Port),
	}
}

func taken(at []string) Finding {
	return Finding{
		Code: "port_taken", Cause: fmt.Sprintf("Another program has %s, so Parlor cannot start.", strings.Join(at, " and ")),
		Remedy: "End that program (ss -tulpn names it), or take another port.", Line: "listen: :8443",
	}
}

// certificate says whether a browser goes on.
func (r *Report) certificate(f *Facts) bool {
	c := &f.Certificate
	if !f.Secure {
		if f.Loopback || f.Local {
			r.check(checkCertificate, Skipped, "the address is http")
			return true
		}
		r.check(checkCertificate, Ill, "the address is http")
		r.find(Finding{
			Code: "insecure", Cause: "The page comes by http: browsers give cameras and microphones only to pages from https (and from this machine).",
			Remedy: "Give Parlor a certificate, let it fetch one, or put a proxy with one in front.", Line: f.certificateLine(),
		})
		return true
	}
	left := c.NotAfter.Sub(f.At)
	finding := Finding{Line: f.certificateLine()}
	switch {
	case c.NotTLS:
		finding.Code, finding.Cause = "not_tls", fmt.Sprintf("Port %d speaks no TLS, and the address is https.", f.Port)
		finding.Remedy = "Give Parlor a certificate, or open it by http."
	case !c.Shown:
		finding.Code, finding.Cause = "not_tls", fmt.Sprintf("No TLS comes about at port %d: %s.", f.Port, c.Handshake)
		finding.Remedy = "Where certificates are fetched (acme-domains), the log says what is in the way; else mind the address."
	case left <= 0:
		finding.Code, finding.Cause = "certificate_expired", fmt.Sprintf("The certificate ended %s (%s ago).", day(c.NotAfter), span(-left))
		finding.Remedy = "Put a new one into the files: they are read again by themselves. Or let Parlor fetch them."
	case f.At.Before(c.NotBefore):
		finding.Code, finding.Cause = "certificate_early", fmt.Sprintf("The certificate begins only %s: it is too new, or this machine's clock is behind.", c.NotBefore.Format(time.DateTime))
		finding.Remedy = "Set the clock of this machine (timedatectl set-ntp true)."
		finding.Line = ""
	case !c.Named:
		finding.Code, finding.Cause = "certificate_name", fmt.Sprintf("The certificate is for %s, and not for %s.", orNobody(c.Names), f.Host)
		finding.Remedy = "Get one for the name by which people come, or open the page by a name that it has."
	case !c.Trusted:
		finding.Code, finding.Cause = "certificate_untrusted", "No authority that this machine knows vouches for the certificate: it is self-signed, or the file lacks the certificates between."
		finding.Remedy = "Use the full chain (fullchain.pem), or one of an authority that browsers know; for an authority of your own, --ca FILE."
	default:
		r.check(checkCertificate, Well, fmt.Sprintf("%s, %s left", orNobody(c.Names), span(left)))
		return true
	}
	r.check(checkCertificate, Ill, strings.TrimSuffix(finding.Cause, "."))
	r.find(finding)
	return false
}

// certificateLine is where a certificate comes from: authorities give none for addresses.
func (f *Facts) certificateLine() string {
	const files = "tls-cert: FILE\ntls-key: FILE"
	if _, err := netip.ParseAddr(f.Host); err == nil {
		return files
	}
	return files + "\n# or\nacme-domains: " + f.Host
}

// doors are what is had by HTTP.
func (r *Report) doors(f *Facts) {
	r.clock(f)
	r.origin(f)
	r.webSocket(f)
	r.stream(f)
	r.post(f)
}

// clockLeeway is how far clocks may differ: what tokens allow (auth.Leeway).
const clockLeeway = 30 * time.Second

func (r *Report) clock(f *Facts) {
	if !f.Clock.Known {
		r.check(checkClock, Skipped, "the server did not say what time it is")
		return
	}
	apart := f.Clock.Ahead.Abs()
	if apart <= clockLeeway {
		r.check(checkClock, Well, "the server's is this machine's")
		return
	}
	word := "ahead of"
	if f.Clock.Ahead < 0 {
		word = "behind"
	}
	words := fmt.Sprintf("the server's is %s %s this machine's", span(apart), word)
	r.check(checkClock, Ill, words)
	r.find(Finding{
		Code: "clock", Cause: "Clocks differ: " + words + ". Tokens are refused as expired or as not good yet, and so are credentials for TURN.",
		Remedy: "Set the one that is wrong by the network: timedatectl set-ntp true",
	})
}

func (r *Report) origin(f *Facts) {
	o := &f.Origin
	switch {
	case o.Code == "origin" && o.Own:
		r.check(checkOrigin, Ill, o.Asked+" is refused, though it is the server's own")
		r.find(Finding{
			Code: "host_header", Cause: "A proxy does not pass on the Host, so that the page seems to come from elsewhere and is refused.",
			Remedy: "nginx: proxy_set_header Host $http_host; or name the origin.", Line: "allowed-origins: " + o.Asked,
		})
	case o.Code == "origin":
		r.check(checkOrigin, Ill, o.Asked+" is refused")
		r.find(Finding{
			Code: "origin", Cause: fmt.Sprintf("Pages from %s may not use this server: it is not among its allowed-origins.", o.Asked),
			Remedy: "Name the origin, as the browser writes it: scheme, name, and the port if it has one.", Line: "allowed-origins: " + o.Asked,
		})
	case o.Parlor:
		r.check(checkOrigin, Well, o.Asked)
	default:
		r.check(checkOrigin, Skipped, "what came back was not the server's"+o.inBrackets())
	}
}

func (r *Report) webSocket(f *Facts) {
	w := &f.WebSocket
	switch {
	case w.OK():
		r.check(checkWebSocket, Well, took(w.Took))
		return
	case w.Status == 400 && w.Parlor:
		r.check(checkWebSocket, Ill, "the server was asked for one without Upgrade")
		r.find(Finding{
			Code: "websocket_stripped", Cause: "A proxy strips Upgrade and Connection from requests: messages fall back to slower ways.",
			Remedy: "Have the proxy pass WebSockets. In nginx, with the map of docs/deploy.md:", Line: "proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $connection_upgrade;",
		})
	case w.Code == "overloaded" || w.Code == "draining" || w.Code == "rate_limited":
		r.check(checkWebSocket, Ill, w.Code)
		r.find(refuses(w.Code, ""))
	default:
		r.check(checkWebSocket, Ill, w.words())
		r.find(Finding{
			Code: "websocket_blocked", Cause: fmt.Sprintf("WebSockets do not get through%s, while other requests do: a proxy or a firewall on the way does not know them.", w.inBrackets()),
			Remedy: "Have the proxy pass WebSockets to Parlor; in a network that is not yours, messages go by server-sent events instead.",
			Line:   "proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $connection_upgrade;",
		})
	}
}

// streamGap is what must lie between two events that were sent a second apart.
const streamGap = 500 * time.Millisecond

func (r *Report) stream(f *Facts) {
	s := &f.Stream
	switch {
	case s.OK() && s.Gap >= streamGap:
		r.check(checkStream, Well, "comes as it is said")
	case s.OK():
		r.check(checkStream, Ill, "what was said over a second came at once")
		r.find(Finding{
			Code: "stream_buffered", Cause: "A proxy keeps responses until they are whole: server-sent events do not come, and messages fall back to long polls.",
			Remedy: "Switch its buffering off for Parlor. In nginx:", Line: "proxy_buffering off;",
		})
	default:
		r.check(checkStream, Ill, s.words())
		r.find(Finding{
			Code: "stream_blocked", Cause: "A response that takes its time does not get through" + s.inBrackets() + ": a proxy ends it.",
			Remedy: "Let the proxy wait longer for Parlor and buffer nothing.", Line: "proxy_buffering off;\nproxy_read_timeout 1h;",
		})
	}
}

func (r *Report) post(f *Facts) {
	p := &f.Post
	if p.Parlor {
		r.check(checkPost, Well, took(p.Took))
		return
	}
	r.check(checkPost, Ill, p.words())
	r.find(Finding{
		Code: "post_blocked", Cause: "POST does not get through to the server" + p.inBrackets() + ": a proxy or a filter on the way takes only GET.",
		Remedy: "Let POST to /v1/ through; without it there is no way where WebSockets are blocked too.",
	})
}

func refuses(code, message string) Finding {
	cause := map[string]string{
		"overloaded":     "The server has as many connections as it takes (connections, connections-per-ip).",
		"rate_limited":   "The server was asked too often from here (connections-per-ip).",
		"draining":       "The server is ending: it takes nobody new.",
		"room_full":      "The room that the token is for is full (room-size).",
		"room_locked":    "The room that the token is for is locked.",
		"too_many_rooms": "There are as many rooms as the server takes (rooms).",
	}[code]
	line := map[string]string{
		"overloaded": "connections: N   connections-per-ip: N", "rate_limited": "connections-per-ip: N", "room_full": "room-size: N", "too_many_rooms": "rooms: N",
	}[code]
	return Finding{
		Code: "server_refuses", Cause: cmp.Or(cause, fmt.Sprintf("The server lets nobody in: %s (%s).", cmp.Or(message, "no reason given"), code)),
		Remedy: "Wait and try again, or raise the limit.", Line: line,
	}
}
