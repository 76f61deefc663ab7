package config

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/parlorhq/parlor/auth"
)

// loader is a Config on its way.
type loader struct {
	config   Config
	file     string
	adminSet bool
	hostSet  bool
}

// Load reads the options of `parlor serve` from args and env (os.Environ) and the file they name, and checks that a
// server can start with them. On --help it prints to out and returns flag.ErrHelp. Any other error is one line that
// names the option.
func Load(args, env []string, out io.Writer) (*Config, error) {
	var l loader
	if err := l.read(args, env); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			writeHelp(out)
		}
		return nil, err
	}
	if err := l.check(); err != nil {
		return nil, err
	}
	return &l.config, nil
}

// Peek reads the options as Load does from env and the file it names, without asking whether a server could start with
// them. It is for commands that talk to a server of the same environment.
func Peek(env []string) (*Config, error) {
	var l loader
	if err := l.read(nil, env); err != nil {
		return nil, err
	}
	return &l.config, nil
}

// given is what one source said of an option.
type given struct {
	source string // how its author would find it again: --listen, PARLOR_LISTEN, parlor.yaml:3
	apply  func(value) error
}

func givenText(source, s string) given {
	return given{source, func(v value) error { return v.set(s) }}
}

// read sets every option to what the strongest source says of it, then derives what depends on others.
func (l *loader) read(args, env []string) error {
	l.setDefaults()
	byName := map[string]option{}
	for _, s := range l.sections() {
		for _, o := range s.options {
			byName[o.name] = o
		}
	}
	flags, err := readFlags(args, byName)
	if err != nil {
		return err
	}
	variables, err := readEnv(env, byName)
	if err != nil {
		return err
	}
	// Where the file is, the file cannot say.
	for _, from := range []map[string]given{variables, flags} {
		if g, found := from["config"]; found {
			if err := g.apply(byName["config"].value); err != nil {
				return fmt.Errorf("config (%s): %w", g.source, err)
			}
		}
	}
	inFile := map[string]given{}
	if l.file != "" {
		if inFile, err = readFile(l.file, byName); err != nil {
			return err
		}
	}
	for _, s := range l.sections() {
		for _, o := range s.options {
			for _, from := range []map[string]given{inFile, variables, flags} {
				g, found := from[o.name]
				if !found {
					continue
				}
				if err := g.apply(o.value); err != nil {
					return fmt.Errorf("%s (%s): %w", o.name, g.source, err)
				}
			}
		}
	}
	l.derive()
	return nil
}

// derive fills in the defaults that depend on other options.
func (l *loader) derive() {
	c := &l.config
	if c.Listen == "" {
		c.Listen = ":8080"
		if c.Dev {
			c.Listen = "127.0.0.1:8080"
		}
	}
	if c.UDP == "" {
		// All addresses, in dev too: Firefox cannot reach media at 127.0.0.1 alone.
		if _, port, err := net.SplitHostPort(c.Listen); err == nil {
			c.UDP = ":" + port
		}
	}
	if c.ACME.Cache == "" && c.DataDir != "" {
		c.ACME.Cache = filepath.Join(c.DataDir, "acme")
	}
	if c.PeerJS.Mode == "auto" {
		c.PeerJS.Mode = "tokens"
		if c.Dev {
			c.PeerJS.Mode = "open"
		}
	}
	if !l.hostSet {
		c.FirstIsHost = c.Dev
	}
	if !l.adminSet && !c.Dev {
		c.Admin = "127.0.0.1:9090"
	}
}

// check finds what is wrong with options together.
func (l *loader) check() error {
	c, m := &l.config, &l.config.Limits
	if _, err := auth.NewVerifier(c.Keys); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	if len(c.Keys) == 0 && !c.Dev {
		return errors.New("keys: at least one API key is needed (PARLOR_KEYS=\"name: secret\"), or --dev to open every room to everyone")
	}
	switch {
	case c.TLSCert != "" && c.TLSKey == "":
		return errors.New("tls-key: tls-cert is set, so tls-key is needed too")
	case c.TLSCert == "" && c.TLSKey != "":
		return errors.New("tls-cert: tls-key is set, so tls-cert is needed too")
	case c.TLSCert != "":
		if err := checkCertificate(c.TLSCert, c.TLSKey); err != nil {
			return err
		}
	}
	if c.ProxyProtocol && len(c.TrustedProxies) == 0 {
		return errors.New("trusted-proxies: proxy-protocol is set, so it is needed too: without it everybody could come from anywhere")
	}
	if (len(c.TURN.Servers) > 0) != (c.TURN.Secret != "") {
		return errors.New("turn-secret: turn-servers and turn-secret are needed together")
	}
	if err := c.checkACME(); err != nil {
		return err
	}
	if m.ByteBurst < m.MessageBytes {
		return fmt.Errorf("byte-burst: %s is less than message-bytes (%s), so the largest message could never pass",
			formatSize(m.ByteBurst), formatSize(m.MessageBytes))
	}
	return nil
}

func (c *Config) checkACME() error {
	a := &c.ACME
	switch {
	case len(a.Domains) == 0 && (a.Email != "" || a.Directory != ""):
		return errors.New("acme-domains: acme-email or acme-directory is set, so it is needed too")
	case len(a.Domains) > 0 && c.TLSCert != "":
		return errors.New("acme-domains: tls-cert is set too; certificates come from one of them")
	case len(a.Domains) > 0 && a.Cache == "":
		return errors.New("acme-cache: a folder is needed (or a data-dir), or each start would fetch certificates, of which there are only so many a week")
	}
	return nil
}

// checkCertificate loads the pair for nothing but the reason why it might not load later.
func checkCertificate(cert, key string) error {
	if _, err := os.ReadFile(cert); err != nil {
		return fmt.Errorf("tls-cert: %w", err)
	}
	if _, err := os.ReadFile(key); err != nil {
		return fmt.Errorf("tls-key: %w", err)
	}
	if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
		return fmt.Errorf("tls-cert: %s with tls-key %s: %w", cert, key, err)
	}
	return nil
}
