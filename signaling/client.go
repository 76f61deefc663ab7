package signaling

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/internal/mailbox"
	"github.com/parlorhq/parlor/room"
	"github.com/parlorhq/parlor/sfu"
)

var errTooManyRequests = errors.New("too many requests")

const (
	mailboxSize = 256
	// maxRefusals is how many requests in a row may be refused for coming too fast before the session ends.
	maxRefusals = 200
	// maxAnswered is how many of them get an answer: more would only fill the queue to a client that does not listen.
	maxAnswered = 20
)

// client is one browser in a room. It outlives its connections.
type client struct {
	// Static after enter.
	h           *Handler
	id          string // of the session
	first       string // token it was given first
	attempt     string // its word for the join
	fileKey     string // lets it put files here; empty: it was made before there were any
	turn        uint64 // how many sessions had its participant before it
	since       uint64 // position in the log at which it came
	participant *room.Participant
	session     *datachannel.Session
	log         zerolog.Logger
	box         *mailbox.Box[any]
	ctx         context.Context //nolint:containedctx // the session's life, which is longer than any call
	cancel      context.CancelCauseFunc
	links       sync.WaitGroup
	lines       lines // over HTTP
	uploads     *uploads
	leaving     atomic.Bool // for good: nothing of the session is to be kept

	// Guarded by requestMu; a client that switches links has two readers for a moment.
	requestMu sync.Mutex
	requests  *rate.Limiter
	refusals  int

	// Owned by run.
	offers *rate.Limiter
	host   string                 // the client came to, by its link of now
	rev    uint64                 // of the slots last sent
	spoken bool                   // it was told of somebody who speaks
	knocks bool                   // it was told of somebody who waits
	rated  map[string]sfu.Quality // the qualities last sent
}

// request is a signalling message that came over a link.
type request struct {
	kind string
	raw  []byte
}

// linked says that a link signals now, whose hello told of the slots as of rev. What was said before it may have been lost.
type linked struct {
	rev  uint64
	host string // the client came to
}

// ending is the cause of a session's end, with what its client is told.
type ending struct{ code, message string }

func (e *ending) Error() string { return e.message }

var _ room.Member = (*client)(nil)

func newClient(h *Handler) *client {
	ctx, cancel := context.WithCancelCause(h.ctx)
	l := h.cfg.Limits
	return &client{
		h:        h,
		box:      mailbox.New[any](mailboxSize),
		ctx:      ctx,
		cancel:   cancel,
		requests: rate.NewLimiter(rate.Limit(l.SignalRate), l.SignalBurst),
		offers:   rate.NewLimiter(rate.Limit(l.OfferRate), l.OfferBurst),
		uploads:  newUploads(l.FilesPerMinute),
	}
}

// Notify implements room.Member.
func (c *client) Notify(n room.Notice) {
	if _, out := n.(room.Expelled); out && !c.h.cfg.Rooms.Draining() {
		c.leaving.Store(true)
	}
	c.post(n)
}

// post puts into the mailbox what must not be lost.
func (c *client) post(item any) {
	if !c.box.Put(item) {
		c.h.cfg.Metrics.Dropped("mailbox")
		c.end("limit_exceeded", "too much happened at once")
	}
}

// end asks the session to end; the first to ask gives the reason.
func (c *client) end(code, message string) { c.cancel(&ending{code, message}) }

// Request takes a signalling message from a link. It is called on the link's reader.
func (c *client) request(kind string, raw json.RawMessage) {
	c.requestMu.Lock()
	ok := c.requests.AllowN(time.Now(), 1)
	if ok {
		c.refusals = 0
	} else {
		c.refusals++
	}
	refusals := c.refusals
	c.requestMu.Unlock()
	switch {
	case refusals > maxRefusals:
		c.h.cfg.Metrics.Refused("limit_exceeded")
		c.end("limit_exceeded", "too many requests in spite of being refused")
	case refusals > maxAnswered:
		c.h.cfg.Metrics.Refused("rate_limited")
	case !ok, !c.box.Put(request{kind, append([]byte(nil), raw...)}):
		c.fail(kind, subject{}, errTooManyRequests)
	}
}

