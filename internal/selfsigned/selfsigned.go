// Package selfsigned makes certificates for tests, each of which vouches for itself.
package selfsigned

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// PEM makes a certificate for a name or an address, good for an hour, and its key.
func PEM(t testing.TB, name string) (chain, key []byte) {
	t.Helper()
	return Until(t, name, time.Now().Add(time.Hour))
}

// Until makes one that ends when it is told to. It began two hours before.
func Until(t testing.TB, name string, end time.Time) (chain, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IsCA: true,
		NotBefore: end.Add(-2 * time.Hour), NotAfter: end, BasicConstraintsValid: true,
	}
	if ip := net.ParseIP(name); ip != nil {
		template.DNSNames, template.IPAddresses = nil, []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// Pair is one as a server takes it, and what a client has to trust.
func Pair(t testing.TB, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	chain, key := PEM(t, name)
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(chain)
	return pair, roots
}

// Files writes those of PEM into a folder of the test.
func Files(t testing.TB, name string) (chainFile, keyFile string) {
	t.Helper()
	chain, key := PEM(t, name)
	folder := t.TempDir()
	chainFile, keyFile = filepath.Join(folder, "chain.pem"), filepath.Join(folder, "key.pem")
	for file, b := range map[string][]byte{chainFile: chain, keyFile: key} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return chainFile, keyFile
}
