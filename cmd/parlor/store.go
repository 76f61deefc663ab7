package main

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/datachannel/disk"
	"github.com/parlorhq/parlor/files"
	"github.com/parlorhq/parlor/internal/metrics"
)

// openStore opens the data folder, if there is to be one.
func (s *server) openStore(counts *metrics.Metrics) error {
	if s.cfg.DataDir == "" {
		return nil
	}
	l := s.cfg.Limits
	lag := l.DataSync
	if lag == 0 {
		lag = -1 // nothing is acknowledged before it is on the disk
	}
	store, err := disk.Open(s.cfg.DataDir, disk.Options{MaxBytes: int64(l.DataBytes), Sync: lag})
	if err != nil {
		return fmt.Errorf("data-dir: %w", err)
	}
	if damage := store.Damage(); damage != nil {
		s.log.Warn().Err(damage).Msg("a part of the data folder could not be read and was set aside")
	}
	s.store = store
	s.keeper = datachannel.NewKeeper(store, s.log, counts)
	return nil
}

// closeStore writes what is to be written, and closes the data folder.
func (s *server) closeStore() error {
	if s.store == nil {
		return nil
	}
	s.keeper.Close()
	return s.store.Close()
}

// openFiles opens where people's files are: in the data folder, or in memory.
func (s *server) openFiles(counts *metrics.Metrics) (err error) {
	l := s.cfg.Limits
	c := files.Config{
		Limits:  files.Limits{File: int64(l.FileBytes), Room: int64(l.FileRoomBytes), Total: int64(l.FileMemory), Age: l.FileAge},
		Log:     s.log,
		Metrics: counts,
	}
	if s.cfg.DataDir != "" {
		c.Dir, c.Limits.Total = filepath.Join(s.cfg.DataDir, "files"), int64(l.FileDiskBytes)
	}
	if s.files, err = files.Open(c); err != nil {
		return fmt.Errorf("files: %w", err)
	}
	return nil
}

// logConfig is what rooms remember, and where.
func (s *server) logConfig(counts *metrics.Metrics) datachannel.LogConfig {
	l := s.cfg.Limits
	budget := datachannel.NewBudget(l.LogTotal)
	counts.Gauge("parlor_log_bytes", "Bytes that the logs of all rooms hold.", func() float64 { return float64(budget.Used()) })
	counts.Gauge("parlor_log_waiting_bytes", "Bytes of them that wait to be written.", func() float64 { return float64(budget.Waiting()) })
	rules := make(map[string]datachannel.Rule, len(s.cfg.StateRules))
	for prefix, word := range s.cfg.StateRules {
		rule, err := datachannel.ParseRule(word)
		if err != nil {
			continue // config has checked it
		}
		rules[prefix] = rule
	}
	return datachannel.LogConfig{
		MaxEntries: l.LogEntries, MaxBytes: l.LogBytes, MaxAge: l.LogAge, Budget: budget,
		State:   datachannel.StateConfig{Rules: rules},
		History: datachannel.HistoryConfig{Types: s.cfg.History, Count: l.HistoryCount, Age: l.HistoryAge},
		Keeper:  s.keeper,
	}
}

// sweep forgets rooms that nobody has entered for long, and files that nobody asks for or whose rooms are gone.
func (s *server) sweep(now time.Time) {
	if s.store != nil {
		s.sweepStore(now)
	}
	s.files.Sweep(func(room string) bool {
		if there := s.rooms.Has(room); there || s.store == nil {
			return there
		}
		there, err := s.store.Has(room)
		return there || err != nil
	})
}

func (s *server) sweepStore(now time.Time) {
	oldest := s.clock.At(now).Add(-s.cfg.Limits.DataAge).Unix()
	var old []string
	err := s.store.Rooms(func(room string, used int64) error {
		if room != "" && used < oldest && !s.rooms.Has(room) {
			old = append(old, room)
		}
		return nil
	})
	for _, room := range old {
		if err == nil {
			err = s.store.Forget(room)
		}
		s.log.Info().Str("room", room).Msg("room forgotten")
	}
	if err != nil {
		s.log.Error().Err(err).Msg("old rooms not forgotten")
	}
}
