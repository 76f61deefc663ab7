// Package probe measures the ways to a Parlor: it gives facts to internal/doctor, which says what they mean. It knows the
// wire (docs/protocol.md), STUN and TURN, and nothing of the server's packages, so that it asks only for what anybody
// may ask for.
//
// It asks for little: one request of each kind, one join in a room of its own that ends with the measurement, one ICE
// check for each address that the server announces (sixteen at most) and one allocation for each of its TURN URLs (eight
// at most). No connection goes on after Run has returned.
package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/parlorhq/parlor/internal/doctor"
)

// Config says what is to be measured.
type Config struct {
	URL *url.URL // http or https
	// Local says that the server is that of this machine; Listen are then its addresses as "tcp 127.0.0.1:8080", and
	// Public that it is meant for others too.
	Local, Public bool
	Listen        []string
	// Hosts are asked before DNS is.
	Hosts map[string][]netip.Addr
	// Roots vouch for certificates; nil: those of this machine.
	Roots *x509.CertPool
	// Origin is where the page would come from; empty: from the server itself.
	Origin string
	// Patience is how long each attempt may take.
	Patience time.Duration
	// Admit gives what lets us in, when it is so late at the server.
	Admit func(now time.Time) (Ticket, error)
}

// Ticket lets somebody into a room.
type Ticket struct{ Room, Token string }

// probe is one measurement.
type probe struct {
	// Static after knock.
	cfg    Config
	facts  *doctor.Facts
	client *http.Client
	at     netip.Addr // where the server is dialled
}

// Run measures. It takes a few times Patience at most.
func Run(ctx context.Context, cfg Config) *doctor.Facts {
	facts, moved := measure(ctx, cfg)
	if moved != nil {
		cfg.URL = moved
		facts, _ = measure(ctx, cfg)
	}
	return facts
}

// measure says by moved that the server sends whoever comes to this address to another.
func measure(ctx context.Context, cfg Config) (facts *doctor.Facts, moved *url.URL) {
	port, _ := strconv.ParseUint(portOf(cfg.URL), 10, 16)
	host := cfg.URL.Hostname()
	ip, err := netip.ParseAddr(host)
	p := &probe{cfg: cfg, facts: &doctor.Facts{
		URL: cfg.URL.Scheme + "://" + cfg.URL.Host, Host: host, Port: uint16(port), Secure: cfg.URL.Scheme == "https",
		Loopback: host == "localhost" || err == nil && ip.IsLoopback(),
		Local:    cfg.Local, Public: cfg.Public, At: time.Now(),
	}}
	if !p.knock(ctx) {
		p.occupied()
		return p.facts, nil
	}
	if p.facts.Secure && !p.shake(ctx) {
		return p.facts, nil
	}
	transport := &http.Transport{DialContext: p.dial, TLSClientConfig: p.tls(host), ResponseHeaderTimeout: cfg.Patience}
	p.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer transport.CloseIdleConnections()
	if moved := p.health(ctx); moved != nil {
		return p.facts, moved
	}
	var all sync.WaitGroup
	all.Go(func() { p.origin(ctx) })
	all.Go(func() { p.webSocket(ctx) })
	all.Go(func() { p.stream(ctx) })
	all.Go(func() { p.visit(ctx) })
	all.Wait()
	f := p.facts
	if f.Local && !f.WebSocket.Parlor && !f.Post.Parlor && !f.Stream.Parlor {
		p.occupied()
	}
	return f, nil
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// lookup finds the addresses of a host.
func (p *probe) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip.Unmap()}, nil
	}
	if ips := p.cfg.Hosts[host]; len(ips) > 0 {
		return ips, nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Patience)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	for i := range ips {
		ips[i] = ips[i].Unmap()
	}
	return ips, err
}

// mostDoors are the addresses of one name that are tried.
const mostDoors = 8

// knock tries each address of the host, and says whether somebody is at one of them.
func (p *probe) knock(ctx context.Context) bool {
	f := p.facts
	ips, err := p.lookup(ctx, f.Host)
	if err != nil {
		f.Lookup = err
		if failed, ok := errors.AsType[*net.DNSError](err); ok {
			f.Lookup = errors.New(failed.Err) // and not which server was asked
		}
		return false
	}
	ips = ips[:min(len(ips), mostDoors)]
	f.Doors = make([]doctor.Door, len(ips))
	var all sync.WaitGroup
	for i, ip := range ips {
		all.Go(func() {
			f.Doors[i] = doctor.Door{Addr: ip, Try: p.try(func() error {
				c, err := p.reach(ctx, netip.AddrPortFrom(ip, f.Port))
				if err == nil {
					_ = c.Close()
				}
				return err
			})}
		})
	}
	all.Wait()
	for _, d := range f.Doors {
		if d.OK() {
			p.at = d.Addr
			return true
		}
	}
	return false
}

// reach dials an address.
func (p *probe) reach(ctx context.Context, at netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{Timeout: p.cfg.Patience}
	return d.DialContext(ctx, "tcp", at.String())
}

// dial is how all requests find the server: at the address that answered.
func (p *probe) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return p.reach(ctx, netip.AddrPortFrom(p.at, p.facts.Port))
}

func (p *probe) tls(name string) *tls.Config {
	return &tls.Config{ServerName: name, RootCAs: p.cfg.Roots, MinVersion: tls.VersionTLS12}
}
