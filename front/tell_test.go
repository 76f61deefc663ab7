package front

import (
	"encoding/hex"
	"testing"
)

// Beginnings, as clients send them.
const (
	beginTLS  = "1603010200010001fc0303"
	beginICE  = "00640001005021" + "12a442" + "0102030405"
	beginTURN = "000300082112a442" + "010203040506070809"
	beginHTTP = "474554202f20485454502f312e31" // GET / HTTP/1.1
)

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTell(t *testing.T) {
	for _, tt := range []struct {
		name, first string
		want        kind
		after       int // bytes
	}{
		{"TLS 1.2 and later", beginTLS, kindTLS, 2},
		{"SSL 2", "802e0103010015000000", kindUnknown, 1},
		{"a record that is none", "1602010200", kindUnknown, 2},
		{"HTTP", beginHTTP, kindHTTP, 1},
		{"HTTP/2 without TLS", "505249202a20485454502f322e30", kindHTTP, 1},
		{"ICE", beginICE, kindICE, 10},
		{"a binding request of TURN", "000100002112a442" + "0102", kindTURN, 10},
		{"an allocation", beginTURN, kindTURN, 10},
		{"SSH", "5353482d322e30", kindHTTP, 1}, // S is a capital: HTTP says no
		{"small letters", "676574202f", kindUnknown, 1},
		{"ChannelData first", "40000004010203040506", kindUnknown, 1},
		{"zeros", "00000000000000000000", kindUnknown, 10},
		{"a length, then no STUN", "0064160100502112a442", kindICE, 10},
		{"DTLS behind its length", "006416feff000000000000", kindUnknown, 10},
		{"RDP", "0300002b26e00000000000", kindUnknown, 10},
		{"PostgreSQL", "00000008" + "04d2162f" + "0000", kindUnknown, 10},
	} {
		first := unhex(t, tt.first)
		for n := range len(first) + 1 {
			got, told := tell(first[:n])
			if told != (n >= tt.after) {
				t.Errorf("%s: %d bytes: told %v", tt.name, n, told)
				break
			}
			if told && got != tt.want {
				t.Errorf("%s: %d bytes: %v, want %v", tt.name, n, got, tt.want)
				break
			}
		}
	}
}

// It is always told after tellBytes, and stays so.
func FuzzTell(f *testing.F) {
	for _, s := range []string{beginTLS, beginICE, beginTURN, beginHTTP, "00", ""} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, first []byte) {
		var k kind
		was := false
		for n := range len(first) + 1 {
			now, told := tell(first[:n])
			if was && (!told || now != k) {
				t.Fatalf("%x: %v of %d bytes, then %v", first, k, n-1, now)
			}
			if n >= tellBytes && !told {
				t.Fatalf("%x: not told", first[:n])
			}
			k, was = now, told
		}
	})
}
