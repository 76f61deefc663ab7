package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// rung is a line by HTTP: frames go up by POST and come down as server-sent events.
type rung struct {
	*line
	client *http.Client
	url    string // of the session
	key    string
	ctx    context.Context
}

// openRung makes a line of a POST to /v1/sessions, whose answer it hands on like any other.
func openRung(ctx context.Context, t testing.TB, url string, dial dialer, kind string, hello any, hear func(*line, []told)) (*line, error) {
	lifetime, cancel := context.WithCancel(context.Background())
	dying := &http.Transport{DialContext: dial}
	r := &rung{line: newLine(kind, hear), client: &http.Client{Transport: dying}, ctx: lifetime}
	r.drop = func() {
		cancel()
		dying.CloseIdleConnections()
	}
	r.write = r.post
	t.Cleanup(r.cut)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/sessions?via="+kind, strings.NewReader(asJSON(hello)))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	body, status, err := r.do(request)
	if err != nil {
		r.end(err)
		return nil, err
	}
	if status != http.StatusCreated {
		err := problem(body, status)
		r.end(err)
		return nil, err
	}
	all, err := listen(body, nil)
	if err != nil {
		r.end(err)
		return nil, err
	}
	if r.key = all[0].Link; r.key == "" {
		err := fmt.Errorf("%w: %s without a link", errFrame, all[0].T)
		r.end(err)
		return nil, err
	}
	sid := all[0].SID
	if sid == "" {
		sid = hello.(object)["sid"].(string)
	}
	r.url = url + "/v1/sessions/" + sid
	hear(r.line, all)
	go func() {
		if kind == overSSE {
			r.end(r.stream(r.url + "/events"))
			return
		}
		for n := 1; ; n++ {
			if err := r.stream(r.url + "/poll?r=" + strconv.Itoa(n)); err != nil {
				r.end(err)
				return
			}
		}
	}()
	return r.line, nil
}

func (r *rung) do(request *http.Request) (body []byte, status int, err error) {
	response, err := r.client.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(response.Body, 64<<20))
	return body, response.StatusCode, err
}

func problem(body []byte, status int) error {
	all, err := listen(body, nil) // application/problem+json has a code, too
	if err != nil {
		return fmt.Errorf("status %d: %.200s", status, body)
	}
	return &refusal{strconv.Itoa(status), all[0].Code}
}

func (r *rung) post(frame []byte, bin bool) error {
	request, err := http.NewRequestWithContext(r.ctx, http.MethodPost, r.url, bytes.NewReader(frame))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+r.key)
	request.Header.Set("Content-Type", "application/json")
	if bin {
		request.Header.Set("Content-Type", "application/octet-stream")
	}
	body, status, err := r.do(request)
	if err == nil && status != http.StatusNoContent {
		err = problem(body, status)
	}
	if err != nil {
		r.end(err)
	}
	return err
}

// stream reads one response of events to its end. That of an sse line is the end of the line.
func (r *rung) stream(url string) error {
	request, err := http.NewRequestWithContext(r.ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+r.key)
	response, err := r.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
		return problem(body, response.StatusCode)
	}
	if kind := response.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		return fmt.Errorf("%w: events as %s", errFrame, kind)
	}
	if err := r.events(bufio.NewReader(response.Body)); err != nil {
		return err
	}
	if r.kind == overSSE {
		return io.EOF
	}
	return nil
}

func (r *rung) events(lines *bufio.Reader) error {
	var data []string
	var name string
	for {
		text, err := lines.ReadString('\n')
		if err != nil && (text != "" || !errors.Is(err, io.EOF)) {
			return fmt.Errorf("events broke off: %w", err)
		}
		text = strings.TrimRight(text, "\r\n")
		field, value, _ := strings.Cut(text, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case text == "" && len(data) > 0:
			if err := r.event(name, strings.Join(data, "\n")); err != nil {
				return err
			}
			data, name = nil, ""
		case field == "data":
			data = append(data, value)
		case field == "event":
			name = value
		}
		if err != nil {
			if len(data) > 0 {
				return fmt.Errorf("events broke off: %w", io.ErrUnexpectedEOF)
			}
			return nil
		}
	}
}

func (r *rung) event(name, data string) error {
	switch name {
	case "":
		return r.take([]byte(data), false)
	case "b":
		frame, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return fmt.Errorf("%w: %w", errFrame, err)
		}
		return r.take(frame, true)
	}
	return fmt.Errorf("%w: an event named %q", errFrame, name)
}
