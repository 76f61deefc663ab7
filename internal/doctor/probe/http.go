package probe

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/parlorhq/parlor/internal/doctor"
)

// mostBody is what is read of an answer.
const mostBody = 1 << 20

// answer is a response that was read.
type answer struct {
	header http.Header
	body   []byte
}

// ask sends a request and reads what comes back.
func (p *probe) ask(ctx context.Context, e *doctor.Exchange, method, path string, body []byte, header ...string) answer {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Patience)
	defer cancel()
	var a answer
	e.Try = p.try(func() error {
		r, err := p.send(ctx, method, path, body, header...)
		if err != nil {
			return err
		}
		defer r.Body.Close()
		e.Status, a.header = r.StatusCode, r.Header
		a.body, err = io.ReadAll(io.LimitReader(r.Body, mostBody))
		return err
	})
	e.Code = problem(a.header, a.body)
	e.Parlor = e.Code != ""
	return a
}

func (p *probe) send(ctx context.Context, method, path string, body []byte, header ...string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, p.facts.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return p.client.Do(r)
}

// problem is the code of problem details.
func problem(header http.Header, body []byte) string {
	if !strings.HasPrefix(header.Get("Content-Type"), "application/problem+json") {
		return ""
	}
	var details struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(body, &details) != nil {
		return ""
	}
	return details.Code
}

// health asks whether anybody is there who speaks HTTP, and what time it is. Moved: it is to be had by https.
func (p *probe) health(ctx context.Context) (moved *url.URL) {
	f := p.facts
	before := time.Now()
	a := p.ask(ctx, &f.Health, http.MethodGet, "/healthz", nil)
	if at, err := http.ParseTime(a.header.Get("Date")); err == nil {
		ours := before.Add(time.Since(before) / 2)
		f.Clock = doctor.Clock{Known: true, Ahead: at.Add(time.Second / 2).Sub(ours)} // it says no parts of seconds
	}
	if f.Health.Status/100 == 3 {
		to, err := url.Parse(a.header.Get("Location"))
		if err == nil && to.Scheme == "https" && to.Hostname() == f.Host && !f.Secure {
			return to
		}
	}
	return nil
}

// origin asks as a browser does that is to let a page use this server.
func (p *probe) origin(ctx context.Context) {
	o := &p.facts.Origin
	o.Asked = p.cfg.Origin
	if o.Asked == "" {
		o.Asked = p.facts.URL
	}
	o.Own = strings.EqualFold(o.Asked, p.facts.URL)
	a := p.ask(ctx, &o.Exchange, http.MethodOptions, "/v1/sessions", nil,
		"Origin", o.Asked, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type")
	o.Parlor = o.Parlor || o.Status == http.StatusNoContent && a.header.Get("Access-Control-Allow-Origin") == o.Asked
}

// stream listens to the probe for buffering: two events, a second apart.
func (p *probe) stream(ctx context.Context) {
	s := &p.facts.Stream
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Patience+time.Second)
	defer cancel()
	s.Try = p.try(func() error {
		r, err := p.send(ctx, http.MethodGet, "/v1/sessions/probe", nil, "Accept", "text/event-stream")
		if err != nil {
			return err
		}
		defer r.Body.Close()
		s.Status = r.StatusCode
		if r.StatusCode != http.StatusOK {
			head, _ := io.ReadAll(io.LimitReader(r.Body, mostBody))
			s.Code = problem(r.Header, head)
			s.Parlor = s.Code != ""
			return io.ErrUnexpectedEOF
		}
		var first time.Time
		lines := bufio.NewScanner(io.LimitReader(r.Body, mostBody))
		for lines.Scan() {
			if !strings.HasPrefix(lines.Text(), "data:") {
				continue
			}
			if s.Parlor = strings.Contains(lines.Text(), `"beat"`); !s.Parlor {
				return io.ErrUnexpectedEOF
			}
			if !first.IsZero() {
				s.Gap = time.Since(first)
				return nil
			}
			first = time.Now()
		}
		if err := lines.Err(); err != nil {
			return err
		}
		return io.ErrUnexpectedEOF
	})
}
