package bubble_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// The kinds of links, by the names of docs/protocol.md.
const (
	overWebSocket = "websocket"
	overSSE       = "sse"
	overPoll      = "poll"
)

// What a guest takes for dead.
const (
	openTimeout  = 5 * time.Second
	postTimeout  = 6 * time.Second
	pollTimeout  = 10 * time.Second // a response may take 8
	socketSilent = 7 * time.Second
	streamSilent = 12 * time.Second // it beats every 5
)

// hose is a link as a guest has it: one goroutine reads, one writes.
type hose struct {
	g      *guest
	kind   string
	url    string // over HTTP, of the session
	key    string // over HTTP
	ws     *websocket.Conn
	ctx    context.Context //nolint:containedctx // its life
	cancel context.CancelCauseFunc

	unframer unframer // owned by the reader
	mail     mail     // owned by the writer

	mu sync.Mutex
	// Guarded by mu.
	quick []parcel // may pass between the pieces of what is large
	slow  []parcel // in order
	put   chan struct{}

	// Owned by the guest.
	heard time.Time
}

// parcel is one frame on its way up.
type parcel struct {
	frame    []byte
	isBinary bool
	again    bool // it does no harm to send it twice
	loose    bool // nor to send it out of order
	goesOn   bool // a piece that is not the first
}

// dial opens a link of a kind, says hello and gives the first frame that comes back.
func (g *guest) dialHose(ctx context.Context, kind string, hello []byte, session string, seed uint64) (*hose, []told, error) {
	h := &hose{g: g, kind: kind, put: make(chan struct{}, 1), heard: time.Now(), mail: newMail(seed)}
	h.ctx, h.cancel = context.WithCancelCause(context.Background())
	first, err := h.open(ctx, hello, session)
	if err == nil && len(first) == 0 {
		err = errFrame
	}
	if err != nil {
		h.drop(err)
		return nil, nil, err
	}
	if first[0].T == "error" || first[0].T == "closed" {
		h.drop(net.ErrClosed)
		return nil, nil, &refusal{first[0].Code}
	}
	return h, first, nil
}

// refusal is an error of the server.
type refusal struct{ code string }

func (r *refusal) Error() string { return "refused: " + r.code }

func (h *hose) open(ctx context.Context, hello []byte, session string) ([]told, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if h.kind == overWebSocket {
		d := websocket.Dialer{NetDialContext: h.g.line.Dial}
		ws, response, err := d.DialContext(ctx, "ws://parlor/v1/ws", nil)
		if err != nil {
			return nil, err
		}
		_ = response.Body.Close()
		h.ws = ws
		stop := context.AfterFunc(ctx, func() { _ = ws.Close() })
		defer stop()
		if err := ws.WriteMessage(websocket.TextMessage, hello); err != nil {
			return nil, err
		}
		kind, frame, err := ws.ReadMessage()
		if err != nil {
			return nil, err
		}
		return h.unframer.take(frame, kind == websocket.BinaryMessage)
	}
	status, body, err := h.ask(ctx, http.MethodPost, "http://parlor/v1/sessions?via="+h.kind, parcel{frame: hello})
	if err != nil {
		return nil, err
	}
	first, err := listen(body, nil)
	if err != nil {
		return nil, err
	}
	if status != http.StatusCreated {
		return nil, &refusal{first[0].Code} // application/problem+json has a code, too
	}
	if first[0].SID != "" {
		session = first[0].SID
	}
	h.url, h.key = "http://parlor/v1/sessions/"+session, first[0].Link
	return first, nil
}

// start makes it work.
func (h *hose) start() {
	h.g.wg.Go(func() { h.drop(h.read()) })
	h.g.wg.Go(func() { h.drop(h.write()) })
	h.g.wg.Go(func() {
		<-h.ctx.Done()
		h.g.tell(func() { h.g.ended(h, context.Cause(h.ctx)) })
	})
}

// drop ends the link without a word.
func (h *hose) drop(err error) {
	h.cancel(err)
	if h.ws != nil {
		_ = h.ws.Close()
	}
}

// quickly sends what is small and in no order. Nobody waits for it.
func (h *hose) quickly(v any) {
	h.add(&h.quick, parcel{frame: asJSON(v), again: true})
}

// inOrder sends messages.
func (h *hose) inOrder(p parcel) {
	if len(p.frame) <= largest {
		p.loose = p.again
		h.add(&h.slow, p)
		return
	}
	for i, piece := range pieces(p.frame, p.isBinary, 16_000) {
		h.add(&h.slow, parcel{frame: piece, isBinary: true, goesOn: i > 0})
	}
}

