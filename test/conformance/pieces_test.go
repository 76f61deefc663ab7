package conformance

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// head is the first bytes of a piece; length counts in first pieces only.
func head(flags byte, length uint64, rest string) string {
	b := []byte{piece, flags}
	if flags&firstPiece != 0 {
		b = binary.AppendUvarint(b, length)
	}
	return string(b) + rest
}

// postFrame posts a binary frame, or what follows "text:".
func (v *visitor) postFrame(frame string) (status int) {
	v.t.Helper()
	text, is := strings.CutPrefix(frame, "text:")
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.path(), strings.NewReader(text))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+v.key)
	if !is {
		r.Header.Set("Content-Type", "application/octet-stream")
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// What pieces and frames with bytes may not be ends the session; what they may be does not.
func TestCase30HostilePieces(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	const ping = `{"t":"ping","id":1}`
	long := uint64(len(ping))
	endless := strings.Repeat("\xff", 11)
	limit := uint64(join(t, tt.url, aRoom(), "Ada").limit("frameBytes"))
	cases := map[string]struct {
		frames []string
		code   string // of closed; empty: the ping is answered
	}{
		"one piece":             {[]string{head(firstPiece|lastPiece, long, ping)}, ""},
		"two":                   {[]string{head(firstPiece, long, ping[:5]), head(lastPiece, 0, ping[5:])}, ""},
		"of a frame with bytes": {[]string{head(firstPiece|lastPiece|ofBinary, long+2, string(framed(ping, nil)))}, ""},
		"the largest promise":   {[]string{head(firstPiece, limit, "{"), "text:" + ping}, ""},
		"ping between":          {[]string{head(firstPiece, 100, "{"), "text:" + ping}, ""},
		"bytes between":         {[]string{head(firstPiece, 100, "{"), string(framed(ping, nil))}, ""},

		"empty":                      {[]string{""}, "bad_message"},
		"unknown":                    {[]string{"\x03abc"}, "bad_message"},
		"zero":                       {[]string{"\x00" + ping}, "bad_message"},
		"JSON":                       {[]string{ping}, "bad_message"},
		"no flags":                   {[]string{"\x02"}, "bad_message"},
		"unknown flags":              {[]string{head(firstPiece|lastPiece|8, long, ping)}, "bad_message"},
		"no length":                  {[]string{"\x02\x01"}, "bad_message"},
		"endless length":             {[]string{"\x02\x01" + endless}, "bad_message"},
		"half a length":              {[]string{"\x02\x01\xff"}, "bad_message"},
		"never began":                {[]string{head(0, 0, ping)}, "bad_message"},
		"only an end":                {[]string{head(lastPiece, 0, ping)}, "bad_message"},
		"began twice":                {[]string{head(firstPiece, long, ping[:5]), head(firstPiece, long, ping[:5])}, "bad_message"},
		"another within":             {[]string{head(firstPiece, long, ping[:5]), head(firstPiece|lastPiece, long, ping)}, "bad_message"},
		"ended twice":                {[]string{head(firstPiece|lastPiece, long, ping), head(lastPiece, 0, "")}, "bad_message"},
		"one repeated":               {[]string{head(firstPiece, long, ping[:5]), head(0, 0, ping[5:10]), head(0, 0, ping[5:10]), head(lastPiece, 0, ping[10:])}, "bad_message"},
		"one missing":                {[]string{head(firstPiece, long, ping[:5]), head(lastPiece, 0, ping[10:])}, "bad_message"},
		"longer than said":           {[]string{head(firstPiece|lastPiece, long-1, ping)}, "bad_message"},
		"grows beyond":               {[]string{head(firstPiece, 10, ping[:5]), head(0, 0, ping[5:])}, "bad_message"},
		"shorter than said":          {[]string{head(firstPiece|lastPiece, long+1, ping)}, "bad_message"},
		"an empty one":               {[]string{head(firstPiece, long, ping[:5]), head(0, 0, ""), head(lastPiece, 0, ping[5:])}, "bad_message"},
		"nothing at all":             {[]string{head(firstPiece|lastPiece, 0, "")}, "bad_message"},
		"text that is binary":        {[]string{head(firstPiece|lastPiece, 3, "\x01\xff\xfe")}, "bad_message"},
		"binary that is text":        {[]string{head(firstPiece|lastPiece|ofBinary, long, ping)}, "bad_message"},
		"kind said late":             {[]string{head(firstPiece, long+2, string(framed(ping, nil)[:5])), head(lastPiece|ofBinary, 0, string(framed(ping, nil)[5:]))}, "bad_message"},
		"pieces of pieces":           {[]string{head(firstPiece|lastPiece|ofBinary, long+3, head(firstPiece|lastPiece, long, ping))}, "bad_message"},
		"too large":                  {[]string{head(firstPiece, limit+1, "{")}, "limit_exceeded"},
		"absurdly large":             {[]string{head(firstPiece, 1<<62, "{")}, "limit_exceeded"},
		"bytes: no length":           {[]string{"\x01"}, "bad_message"},
		"bytes: endless length":      {[]string{"\x01" + endless}, "bad_message"},
		"bytes: length beyond":       {[]string{"\x01\xff\x01" + ping}, "bad_message"},
		"bytes: of nobody":           {[]string{string(framed(ping, []byte("abc")))}, "bad_message"},
		"bytes: too many":            {[]string{string(framed(`{"t":"m","n":1,"type":"x","bytes":2}`, []byte("abc")))}, "bad_message"},
		"bytes: too few":             {[]string{string(framed(`{"t":"m","n":1,"type":"x","bytes":4}`, []byte("abc")))}, "bad_message"},
		"bytes: negative":            {[]string{string(framed(`{"t":"m","n":1,"type":"x","bytes":-1}`, nil))}, "bad_message"},
		"bytes: huge":                {[]string{string(framed(`{"t":"m","n":1,"type":"x","bytes":9007199254740993}`, []byte("abc")))}, "bad_message"},
		"bytes: none in text":        {[]string{`text:{"t":"m","n":1,"type":"x","bytes":3}`}, "bad_message"},
		"bytes: the last wants more": {[]string{string(framed(`[{"t":"m","n":1,"type":"x","bytes":2},{"t":"m","n":2,"type":"x","bytes":2}]`, []byte("abc")))}, "bad_message"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := join(t, tt.url, aRoom(), "Eve")
			for _, frame := range c.frames {
				kind := websocket.BinaryMessage
				if text, is := strings.CutPrefix(frame, "text:"); is {
					kind, frame = websocket.TextMessage, text
				}
				_ = m.ws.WriteMessage(kind, []byte(frame)) // it may be closed already
			}
			switch c.code {
			case "":
				m.expect("pong")
			default:
				m.expectClosed(c.code)
			}
		})
		for _, via := range []string{overSSE, overPoll} {
			t.Run(name+" by POST beside "+via, func(t *testing.T) {
				t.Parallel()
				v := visit(t, tt.url, via, aRoom(), "Eve")
				for i, frame := range c.frames {
					status := v.postFrame(frame)
					switch {
					case status == http.StatusNoContent:
					case c.code != "" && status == http.StatusGone: // it has cost the session
					default:
						t.Errorf("frame %d: %d", i, status)
					}
				}
				if c.code == "" {
					v.expect("pong")
					return
				}
				if m := v.expect("closed"); m["code"] != c.code {
					t.Errorf("%v, want the code %s", m, c.code)
				}
				v.expectEnd()
			})
		}
	}
	t.Run("data channel", func(t *testing.T) {
		t.Parallel()
		p := arrive(t, tt.url, aRoom(), "Eve")
		channel := p.switchTo(overWebRTC)
		if err := channel.put([]byte(head(lastPiece, 0, ping)), true); err != nil {
			t.Fatal(err)
		}
		if err := p.wait(within(t, patience), "the end", func() bool { return p.closed != nil }); err != nil && p.closed == nil {
			t.Fatal(err)
		}
		if p.closed.Code != "bad_message" {
			t.Errorf("%+v", p.closed)
		}
	})
}

