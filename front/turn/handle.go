package turn

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/stun/v4"
)

const (
	// maxPacket is the largest packet that is relayed: no network of ours carries more.
	maxPacket = 1600

	// nameMost is the longest username that is looked at.
	nameMost = 256
)

// request is a message that wants an answer.
type request struct {
	s    *Server
	c    client
	m    *stun.Message
	now  time.Time
	user string
	key  stun.MessageIntegrity // nil: not known yet who asks
}

// handle does what a client's message says. What cannot be made sense of is counted and forgotten. A panic over it is
// counted too, and ends nothing else.
func (s *Server) handle(c client, p []byte, now time.Time) {
	defer func() {
		if recover() != nil {
			s.cfg.Metrics.Refused("turn_panic")
		}
	}()
	if isChannelData(p) {
		channel, size := binary.BigEndian.Uint16(p), int(binary.BigEndian.Uint16(p[2:]))
		if a := s.allocation(c); a != nil && size <= len(p)-4 && size <= maxPacket {
			s.toChannel(a, channel, p[4:4+size], now)
			return
		}
		s.cfg.Metrics.Dropped("turn_no_permission")
		return
	}
	m := &stun.Message{Raw: slices.Clip(slices.Clone(p))} // it is written into to check who signed it
	if !stun.IsMessage(p) || m.Decode() != nil {
		s.cfg.Metrics.Dropped("turn_bad_message")
		return
	}
	if m.Type == (stun.MessageType{Method: stun.MethodSend, Class: stun.ClassIndication}) {
		s.sendIndication(c, m, now)
		return
	}
	if m.Type.Class != stun.ClassRequest {
		s.cfg.Metrics.Dropped("turn_bad_message")
		return
	}
	r := &request{s: s, c: c, m: m, now: now}
	if m.Type.Method == stun.MethodBinding {
		r.succeed(mapped(c), stun.Fingerprint)
		return
	}
	if !r.authenticate() {
		return
	}
	switch m.Type.Method {
	case stun.MethodAllocate:
		r.allocate()
	case stun.MethodRefresh:
		r.refresh()
	case stun.MethodCreatePermission:
		r.createPermission()
	case stun.MethodChannelBind:
		r.channelBind()
	case stun.MethodConnect, stun.MethodConnectionBind:
		r.refuse(stun.CodeForbidden, "turn_tcp") // RFC 6062: nobody is called over TCP
	default:
		r.refuse(stun.CodeBadRequest, "")
	}
}

func isChannelData(p []byte) bool {
	return len(p) >= 4 && p[0]&0xc0 == 0x40
}

// sendIndication relays a packet of somebody who has no channel for it.
func (s *Server) sendIndication(c client, m *stun.Message, now time.Time) {
	at, err := peerIn(m)
	data, err2 := m.Get(stun.AttrData)
	a := s.allocation(c)
	if err != nil || err2 != nil || a == nil || len(data) > maxPacket {
		s.cfg.Metrics.Dropped("turn_bad_message")
		return
	}
	s.toPeer(a, at, data, now)
}

// authenticate finds out who asks, or answers that it must be said.
func (r *request) authenticate() bool {
	m := r.m
	ip := r.c.address().Addr()
	if !m.Contains(stun.AttrMessageIntegrity) {
		r.challenge(stun.CodeUnauthorized, ip)
		return false
	}
	user, err := m.Get(stun.AttrUsername)
	nonce, err2 := m.Get(stun.AttrNonce)
	realm, err3 := m.Get(stun.AttrRealm)
	if err != nil || err2 != nil || err3 != nil || len(user) > nameMost {
		r.refuse(stun.CodeBadRequest, "")
		return false
	}
	if !r.s.nonces.good(nonce, ip, r.now) {
		r.challenge(stun.CodeStaleNonce, ip)
		return false
	}
	key := stun.MessageIntegrity(keyOf(r.s.cfg.Secret, string(user)))
	// A credential is for beginning: an allocation that goes on with it may outlive it.
	late := m.Type.Method == stun.MethodAllocate && expired(string(user), r.now)
	if string(realm) != Realm || key.Check(m) != nil || late {
		r.s.cfg.Metrics.Refused("turn_unauthorized")
		r.challenge(stun.CodeUnauthorized, ip)
		return false
	}
	r.user, r.key = string(user), key
	// What stands behind the signature is not signed.
	end := slices.IndexFunc(m.Attributes, func(a stun.RawAttribute) bool { return a.Type == stun.AttrMessageIntegrity })
	m.Attributes = m.Attributes[:end]
	return r.understood()
}

