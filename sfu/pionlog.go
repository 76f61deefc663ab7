package sfu

import (
	"fmt"
	"sync/atomic"

	"github.com/pion/logging"
	"github.com/rs/zerolog"
)

// pionLoggers hands pion loggers that write to ours. pion warns of much that is ordinary (a peer that went away) and
// of much that a peer can cause at will, so all of it is for debugging only, and each peer has a number of lines.
type pionLoggers struct {
	log  zerolog.Logger
	left *atomic.Int64
}

// pionLines is how many lines pion may write about one peer.
const pionLines = 200

func newPionLoggers(log zerolog.Logger) *pionLoggers {
	p := &pionLoggers{log: log, left: &atomic.Int64{}}
	p.left.Store(pionLines)
	return p
}

// NewLogger returns the logger of one of pion's parts.
func (p *pionLoggers) NewLogger(scope string) logging.LeveledLogger {
	return &pionLogger{loggers: p, scope: scope}
}

type pionLogger struct {
	loggers *pionLoggers
	scope   string
}

func (l *pionLogger) line(level, msg string) {
	e := l.loggers.log.Debug()
	if !e.Enabled() || l.loggers.left.Add(-1) < 0 {
		return
	}
	e.Str("pion", l.scope).Str("pion_level", level).Msg(msg)
}

func (l *pionLogger) linef(level, format string, args []any) {
	if l.loggers.log.GetLevel() <= zerolog.DebugLevel && l.loggers.left.Load() > 0 {
		l.line(level, fmt.Sprintf(format, args...))
	}
}

// Trace is dropped.
func (*pionLogger) Trace(string) {}

// Tracef is dropped.
func (*pionLogger) Tracef(string, ...any) {}

// Debug is dropped: pion's is per packet.
func (*pionLogger) Debug(string) {}

// Debugf is dropped.
func (*pionLogger) Debugf(string, ...any) {}

// Info is dropped.
func (*pionLogger) Info(string) {}

// Infof is dropped.
func (*pionLogger) Infof(string, ...any) {}

// Warn writes a line.
func (l *pionLogger) Warn(msg string) { l.line("warn", msg) }

// Warnf writes a line.
func (l *pionLogger) Warnf(format string, args ...any) { l.linef("warn", format, args) }

// Error writes a line.
func (l *pionLogger) Error(msg string) { l.line("error", msg) }

// Errorf writes a line.
func (l *pionLogger) Errorf(format string, args ...any) { l.linef("error", format, args) }
