package config

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// value is one kind of thing an option can be. It is bound to the field it sets.
type value interface {
	// set takes the text that a flag, a variable or a line of YAML gave.
	set(text string) error
	// String is what stands now, as set would take it, empty for nothing. It is never called on secrets.
	String() string
}

// list is a value that a sequence of YAML or a repeated flag sets item by item.
type list interface {
	setItems(items []string) error
}

// mapping is a value that a mapping of YAML sets.
type mapping interface {
	setPairs(names, texts []string) error
}

type boolean struct{ to *bool }

func (v boolean) set(s string) error {
	b, err := strconv.ParseBool(s)
	if err != nil {
		return fmt.Errorf("%q is not true or false", s)
	}
	*v.to = b
	return nil
}

func (v boolean) String() string { return strconv.FormatBool(*v.to) }

// heardOf is a switch that remembers that it was set, since what stands otherwise depends on dev.
type heardOf struct {
	boolean
	isSet *bool
}

func (v heardOf) set(s string) error {
	*v.isSet = true
	return v.boolean.set(s)
}

type text struct{ to *string }

func (v text) set(s string) error { *v.to = s; return nil }
func (v text) String() string     { return *v.to }

type choice struct {
	to    *string
	among []string
}

func (v choice) set(s string) error {
	if !slices.Contains(v.among, s) {
		return fmt.Errorf("%q is none of %s", s, strings.Join(v.among, ", "))
	}
	*v.to = s
	return nil
}

func (v choice) String() string { return *v.to }

type level struct{ to *zerolog.Level }

func (v level) set(s string) error {
	switch s {
	case "trace", "debug", "info", "warn", "error":
	default:
		return fmt.Errorf("%q is none of trace, debug, info, warn, error", s)
	}
	l, err := zerolog.ParseLevel(s)
	if err == nil {
		*v.to = l
	}
	return err
}

func (v level) String() string { return v.to.String() }

// number is a count between two bounds, both allowed.
type number struct {
	to       *int
	min, max int
}

func (v number) set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil {
		return fmt.Errorf("%q is not a whole number", s)
	}
	if n < v.min || n > v.max {
		return fmt.Errorf("%d is not between %d and %d", n, v.min, v.max)
	}
	*v.to = n
	return nil
}

func (v number) String() string { return strconv.Itoa(*v.to) }

// size is a count of bytes: 65536, 64KiB, 1MiB.
type size struct {
	to       *int
	min, max int
}

func (v size) set(s string) error {
	digits, unit := s, 1
	for suffix, factor := range map[string]int{"KiB": kib, "MiB": mib, "GiB": gib} {
		if before, found := strings.CutSuffix(s, suffix); found {
			digits, unit = strings.TrimSpace(before), factor
		}
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n > math.MaxInt/unit || n < math.MinInt/unit {
		return fmt.Errorf("%q is not a size like 65536, 64KiB or 1MiB", s)
	}
	n *= unit
	if n < v.min || n > v.max {
		return fmt.Errorf("%q is not between %s and %s", s, formatSize(v.min), formatSize(v.max))
	}
	*v.to = n
	return nil
}

func (v size) String() string { return formatSize(*v.to) }

func formatSize(n int) string {
	switch {
	case n >= gib && n%gib == 0:
		return strconv.Itoa(n/gib) + "GiB"
	case n >= mib && n%mib == 0:
		return strconv.Itoa(n/mib) + "MiB"
	case n >= kib && n%kib == 0:
		return strconv.Itoa(n/kib) + "KiB"
	}
	return strconv.Itoa(n)
}

type duration struct {
	to       *time.Duration
	min, max time.Duration
}

func (v duration) set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%q is not a time like 500ms, 12s or 10m", s)
	}
	if d < v.min || d > v.max {
		return fmt.Errorf("%q is not between %s and %s", s, formatDuration(v.min), formatDuration(v.max))
	}
	*v.to = d
	return nil
}

func (v duration) String() string { return formatDuration(*v.to) }

// formatDuration leaves out the zeros of 10m0s.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// address is HOST:PORT to listen on.
type address struct{ to *string }

