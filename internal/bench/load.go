package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Load is what is done to a target.
type Load struct {
	Readers    int
	Senders    int
	Publishers int     // beside these; the target must be a Stage
	Media      Media   // of each of them, which readers are shown
	Rate       float64 // messages a second of each sender; 0: as fast as they arrive, Window at a time
	Window     int     // that are on their way to some reader, of each sender, if Rate is 0
	Size       int     // bytes of a message

	Warmup   time.Duration // half of it quiet, half of it sending
	Duration time.Duration // that is measured

	Server   Process // whose CPU and memory are measured
	Parallel int     // joins at a time; 0 is 8
	Measured func()  // called when measuring begins, by its own goroutine
}

// DefaultWindow is how many messages of an unthrottled sender are on their way.
const DefaultWindow = 32

// drainTimeout is how long messages may take that were sent.
const drainTimeout = 10 * time.Second

// run is a load while it is on.
type run struct {
	// Static.
	Load
	target  Target
	readers []*reader
	senders []*sender
	stage   Stage // nil if nobody publishes
	show    *show

	mu sync.Mutex
	// Guarded by mu while people join.
	joins latency

	began, ended atomic.Int64 // of the measuring, Unix nanoseconds; 0: not yet
	busy         int64        // bytes of the server at the end of it
}

// Run joins, sends, waits for the last message and leaves.
func Run(ctx context.Context, target Target, l Load) (*Report, error) {
	if l.Size < MinSize {
		return nil, fmt.Errorf("a message has at least %d bytes", MinSize)
	}
	if l.Window == 0 {
		l.Window = DefaultWindow
	}
	r := &run{Load: l, target: target}
	if l.Publishers > 0 {
		var ok bool
		if r.stage, ok = target.(Stage); !ok {
			return nil, errors.New("nobody can publish there")
		}
	}
	r.show = newShow(r)
	report := &Report{Readers: l.Readers, Senders: l.Senders, Size: l.Size, Rate: l.Rate}
	empty, err := l.Server.RSS()
	if err != nil {
		return nil, err
	}
	defer r.leave()
	if err := r.join(ctx); err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	report.JoinMs = milliseconds(&r.joins)
	if err := sleep(ctx, l.Warmup/2); err != nil { // what joining left behind
		return nil, err
	}
	full, err := l.Server.RSS()
	if err != nil {
		return nil, err
	}
	report.KiBPerParticipant = float64(full-empty) / 1024 / float64(max(1, l.Readers+l.Senders+l.Publishers))
	if err := r.measure(ctx, report); err != nil {
		return nil, err
	}
	r.report(report)
	r.show.report(report)
	if report.Media != nil {
		report.Media.KiBPerParticipant = float64(r.busy-empty) / 1024 / float64(l.Readers+l.Senders+l.Publishers)
	}
	return report, nil
}

// join brings everybody in, a few at a time.
func (r *run) join(ctx context.Context) error {
	parallel := r.Parallel
	if parallel == 0 {
		parallel = 8
	}
	for range r.Load.Readers {
		r.readers = append(r.readers, &reader{run: r, tallies: make([]tally, r.Load.Senders)})
	}
	for i := range r.Load.Senders {
		s := &sender{run: r, id: uint32(i)}
		if r.Rate == 0 {
			s.room, s.arrived = make(chan struct{}, r.Window), make([]atomic.Int32, r.Window)
		}
		r.senders = append(r.senders, s)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	places := make(chan struct{}, parallel)
	enter := func(join func() (Seat, error), seated func(Seat)) {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			if ctx.Err() != nil {
				return
			}
			began := time.Now()
			s, err := join()
			if err != nil {
				cancel(err)
				return
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.joins.add(time.Since(began))
			seated(s)
		})
	}
	for _, p := range r.show.publishers {
		enter(func() (Seat, error) { return r.show.publish(ctx, r.stage, p) }, func(Seat) {})
	}
	wg.Wait() // so that how soon a reader is shown something says something of the server
	for i, rd := range r.readers {
		join := func() (Seat, error) { return r.target.Join(ctx, fmt.Sprintf("reader-%d", i), rd.receive) }
		if r.stage != nil {
			join = func() (Seat, error) { return r.show.view(ctx, r.stage, i, rd.receive) }
		}
		enter(join, func(s Seat) { rd.seat = s })
	}
	for i, sn := range r.senders {
		enter(func() (Seat, error) { return r.target.Join(ctx, fmt.Sprintf("sender-%d", i), func([]byte) {}) },
			func(s Seat) { sn.seat = s })
	}
	wg.Wait()
	return context.Cause(ctx)
}

