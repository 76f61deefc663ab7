package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/parlorhq/parlor/internal/doctor"
)

// try does something and says how it ended and how long it took.
func (p *probe) try(do func() error) doctor.Try {
	start := time.Now()
	err := do()
	t := doctor.Try{Took: time.Since(start), Outcome: outcome(err)}
	if err != nil {
		t.Reason = p.reason(t.Outcome, err)
	}
	return t
}

func outcome(err error) doctor.Outcome {
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case err == nil:
		return doctor.Works
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isNet && timeout.Timeout():
		return doctor.Silent
	case errors.Is(err, syscall.ECONNREFUSED):
		return doctor.Refused
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT):
		return doctor.NoRoute
	}
	return doctor.Broken
}

// reason is an error in a few words.
func (p *probe) reason(o doctor.Outcome, err error) string {
	switch {
	case o == doctor.Silent:
		return "no answer within " + p.cfg.Patience.String()
	case o == doctor.Refused:
		return "refused"
	case o == doctor.NoRoute:
		return "no way there from here"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "the connection was cut"
	}
	words := err.Error()
	if i := strings.LastIndex(words, ": "); i >= 0 {
		words = words[i+2:] // what is before says where, which is known
	}
	return words
}

// occupied finds out which addresses of this machine's server another program has, and which are forbidden.
func (p *probe) occupied() {
	if !p.cfg.Local {
		return
	}
	for _, l := range p.cfg.Listen {
		network, at, _ := strings.Cut(l, " ")
		var c io.Closer
		var err error
		if network == "udp" {
			c, err = net.ListenPacket(network, at)
		} else {
			c, err = net.Listen(network, at)
		}
		switch {
		case err == nil:
			_ = c.Close()
		case errors.Is(err, syscall.EADDRINUSE):
			p.facts.Taken = append(p.facts.Taken, l)
		case errors.Is(err, syscall.EACCES):
			p.facts.Forbidden = append(p.facts.Forbidden, l)
		}
	}
}