// clear forgets what was to be sent in order, but for the rest of a frame that has begun.
func (h *hose) clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	begun := 0
	for begun < len(h.slow) && h.slow[begun].goesOn {
		begun++
	}
	h.slow = h.slow[:begun]
}

func (h *hose) add(to *[]parcel, p parcel) {
	h.mu.Lock()
	*to = append(*to, p)
	h.mu.Unlock()
	select {
	case h.put <- struct{}{}:
	default:
	}
}

func (h *hose) next() (p parcel, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, from := range []*[]parcel{&h.quick, &h.slow} {
		if len(*from) > 0 {
			p = (*from)[0]
			*from = (*from)[1:]
			return p, true
		}
	}
	return p, false
}

func (h *hose) write() error {
	for {
		for p, ok := h.next(); ok; p, ok = h.next() {
			if err := h.send(p); err != nil {
				return err
			}
		}
		select {
		case <-h.put:
		case <-h.mail.late:
			if err := h.overtaken(); err != nil {
				return err
			}
		case <-h.ctx.Done():
			return context.Cause(h.ctx)
		}
	}
}

func (h *hose) send(p parcel) error {
	if h.ws != nil {
		kind := websocket.TextMessage
		if p.isBinary {
			kind = websocket.BinaryMessage
		}
		return h.ws.WriteMessage(kind, p.frame)
	}
	return h.deliver(p)
}

func (h *hose) request(ctx context.Context, method, url string, p parcel) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(p.frame))
	if err != nil {
		return nil, err
	}
	if h.key != "" {
		r.Header.Set("Authorization", "Bearer "+h.key)
	}
	if p.isBinary {
		r.Header.Set("Content-Type", "application/octet-stream")
	}
	return h.g.http.Do(r)
}

func (h *hose) ask(ctx context.Context, method, url string, p parcel) (status int, body []byte, err error) {
	response, err := h.request(ctx, method, url, p)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

func (h *hose) read() error {
	switch h.kind {
	case overWebSocket:
		for {
			kind, frame, err := h.ws.ReadMessage()
			if err == nil {
				err = h.bring(frame, kind == websocket.BinaryMessage)
			}
			if err != nil {
				return err
			}
		}
	case overSSE:
		response, err := h.request(h.ctx, http.MethodGet, h.url+"/events", parcel{})
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("events: %s", response.Status)
		}
		return errors.Join(h.events(response.Body), io.EOF)
	}
	return h.poll()
}

// poll asks for one response after the other, and again for one that was lost on its way.
func (h *hose) poll() error {
	for n, failed := 1, 0; ; {
		ctx, cancel := context.WithTimeout(h.ctx, pollTimeout)
		status, body, err := h.ask(ctx, http.MethodGet, h.url+"/poll?r="+strconv.Itoa(n), parcel{})
		cancel()
		switch {
		case err != nil && failed == 1, h.ctx.Err() != nil:
			return err
		case err != nil:
			failed++
			if !h.pause(200 * time.Millisecond) {
				return err
			}
		case status != http.StatusOK:
			return fmt.Errorf("poll: %d %.200s", status, body)
		default:
			n, failed = n+1, 0
			if err := h.events(bytes.NewReader(body)); err != nil {
				return err
			}
			h.g.tell(func() { h.heard = time.Now() })
		}
	}
}

func (h *hose) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-h.ctx.Done():
		return false
	}
}

func (h *hose) events(r io.Reader) error {
	lines := bufio.NewReader(r)
	var data, event string
	for {
		text, err := lines.ReadString('\n')
		if err != nil {
			if errors.Is(err, io.EOF) && data == "" && text == "" {
				return nil
			}
			return fmt.Errorf("events broke off: %w", err)
		}
		field, value, _ := strings.Cut(strings.TrimRight(text, "\r\n"), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case field == "data":
			data = value
		case field == "event":
			event = value
		case text == "\n" && data != "":
			frame := []byte(data)
			if event == "b" {
				if frame, err = base64.StdEncoding.DecodeString(data); err != nil {
					return err
				}
			}
			if err := h.bring(frame, event == "b"); err != nil {
				return err
			}
			data, event = "", ""
		}
	}
}

// bring hands a frame to the guest, and returns when it was dealt with.
func (h *hose) bring(frame []byte, isBinary bool) error {
	all, err := h.unframer.take(frame, isBinary)
	if err != nil {
		h.g.fault("over %s: %v", h.kind, err)
		return err
	}
	if len(frame) > largest && h.kind == overWebSocket {
		h.g.fault("a frame of %d bytes in one", len(frame))
	}
	if len(all) > 0 && !h.g.tell(func() { h.g.hear(h, all) }) {
		return net.ErrClosed
	}
	return nil
}
