package config

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/internal/selfsigned"
)

const secret = "0123456789abcdef0123456789abcdef"

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func mustLoad(t *testing.T, args, env []string) *Config {
	t.Helper()
	c, err := Load(args, env, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	production := mustLoad(t, nil, []string{"PARLOR_KEYS=demo: " + secret})
	if production.Listen != ":8080" || production.UDP != ":8080" || production.Admin != "127.0.0.1:9090" {
		t.Errorf("production: %+v", production)
	}
	if production.LogLevel != zerolog.InfoLevel || production.LogFormat != "auto" {
		t.Errorf("log: %v %q", production.LogLevel, production.LogFormat)
	}
	dev := mustLoad(t, []string{"--dev"}, nil)
	if dev.Listen != "127.0.0.1:8080" || dev.UDP != ":8080" || dev.Admin != "" {
		t.Errorf("dev: %+v", dev)
	}
	m := dev.Limits
	for name, ok := range map[string]bool{
		"message-bytes": m.MessageBytes == 1<<20, "sdp-bytes": m.SDPBytes == 384<<10, "media-lines": m.MediaLines == 64,
		"message-rate": m.MessageRate == 200 && m.MessageBurst == 400, "byte-rate": m.ByteRate == 262144 && m.ByteBurst == 1048576,
		"signal-rate": m.SignalRate == 10 && m.SignalBurst == 40, "offer-rate": m.OfferRate == 2 && m.OfferBurst == 5,
		"rooms": m.Rooms == 1000 && m.RoomSize == 100, "tracks": m.Tracks == 8, "ssrcs": m.SSRCs == 64,
		"lost-after": m.LostAfter == 12*time.Second && m.ResumeWindow == 2*time.Minute,
		"log":        m.LogEntries == 250_000 && m.LogBytes == 64<<20 && m.LogAge == 10*time.Minute && m.LogTotal == 1<<30,
		"timeouts":   m.HeaderTimeout == 5*time.Second && m.IdleTimeout == 75*time.Second && m.FirstMessageTimeout == 5*time.Second,
	} {
		if !ok {
			t.Errorf("%s is not its default: %+v", name, m)
		}
	}
}

// Every default is a value that set would take: a table whose bounds exclude its own default would be a trap.
func TestDefaultsAreWithinBounds(t *testing.T) {
	var l loader
	l.setDefaults()
	for _, s := range l.sections() {
		for _, o := range s.options {
			standing := o.value.String()
			if standing == "" {
				continue
			}
			if err := o.value.set(standing); err != nil {
				t.Errorf("%s: %v", o.name, err)
			}
			if again := o.value.String(); again != standing {
				t.Errorf("%s: %q became %q", o.name, standing, again)
			}
		}
	}
}

// Each option can be set in all three ways, and says the same in each.
func TestEachOptionInAllThreeWays(t *testing.T) {
	cert, key := selfsigned.Files(t, "localhost")
	// Something that is not the default, for those whose default is no example.
	examples := map[string]string{
		"dev": "true", "listen": "127.0.0.1:81", "udp": "127.0.0.1:82", "external-ip": "203.0.113.7,2001:db8::7",
		"tls-cert": cert, "tls-key": key, "keys": "a:" + secret + ",b:" + secret + "b", "allowed-origins": "https://a.example,http://b.example:81",
		"admin": "127.0.0.1:83", "data-dir": "/var/lib/parlor", "history": "chat,poll", "state-rules": "a/=version,b/=ttl",
		"turn-host": "turn.example.org:443", "turn-servers": "turn:turn.example.org:3478?transport=udp,turns:192.0.2.1", "turn-secret": "xyz",
		"turn": "false", "proxy-protocol": "true", "turn-mesh": "true",
		"acme-domains": "call.example.org,example.org", "acme-email": "ada@example.org", "acme-directory": "https://ca.example.org/dir",
		"acme-cache": "/var/lib/acme", "trusted-proxies": "10.0.0.0/8,192.0.2.1/32,fd00::/8", "log-level": "debug", "log-format": "json",
	}
	var l loader
	l.setDefaults()
	for _, s := range l.sections() {
		for _, o := range s.options {
			if o.name == "config" {
				continue
			}
			t.Run(o.name, func(t *testing.T) {
				text, found := examples[o.name]
				if !found {
					text = o.value.String()
				}
				base := []string{"PARLOR_DEV=true"}
				if other := map[string]string{"tls-cert": "PARLOR_TLS_KEY=" + key, "tls-key": "PARLOR_TLS_CERT=" + cert}[o.name]; other != "" {
					base = append(base, other)
				}
				if other := map[string]string{"turn-servers": "PARLOR_TURN_SECRET=x", "turn-secret": "PARLOR_TURN_SERVERS=turn:192.0.2.1"}[o.name]; other != "" {
					base = append(base, other)
				}
				if o.name == "proxy-protocol" {
					base = append(base, "PARLOR_TRUSTED_PROXIES=192.0.2.0/24")
				}
				if strings.HasPrefix(o.name, "acme-") && o.name != "acme-domains" {
					base = append(base, "PARLOR_ACME_DOMAINS=example.net")
				}
				if strings.HasPrefix(o.name, "acme-") && o.name != "acme-cache" {
					base = append(base, "PARLOR_ACME_CACHE=/var/cache/acme")
				}
				byFlag := mustLoad(t, []string{"--" + o.name + "=" + text}, base)
				byEnv := mustLoad(t, nil, append(base, o.env()+"="+text))
				byFile := mustLoad(t, []string{"--config", write(t, "p.yaml", o.name+": \""+text+"\"\n")}, base)
				if !reflect.DeepEqual(byFlag, byEnv) || !reflect.DeepEqual(byFlag, byFile) {
					t.Errorf("flag %+v\nenv  %+v\nfile %+v", byFlag, byEnv, byFile)
				}
				if found && o.name != "dev" && reflect.DeepEqual(byFlag, mustLoad(t, nil, []string{"PARLOR_DEV=true"})) {
					t.Error("it changed nothing")
				}
			})
		}
	}
}

func TestStrongerSourceWins(t *testing.T) {
	file := write(t, "p.yaml", "dev: true\ntracks: 1\nssrcs: 1\nmedia-lines: 1\nexternal-ip: [192.0.2.1, 192.0.2.2]\n")
	c := mustLoad(t,
		[]string{"--media-lines", "3", "--external-ip", "192.0.2.4", "--external-ip", "192.0.2.5,192.0.2.6"},
		[]string{"PARLOR_CONFIG=" + file, "PARLOR_SSRCS=2", "PARLOR_MEDIA_LINES=2", "PARLOR_EXTERNAL_IP=192.0.2.3", "HOME=/"})
	if m := c.Limits; m.Tracks != 1 || m.SSRCs != 2 || m.MediaLines != 3 {
		t.Errorf("%+v", m)
	}
	want := []netip.Addr{netip.MustParseAddr("192.0.2.4"), netip.MustParseAddr("192.0.2.5"), netip.MustParseAddr("192.0.2.6")}
	if !reflect.DeepEqual(c.ExternalIPs, want) {
		t.Errorf("%v", c.ExternalIPs)
	}
}

func TestFile(t *testing.T) {
	c := mustLoad(t, []string{"--config", write(t, "p.yaml", `
# A class.
listen: ":8443"
keys:
  school: `+secret+`
  club: "`+secret+`"
allowed-origins:
  - https://School.example:443
  - http://[::1]:3000
admin: off
log-age: 1h
log-bytes: 16 MiB
udp:
`)}, nil)
	if c.Listen != ":8443" || c.UDP != ":8443" || c.Admin != "" || len(c.Keys) != 2 || c.Keys["club"] != secret {
		t.Errorf("%+v", c)
	}
	if c.Limits.LogAge != time.Hour || c.Limits.LogBytes != 16<<20 {
		t.Errorf("%+v", c.Limits)
	}
	if want := []string{"https://school.example", "http://[::1]:3000"}; !reflect.DeepEqual(c.AllowedOrigins, want) {
		t.Errorf("%q", c.AllowedOrigins)
	}
	for _, empty := range []string{"", "\n# nothing\n", "---\n"} {
		mustLoad(t, []string{"--dev", "--config", write(t, "empty.yaml", empty)}, nil)
	}
}

// A Service called parlor makes Kubernetes put these into the container.
func TestVariablesOfKubernetes(t *testing.T) {
	mustLoad(t, []string{"--dev"}, []string{
		"PARLOR_SERVICE_HOST=10.0.0.1", "PARLOR_SERVICE_PORT=80", "PARLOR_SERVICE_PORT_HTTP=80", "PARLOR_PORT=tcp://10.0.0.1:80",
		"PARLOR_PORT_8080_TCP=tcp://10.0.0.1:80", "PARLOR_PORT_8080_TCP_PROTO=tcp", "PARLOR_PORT_8080_UDP_ADDR=10.0.0.1",
		"PARLOR_MEDIA_SERVICE_HOST=10.0.0.2", "PARLOR_MEDIA_PORT_8080_TCP_PORT=8080", "PARLOR_TLS_CERT=",
	})
}

func TestHelp(t *testing.T) {
	for _, arg := range []string{"--help", "-h", "-help"} {
		var out bytes.Buffer
		if _, err := Load([]string{arg}, nil, &out); !errors.Is(err, flag.ErrHelp) {
			t.Fatalf("%s: %v", arg, err)
		}
		var l loader
		l.setDefaults()
		for _, s := range l.sections() {
			for _, o := range s.options {
				if !strings.Contains(out.String(), "--"+o.name+" ") {
					t.Errorf("%s does not tell of --%s", arg, o.name)
				}
			}
		}
		if !strings.Contains(out.String(), "parlor serve --dev") {
			t.Errorf("%s gives no example", arg)
		}
	}
}

func TestPeekAsksForNoKeys(t *testing.T) {
	c, err := Peek([]string{"PARLOR_LISTEN=:81"})
	if err != nil || c.Listen != ":81" {
		t.Fatal(c, err)
	}
}

func TestT75BadOptionEndsTheStart(t *testing.T) {
	cert, key := selfsigned.Files(t, "localhost")
	_, otherKey := selfsigned.Files(t, "localhost")
	none := filepath.Join(t.TempDir(), "none")
	good := "PARLOR_KEYS=demo: " + secret
	yaml := func(text string) []string { return []string{"--config", write(t, "p.yaml", text)} }
	for _, c := range []struct {
		name  string
		args  []string
		env   []string
		names string // what the line has to name
	}{
		{"no keys", nil, nil, "keys"},
		{"key without secret", nil, []string{"PARLOR_KEYS=demo:"}, "keys"},
		{"key of 31 bytes", nil, []string{"PARLOR_KEYS=demo: " + secret[1:]}, "keys"},
		{"key of 31 bytes in dev", []string{"--dev", "--keys", "demo:" + secret[1:]}, nil, "keys"},
		{"second key too short", nil, []string{good + ", two: x"}, "keys"},
		{"key without name", nil, []string{"PARLOR_KEYS=: " + secret}, "keys"},
		{"key without colon", nil, []string{"PARLOR_KEYS=" + secret}, "PARLOR_KEYS"},
		{"key twice", nil, []string{good + ", demo: " + secret}, "PARLOR_KEYS"},
		{"key twice in the file", yaml("keys: {demo: " + secret + ", demo: " + secret + "}"), nil, "keys"},
		{"keys a number", yaml("keys: 7"), nil, "keys"},
		{"key with a list", yaml("keys: {demo: [" + secret + "]}"), nil, "keys"},

		{"unknown flag", []string{"--dev", "--liste", ":1"}, nil, "liste"},
		{"unknown variable", []string{"--dev"}, []string{"PARLOR_LISTE=:1"}, "PARLOR_LISTE"},
		{"misspelt keys", nil, []string{"PARLOR_KEY=demo: " + secret}, "PARLOR_KEY"},
		{"unknown line", yaml("dev: true\nliste: 1"), nil, "liste"},
		{"line with capitals", yaml("dev: true\nListen: \":1\""), nil, "Listen"},
		{"line twice", yaml("dev: true\ntracks: 1\ntracks: 2"), nil, "tracks"},
		{"config in the file", yaml("dev: true\nconfig: other.yaml"), nil, "config"},
		{"word behind", []string{"--dev", "now"}, nil, "now"},
		{"flag without value", []string{"--dev", "--listen"}, nil, "listen"},
		{"dev neither true nor false", []string{"--dev=maybe"}, nil, "dev"},

		{"file that is not there", []string{"--dev", "--config", none}, nil, "config"},
		{"file that is a folder", []string{"--dev", "--config", t.TempDir()}, nil, "config"},
		{"file that is no YAML", yaml("dev: [true"), nil, "config"},
		{"file that is a list", yaml("- dev"), nil, "config"},
		{"file that is a word", yaml("dev"), nil, "config"},
		{"file of two documents", yaml("dev: true\n---\ndev: true"), nil, "config"},
		{"file with an alias", yaml("listen: &a \":1\"\nudp: *a\ndev: true"), nil, "udp"},
		{"file too large", yaml(strings.Repeat("# padding\n", 200_000)), nil, "config"},

		{"listen without port", []string{"--dev", "--listen", "127.0.0.1"}, nil, "listen"},
		{"listen a port alone", []string{"--dev", "--listen", "8080"}, nil, "listen"},
		{"port 65536", []string{"--dev", "--listen", ":65536"}, nil, "listen"},
		{"port -1", []string{"--dev"}, []string{"PARLOR_LISTEN=:-1"}, "PARLOR_LISTEN"},
		{"port +80", []string{"--dev", "--listen", ":+80"}, nil, "listen"},
		{"port a word", yaml("dev: true\nlisten: \":http\""), nil, "listen"},
		{"port empty", []string{"--dev", "--listen", "127.0.0.1:"}, nil, "listen"},
		{"listen a name", []string{"--dev", "--listen", "example.org:80"}, nil, "listen"},
		{"listen a URL", []string{"--dev", "--listen", "http://127.0.0.1:80"}, nil, "listen"},
		{"listen IPv6 without brackets", []string{"--dev", "--listen", "::1:8080"}, nil, "listen"},
		{"listen 256", []string{"--dev", "--listen", "127.0.0.256:80"}, nil, "listen"},
		{"udp port 70000", []string{"--dev", "--udp", ":70000"}, nil, "udp"},
		{"admin no address", []string{"--dev", "--admin", "on"}, nil, "admin"},
		{"admin port", []string{"--dev", "--admin", "127.0.0.1:99999"}, nil, "admin"},

		{"external-ip a CIDR", []string{"--dev", "--external-ip", "10.0.0.0/8"}, nil, "external-ip"},
		{"external-ip malformed", []string{"--dev", "--external-ip", "10.0.0"}, nil, "external-ip"},
		{"external-ip a name", []string{"--dev", "--external-ip", "example.org"}, nil, "external-ip"},
		{"external-ip everything", []string{"--dev", "--external-ip", "0.0.0.0"}, nil, "external-ip"},
		{"external-ip multicast", []string{"--dev", "--external-ip", "ff02::1"}, nil, "external-ip"},
		{"external-ip with a zone", []string{"--dev", "--external-ip", "fe80::1%eth0"}, nil, "external-ip"},
		{"external-ip twice", yaml("dev: true\nexternal-ip: [192.0.2.1, \"::ffff:192.0.2.1\"]"), nil, "external-ip"},
		{"second external-ip", yaml("dev: true\nexternal-ip: [192.0.2.1, 192.0.2.256]"), nil, "external-ip"},
		{"external-ip a map", yaml("dev: true\nexternal-ip: {a: b}"), nil, "external-ip"},

		{"origin *", []string{"--dev", "--allowed-origins", "*"}, nil, "allowed-origins"},
		{"origin without scheme", []string{"--dev", "--allowed-origins", "example.org"}, nil, "allowed-origins"},
		{"origin with a path", []string{"--dev", "--allowed-origins", "https://example.org/"}, nil, "allowed-origins"},
		{"origin with a wildcard", []string{"--dev", "--allowed-origins", "https://*.example.org"}, nil, "allowed-origins"},
		{"origin null", []string{"--dev", "--allowed-origins", "null"}, nil, "allowed-origins"},
		{"origin with a user", []string{"--dev", "--allowed-origins", "https://a@example.org"}, nil, "allowed-origins"},
		{"origin with port 0", []string{"--dev", "--allowed-origins", "https://example.org:0"}, nil, "allowed-origins"},
		{"origin of another kind", []string{"--dev", "--allowed-origins", "file://example.org"}, nil, "allowed-origins"},

		{"turn-servers without a secret", []string{"--dev", "--turn-servers", "turn:192.0.2.1"}, nil, "turn-secret"},
		{"turn-secret without servers", []string{"--dev", "--turn-secret", "x"}, nil, "turn-secret"},
		{"turn-servers a STUN server", []string{"--dev", "--turn-secret", "x", "--turn-servers", "stun:192.0.2.1"}, nil, "turn-servers"},
		{"turn-servers a web page", []string{"--dev", "--turn-secret", "x", "--turn-servers", "https://turn.example"}, nil, "turn-servers"},
		{"turn-servers by another transport", []string{"--dev", "--turn-secret", "x", "--turn-servers", "turn:192.0.2.1?transport=sctp"}, nil, "turn-servers"},
		{"turn-host a URL", []string{"--dev", "--turn-host", "turn:turn.example"}, nil, "turn-host"},
		{"turn-host with port 0", []string{"--dev", "--turn-host", "turn.example.org:0"}, nil, "turn-host"},

		{"acme-domains an address", []string{"--dev", "--acme-cache", "/x", "--acme-domains", "192.0.2.1"}, nil, "acme-domains"},
		{"acme-domains a wildcard", []string{"--dev", "--acme-cache", "/x", "--acme-domains", "*.example.org"}, nil, "acme-domains"},
		{"acme-domains of this machine", []string{"--dev", "--acme-cache", "/x", "--acme-domains", "localhost"}, nil, "acme-domains"},
		{"acme-domains twice", []string{"--dev", "--acme-cache", "/x", "--acme-domains", "a.example,A.example"}, nil, "acme-domains"},
		{"acme-domains without a folder", []string{"--dev", "--acme-domains", "a.example"}, nil, "acme-cache"},
		{"acme-domains and a certificate", []string{"--dev", "--acme-cache", "/x", "--acme-domains", "a.example", "--tls-cert", cert, "--tls-key", key}, nil, "acme-domains"},
		{"acme-email alone", []string{"--dev", "--acme-email", "a@example.org"}, nil, "acme-domains"},
		{"acme-directory without TLS", []string{"--dev", "--acme-cache", "/x", "--acme-domains", "a.example", "--acme-directory", "http://ca.example"}, nil, "acme-directory"},
		{"trusted-proxies a name", []string{"--dev", "--trusted-proxies", "proxy.example"}, nil, "trusted-proxies"},
		{"trusted-proxies too long", []string{"--dev", "--trusted-proxies", "10.0.0.0/33"}, nil, "trusted-proxies"},
		{"proxy-protocol without proxies", []string{"--dev", "--proxy-protocol"}, nil, "trusted-proxies"},
		{"trusted-proxies in disguise", []string{"--dev", "--trusted-proxies", "::ffff:10.0.0.0/104"}, nil, "trusted-proxies"},

		{"tls-cert without tls-key", []string{"--dev", "--tls-cert", cert}, nil, "tls-key"},
		{"tls-key without tls-cert", []string{"--dev", "--tls-key", key}, nil, "tls-cert"},
		{"tls-cert not there", []string{"--dev", "--tls-cert", none, "--tls-key", key}, nil, "tls-cert"},
		{"tls-key not there", []string{"--dev", "--tls-cert", cert, "--tls-key", none}, nil, "tls-key"},
		{"tls-cert and tls-key mixed up", []string{"--dev", "--tls-cert", key, "--tls-key", cert}, nil, "tls-cert"},
		{"tls-key of another certificate", []string{"--dev", "--tls-cert", cert, "--tls-key", otherKey}, nil, "tls-key"},

		{"level", []string{"--dev", "--log-level", "loud"}, nil, "log-level"},
		{"level empty in the file", yaml("dev: true\nlog-level: \"\""), nil, "log-level"},
		{"format", []string{"--dev"}, []string{"PARLOR_LOG_FORMAT=xml"}, "PARLOR_LOG_FORMAT"},

		{"number a word", []string{"--dev", "--rooms", "many"}, nil, "rooms"},
		{"number with a fraction", []string{"--dev", "--tracks", "1.5"}, nil, "tracks"},
		{"number 0", []string{"--dev", "--room-size", "0"}, nil, "room-size"},
		{"number below 0", []string{"--dev", "--ssrcs", "-64"}, nil, "ssrcs"},
		{"number too high", []string{"--dev", "--media-lines", "100000"}, nil, "media-lines"},
		{"number beyond all", []string{"--dev", "--rooms", "99999999999999999999"}, nil, "rooms"},
		{"number in octal", yaml("dev: true\nrooms: 0o17"), nil, "rooms"},
		{"number a list", yaml("dev: true\nrooms: [1]"), nil, "rooms"},
		{"one data channel", []string{"--dev", "--data-channels", "1"}, nil, "data-channels"},

		{"size a word", []string{"--dev", "--message-bytes", "big"}, nil, "message-bytes"},
		{"size of another unit", []string{"--dev", "--message-bytes", "64KB"}, nil, "message-bytes"},
		{"size beyond all", []string{"--dev", "--log-bytes", "9223372036854775807GiB"}, nil, "log-bytes"},
		{"size below 0", []string{"--dev", "--sdp-bytes", "-1KiB"}, nil, "sdp-bytes"},
		{"size too high", []string{"--dev", "--message-bytes", "1GiB"}, nil, "message-bytes"},
		{"size a unit alone", []string{"--dev", "--byte-rate", "KiB"}, nil, "byte-rate"},
		{"message larger than the burst", []string{"--dev", "--byte-burst", "32KiB"}, nil, "byte-burst"},

		{"time a number", []string{"--dev", "--lost-after", "12"}, nil, "lost-after"},
		{"time a word", []string{"--dev", "--log-age", "soon"}, nil, "log-age"},
		{"time below 0", []string{"--dev", "--resume-window", "-2m"}, nil, "resume-window"},
		{"an empty room is kept for no time", []string{"--dev", "--room-empty-timeout", "0"}, nil, "room-empty-timeout"},
		{"time 0", []string{"--dev", "--header-timeout", "0s"}, nil, "header-timeout"},
		{"time too long", []string{"--dev", "--dtls-timeout", "9000h"}, nil, "dtls-timeout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			got, err := Load(c.args, c.env, io.Discard)
			if err == nil {
				t.Fatalf("it would start with %+v", got)
			}
			if took := time.Since(start); took > time.Second {
				t.Errorf("it took %v", took)
			}
			line := err.Error()
			if !strings.Contains(line, c.names) {
				t.Errorf("%q does not name %s", line, c.names)
			}
			if strings.Contains(line, "\n") {
				t.Errorf("%q is more than a line", line)
			}
			if strings.Contains(line, secret[1:]) {
				t.Errorf("%q gives a secret away", line)
			}
		})
	}
}