func (v address) set(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q is not an address like :8080, 127.0.0.1:8080 or [::1]:8080", s)
	}
	// A name would have to be looked up, and could then mean another interface tomorrow.
	if host != "" && host != "localhost" {
		if _, err := netip.ParseAddr(host); err != nil {
			return fmt.Errorf("%q: %q is not an IP address of this machine", s, host)
		}
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 || port[0] == '+' {
		return fmt.Errorf("%q: %q is not a port between 0 and 65535", s, port)
	}
	*v.to = s
	return nil
}

func (v address) String() string { return *v.to }

// admin is an address, or off. It remembers that it was set, since what stands otherwise depends on dev.
type admin struct {
	address
	isSet *bool
}

func (v admin) set(s string) error {
	*v.isSet = true
	if s == "off" {
		*v.to = ""
		return nil
	}
	return v.address.set(s)
}

// items cuts what a flag or a variable lists with commas.
func items(s string) []string {
	var out []string
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}

// several are values of one kind, with commas between.
type several[T comparable] struct {
	to    *[]T
	parse func(string) (T, error)
	once  bool // none is there twice
}

func (v several[T]) set(s string) error { return v.setItems(items(s)) }

func (v several[T]) setItems(texts []string) error {
	var out []T
	for _, s := range texts {
		item, err := v.parse(s)
		switch {
		case err != nil:
			return err
		case v.once && slices.Contains(out, item):
			return fmt.Errorf("%q is there twice", s)
		}
		out = append(out, item)
	}
	*v.to = out
	return nil
}

func (v several[T]) String() string {
	var out []string
	for _, item := range *v.to {
		out = append(out, fmt.Sprint(item))
	}
	return strings.Join(out, ",")
}

// addresses are IP addresses.
func addresses(to *[]netip.Addr) several[netip.Addr] {
	return several[netip.Addr]{to: to, once: true, parse: func(s string) (netip.Addr, error) {
		ip, err := netip.ParseAddr(s)
		switch {
		case err != nil:
			return ip, fmt.Errorf("%q is not an IP address", s)
		case ip.IsUnspecified() || ip.IsMulticast() || ip.Zone() != "":
			return ip, fmt.Errorf("%q is not an address a browser could reach", s)
		}
		return ip.Unmap(), nil
	}}
}

// origins are web origins, kept as a browser writes them, so that comparing is comparing strings.
func origins(to *[]string) several[string] { return several[string]{to: to, parse: parseOrigin} }

func parseOrigin(s string) (string, error) {
	bad := fmt.Errorf("%q is not an origin like https://example.org or http://localhost:3000", s)
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.User != nil {
		return "", bad
	}
	if u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery || strings.HasSuffix(s, "#") {
		return "", fmt.Errorf("%w: nothing may follow the host", bad)
	}
	if strings.ContainsAny(u.Host, "*\\") || strings.ContainsFunc(u.Host, func(r rune) bool { return r > '~' || r <= ' ' }) {
		return "", fmt.Errorf("%w: write the host out, in ASCII", bad)
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "", bad
		}
	} else if strings.HasSuffix(u.Host, ":") {
		return "", bad
	}
	host := strings.ToLower(u.Host)
	host = strings.TrimSuffix(host, map[string]string{"https": ":443", "http": ":80"}[u.Scheme])
	return u.Scheme + "://" + host, nil
}

// keys are names with secrets. Its errors never quote a text: all of it may be secret.
type keys struct{ to *map[string]string }

func (v keys) set(s string) error { return v.setItems(items(s)) }

func (v keys) setItems(texts []string) error {
	var names, secrets []string
	for _, s := range texts {
		name, secret, found := strings.Cut(s, ":")
		if !found {
			return errors.New("a key is written NAME:SECRET")
		}
		names, secrets = append(names, name), append(secrets, secret)
	}
	return v.setPairs(names, secrets)
}

func (v keys) setPairs(names, secrets []string) error {
	out := make(map[string]string, len(names))
	for i, name := range names {
		name = strings.TrimSpace(name)
		if _, twice := out[name]; twice {
			return fmt.Errorf("key %q is there twice", name)
		}
		out[name] = strings.TrimSpace(secrets[i])
	}
	*v.to = out
	return nil
}

// String shows the names alone.
func (v keys) String() string { return strings.Join(slices.Sorted(maps.Keys(*v.to)), ",") }
