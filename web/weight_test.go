package web

import (
	"io"
	"net/http"
	"path"
	"regexp"
	"testing"
)

// What a browser fetches before it shows the first page, as it is sent to those who take no brotli. What is wanted later
// (a room's screen, the doctor, other languages, the whiteboard, what blurs backgrounds) is fetched later.
const firstLoad = 150 << 10

func TestFirstLoadIsLight(t *testing.T) {
	h := Handler(nil)
	if res := get(t, h, "GET", "/"); res.StatusCode == http.StatusServiceUnavailable {
		t.Skip("the page is not built")
	}
	total := 0
	for name, size := range fetched(t, h, "/", make(map[string]int)) {
		t.Logf("%7d %s", size, name)
		total += size
	}
	t.Logf("%7d in all", total)
	if total > firstLoad {
		t.Errorf("the first load has %d bytes, more than %d", total, firstLoad)
	}
	if total < 50<<10 {
		t.Errorf("%d bytes are no page: what it loads was not found", total)
	}
}

var (
	// Icons and the manifest do not hold up the page.
	loads   = regexp.MustCompile(`(?:<script[^>]* src|<link rel="(?:stylesheet|modulepreload)"[^>]* href)="([^"]+)"`)
	imports = regexp.MustCompile(`(?:\bfrom|\bimport)\s*"([^"]+\.js)"`)
)

// fetched adds the page or script at name, and what it needs to begin, to sizes.
func fetched(t *testing.T, h http.Handler, name string, sizes map[string]int) map[string]int {
	t.Helper()
	if _, ok := sizes[name]; ok {
		return sizes
	}
	sent, err := io.ReadAll(get(t, h, "GET", name, "Accept-Encoding", "gzip").Body)
	if err != nil {
		t.Fatal(err)
	}
	sizes[name] = len(sent)
	plain := get(t, h, "GET", name)
	if plain.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d", name, plain.StatusCode)
	}
	text, err := io.ReadAll(plain.Body)
	if err != nil {
		t.Fatal(err)
	}
	further := imports
	if name == "/" {
		further = loads
	}
	for _, match := range further.FindAllSubmatch(text, -1) {
		at := string(match[1])
		if !path.IsAbs(at) {
			at = path.Join(path.Dir(name), at)
		}
		fetched(t, h, at, sizes)
	}
	return sizes
}
