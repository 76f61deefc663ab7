package datachannel

import (
	"fmt"
	"slices"
)

// signal is a frame of signalling that waits for its link.
type signal struct {
	state string // what it is the newest of; empty: it counts by itself
	frame []byte
}

// Signal sends a frame of signalling over the newest link for it, in the order of the calls. The caller does not touch
// frame again. Without such a link the frame is dropped: `resumed` says anew how things are. ErrOverflow means that
// the client doesn't read; the caller closes the session.
func (s *Session) Signal(frame []byte) error { return s.SignalState("", frame) }

// SignalState is Signal for something of which only the newest counts: what still waits of the same state is not sent. So a
// client that is slow to read is not told more the longer it takes.
func (s *Session) SignalState(state string, frame []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if s.signal == nil {
		return nil
	}
	if i := s.waitsLocked(state); i >= 0 {
		s.waiting -= len(s.signals[i].frame)
		s.signals = slices.Delete(s.signals, i, i+1)
	}
	if len(s.signals) >= s.cfg.Limits.SignalFrames || s.waiting+len(frame) > s.cfg.Limits.SignalBytes {
		s.cfg.Metrics.Dropped("signal_queue")
		return fmt.Errorf("signalling to %s: %w", s.cfg.ID, ErrOverflow)
	}
	s.signals = append(s.signals, signal{state, frame})
	s.waiting += len(frame)
	s.wakeLocked(s.signal)
	return nil
}

// SignalWaits says whether something of a state was signalled and not yet sent.
func (s *Session) SignalWaits(state string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waitsLocked(state) >= 0
}

// waitsLocked is where something of a state waits; -1 if nothing does.
func (s *Session) waitsLocked(state string) int {
	if state == "" {
		return -1
	}
	return slices.IndexFunc(s.signals, func(w signal) bool { return w.state == state })
}

// takeSignalLocked takes the first that waits.
func (s *Session) takeSignalLocked() []byte {
	first := s.signals[0].frame
	s.signals[0] = signal{}
	s.signals = s.signals[1:]
	s.waiting -= len(first)
	return first
}