// run is the session's loop, from the join to the end.
func (c *client) run() {
	timer := time.NewTimer(c.h.cfg.Limits.LostAfter)
	defer timer.Stop()
	for {
		select {
		case <-c.box.C():
			for _, item := range c.box.Take() {
				c.handle(item)
			}
		case <-timer.C:
			timer.Reset(c.listen(time.Now()))
		case <-c.session.Done(): // the client broke the protocol of messages
			c.end(c.session.Reason())
			c.finish()
			return
		case <-c.ctx.Done():
			c.finish()
			return
		}
	}
}

func (c *client) handle(item any) {
	switch item := item.(type) {
	case request:
		about, err := c.serve(item)
		if err != nil {
			c.fail(item.kind, about, err)
		}
	case room.SlotsChanged:
		if item.Rev > c.rev {
			c.rev = item.Rev
			c.tellSlots(item.Rev, item.Slots)
		}
	case linked:
		c.host = item.host
		if !c.participant.Here() && !errors.Is(c.participant.Return(), room.ErrGone) {
			// It was taken for lost between its hello and its link, so what that hello says is not true. It comes again.
			c.session.Cut()
			return
		}
		// What slots show may have changed between what the hello says and the link that carries it.
		if rev, slots := c.participant.Slots(); rev > item.rev {
			c.rev = max(c.rev, rev)
			c.tellSlots(rev, slots)
		}
		c.tellMoment(c.participant.Moment())
	case room.LayersWanted:
		c.tellLayers(item)
	case room.SpeakersChanged:
		c.tellSpeakers(item.IDs)
	case room.QualitiesChanged:
		c.tellQualities(item.Of)
	case room.ChannelOpened:
		if item.Channel.Lossy() {
			c.links.Go(func() { c.serveLossy(item.Channel) })
		} else {
			c.links.Go(func() { c.serveChannel(item.Channel) })
		}
	case room.PeerLost:
		// The browser sees it too and offers again when it can.
	case room.WaitingChanged:
		c.tellWaiting(item.Waiting)
	case room.Expelled:
		code, message := "removed", "you were removed from the room"
		if item.Reason == room.ReasonClosed {
			code, message = "room_closed", "the room was closed"
		}
		if c.h.cfg.Rooms.Draining() {
			code, message = "draining", "the server is shutting down"
		}
		c.end(code, message)
	}
}

// subject is what a request is about, as far as it could be read: an offer by its id, or an m-line.
type subject struct {
	id  int64
	mid string
}

// serve answers one request.
func (c *client) serve(r request) (subject, error) {
	switch r.kind {
	case kindOffer:
		return c.serveOffer(r.raw)
	case kindSlotted:
		var m slottedRequest
		if err := decode(r.raw, &m); err != nil {
			return subject{}, err
		}
		c.participant.Confirm(m.Rev)
	case kindPublish:
		var m publishRequest
		if err := decode(r.raw, &m); err != nil {
			return subject{}, err
		}
		return subject{mid: m.Mid}, c.participant.Publish(m.described.of(m.Mid, m.Source, m.Muted))
	case kindUnpublish:
		var m unpublishRequest
		if err := decode(r.raw, &m); err != nil {
			return subject{}, err
		}
		c.participant.Unpublish(m.Mid)
	case kindView:
		var m viewRequest
		if err := decode(r.raw, &m); err != nil {
			return subject{}, err
		}
		return subject{}, c.participant.SetView(m.view())
	case kindLeave:
		var m leaveRequest
		if err := decode(r.raw, &m); err != nil {
			return subject{}, err
		}
		if m.Return {
			c.participant.Away(room.ReasonLeft)
		} else {
			c.end("left", "you left")
		}
	default:
		return subject{}, c.moderate(r)
	}
	return subject{}, nil
}

