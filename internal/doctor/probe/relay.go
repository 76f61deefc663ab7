package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"

	"github.com/parlorhq/parlor/internal/doctor"
)

const (
	// mostRelays are the URLs of TURN servers that are tried.
	mostRelays = 8
	// mostTargets are the addresses of media that a relay is asked for.
	mostTargets = 4
	// ownRealm is what a Parlor says its credentials are for.
	ownRealm = "parlor"
)

// relay is a TURN server by one of its URLs.
type relay struct {
	host, port string
	transport  string // udp, tcp or tls
	iceServer
}

// relays tries each TURN server to the media, and our own over UDP too, which browsers are not told of.
func (p *probe) relays(ctx context.Context, theirs, own credentials, candidates []candidate, servers []iceServer) {
	var all []relay
	f := p.facts
	for _, s := range servers {
		for _, u := range s.URLs {
			r, ok := parseRelay(u, s)
			if !ok {
				continue
			}
			all = append(all, r)
			f.Relays = append(f.Relays, doctor.Relay{URL: u, Transport: r.transport, Own: p.isOwn(r, candidates)})
			if at := firstUDP(candidates); at.IsValid() && f.Relays[len(f.Relays)-1].Own {
				r.host, r.port, r.transport = at.Addr().String(), fmt.Sprint(at.Port()), "udp"
				all = append(all, r)
				f.Relays = append(f.Relays, doctor.Relay{URL: "turn:" + at.String() + "?transport=udp", Transport: "udp", Own: true})
			}
		}
	}
	all = all[:min(len(all), mostRelays)]
	f.Relays = f.Relays[:len(all)]
	var done sync.WaitGroup
	for i, r := range all {
		done.Go(func() {
			start := time.Now()
			p.relay(ctx, r, &f.Relays[i], candidates, newCheck(theirs, own))
			f.Relays[i].Took = time.Since(start)
		})
	}
	done.Wait()
	slices.SortStableFunc(f.Relays, func(a, b doctor.Relay) int {
		switch {
		case a.Own == b.Own:
			return 0
		case a.Own:
			return -1
		}
		return 1
	})
}

// parseRelay reads turn:HOST:PORT?transport=udp (RFC 7065).
func parseRelay(text string, s iceServer) (relay, bool) {
	scheme, rest, _ := strings.Cut(text, ":")
	rest, query, _ := strings.Cut(rest, "?")
	values, err := url.ParseQuery(query)
	if err != nil || scheme != "turn" && scheme != "turns" {
		return relay{}, false
	}
	r := relay{iceServer: s, transport: values.Get("transport")}
	if r.host, r.port, err = net.SplitHostPort(rest); err != nil {
		r.host, r.port = strings.Trim(rest, "[]"), map[string]string{"turn": "3478", "turns": "5349"}[scheme]
	}
	switch {
	case scheme == "turns":
		r.transport = "tls" // DTLS is in no browser
	case r.transport == "":
		r.transport = "udp"
	}
	return r, r.transport == "tls" || r.transport == "udp" || r.transport == "tcp"
}

// isOwn says whether a TURN server stands where the server itself does.
func (p *probe) isOwn(r relay, candidates []candidate) bool {
	if r.transport == "udp" {
		return false
	}
	if r.host == p.facts.Host && r.port == fmt.Sprint(p.facts.Port) {
		return true
	}
	return slices.ContainsFunc(candidates, func(c candidate) bool {
		return c.protocol == "tcp" && fmt.Sprint(c.at.Port()) == r.port && (r.host == c.at.Addr().String() || r.host == p.facts.Host)
	})
}

// firstUDP is where media is had by UDP, if anywhere.
func firstUDP(candidates []candidate) netip.AddrPort {
	for _, c := range candidates {
		if c.protocol == "udp" && !hidden(c.at.Addr()) {
			return c.at
		}
	}
	return netip.AddrPort{}
}