// measure sends for warm-up and duration, and waits for what is on its way.
func (r *run) measure(ctx context.Context, report *Report) error {
	sending, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	for _, s := range r.senders {
		wg.Go(func() {
			if err := s.send(sending); err != nil {
				stop(fmt.Errorf("sender-%d: %w", s.id, err))
			}
		})
	}
	err := r.watch(sending, report)
	if cause := context.Cause(sending); cause != nil && ctx.Err() == nil {
		err = cause
	}
	stop(nil)
	wg.Wait()
	if err != nil {
		return err
	}
	r.drain(ctx)
	return ctx.Err()
}

// meter is what has been used and done at one moment.
type meter struct {
	at                    time.Time
	server, load, machine time.Duration
	received, forwarded   uint64
}

func (r *run) read() (meter, error) {
	received, forwarded := r.received(), r.show.forwarded()
	m, err := readMeter(r.Server)
	m.received, m.forwarded = received, forwarded
	return m, err
}

// readMeter reads what server, this process and the machine have used.
func readMeter(server Process) (m meter, err error) {
	m.at = time.Now()
	if server == 0 {
		return m, nil // a load runs where there is no /proc, too
	}
	if m.server, err = server.CPU(); err != nil {
		return m, err
	}
	if m.load, err = Process(os.Getpid()).CPU(); err != nil {
		return m, err
	}
	m.machine, err = Machine()
	return m, err
}

// watch reads the meters at both ends of the measured time.
func (r *run) watch(ctx context.Context, report *Report) error {
	if err := sleep(ctx, r.Warmup/2); err != nil {
		return err
	}
	before, err := r.read()
	if err != nil {
		return err
	}
	r.began.Store(before.at.UnixNano())
	r.show.begin()
	if r.Measured != nil {
		go r.Measured()
	}
	if err := sleep(ctx, r.Duration); err != nil {
		return err
	}
	after, err := r.read()
	if err != nil {
		return err
	}
	r.ended.Store(after.at.UnixNano())
	r.show.end()
	report.took(before, after)
	r.busy, err = r.Server.RSS()
	return err
}

// measures says whether what was sent at a time counts.
func (r *run) measures(at int64) bool {
	began, ended := r.began.Load(), r.ended.Load()
	return began != 0 && at >= began && (ended == 0 || at < ended)
}

func (r *run) received() (total uint64) {
	for _, rd := range r.readers {
		total += rd.total.Load()
	}
	return total
}

// drain waits until every reader has everything, or nothing comes any more.
func (r *run) drain(ctx context.Context) {
	want := uint64(0)
	for _, s := range r.senders {
		want += s.sent.Load()
	}
	want *= uint64(len(r.readers))
	deadline := time.Now().Add(drainTimeout)
	for r.received() < want && time.Now().Before(deadline) && sleep(ctx, 20*time.Millisecond) == nil {
		continue
	}
	_ = sleep(ctx, 200*time.Millisecond) // one that comes twice comes late
}

func (r *run) leave() {
	var wg sync.WaitGroup
	leave := func(s Seat) {
		if s != nil {
			wg.Go(s.Leave)
		}
	}
	for _, p := range r.show.publishers {
		wg.Go(p.leave)
	}
	for _, s := range r.senders {
		leave(s.seat)
	}
	for _, rd := range r.readers {
		leave(rd.seat)
	}
	wg.Wait()
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
