package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/netip"
	"time"
)

// shake looks at the certificate, each of its faults apart, and says whether a browser would go on.
func (p *probe) shake(ctx context.Context) bool {
	f := p.facts
	c := &f.Certificate
	raw, err := p.reach(ctx, netip.AddrPortFrom(p.at, f.Port))
	if err != nil {
		c.Handshake = err.Error()
		return false
	}
	defer raw.Close()
	_ = raw.SetDeadline(time.Now().Add(p.cfg.Patience))
	config := p.tls(f.Host)
	config.InsecureSkipVerify = true //nolint:gosec // what is wrong with it is what we are here for; nothing else is said
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		_, plain := errors.AsType[tls.RecordHeaderError](err)
		c.NotTLS, c.Handshake = plain, p.reason(outcome(err), err)
		return false
	}
	chain := conn.ConnectionState().PeerCertificates
	leaf := chain[0]
	c.Shown, c.NotBefore, c.NotAfter = true, leaf.NotBefore, leaf.NotAfter
	c.Names = append(c.Names, leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		c.Names = append(c.Names, ip.String())
	}
	c.Named = leaf.VerifyHostname(f.Host) == nil
	c.Trusted = trusted(chain, p.cfg.Roots, f.At)
	return c.Named && c.Trusted && !f.At.Before(c.NotBefore) && f.At.Before(c.NotAfter)
}

// trusted says whether an authority vouches for a chain, or did while it was good.
func trusted(chain []*x509.Certificate, roots *x509.CertPool, now time.Time) bool {
	leaf := chain[0]
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		now = leaf.NotAfter.Add(-time.Second)
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: now})
	return err == nil
}
