package signaling

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"github.com/parlorhq/parlor/room"
)

// waitReply says that somebody has to let its reader in. The same join again is the question what has come of it.
type waitReply struct {
	T        string `json:"t"`
	Attempt  string `json:"attempt"`           // to join with
	Attended bool   `json:"attended"`          // somebody is there who could let them in
	Decided  bool   `json:"decided,omitempty"` // it is time to ask
}

// knockHold is how long a join over HTTP may wait for news. Proxies end what takes longer than a minute.
const knockHold = 8 * time.Second

// ante is a WebSocket whose client waits to be let in: its reader is the goroutine of the request, and another one tells the news.
type ante struct {
	h     *Handler
	s     *socket
	knock *room.Knock
	pings *rate.Limiter // owned by the reader

	mu sync.Mutex // one writes at a time
}

// await keeps a WebSocket until somebody has decided and its client has joined anew. An error wraps io.EOF if its client is gone or
// has been told why it is over.
func (h *Handler) await(s *socket, k *room.Knock, from caller) (arrival, error) {
	w := &ante{h: h, s: s, knock: k, pings: rate.NewLimiter(rate.Limit(h.cfg.Limits.SignalRate), h.cfg.Limits.SignalBurst)}
	leave := k.Watch()
	ctx, cancel := context.WithCancel(h.ctx)
	var teller sync.WaitGroup
	teller.Go(func() { w.tell(ctx) })
	raw, err := w.read()
	cancel()
	teller.Wait()
	leave(saidGoodbye(err))
	if err != nil {
		return arrival{}, fmt.Errorf("waiting: %w", err)
	}
	return h.enter(raw, from)
}

// read answers pings until there is a frame that is none.
func (w *ante) read() ([]byte, error) {
	if err := w.s.keepAlive(func() {}); err != nil {
		return nil, err
	}
	for {
		raw, binary, err := w.s.ReadFrame()
		var ping pingRequest
		switch {
		case err != nil:
			return nil, errors.Join(err, io.EOF)
		case binary:
			return nil, errBinary
		case decode(raw, &ping) == nil && ping.T == kindLeave:
			return nil, errors.Join(errLeft, w.s.CloseConn(websocket.CloseNormalClosure, ""), io.EOF)
		case ping.T != kindPing:
			return raw, nil
		case !w.pings.Allow():
			return nil, errTooManyRequests
		}
		if err := w.write(pongReply{T: "pong", ID: ping.ID}); err != nil {
			return nil, errors.Join(err, io.EOF)
		}
	}
}

var errLeft = errors.New("they wait no more")

// saidGoodbye says whether a client went of its own accord, rather than a network.
func saidGoodbye(err error) bool {
	closed, is := errors.AsType[*websocket.CloseError](err)
	return errors.Is(err, errLeft) || is && slices.Contains(
		[]int{websocket.CloseNormalClosure, websocket.CloseGoingAway, websocket.CloseNoStatusReceived}, closed.Code)
}

// tell says how things stand whenever that changes.
func (w *ante) tell(ctx context.Context) {
	var said *waitReply
	for {
		decided, attended, news := w.knock.State()
		now := waitReply{T: "wait", Attempt: w.knock.Attempt, Attended: attended, Decided: decided}
		if said == nil || *said != now {
			said = &now
			if w.write(now) != nil {
				return // the reader sees it too
			}
		}
		select {
		case <-news:
		case <-ctx.Done():
			if w.h.ctx.Err() != nil {
				word, message := code(room.ErrDraining)
				_ = w.write(errorReply{T: "error", Re: kindJoin, Code: word, Message: message})
				_ = w.s.CloseConn(websocket.CloseGoingAway, word) // ends the reader
			}
			return
		}
	}
}

func (w *ante) write(v any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.s.WriteFrame(marshal(v), false)
}

// enterPatiently is enter for a request: who has to wait, and knows it, waits for news.
func (h *Handler) enterPatiently(ctx context.Context, raw []byte, from caller) (arrival, error) {
	a, err := h.enter(raw, from)
	w, waits := errors.AsType[*room.Waiting](err)
	var m joinRequest
	if !waits || decode(raw, &m) != nil || !m.Wait {
		return a, err
	}
	leave := w.Knock.Watch()
	defer leave(false)
	if decided, _, news := w.Knock.State(); !decided {
		late := time.NewTimer(knockHold)
		defer late.Stop()
		select {
		case <-news:
		case <-late.C:
		case <-h.ctx.Done():
		case <-ctx.Done():
			return arrival{}, context.Cause(ctx)
		}
	}
	return h.enter(raw, from)
}

// answerWait tells a request that it has to wait.
func answerWait(w http.ResponseWriter, k *room.Knock) {
	decided, attended, _ := k.State()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(marshal(waitReply{T: "wait", Attempt: k.Attempt, Attended: attended, Decided: decided})) // who does not get it asks again
}
