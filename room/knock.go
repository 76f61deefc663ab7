package room

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	// knockPatience is how long somebody waits on who is not heard of.
	knockPatience = 15 * time.Second
	// knockedEvery is how often those who may let people in are told who waits, at most.
	knockedEvery = 250 * time.Millisecond
)

// Knock is somebody who waits to be let in. Nothing of the room is theirs yet. A door Watches it as long as it is in touch with
// who waits; what becomes of it is asked for by Rooms.Join with the same Attempt.
type Knock struct {
	ID      string
	Attempt string // that finds it again
	room    *Room

	// Guarded by room.mu.
	req      JoinRequest
	arrival  uint64
	decided  bool
	refusal  error         // of a decision; nil: to let them in
	news     chan struct{} // closed and replaced
	watchers int
	forgot   *time.Timer // what ends a Knock that nobody watches
}

// Waiting is the error of a join that has to wait.
type Waiting struct{ Knock *Knock }

func (w *Waiting) Error() string { return "somebody has to let you in" }

// Waiter is what those who may let people in know of somebody who waits.
type Waiter struct{ ID, Identity, Name string }

// waiting are the knocks of a room.
type waiting struct {
	all      map[string]*Knock // by attempt
	arrivals uint64
	told     bool        // those who may were told of them as they are
	telling  *time.Timer // of the next time to tell; nil: it may be done at once
}

// each calls f for those about whom nothing is decided, in the order in which they came.
func (w *waiting) each(f func(*Knock)) {
	for _, k := range slices.SortedFunc(maps.Values(w.all), func(a, b *Knock) int { return cmp.Compare(a.arrival, b.arrival) }) {
		if !k.decided {
			f(k)
		}
	}
}

func (w *waiting) list() []Waiter {
	list := []Waiter{}
	w.each(func(k *Knock) { list = append(list, Waiter{ID: k.ID, Identity: k.req.Identity, Name: k.req.Name}) })
	return list
}

// Waiting is how many wait to be let in.
func (r *Room) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting.list())
}

// admissionLocked says whether a newcomer may come in: nil, or why not. A *Waiting is for somebody who is to wait.
//
// Whoever may administer comes in anyway, and so does who was let in; a lock is for all others, and what the token says of
// waiting goes before what the room says.
func (r *Room) admissionLocked(req JoinRequest) error {
	k := r.waiting.all[req.Attempt]
	if k != nil && (k.req.Name != req.Name || k.req.Identity != req.Identity) { // somebody else than was seen to wait
		r.forgetLocked(k)
		k = nil
	}
	switch {
	case k != nil && k.decided:
		if k.refusal != nil {
			r.forgetLocked(k)
		}
		return k.refusal
	case req.Grant.Admin, r.rooms.cfg.FirstIsHost && !r.moderatedLocked():
		return nil
	case k != nil:
		return &Waiting{k}
	case r.settings.Locked:
		return ErrLocked
	case req.Grant.Knock == nil && !r.settings.Lobby, req.Grant.Knock != nil && !*req.Grant.Knock:
		return nil
	case len(r.waiting.all) >= r.rooms.cfg.Limits.Waiting:
		return ErrLobbyFull
	}
	return &Waiting{r.knockLocked(req)}
}

// knockLocked has somebody wait.
func (r *Room) knockLocked(req JoinRequest) *Knock {
	req.Member, req.Replaces = nil, nil
	r.waiting.arrivals++
	k := &Knock{
		ID: "k_" + rand.Text()[:16], Attempt: req.Attempt, room: r, req: req, arrival: r.waiting.arrivals, news: make(chan struct{}),
	}
	if k.Attempt == "" {
		k.Attempt = rand.Text()
	}
	r.waiting.all[k.Attempt] = k
	if r.empty != nil { // it waits with them
		r.empty.Stop()
		r.empty = nil
	}
	k.forgot = time.AfterFunc(knockPatience, k.abandon)
	r.log.Info().Str("knock", k.ID).Int("waiting", len(r.waiting.all)).Msg("somebody waits to be let in")
	r.toldLocked()
	return k
}

// decideLocked lets somebody in who waits, or does not. They hear of it, and have to come for it.
func (r *Room) decideLocked(k *Knock, refusal error) {
	k.decided, k.refusal = true, refusal
	k.newsLocked()
	r.toldLocked()
}

