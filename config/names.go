package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// prefixes are networks; an address alone is a network of one.
type prefixes struct{ to *[]netip.Prefix }

func (v prefixes) set(s string) error { return v.setItems(items(s)) }

func (v prefixes) setItems(texts []string) error {
	var out []netip.Prefix
	for _, s := range texts {
		p, err := netip.ParsePrefix(s)
		if ip, alone := netip.ParseAddr(s); alone == nil && ip.Zone() == "" {
			p, err = netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen()), nil
		}
		switch {
		case err != nil:
			return fmt.Errorf("%q is not a network like 10.0.0.0/8 or an IP address", s)
		case p.Addr().Is4In6():
			return fmt.Errorf("%q: write it as IPv4", s)
		}
		out = append(out, p.Masked())
	}
	*v.to = out
	return nil
}

func (v prefixes) String() string {
	var out []string
	for _, p := range *v.to {
		out = append(out, p.String())
	}
	return strings.Join(out, ",")
}

// domains are names of hosts that a certificate can be made out to.
type domains struct{ to *[]string }

func (v domains) set(s string) error { return v.setItems(items(s)) }

func (v domains) setItems(texts []string) error {
	var out []string
	for _, s := range texts {
		s = strings.ToLower(s)
		if err := checkDomain(s); err != nil {
			return err
		}
		if slices.Contains(out, s) {
			return fmt.Errorf("%q is there twice", s)
		}
		out = append(out, s)
	}
	*v.to = out
	return nil
}

func (v domains) String() string { return strings.Join(*v.to, ",") }

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
type turnURLs struct{ to *[]string }

func (v turnURLs) set(s string) error { return v.setItems(items(s)) }

func (v turnURLs) setItems(texts []string) error {
	for _, s := range texts {
		scheme, rest, _ := strings.Cut(s, ":")
		at, query, asked := strings.Cut(rest, "?")
		var place string
		if (scheme != "turn" && scheme != "turns") || (hostPort{&place}).set(at) != nil ||
			asked && query != "transport=udp" && query != "transport=tcp" {
			return fmt.Errorf("%q is not a TURN server like turn:turn.example.org:3478?transport=udp", s)
		}
	}
	*v.to = texts
	return nil
}

func (v turnURLs) String() string { return strings.Join(*v.to, ",") }

// secretText is shown to nobody.
type secretText struct{ to *string }

func (v secretText) set(s string) error { *v.to = s; return nil }
func (v secretText) String() string     { return "" }