// understood answers that there is something in the request that must be understood and is not.
func (r *request) understood() bool {
	var unknown stun.UnknownAttributes
	for _, a := range r.m.Attributes {
		switch a.Type {
		case stun.AttrUsername, stun.AttrRealm, stun.AttrNonce, stun.AttrLifetime, stun.AttrXORPeerAddress, stun.AttrChannelNumber,
			stun.AttrRequestedTransport, stun.AttrRequestedAddressFamily, stun.AttrEvenPort, stun.AttrReservationToken, stun.AttrConnectionID:
		default:
			if a.Type.Required() {
				unknown = append(unknown, a.Type)
			}
		}
	}
	if len(unknown) == 0 {
		return true
	}
	r.answer(stun.ClassErrorResponse, stun.CodeUnknownAttribute, unknown, r.key)
	return false
}

// allocate makes an allocation.
func (r *request) allocate() {
	s, m := r.s, r.m
	transport, err := m.Get(stun.AttrRequestedTransport)
	switch {
	case err != nil || len(transport) != 4:
		r.refuse(stun.CodeBadRequest, "")
		return
	case transport[0] != 17: // UDP
		r.refuse(stun.CodeUnsupportedTransProto, "turn_tcp")
		return
	case m.Contains(stun.AttrReservationToken):
		r.refuse(stun.CodeInsufficientCapacity, "") // none is ever given
		return
	}
	even := false
	if v, err := m.Get(stun.AttrEvenPort); err == nil {
		even = true
		if len(v) != 1 || v[0]&0x80 != 0 { // and the next one reserved
			r.refuse(stun.CodeInsufficientCapacity, "")
			return
		}
	}
	six, ok := r.family()
	if !ok {
		r.refuse(stun.CodeAddrFamilyNotSupported, "")
		return
	}
	life := r.lifetime()
	if life == 0 {
		life = lifetime
	}
	s.mu.Lock()
	if had := s.allocations[r.c]; had != nil {
		s.mu.Unlock()
		if had.begun != m.TransactionID || had.user != r.user { // else the answer got lost
			r.refuse(stun.CodeAllocMismatch, "")
			return
		}
		r.allocated(had, life)
		return
	}
	a, refused := s.addLocked(r.c, r.user, six, even, r.now.Add(life))
	if a != nil {
		a.begun = m.TransactionID
	}
	s.mu.Unlock()
	if a == nil {
		r.refuse(stun.CodeAllocQuotaReached, refused)
		return
	}
	if k, ok := r.c.(*link); ok {
		k.keep()
	}
	r.allocated(a, life)
}

func (r *request) allocated(a *allocation, life time.Duration) {
	relay := stun.XORMappedAddress{IP: a.relay.Addr().AsSlice(), Port: int(a.relay.Port())}
	r.succeed(as{relay, stun.AttrXORRelayedAddress}, seconds(life), mapped(r.c), r.key)
}

// family is that of the relayed address: as asked for, or else that of the client's own, if there are peers of it.
func (r *request) family() (six, ok bool) {
	v, err := r.m.Get(stun.AttrRequestedAddressFamily)
	switch {
	case err != nil:
		six = r.c.address().Addr().Is6() && r.s.six || !r.s.four
		return six, true
	case len(v) != 4:
		return false, false
	case v[0] == 1:
		return false, r.s.four
	case v[0] == 2:
		return true, r.s.six
	}
	return false, false
}

// lifetime is as asked for, within bounds; 0 only if asked for.
func (r *request) lifetime() time.Duration {
	v, err := r.m.Get(stun.AttrLifetime)
	if err != nil || len(v) != 4 {
		return lifetime
	}
	asked := time.Duration(binary.BigEndian.Uint32(v)) * time.Second
	if asked == 0 {
		return 0
	}
	return min(max(asked, lifetime), lifetimeMost)
}

