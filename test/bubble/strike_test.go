package bubble_test

import (
	"os"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/datachannel"
)

// serve begins another life of the server.
func (s *storm) serve() {
	c := siting{
		log: zerolog.Nop(), wire: s.wire, resumeWindow: s.plan.window,
		data: datachannel.LogConfig{History: datachannel.HistoryConfig{Types: []string{"chat"}, Count: 10_000}},
	}
	if os.Getenv("PARLOR_LOG") != "" {
		c.log = zerolog.New(zerolog.NewTestWriter(s.t)).With().Timestamp().Logger()
	}
	if s.plan.short {
		c.data.MaxEntries = 60
	}
	if s.plan.strict {
		c.limits = datachannel.Limits{MessagesPerSecond: 20, MessageBurst: 30, BytesPerSecond: 64 << 10}
	}
	if s.disk != nil {
		c.store = s.disk
	}
	if s.udp != nil {
		s.socket = s.udp.Listen(serverIP, 8080)
		c.socket = s.socket
	}
	s.site = open(s.t, c)
}

// strike is what befalls the server.
func (s *storm) strike(o order) {
	s.note("server", "%s", o)
	switch o.what {
	case "restart":
		ill := s.isIll()
		s.site.close()
		s.release()
		s.again(o, ill)
	case "crash":
		s.die(o)
	case "crash write":
		if s.disk == nil {
			s.die(o)
			return
		}
		dead := make(chan struct{})
		listener := s.site.listener
		s.disk.set(o.n, o.coin, func() {
			s.cutOff(listener, o)
			close(dead)
		})
		select {
		case <-dead:
			s.note("server", "died in write %d", o.n)
		case <-time.After(3 * time.Second):
		}
		s.die(o)
	case "full", "broken":
		s.mu.Lock()
		s.ailing, s.ill = true, time.Now().Add(o.d+3*time.Second)
		s.mu.Unlock()
		err := error(syscall.EIO)
		if o.what == "full" {
			err = datachannel.ErrFull
		}
		s.disk.Fail(err)
		time.Sleep(o.d)
		if o.coin { // it dies ill
			s.die(o)
		}
		s.disk.Fail(nil)
	case "stuck":
		s.mu.Lock()
		s.ill = time.Now().Add(o.d + time.Second)
		s.mu.Unlock()
		s.disk.Block()
		time.Sleep(o.d)
		if o.coin {
			s.die(o)
		}
		s.disk.Unblock()
	}
}

// die is the end of the process: nothing that it does after counts, neither on the wire nor on the disk.
func (s *storm) die(o order) {
	s.cutOff(s.site.listener, o)
	old, ill := s.site, s.isIll()
	if s.disk != nil {
		left := s.disk
		s.disk = newDisk(left.die())
		left.Unblock()
	}
	if s.udp != nil {
		old.close()
		s.release()
		s.udp.Restore(serverIP)
	} else {
		s.ending.Go(old.close)
	}
	s.again(o, ill)
}

// isIll says whether sessions may be missing in the store.
func (s *storm) isIll() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.ill)
}

// cutOff is what the network sees of the end of the process, or of its machine.
func (s *storm) cutOff(l *listener, o order) {
	l.kill(o.seed%3 == 0)
	if s.udp != nil {
		s.udp.Cut(serverIP)
	}
}

// release lets go of the port that a server had.
func (s *storm) release() {
	if s.socket != nil {
		_ = s.socket.Close()
	}
}

func (s *storm) again(o order, ill bool) {
	time.Sleep(o.d)
	s.mu.Lock()
	s.lives++
	if s.disk == nil || ill {
		s.lost = append(s.lost, time.Now())
	}
	s.mu.Unlock()
	s.serve()
	s.note("server", "is back")
}
