package front

import (
	"crypto/tls"
	"sync"

	"github.com/rs/zerolog"
	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// ACMEConfig says for which names certificates are fetched, and from whom.
type ACMEConfig struct {
	Domains   []string
	Email     string // where the authority may write to; may be empty
	Directory string // of the authority; empty: Let's Encrypt
	Cache     string // folder of what was fetched: authorities give only so many a week
	Client    *acme.Client
	Log       zerolog.Logger
}

// ACME fetches certificates for its domains and renews them. The authority's challenge (TLS-ALPN-01) is answered on the
// port itself, which it looks for at number 443: nothing else needs to be open.
type ACME struct {
	manager autocert.Manager
	cfg     ACMEConfig
	warming sync.WaitGroup
}

// NewACME fetches nothing yet.
func NewACME(c ACMEConfig) *ACME {
	client := c.Client
	if client == nil {
		client = &acme.Client{}
	}
	client.DirectoryURL = c.Directory
	if c.Directory == "" {
		client.DirectoryURL = autocert.DefaultACMEDirectory
	}
	return &ACME{cfg: c, manager: autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(c.Cache), HostPolicy: autocert.HostWhitelist(c.Domains...),
		Email: c.Email, Client: client,
	}}
}

// TLS is a configuration that shows these certificates and answers challenges.
func (a *ACME) TLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: a.get, NextProtos: []string{acme.ALPNProto}}
}

// get shows those who name no domain, as Firefox does for TURN, the first.
func (a *ACME) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if hello.ServerName == "" {
		named := *hello
		named.ServerName = a.cfg.Domains[0]
		hello = &named
	}
	return a.manager.GetCertificate(hello)
}

// Warm fetches what is missing now, so that the first visitor need not wait, and says in the log what came of it.
func (a *ACME) Warm() {
	for _, domain := range a.cfg.Domains {
		a.warming.Go(func() {
			// A client of today, or the authority would be asked for a certificate of the older kind.
			c, err := a.manager.GetCertificate(&tls.ClientHelloInfo{
				ServerName: domain, SupportedVersions: []uint16{tls.VersionTLS13},
				SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
				CipherSuites:     []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
				SupportedCurves:  []tls.CurveID{tls.CurveP256},
			})
			if err != nil {
				a.cfg.Log.Error().Err(err).Str("domain", domain).Msg("no certificate: the authority must reach this server at port 443 of the domain")
				return
			}
			a.cfg.Log.Info().Str("domain", domain).Time("expires", endOf(c)).Msg("certificate is there")
		})
	}
}
