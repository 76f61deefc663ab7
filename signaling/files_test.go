package signaling

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlorhq/parlor/files"
	"github.com/parlorhq/parlor/internal/metrics"
)

// withFiles is a door that takes small files.
func withFiles(t *testing.T) Config {
	t.Helper()
	store, err := files.Open(files.Config{Limits: files.Limits{File: 256 << 10, Room: 512 << 10, Total: 1 << 20, Age: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	limits := testLimits()
	limits.FilesPerMinute = 6
	return Config{Files: store, Limits: limits, Metrics: metrics.New()}
}

// uploader is somebody with the key for files.
type uploader struct {
	*site
	sid, key string
}

func (s *site) uploader(name string) *uploader {
	s.t.Helper()
	a := s.ask("POST", "/v1/sessions?via=poll", "", `{"t":"join","room":"demo","name":"`+name+`"}`)
	var in joinedReply
	if err := json.Unmarshal(a.body, &in); err != nil || in.FileKey == "" || in.Limits.FileBytes == 0 {
		s.t.Fatalf("joined with %s: %v", a.body, err)
	}
	return &uploader{s, in.ID, in.FileKey}
}

func (u *uploader) path() string { return "/v1/sessions/" + u.sid + "/files" }

func (u *uploader) put(name, content string) fileReply {
	u.t.Helper()
	a := u.ask("POST", u.path()+"?name="+name, u.key, content)
	a.want(u.t, http.StatusCreated, "")
	var f fileReply
	if err := json.Unmarshal(a.body, &f); err != nil || a.header.Get("Location") != "/v1/files/"+f.ID {
		u.t.Errorf("%s at %s: %v", a.body, a.header.Get("Location"), err)
	}
	return f
}

func TestAFileComesAndGoes(t *testing.T) {
	bubble(t, withFiles(t), func(t *testing.T, s *site) {
		ada := s.uploader("Ada")
		f := ada.put("%2e%2e%2fa%0d%0ab%22.gif", "GIF89a"+strings.Repeat("x", 200<<10))
		if f.Name != "_ab_.gif" || f.Type != "image/gif" || f.Size != 6+200<<10 {
			t.Errorf("%+v", f)
		}
		a := s.ask("GET", "/v1/files/"+f.ID, "", "")
		a.want(t, http.StatusOK, "")
		for header, want := range map[string]string{
			"Content-Type": "image/gif", "Content-Disposition": `inline; filename=_ab_.gif`, "X-Content-Type-Options": "nosniff",
			"Content-Security-Policy": "sandbox; default-src 'none'", "Cross-Origin-Resource-Policy": "same-origin",
			"Referrer-Policy": "no-referrer", "Cache-Control": "private, max-age=86400, immutable", "Vary": "Origin",
		} {
			if got := a.header.Get(header); got != want {
				t.Errorf("%s: %q, not %q", header, got, want)
			}
		}
		if len(a.body) != int(f.Size) {
			t.Errorf("%d bytes came back", len(a.body))
		}
		s.ask("DELETE", "/v1/files/"+f.ID, "", "").want(t, http.StatusNotFound, "bad_message")
		s.ask("GET", "/v1/files/AAAAAAAAAAAAAAAAAAAAAAAAAA", "", "").want(t, http.StatusNotFound, "not_found")

		// Whatever could run is only to be saved.
		for _, name := range []string{"x.svg", "x.html", "%C3%BC.pdf"} {
			a := s.ask("GET", "/v1/files/"+ada.put(name, "<svg onload=x()>").ID, "", "")
			if a.header.Get("Content-Type") != files.Any || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment; filename") {
				t.Errorf("%s comes as %v", name, a.header)
			}
		}
	})
}

func TestWhoMayPutAFile(t *testing.T) {
	bubble(t, withFiles(t), func(t *testing.T, s *site) {
		ada, ben := s.uploader("Ada"), s.uploader("Ben")
		s.ask("POST", ada.path(), "", "x").want(t, http.StatusUnauthorized, "unauthorized")
		s.ask("POST", ada.path(), "wrong", "x").want(t, http.StatusUnauthorized, "unauthorized")
		s.ask("POST", ada.path(), ben.key, "x").want(t, http.StatusUnauthorized, "unauthorized")
		s.ask("POST", "/v1/sessions/s_nobody/files", ada.key, "x").want(t, http.StatusGone, "session_not_found")
		s.ask("POST", ada.path(), ada.key, "").want(t, http.StatusBadRequest, "bad_message")
		s.ask("POST", ada.path(), ada.key, strings.Repeat("x", 256<<10+1)).want(t, http.StatusRequestEntityTooLarge, "too_large")

		c := s.h.sessions.find(ada.sid)
		c.participant.Grant.Data = false
		s.ask("POST", ada.path(), ada.key, "x").want(t, http.StatusForbidden, "not_allowed")
		c.participant.Grant.Data = true

		// Four went through to the count of files: six a minute are taken of each.
		for range 4 {
			ada.put("a", "x")
		}
		s.ask("POST", ada.path(), ada.key, "x").want(t, http.StatusTooManyRequests, "rate_limited")
		ben.put("b", strings.Repeat("x", 256<<10))
		s.ask("POST", ben.path(), ben.key, strings.Repeat("x", 256<<10)).want(t, http.StatusInsufficientStorage, "storage_full")
		for _, code := range []string{"rate_limited", "storage_full", "too_large"} {
			if s.h.cfg.Metrics.RefusedCount(code) == 0 {
				t.Errorf("%s is not counted", code)
			}
		}
		time.Sleep(10 * time.Second)
		ada.put("a", "x")
		s.h.cfg.Files.Forget("demo")
	})
}

// slowly is a body of which a part comes at a time.
type slowly struct {
	parts int
	every time.Duration
	sent  int
}

func (b *slowly) Read(p []byte) (int, error) {
	if b.sent == b.parts {
		return 0, io.EOF
	}
	if b.sent > 0 {
		time.Sleep(b.every)
	}
	b.sent++
	return copy(p, strings.Repeat("x", 8<<10)), nil
}

func (u *uploader) putSlowly(ctx context.Context, b *slowly) answer {
	u.t.Helper()
	r, err := http.NewRequestWithContext(ctx, "POST", "http://parlor.example"+u.path(), b)
	if err != nil {
		u.t.Fatal(err)
	}
	r.ContentLength = int64(b.parts) * 8 << 10
	r.Header.Set("Authorization", "Bearer "+u.key)
	response, err := u.client.Do(r)
	if err != nil {
		return answer{}
	}
	defer func() { _ = response.Body.Close() }()
	return u.read(response)
}

// A line may be slow but not silent, and not slower than that it would never end; and what did not come takes no place.
func TestSlowFiles(t *testing.T) {
	bubble(t, withFiles(t), func(t *testing.T, s *site) {
		ada := s.uploader("Ada")
		for _, c := range []struct {
			every time.Duration
			want  bool
		}{{time.Second, true}, {16 * time.Second, false}, {5 * time.Second, false}} {
			begin := time.Now()
			a := ada.putSlowly(t.Context(), &slowly{parts: 20, every: c.every})
			if c.want != (a.status == http.StatusCreated) {
				t.Errorf("a part every %s: %d %s after %s", c.every, a.status, a.body, time.Since(begin))
			}
			if took := time.Since(begin); took > time.Minute {
				t.Errorf("a part every %s kept us for %s", c.every, took)
			}
		}
		// Three at once are taken.
		s.h.cfg.Files.Forget("demo")
		ben := s.uploader("Ben")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan answer)
		for range filesAtOnce {
			go func() { done <- ben.putSlowly(ctx, &slowly{parts: 20, every: time.Second}) }()
		}
		synctest.Wait()
		s.ask("POST", ben.path(), ben.key, "x").want(t, http.StatusTooManyRequests, "rate_limited")
		cancel()
		for range filesAtOnce {
			<-done
		}
		time.Sleep(time.Minute)
		ben.put("x", "x")
		s.h.cfg.Files.Forget("demo")
	})
}

// A session that ends, and a server that goes, wait for no file.
func TestFilesOfWhoIsGone(t *testing.T) {
	bubble(t, withFiles(t), func(t *testing.T, s *site) {
		ada := s.uploader("Ada")
		done := make(chan answer)
		go func() { done <- ada.putSlowly(t.Context(), &slowly{parts: 20, every: 2 * time.Second}) }()
		synctest.Wait()
		s.h.sessions.find(ada.sid).end("removed", "go away")
		begin := time.Now()
		if a := <-done; a.status == http.StatusCreated || time.Since(begin) > 10*time.Second {
			t.Errorf("%d after %s", a.status, time.Since(begin))
		}
	})
}

func TestNoFiles(t *testing.T) {
	limits := testLimits()
	bubble(t, Config{Limits: limits}, func(t *testing.T, s *site) {
		a := s.ask("POST", "/v1/sessions?via=poll", "", `{"t":"join","room":"demo","name":"Ada"}`)
		var in joinedReply
		if err := json.Unmarshal(a.body, &in); err != nil || in.Limits.FileBytes != 0 {
			t.Fatalf("joined with %s: %v", a.body, err)
		}
		s.ask("POST", "/v1/sessions/"+in.ID+"/files", in.FileKey, "x").want(t, http.StatusForbidden, "not_allowed")
		s.ask("GET", "/v1/files/x", "", "").want(t, http.StatusNotFound, "not_found")
	})
}