// relay asks for an allocation and sends a check through it.
func (p *probe) relay(ctx context.Context, r relay, out *doctor.Relay, candidates []candidate, c check) {
	fail := func(stage doctor.Stage, err error) {
		out.Stage, out.Reason = stage, p.reason(outcome(err), err)
	}
	conn, to, err := p.reachRelay(ctx, r)
	if err != nil {
		stage := doctor.RelayUnreached
		if untrusted(err) {
			stage = doctor.RelayUntrusted
		}
		if outcome(err) == doctor.NoRoute {
			stage = doctor.RelayUntried
		}
		fail(stage, err)
		return
	}
	defer conn.Close()
	silent := logging.NewDefaultLoggerFactory()
	silent.DefaultLogLevel = logging.LogLevelDisabled
	client, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: to, STUNServerAddr: to, Conn: conn, Username: r.Username, Password: r.Credential, LoggerFactory: silent,
	})
	if err != nil {
		fail(doctor.RelayUnreached, err)
		return
	}
	defer client.Close()
	if err := client.Listen(); err != nil {
		fail(doctor.RelayUnreached, err)
		return
	}
	allocating, cancel := context.WithTimeout(ctx, p.cfg.Patience)
	defer cancel()
	relayed, err := client.AllocateWithContext(allocating)
	out.Own = out.Own || client.Realm().String() == ownRealm
	if err != nil {
		stage := doctor.RelayUnreached
		if refused, ok := errors.AsType[*stun.TurnError](err); ok {
			stage = doctor.RelayFull
			err = errors.New(strings.TrimSpace(fmt.Sprintf("%d %s", refused.ErrorCodeAttr.Code, refused.ErrorCodeAttr.Reason)))
			switch refused.ErrorCodeAttr.Code {
			case stun.CodeUnauthorized, stun.CodeForbidden, stun.CodeWrongCredentials, stun.CodeBadRequest: // the last by servers made of pion
				stage = doctor.RelayRefused
			}
		} else if allocating.Err() != nil {
			err = allocating.Err()
		}
		fail(stage, err)
		return
	}
	defer relayed.Close()
	if err := p.checkRelayed(relayed, candidates, c); err != nil {
		fail(doctor.RelayDenied, err)
		return
	}
	out.Stage = doctor.RelayWorks
}

// reachRelay connects to a TURN server.
func (p *probe) reachRelay(ctx context.Context, r relay) (conn net.PacketConn, to string, err error) {
	ips, err := p.lookup(ctx, r.host)
	if err != nil {
		return nil, "", err
	}
	err = fmt.Errorf("%s leads nowhere", r.host)
	for _, ip := range ips {
		at, parsed := netip.ParseAddrPort(net.JoinHostPort(ip.String(), r.port))
		if parsed != nil {
			return nil, "", parsed
		}
		if r.transport == "udp" {
			network := map[bool]string{true: "udp4", false: "udp6"}[ip.Is4()]
			if conn, err = net.ListenPacket(network, ":0"); err == nil {
				return conn, at.String(), nil
			}
			continue
		}
		var stream net.Conn
		if stream, err = p.reach(ctx, at); err != nil {
			continue
		}
		if r.transport == "tls" {
			secure := tls.Client(stream, p.tls(r.host))
			_ = stream.SetDeadline(time.Now().Add(p.cfg.Patience))
			if err = secure.HandshakeContext(ctx); err != nil {
				_ = stream.Close()
				continue
			}
			_ = stream.SetDeadline(time.Time{})
			stream = secure
		}
		return turn.NewSTUNConn(stream), at.String(), nil
	}
	return nil, "", err
}

// untrusted says whether it was the certificate.
func untrusted(err error) bool {
	_, is := errors.AsType[*tls.CertificateVerificationError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	return is || name
}

// checkRelayed sends a check to the media through a relay.
func (p *probe) checkRelayed(relayed net.PacketConn, candidates []candidate, c check) error {
	var targets []net.Addr
	from, _ := relayed.LocalAddr().(*net.UDPAddr)
	four := from == nil || from.AddrPort().Addr().Unmap().Is4()
	for _, to := range candidates {
		if to.protocol == "udp" && to.at.Addr().Is4() == four && len(targets) < mostTargets {
			targets = append(targets, net.UDPAddrFromAddrPort(to.at))
		}
	}
	if len(targets) == 0 {
		return errors.New("the server announces nothing that TURN could reach")
	}
	return p.exchange(c, func() (err error) {
		sent := false
		for _, to := range targets {
			if _, e := relayed.WriteTo(c.request.Raw, to); e != nil {
				err = e
			} else {
				sent = true
			}
		}
		if sent {
			return nil
		}
		return err
	}, func(buf []byte, until time.Time) (int, error) {
		_ = relayed.SetReadDeadline(until)
		n, _, err := relayed.ReadFrom(buf)
		return n, err
	})
}
