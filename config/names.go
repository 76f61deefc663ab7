package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// prefixes are networks; an address alone is a network of one.
func prefixes(to *[]netip.Prefix) several[netip.Prefix] {
	return several[netip.Prefix]{to: to, parse: parsePrefix}
}

func parsePrefix(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if ip, alone := netip.ParseAddr(s); alone == nil && ip.Zone() == "" {
		p, err = netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen()), nil
	}
	switch {
	case err != nil:
		return p, fmt.Errorf("%q is not a network like 10.0.0.0/8 or an IP address", s)
	case p.Addr().Is4In6():
		return p, fmt.Errorf("%q: write it as IPv4", s)
	}
	return p.Masked(), nil
}

// domains are names of hosts that a certificate can be made out to.
func domains(to *[]string) several[string] {
	return several[string]{to: to, once: true, parse: func(s string) (string, error) {
		s = strings.ToLower(s)
		return s, checkDomain(s)
	}}
}

func checkDomain(s string) error {
	_, notIP := netip.ParseAddr(s)
	ok := notIP != nil && len(s) <= 253 && strings.Contains(s, ".")
	for label := range strings.SplitSeq(s, ".") {
		ok = ok && label != "" && len(label) <= 63 && label[0] != '-' && label[len(label)-1] != '-' &&
			!strings.ContainsFunc(label, func(r rune) bool {
				return r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
			})
	}
	if !ok {
		return fmt.Errorf("%q is not a name like call.example.org (in ASCII, no wildcard)", s)
	}
	return nil
}

// webAddress is the https URL of a service.
type webAddress struct{ to *string }

func (v webAddress) set(s string) error {
	if s != "" {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
			return fmt.Errorf("%q is not a URL like https://ca.example.org/directory", s)
		}
	}
	*v.to = s
	return nil
}

func (v webAddress) String() string { return *v.to }

// hostPort is where something is found, by its name or address and maybe a port.
type hostPort struct{ to *string }

func (v hostPort) set(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"), "1"
	}
	n, err := strconv.Atoi(port)
	if _, notIP := netip.ParseAddr(host); err != nil || n < 1 || n > 65535 || notIP != nil && checkDomain(strings.ToLower(host)) != nil {
		return fmt.Errorf("%q is not a place like turn.example.org, 192.0.2.1 or turn.example.org:443", s)
	}
	*v.to = s
	return nil
}

func (v hostPort) String() string { return *v.to }

// turnURLs are TURN servers as browsers write them (RFC 7065).
func turnURLs(to *[]string) several[string] {
	return several[string]{to: to, parse: func(s string) (string, error) {
		scheme, rest, _ := strings.Cut(s, ":")
		at, query, asked := strings.Cut(rest, "?")
		var place string
		if (scheme != "turn" && scheme != "turns") || (hostPort{&place}).set(at) != nil ||
			asked && query != "transport=udp" && query != "transport=tcp" {
			return s, fmt.Errorf("%q is not a TURN server like turn:turn.example.org:3478?transport=udp", s)
		}
		return s, nil
	}}
}

// secretText is shown to nobody.
type secretText struct{ to *string }

func (v secretText) set(s string) error { *v.to = s; return nil }
func (v secretText) String() string     { return "" }
