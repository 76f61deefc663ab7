package front

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/internal/metrics"
)

// certificateCheck is how often the files of a certificate are looked at, at most: when somebody wants to see it.
const certificateCheck = time.Second

// Certificate is one from files, which is read again when they change. Connections go on with the one they have.
type Certificate struct {
	// Static after LoadCertificate.
	chain, key string
	log        zerolog.Logger

	mu sync.Mutex
	// Guarded by mu.
	now     *tls.Certificate
	looked  time.Time
	version string // of the files
}

// LoadCertificate reads a chain and its key, in PEM.
func LoadCertificate(chain, key string, log zerolog.Logger, m *metrics.Metrics) (*Certificate, error) {
	c := &Certificate{chain: chain, key: key, log: log, looked: time.Now(), version: versionOf(chain, key)}
	pair, err := tls.LoadX509KeyPair(chain, key)
	if err != nil {
		return nil, err
	}
	c.now = &pair
	m.Gauge("parlor_certificate_expires_seconds", "When the TLS certificate ends, in seconds since 1970.", func() float64 {
		c.mu.Lock()
		defer c.mu.Unlock()
		return float64(endOf(c.now).Unix())
	})
	return c, nil
}

// Get is for tls.Config.GetCertificate.
func (c *Certificate) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lookLocked(time.Now())
	return c.now, nil
}

// lookLocked takes what is in the files now, if it is good: while they are being written, chain and key may not be of one
// another.
func (c *Certificate) lookLocked(now time.Time) {
	if since := now.Sub(c.looked); since >= 0 && since < certificateCheck {
		return
	}
	c.looked = now
	version := versionOf(c.chain, c.key)
	if version == c.version {
		return
	}
	pair, err := tls.LoadX509KeyPair(c.chain, c.key)
	if err != nil {
		c.log.Warn().Err(err).Msg("changed certificate is no good, the former stays")
		return
	}
	c.now, c.version = &pair, version
	c.log.Info().Time("expires", endOf(&pair)).Msg("certificate read again")
}

// versionOf changes whenever files do, also if links to them are changed.
func versionOf(names ...string) (v string) {
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return ""
		}
		v += fmt.Sprint(info.ModTime().UnixNano(), info.Size(), ";")
	}
	return v
}

// endOf is when a certificate ends.
func endOf(c *tls.Certificate) time.Time {
	leaf := c.Leaf
	if leaf == nil {
		var err error
		if leaf, err = x509.ParseCertificate(c.Certificate[0]); err != nil {
			return time.Time{}
		}
	}
	return leaf.NotAfter
}
