package conformance

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// putFile puts a file into a room by the session that in tells of.
func putFile(t *testing.T, url string, in object, name, mediaType string, content []byte) (status int, answer object) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", url+"/v1/sessions/"+in["sid"].(string)+"/files?name="+name, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	key, _ := in["fileKey"].(string)
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", mediaType)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	problemOf(t, response, body)
	return response.StatusCode, decode(t, body)
}

func TestFiles(t *testing.T) {
	tt := server(t)
	ada := join(t, tt.url, aRoom(), "Ada")
	noise := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	png := append([]byte("\x89PNG\r\n\x1a\n"), noise...)
	status, f := putFile(t, tt.url, ada.in, url.QueryEscape("../Grüße\u202e.png"), "text/html", png)
	if status != http.StatusCreated || f["name"] != "_Grüße.png" || f["type"] != "image/png" || num(f["size"]) != uint64(len(png)) {
		t.Fatalf("%d %v", status, f)
	}
	response, body := request(t.Context(), t, "GET", tt.url+"/v1/files/"+f["id"].(string), "", "")
	if !bytes.Equal(body, png) || response.Header.Get("Content-Type") != "image/png" ||
		response.Header.Get("Content-Security-Policy") != "sandbox; default-src 'none'" || response.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d bytes with %v", len(body), response.Header)
	}
	// A part of it.
	part := get(t, tt.url+"/v1/files/"+f["id"].(string), http.Header{"Range": {"bytes=0-7"}})
	if got, _ := io.ReadAll(part.Body); part.StatusCode != http.StatusPartialContent || string(got) != "\x89PNG\r\n\x1a\n" {
		t.Errorf("%s %q", part.Status, got)
	}
	for _, mediaType := range []string{"image/svg+xml", "image/png", "text/html"} {
		_, f := putFile(t, tt.url, ada.in, "x", mediaType, []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`))
		response, _ := request(t.Context(), t, "GET", tt.url+"/v1/files/"+f["id"].(string), "", "")
		if response.Header.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(response.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s comes with %v", mediaType, response.Header)
		}
	}
	stranger := object{"sid": ada.in["sid"], "fileKey": "x"}
	if status, p := putFile(t, tt.url, stranger, "x", "", noise); status != http.StatusUnauthorized || p["code"] != "unauthorized" {
		t.Errorf("with another key: %d %v", status, p)
	}
	if status, p := putFile(t, tt.url, ada.in, "x", "", nil); status != http.StatusBadRequest || p["code"] != "bad_message" {
		t.Errorf("nothing: %d %v", status, p)
	}
	if response, body := request(t.Context(), t, "GET", tt.url+"/v1/files/AAAAAAAAAAAAAAAAAAAAAAAAAA", "", ""); problemOf(t, response, body) != "not_found" {
		t.Errorf("what is not there: %s %s", response.Status, body)
	}
	if limit := num(ada.in["limits"].(object)["fileBytes"]); limit > 0 && limit < 64<<20 {
		if status, p := putFile(t, tt.url, ada.in, "x", "", make([]byte, limit+1)); status != http.StatusRequestEntityTooLarge || p["code"] != "too_large" {
			t.Errorf("a byte too many: %d %v", status, p)
		}
	}
}

// A file goes with its room; in a directory it stays, and so does the right to put another.
func TestFilesOverARestart(t *testing.T) {
	t.Parallel()
	p := durable(t)
	ada := join(t, p.url, aRoom(), "Ada")
	content := []byte("GIF89a and more")
	_, f := putFile(t, p.url, ada.in, "a.gif", "", content)
	p.kill()
	p.again(t)
	response, body := request(t.Context(), t, "GET", p.url+"/v1/files/"+f["id"].(string), "", "")
	if !bytes.Equal(body, content) || response.Header.Get("Content-Disposition") != "inline; filename=a.gif" {
		t.Errorf("after a restart: %s %q %v", response.Status, body, response.Header)
	}
	if status, again := putFile(t, p.url, ada.in, "b", "", content); status != http.StatusCreated {
		t.Errorf("by the session of before: %d %v", status, again)
	}
}