// noLobbyLocked lets those in who wait for no other reason than the lobby.
func (r *Room) noLobbyLocked() {
	r.waiting.each(func(k *Knock) {
		if k.req.Grant.Knock == nil {
			r.decideLocked(k, nil)
		}
	})
}

// emptiedLocked gives a room in which nobody is the settings of one that nobody has entered. Who waits at its door finds it as who
// comes now: without a lobby they come in, and where the first is host, the first of them is that.
func (r *Room) emptiedLocked() {
	r.changeLocked(r.rooms.cfg.Settings, "")
	switch {
	case !r.settings.Lobby:
		r.noLobbyLocked()
	case r.rooms.cfg.FirstIsHost:
		for _, k := range r.waiting.all {
			if k.decided && k.refusal == nil {
				return // and about to come
			}
		}
		first := true
		r.waiting.each(func(k *Knock) {
			if first {
				r.decideLocked(k, nil)
			}
			first = false
		})
	}
}

// forgetLocked ends a Knock.
func (r *Room) forgetLocked(k *Knock) {
	if r.waiting.all[k.Attempt] != k {
		return
	}
	delete(r.waiting.all, k.Attempt)
	k.forgot.Stop()
	k.newsLocked()
	if !k.decided {
		r.toldLocked()
	}
	r.armLocked()
}

// toldLocked is said when other people wait than did.
func (r *Room) toldLocked() {
	r.waiting.told = false
	r.knockedLocked()
}

// knockedLocked tells those who may let people in who waits, at once or a little later.
func (r *Room) knockedLocked() {
	if r.waiting.told || r.waiting.telling != nil || r.dead {
		return
	}
	r.waiting.told = true
	list := r.waiting.list()
	for _, p := range r.participants {
		if p.here && p.Admin() {
			p.member.Notify(WaitingChanged{Waiting: list})
		}
	}
	r.waiting.telling = time.AfterFunc(knockedEvery, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.waiting.telling = nil
		r.knockedLocked()
	})
}

// newsLocked wakes who watches it.
func (k *Knock) newsLocked() {
	close(k.news)
	k.news = make(chan struct{})
}

// attendedLocked tells those who wait that somebody who may let them in has come, or that nobody is there any more.
func (r *Room) attendedLocked() {
	r.waiting.each((*Knock).newsLocked)
}

// Watch says that a door is in touch with who waits, until leave is called; with gone, they said that they wait no more.
func (k *Knock) Watch() (leave func(gone bool)) {
	r := k.room
	r.mu.Lock()
	defer r.mu.Unlock()
	k.watchers++
	k.forgot.Stop()
	return func(gone bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		k.watchers--
		switch {
		case r.waiting.all[k.Attempt] != k:
		case gone:
			r.forgetLocked(k)
		case k.watchers == 0:
			k.forgot.Reset(knockPatience)
		}
	}
}

// State says whether a decision is there, whether somebody is there who could make it, and what is closed once either is no longer so.
func (k *Knock) State() (decided, attended bool, news <-chan struct{}) {
	r := k.room
	r.mu.Lock()
	defer r.mu.Unlock()
	return k.decided || r.waiting.all[k.Attempt] != k, r.presentLocked(), k.news
}

func (k *Knock) abandon() {
	k.room.mu.Lock()
	defer k.room.mu.Unlock()
	if k.watchers == 0 {
		k.room.forgetLocked(k)
	}
}

// Admit lets somebody in who waits; an empty id: everyone. It is for those with the grant to administer.
//
// Errors: ErrNotAllowed, ErrGone, ErrUnknownParticipant.
func (p *Participant) Admit(knock string) error { return p.decide(knock, nil) }

// Deny sends somebody away who waits, as Admit lets them in.
func (p *Participant) Deny(knock string) error { return p.decide(knock, ErrDenied) }

func (p *Participant) decide(knock string, refusal error) error {
	if !p.Admin() {
		return fmt.Errorf("%w to let people in", ErrNotAllowed)
	}
	r := p.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if !p.here {
		return ErrGone
	}
	found := knock == ""
	r.waiting.each(func(k *Knock) {
		if knock == "" || k.ID == knock {
			found = true
			r.decideLocked(k, refusal)
		}
	})
	if !found {
		return fmt.Errorf("%w, or they do not wait any more", ErrUnknownParticipant)
	}
	return nil
}