// limit is one of the numbers in joined.
func (m *member) limit(name string) int {
	return int(num(m.in["limits"].(object)[name]))
}

// A guest promises a lot, sends little, and costs little.
func TestCase31Bombs(t *testing.T) {
	t.Parallel()
	p := launch(t, append([]string{"--dev"}, generous...)...)
	u, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	// Frames of a WebSocket by hand: header, mask of zeros.
	wsFrame := func(first byte, length uint64) string {
		b := binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, length)
		return string(b) + "\x00\x00\x00\x00"
	}
	raw := map[string]string{
		"compressed":       "\xc1\x85\x00\x00\x00\x00" + "abcde",
		"4 EiB in one":     wsFrame(0x81, 1<<62) + "{",
		"64 MiB in one":    wsFrame(0x81, 64<<20) + strings.Repeat("x", 1<<20),
		"64 MiB of binary": wsFrame(0x82, 64<<20) + "\x02\x01" + strings.Repeat("x", 1<<20),
		"endless parts":    wsFrame(0x01, 60_000) + strings.Repeat("x", 60_000) + strings.Repeat(wsFrame(0x00, 60_000)+strings.Repeat("x", 60_000), 40),
	}
	for name, sent := range raw {
		m := join(t, p.url, aRoom(), "Eve")
		conn := m.ws.NetConn()
		_ = conn.SetWriteDeadline(time.Now().Add(patience))
		_, _ = io.WriteString(conn, sent) // it may be closed before all is written
		m.expectEnd(name)
	}
	bare, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bare.Close() }()
	_, _ = io.WriteString(bare, "GET /v1/ws HTTP/1.1\r\nHost: "+u.Host+"\r\nX: "+strings.Repeat("x", 1<<20))
	_ = bare.SetReadDeadline(time.Now().Add(patience))
	if answer, err := io.ReadAll(io.LimitReader(bare, 1<<20)); err != nil && len(answer) == 0 && isTimeout(err) {
		t.Errorf("a header of 1 MiB is waited for: %v", err)
	}

	p.inflates(t)

	before := p.memory(t)
	const guests = 100
	room := aRoom()
	var all []*member
	for i := range guests {
		m := join(t, p.url, room, fmt.Sprint("Eve", i))
		promise := head(firstPiece, uint64(m.limit("frameBytes")), "{")
		if err := m.ws.WriteMessage(websocket.BinaryMessage, []byte(promise)); err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	for _, m := range all {
		m.sync()
	}
	if grown := p.memory(t) - before; grown > 64<<20 {
		t.Errorf("%d guests who promised much and sent one byte cost %d MiB", guests, grown>>20)
	}
}

