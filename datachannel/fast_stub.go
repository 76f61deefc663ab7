package datachannel

type fast struct{}

func (f *fast) close() {}

type LossyConn interface {
	ReadFrame() (frame []byte, binary bool, err error)
	Offer(frame []byte, binary bool) bool
	CloseConn(code int, reason string) error
}

func (s *Session) RunLossy(conn LossyConn) {}