func (c *client) serveOffer(raw []byte) (subject, error) {
	var m offerRequest
	if err := decode(raw, &m); err != nil {
		return subject{}, err
	}
	if !c.offers.AllowN(time.Now(), 1) {
		return subject{id: m.ID}, errTooManyRequests
	}
	answer, err := c.participant.Answer(c.ctx, m.SDP, m.Fresh, publishes(m.Tracks))
	if err != nil {
		return subject{id: m.ID}, err
	}
	rev, slots := c.participant.Slots()
	c.rev = rev
	c.signal(answerReply{
		T: "answer", ID: m.ID, SDP: answer, Rev: rev, Slots: renderSlots(slots),
		ICEServers: c.h.iceServers(c.participant.ID, c.host),
	})
	return subject{id: m.ID}, nil
}

// serveSocket moves the session over a WebSocket until that ends. The hello of a goes out before anything else.
func (c *client) serveSocket(s *socket, a arrival) {
	link := c.session.Open(s, datachannel.WebSocket, datachannel.LinkOptions{
		Hello: a.hello, Attached: a.attached, ReadBytes: int(c.h.cfg.Limits.FrameBytes),
	})
	c.post(linked{a.rev, a.host})
	if err := s.keepAlive(link.Heard); err == nil {
		// Not ended by c.ctx, which is done before the session is closed and has said its last word: finish ends it.
		if err := link.Run(context.WithoutCancel(c.ctx)); err != nil {
			c.log.Debug().Err(err).Msg("websocket ended")
		}
	}
	s.drain()
}

// listen looks how long the client was silent, and says when to look again.
func (c *client) listen(now time.Time) time.Duration {
	l := c.h.cfg.Limits
	silent := now.Sub(c.session.LastHeard())
	if silent >= l.ResumeWindow {
		c.end("idle", "nothing was heard for too long")
		return l.ResumeWindow
	}
	if silent < l.LostAfter {
		return l.LostAfter - silent
	}
	if c.participant.Here() {
		// A client that only stood still would find its links open when it goes on, and not know that it was gone.
		c.session.Cut()
		c.participant.Away(room.ReasonLost)
	}
	return l.ResumeWindow - silent
}

// finish ends what run kept alive.
func (c *client) finish() {
	end := &ending{"draining", "the server is shutting down"}
	if cause := context.Cause(c.ctx); !errors.As(cause, &end) && !errors.Is(cause, context.Canceled) {
		end = &ending{"internal", "something went wrong in the server"}
	}
	c.h.sessions.end(c.id, end.code, time.Now().Add(c.h.cfg.Limits.ResumeWindow))
	c.lines.finish()
	c.session.Close(end.code, end.message)
	if end.code == "draining" && c.h.cfg.Keeper != nil {
		c.participant.Pause()
		c.links.Wait()
		c.h.sessions.remove(c.id)
		return // the session goes on when the server is back
	}
	c.leaving.Store(true)
	c.participant.Leave(reasonOf(end.code))
	c.forget()
	c.links.Wait()
	c.h.sessions.remove(c.id) // until now requests find their link, which has a last thing to say
	c.log.Info().Str("code", end.code).Msg("session ended")
}

func reasonOf(code string) room.Reason {
	switch code {
	case "left":
		return room.ReasonLeft
	case "idle":
		return room.ReasonLost
	case "replaced":
		return room.ReasonReplaced
	case "draining", "room_closed":
		return room.ReasonClosed
	}
	return room.ReasonRemoved
}

// signal sends a signalling message.
func (c *client) signal(v any) { c.signalState("", v) }

// signalState sends one of which only the newest counts.
func (c *client) signalState(state string, v any) {
	if err := c.session.SignalState(state, marshal(v)); err != nil {
		c.end("slow_consumer", "you do not read what is sent to you")
	}
}

// fail tells the client that a request was refused.
func (c *client) fail(re string, about subject, err error) {
	word, message := code(err)
	c.h.count(word, err)
	if word == "internal" {
		c.log.Error().Err(err).Str("request", re).Msg("request failed")
	}
	reply := errorReply{T: "error", Re: clip(re), ID: about.id, Mid: clip(about.mid), Code: word, Message: message}
	if word == "rate_limited" {
		reply.RetryMs = 1000
	}
	c.signal(reply)
}

// clip keeps a peer's word for a message or an m-line from filling ours.
func clip(word string) string {
	if len(word) > 32 {
		return ""
	}
	return word
}
