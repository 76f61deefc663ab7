package probe

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/stun/v4"

	"github.com/parlorhq/parlor/internal/doctor"
)

// mostWays are the addresses of media that are tried.
const mostWays = 16

// candidate is an address at which the server says it takes media.
type candidate struct {
	protocol string
	at       netip.AddrPort
}

// readAnswer finds the server's credentials in its SDP, and its addresses, IPv4 first.
func readAnswer(sdp string) (c credentials, candidates []candidate) {
	for line := range strings.Lines(sdp) {
		line = strings.TrimSpace(line)
		if v, ok := strings.CutPrefix(line, "a=ice-ufrag:"); ok {
			c.ufrag = v
		}
		if v, ok := strings.CutPrefix(line, "a=ice-pwd:"); ok {
			c.password = v
		}
		// a=candidate:FOUNDATION 1 udp PRIORITY ADDRESS PORT typ host …
		f := strings.Fields(line)
		if !strings.HasPrefix(line, "a=candidate:") || len(f) < 8 || f[1] != "1" {
			continue
		}
		ip, err := netip.ParseAddr(f[4])
		port, err2 := strconv.ParseUint(f[5], 10, 16)
		if err == nil && err2 == nil {
			candidates = append(candidates, candidate{strings.ToLower(f[2]), netip.AddrPortFrom(ip.Unmap(), uint16(port))})
		}
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return a.at.Addr().Compare(b.at.Addr()) })
	return c, candidates[:min(len(candidates), mostWays)]
}

// hidden says whether an address is a name within a Parlor: of the ranges that its TURN uses for what it relays.
func hidden(ip netip.Addr) bool {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18}), 15).Contains(ip) ||
		netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 0x01, 0x00, 0x02}), 48).Contains(ip)
}

// ways tries each address that was announced, and those of the host that were not.
func (p *probe) ways(ctx context.Context, theirs, own credentials, candidates []candidate) {
	f := p.facts
	ports := map[string]uint16{}
	known := map[candidate]bool{}
	for _, c := range candidates {
		if known[c] {
			continue
		}
		known[c] = true
		secret := hidden(c.at.Addr())
		if !secret {
			ports[c.protocol] = c.at.Port()
		}
		f.Ways = append(f.Ways, doctor.Way{Protocol: c.protocol, At: c.at, Announced: true, Hidden: secret})
	}
	for protocol, port := range ports {
		for _, d := range f.Doors {
			if c := (candidate{protocol, netip.AddrPortFrom(d.Addr, port)}); d.OK() && !known[c] {
				f.Ways = append(f.Ways, doctor.Way{Protocol: protocol, At: c.at})
			}
		}
	}
	var all sync.WaitGroup
	for i := range f.Ways {
		w := &f.Ways[i]
		if w.Hidden {
			continue
		}
		all.Go(func() {
			w.Try = p.try(func() error {
				if w.Protocol == "tcp" {
					return p.checkTCP(ctx, w.At, newCheck(theirs, own))
				}
				return p.checkUDP(ctx, w.At, newCheck(theirs, own))
			})
		})
	}
	all.Wait()
}

// check is an ICE connectivity check (RFC 8445).
type check struct{ request *stun.Message }

// newCheck makes one, as of the controlling side.
func newCheck(theirs, own credentials) check {
	raw := func(t stun.AttrType, v []byte) stun.Setter {
		return stun.RawAttribute{Type: t, Length: uint16(len(v)), Value: v}
	}
	return check{stun.MustBuild(
		stun.TransactionID, stun.BindingRequest, stun.NewUsername(theirs.ufrag+":"+own.ufrag),
		raw(stun.AttrPriority, binary.BigEndian.AppendUint32(nil, 1853824767)), raw(stun.AttrICEControlling, make([]byte, 8)),
		stun.NewShortTermIntegrity(theirs.password), stun.Fingerprint,
	)}
}

var errRefused = errors.New("the check was answered with an error")

// answered says whether a packet is the answer.
func (c check) answered(packet []byte) (bool, error) {
	m := stun.Message{Raw: packet}
	readable := stun.IsMessage(packet) && m.Decode() == nil
	switch {
	case !readable || m.TransactionID != c.request.TransactionID:
		return false, nil
	case m.Type != stun.BindingSuccess:
		return true, errRefused
	}
	return true, nil
}

// again is when a check is sent again, if no answer came.
const again = 150 * time.Millisecond

// largestPacket is more than any answer.
const largestPacket = 1500

func (p *probe) checkUDP(ctx context.Context, at netip.AddrPort, c check) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp", at.String())
	if err != nil {
		return err
	}
	defer conn.Close()
	return p.exchange(c, func() error {
		_, err := conn.Write(c.request.Raw)
		return err
	}, func(buf []byte, until time.Time) (int, error) {
		_ = conn.SetReadDeadline(until)
		return conn.Read(buf)
	})
}

// exchange sends a check, again and again, until it is answered.
func (p *probe) exchange(c check, send func() error, receive func(buf []byte, until time.Time) (int, error)) error {
	end := time.Now().Add(p.cfg.Patience)
	buf := make([]byte, largestPacket)
	for wait := again; ; wait *= 2 {
		if err := send(); err != nil {
			return err
		}
		until := time.Now().Add(wait)
		if until.After(end) {
			until = end
		}
		for {
			n, err := receive(buf, until)
			if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
				if !until.Before(end) {
					return err
				}
				break
			}
			if err != nil {
				return err
			}
			if done, err := c.answered(buf[:n]); done {
				return err
			}
		}
	}
}

// checkTCP frames the check as RFC 4571 says.
func (p *probe) checkTCP(ctx context.Context, at netip.AddrPort, c check) error {
	conn, err := p.reach(ctx, at)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(p.cfg.Patience))
	frame := binary.BigEndian.AppendUint16(nil, uint16(len(c.request.Raw)))
	if _, err := conn.Write(append(frame, c.request.Raw...)); err != nil {
		return err
	}
	for {
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return err
		}
		packet := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(conn, packet); err != nil {
			return err
		}
		if done, err := c.answered(packet); done {
			return err
		}
	}
}
