package signaling

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/room"
)

// carrier is the transport of a link over HTTP: a *stream or a *poll.
type carrier interface {
	datachannel.Conn
	// post hands over the body that read returns, and waits until it was handled.
	post(ctx context.Context, read func() (frame []byte, binary bool, err error)) error
	// leave is said when nobody will read any more.
	leave()
	// get answers with frames. An error is one from before the answer began.
	get(w http.ResponseWriter, r *http.Request) error
}

// line is a link over HTTP, as its requests find it.
type line struct {
	key     string
	kind    datachannel.Kind
	carrier carrier
	link    *datachannel.Link
}

// lines is a client's links over HTTP, of which there is one at a time.
type lines struct {
	mu sync.Mutex
	// Guarded by mu.
	now       *line
	broken    string // key of the last one, if it ended by itself and no other came
	finishing bool   // there will be no more of them
}

// with is the link that has this key, if it is the one there is.
func (ls *lines) with(key string) *line {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.now == nil || !equal(key, ls.now.key) {
		return nil
	}
	return ls.now
}

// brokeWith says whether the last link had this key and ended by itself.
func (ls *lines) brokeWith(key string) bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return ls.broken != "" && equal(key, ls.broken)
}

// ended notes that a link has.
func (ls *lines) ended(l *line) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.now == l {
		ls.now, ls.broken = nil, l.key
	}
}

// finish lets no more of them begin.
func (ls *lines) finish() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.finishing = true
}

// openLine moves the session over HTTP from now on, as long as the link lasts.
func (c *client) openLine(kind datachannel.Kind, key string, a arrival) error {
	c.lines.mu.Lock()
	defer c.lines.mu.Unlock()
	switch {
	case c.lines.finishing && c.h.ctx.Err() != nil:
		return room.ErrDraining // it may go on when the server is back
	case c.lines.finishing:
		return errNoSession
	}
	l := &line{key: key, kind: kind}
	u := newUplink(c.session.Done())
	if kind == datachannel.SSE {
		l.carrier = newStream(u)
	} else {
		l.carrier = newPoll(u, holdOf(c.h.cfg.Limits.LostAfter))
	}
	l.link = c.session.Open(l.carrier, kind, datachannel.LinkOptions{
		Attached: a.attached, ReadBytes: int(c.h.cfg.Limits.FrameBytes),
	})
	c.lines.now, c.lines.broken = l, ""
	c.post(linked{a.rev, a.host})
	c.links.Go(func() {
		err := l.link.Run(context.WithoutCancel(c.ctx)) // finish ends it
		l.carrier.leave()
		c.log.Debug().Err(err).Stringer("kind", kind).Msg("link over HTTP ended")
		c.lines.ended(l)
	})
	return nil
}

// staleOr says of a link that has ended whether its session did.
func (c *client) staleOr(err error) error {
	if code, _ := c.session.Reason(); code != "" && errors.Is(err, errStaleLink) {
		return errNoSession
	}
	return err
}
