package datachannel

import "github.com/parlorhq/parlor/internal/metrics"
import "encoding/json"

type LatestConfig struct{ Metrics *metrics.Metrics }
type Latest struct{}
type Lossy struct {
	From, Type, Key string
	Data            json.RawMessage
	Bytes           []byte
	To              []string
}

func NewLatest(LatestConfig) *Latest                 { return &Latest{} }
func (l *Latest) Put(Lossy)                          {}
func (l *Latest) Forget(string)                      {}
func (l *Latest) watch(wake func()) (unwatch func()) { return func() {} }
func (l *Latest) appendFrame(buf []byte, cursor uint64, v viewer, limit int) ([]byte, bool, uint64) {
	return buf, false, cursor
}
