package bubble_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// mail is how POSTs of messages fare: now and then one goes twice, or before the former was answered, or after the next.
type mail struct {
	rng   *rand.Rand
	apart chan struct{} // room for those that nobody waits for
	held  *parcel       // goes after the next
	late  <-chan time.Time
}

// A client has one POST under way; this one has so many more.
const apartMost = 2

func newMail(seed uint64) mail {
	return mail{rng: rand.New(rand.NewPCG(seed, 3)), apart: make(chan struct{}, apartMost)}
}

// deliver sends a parcel over HTTP, and the one that it was to overtake.
func (h *hose) deliver(p parcel) error {
	m := &h.mail
	if p.loose {
		switch m.rng.IntN(10) {
		case 0: // twice, of which either may be the first
			h.alongside(p)
		case 1:
			if h.alongside(p) {
				return nil
			}
		case 2:
			if m.held == nil {
				m.held, m.late = &p, time.After(time.Duration(1+m.rng.IntN(300))*time.Millisecond)
				return nil
			}
		}
	}
	if err := h.post(p); err != nil {
		return err
	}
	if p.loose {
		return h.overtaken()
	}
	return nil
}

// overtaken sends what was held back.
func (h *hose) overtaken() error {
	p := h.mail.held
	if p == nil {
		return nil
	}
	h.mail.held, h.mail.late = nil, nil
	return h.post(*p)
}

// alongside sends a parcel while others are on their way, unless there are too many.
func (h *hose) alongside(p parcel) bool {
	select {
	case h.mail.apart <- struct{}{}:
	default:
		return false
	}
	h.g.wg.Go(func() {
		defer func() { <-h.mail.apart }()
		if err := h.post(p); err != nil {
			h.drop(err)
		}
	})
	return true
}

// post sends a parcel and waits for the answer.
func (h *hose) post(p parcel) error {
	for try := 1; ; try++ {
		ctx, cancel := context.WithTimeout(h.ctx, postTimeout)
		status, body, err := h.ask(ctx, http.MethodPost, h.url, p)
		cancel()
		switch {
		case err == nil && status == http.StatusNoContent:
			return nil
		case err == nil && status == http.StatusTooManyRequests && try < 3: // some that we gave up are still under way
			if !h.pause(time.Second) {
				return context.Cause(h.ctx)
			}
		case err == nil:
			return fmt.Errorf("POST: %d %.200s", status, body)
		case !p.again || try == 3 || h.ctx.Err() != nil:
			return err
		}
	}
}
