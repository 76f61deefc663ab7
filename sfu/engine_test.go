package sfu

import (
	"testing"
	"time"
)

func TestCertificateOfADay(t *testing.T) {
	var c certificate
	now := time.Now()
	first, err := c.at(now)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		at   time.Time
		same bool
	}{
		{"a moment later", now.Add(time.Second), true},
		{"almost a day later", now.Add(certificateLife - time.Second), true},
		{"a day later", now.Add(certificateLife), false},
		{"after the clock was set back", now.Add(-time.Hour), false},
	} {
		other, err := c.at(tt.at)
		if err != nil {
			t.Fatal(err)
		}
		if same := first.Equals(other); same != tt.same {
			t.Errorf("%s: the same certificate: %v", tt.name, same)
		}
		if other.Expires().Before(tt.at.Add(2 * certificateLife)) {
			t.Errorf("%s: it expires %v", tt.name, other.Expires())
		}
	}
}
