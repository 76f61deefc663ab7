package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"

	"github.com/parlorhq/parlor/front"
	"github.com/parlorhq/parlor/internal/metrics"
)

// openPort tells apart what is spoken on the TCP port.
func (s *server) openPort(counts *metrics.Metrics) error {
	secure, err := s.tlsConfig(counts)
	if err != nil {
		return err
	}
	l := s.cfg.Limits
	var proxies []netip.Prefix
	if s.cfg.ProxyProtocol {
		proxies = s.cfg.TrustedProxies
	}
	s.port = front.NewPort(s.listen, front.PortConfig{
		TLS: secure, Undecided: l.Undecided, FirstBytes: l.FirstBytesTimeout,
		Streams: 2 * l.Connections, StreamsPerIP: 2 * l.ConnectionsPerIP, Proxies: proxies, Metrics: counts,
	})
	if secure != nil {
		s.upgrade = s.httpServer(http.HandlerFunc(s.toHTTPS))
	}
	return nil
}

// tlsConfig is nil where the server does not speak TLS itself.
func (s *server) tlsConfig(counts *metrics.Metrics) (*tls.Config, error) {
	cfg := s.cfg
	switch {
	case cfg.TLSCert != "":
		certificate, err := front.LoadCertificate(cfg.TLSCert, cfg.TLSKey, s.log, counts)
		if err != nil {
			return nil, fmt.Errorf("tls-cert: %w", err)
		}
		return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate.Get}, nil
	case len(cfg.ACME.Domains) > 0:
		a := cfg.ACME
		s.acme = front.NewACME(front.ACMEConfig{
			Domains: a.Domains, Email: a.Email, Directory: a.Directory, Cache: a.Cache, Log: s.log,
		})
		return s.acme.TLS(), nil
	}
	return nil, nil
}

// servePort serves until the port is closed; what fails before is told.
func (s *server) servePort(failed chan<- error) {
	serve := func(server *http.Server, l net.Listener) {
		go func() { failed <- server.Serve(l) }()
	}
	if s.upgrade == nil {
		serve(s.public, s.port.HTTP())
	} else {
		serve(s.public, s.port.HTTPS())
		serve(s.upgrade, s.port.HTTP())
	}
	if s.turn != nil {
		l := s.port.TURN()
		go func() { failed <- s.turn.Serve(l) }()
	}
	go func() { failed <- s.port.Serve() }()
	if s.acme != nil {
		s.acme.Warm()
	}
}

// toHTTPS is the answer to whoever comes to the port of https without TLS, and is given nothing else.
func (s *server) toHTTPS(w http.ResponseWriter, r *http.Request) {
	if r.Host == "" || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "this port speaks https", http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, "https://"+r.Host+r.URL.RequestURI(), http.StatusPermanentRedirect)
}

func (s *server) closeTURN() error {
	if s.turn == nil {
		return nil
	}
	return s.turn.Close()
}

func (s *server) closeUpgrade() error {
	if s.upgrade == nil {
		return nil
	}
	return s.upgrade.Close()
}