// inflates sends little that would become much if somebody undid its encoding.
func (p *process) inflates(t *testing.T) {
	t.Helper()
	bomb := gzipped(t, 64)
	v := visit(t, p.url, overSSE, aRoom(), "Eve")
	before := p.memory(t)
	for path, key := range map[string]string{v.path(): v.key, p.url + "/v1/sessions?via=poll": ""} {
		for _, kind := range []string{"application/json", "application/octet-stream"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, bytes.NewReader(bomb))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+key)
			r.Header.Set("Content-Type", kind)
			r.Header.Set("Content-Encoding", "gzip")
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if code := problemOf(t, response, body); response.StatusCode != http.StatusUnsupportedMediaType || code != "bad_message" {
				t.Errorf("a compressed %s: %d %s", kind, response.StatusCode, code)
			}
		}
	}
	if grown := p.memory(t) - before; grown > 32<<20 {
		t.Errorf("%d KiB that would be 64 MiB cost %d MiB", len(bomb)>>10, grown>>20)
	}
	v.say(object{"t": "ping", "id": 1}) // and it lives on
	v.expect("pong")
}

// gzipped is so many MiB of zeros. A gzip file may be many, one after the other.
func gzipped(t *testing.T, mib int) []byte {
	t.Helper()
	var one bytes.Buffer
	z := gzip.NewWriter(&one)
	_, err := z.Write(make([]byte, 1<<20))
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return bytes.Repeat(one.Bytes(), mib)
}

func isTimeout(err error) bool {
	e, ok := err.(net.Error) //nolint:errorlint // of a connection of ours, not wrapped
	return ok && e.Timeout()
}

// expectEnd waits for the end of the WebSocket, however it comes: what a guest sent may have made closing in order
// impossible.
func (s *socket) expectEnd(what string) {
	s.t.Helper()
	late := time.After(patience)
	for {
		select {
		case _, ok := <-s.came:
			if !ok {
				return
			}
		case <-late:
			s.t.Fatalf("%s: not closed in %s", what, patience)
		}
	}
}
