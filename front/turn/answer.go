package turn

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/pion/stun/v4"
)

// as writes an address under an attribute of its own.
type as struct {
	address stun.XORMappedAddress
	attr    stun.AttrType
}

// AddTo implements stun.Setter.
func (a as) AddTo(m *stun.Message) error { return a.address.AddToAs(m, a.attr) }

// mapped is where a client is seen.
func mapped(c client) stun.Setter {
	at := c.address()
	return as{stun.XORMappedAddress{IP: at.Addr().AsSlice(), Port: int(at.Port())}, stun.AttrXORMappedAddress}
}

// seconds writes a LIFETIME.
func seconds(d time.Duration) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrLifetime, Value: binary.BigEndian.AppendUint32(nil, uint32(d/time.Second))}
}

func (r *request) succeed(with ...stun.Setter) {
	r.answer(stun.ClassSuccessResponse, with...)
}

// refuse answers with an error, and counts it if it has a name.
func (r *request) refuse(code stun.ErrorCode, counted string) {
	if counted != "" {
		r.s.cfg.Metrics.Refused(counted)
	}
	if r.key == nil {
		r.answer(stun.ClassErrorResponse, code)
		return
	}
	r.answer(stun.ClassErrorResponse, code, r.key)
}

// challenge answers that it must be said who asks, and gives what is needed for that.
func (r *request) challenge(code stun.ErrorCode, ip netip.Addr) {
	r.answer(stun.ClassErrorResponse, code, stun.NewRealm(Realm), stun.Nonce(r.s.nonces.make(ip, r.now)))
}

// answer sends a response. Who has not shown who it is may be somebody else, who did not ask: it gets few.
func (r *request) answer(class stun.MessageClass, with ...stun.Setter) {
	if r.key == nil && !r.c.stream() && !r.s.replies.allow(r.c.address().Addr(), r.now) {
		r.s.cfg.Metrics.Dropped("turn_reply_rate")
		return
	}
	setters := append([]stun.Setter{
		stun.NewType(r.m.Type.Method, class), stun.NewTransactionIDSetter(r.m.TransactionID),
	}, with...)
	m, err := stun.Build(setters...)
	if err != nil {
		r.s.cfg.Metrics.Dropped("turn_bad_message")
		return
	}
	r.c.send(m.Raw)
}
