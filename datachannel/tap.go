package datachannel

// tap is where a data link is in the room's lossy messages. The session's mu guards it.
type tap struct {
	cursor uint64
	close  func() // nil: it is not open
}

// lossyBatch is how many bytes of lossy messages go between two frames of the log.
const lossyBatch = 8 << 10

// listenLatest opens or closes the tap of a link.
func (l *Link) listenLatest(on bool) {
	latest := l.session.cfg.Latest
	if l.heard.close != nil {
		l.heard.close()
		l.heard.close = nil
	}
	if on && latest != nil {
		l.heard.close = latest.watch(l.wakeUp)
	}
}

// latest is a frame of lossy messages, if there are new ones and no channel of their own to carry them.
func (l *Link) latest() frame {
	s := l.session
	if l.heard.close == nil || s.fast != nil {
		return frame{}
	}
	var binary bool
	l.buf, binary, l.heard.cursor = s.cfg.Latest.appendFrame(l.buf[:0], l.heard.cursor, s.view, lossyBatch)
	if len(l.buf) == 0 {
		return frame{}
	}
	return whole(l.buf, binary)
}