// own is the client's allocation; without one, the request is answered.
func (r *request) own() *allocation {
	a := r.s.allocation(r.c)
	switch {
	case a == nil:
		r.refuse(stun.CodeAllocMismatch, "")
	case a.user != r.user:
		r.refuse(stun.CodeWrongCredentials, "turn_unauthorized")
	default:
		return a
	}
	return nil
}

// refresh prolongs an allocation, or ends it.
func (r *request) refresh() {
	a := r.own()
	if a == nil {
		return
	}
	if v, err := r.m.Get(stun.AttrRequestedAddressFamily); err == nil && (len(v) != 4 || (v[0] == 2) != a.relay.Addr().Is6()) {
		r.refuse(stun.CodePeerAddrFamilyMismatch, "")
		return
	}
	life := r.lifetime()
	r.s.mu.Lock()
	if life == 0 {
		r.s.endLocked(a, r.now)
	} else {
		a.expires = r.now.Add(life)
	}
	r.s.mu.Unlock()
	r.succeed(seconds(life), r.key)
}

// createPermission permits peers, all that are named or none.
func (r *request) createPermission() {
	a := r.own()
	if a == nil {
		return
	}
	var peers []netip.AddrPort
	for _, attr := range r.m.Attributes {
		if attr.Type != stun.AttrXORPeerAddress {
			continue
		}
		one := &stun.Message{TransactionID: r.m.TransactionID, Attributes: stun.Attributes{attr}}
		at, err := peerIn(one)
		if err != nil {
			r.refuse(stun.CodeBadRequest, "")
			return
		}
		if code, ok := r.allowed(a, at.Addr()); !ok {
			r.refuse(code, "turn_forbidden")
			return
		}
		peers = append(peers, at)
	}
	if len(peers) == 0 {
		r.refuse(stun.CodeBadRequest, "")
		return
	}
	for _, at := range peers {
		if !r.s.permit(a, at, r.now) {
			r.refuse(stun.CodeInsufficientCapacity, "turn_peers")
			return
		}
	}
	r.succeed(r.key)
}

// allowed says whether there is anything at this address that may be relayed to.
func (r *request) allowed(a *allocation, ip netip.Addr) (stun.ErrorCode, bool) {
	for at := range r.s.peers {
		if at.Addr() != ip {
			continue
		}
		if ip.Is6() != a.relay.Addr().Is6() {
			return stun.CodePeerAddrFamilyMismatch, false
		}
		return 0, true
	}
	if r.s.cfg.Mesh && isRelayed(ip) {
		if ip.Is6() != a.relay.Addr().Is6() {
			return stun.CodePeerAddrFamilyMismatch, false
		}
		return 0, true
	}
	return stun.CodeForbidden, false
}

// channelBind binds a channel to a peer.
func (r *request) channelBind() {
	a := r.own()
	if a == nil {
		return
	}
	number, err := r.m.Get(stun.AttrChannelNumber)
	at, err2 := peerIn(r.m)
	if err != nil || err2 != nil || len(number) != 4 || number[0]&0xc0 != 0x40 {
		r.refuse(stun.CodeBadRequest, "")
		return
	}
	if code, ok := r.allowed(a, at.Addr()); !ok {
		r.refuse(code, "turn_forbidden")
		return
	}
	socket := r.s.peers[at]
	if socket == nil && !(r.s.cfg.Mesh && isRelayed(at.Addr())) { // the address, but another port
		r.refuse(stun.CodeForbidden, "turn_forbidden")
		return
	}
	if !r.s.bind(a, binary.BigEndian.Uint16(number), at, socket, r.now) {
		r.refuse(stun.CodeBadRequest, "")
		return
	}
	r.succeed(r.key)
}

// peerIn is the peer that a message names, IPv4 however it is written.
func peerIn(m *stun.Message) (netip.AddrPort, error) {
	var a stun.XORMappedAddress
	if err := a.GetFromAs(m, stun.AttrXORPeerAddress); err != nil {
		return netip.AddrPort{}, err
	}
	ip, _ := netip.AddrFromSlice(a.IP)
	return netip.AddrPortFrom(ip.Unmap(), uint16(a.Port)), nil
}
