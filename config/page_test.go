package config

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

// TestPage keeps docs/options.md the same as the table. `go test ./config -update` writes it anew.
func TestPage(t *testing.T) {
	const file = "../docs/options.md"
	var page bytes.Buffer
	writePage(&page)
	if *update {
		if err := os.WriteFile(file, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, page.Bytes()) {
		t.Errorf("%s is not what config/options.go says: go test ./config -update", file)
	}
}

var update = flag.Bool("update", false, "write docs/options.md anew")
