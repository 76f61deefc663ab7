package main

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/parlorhq/parlor/front/turn"
	"github.com/parlorhq/parlor/internal/metrics"
	"github.com/parlorhq/parlor/signaling"
)

// openTURN makes the UDP sockets peers of a TURN server of our own. Nothing else is.
func (s *server) openTURN(counts *metrics.Metrics) error {
	if !s.cfg.TURN.Own {
		return nil
	}
	l := s.cfg.Limits
	s.turn = turn.New(turn.Config{Mesh: s.cfg.TURN.Mesh, Metrics: counts, Limits: turn.Limits{
		Allocations: l.TURNAllocations, PerCredential: l.TURNPerParticipant, PerIP: l.ConnectionsPerIP, ByteRate: l.TURNByteRate,
	}})
	var locals []netip.Addr
	for _, socket := range s.sockets {
		locals = append(locals, addressOf(socket))
	}
	for i, c := range s.sockets {
		socket, err := s.turn.Socket(c)
		if err != nil {
			return fmt.Errorf("turn: %w", err)
		}
		s.turn.Peer(socket, behind(i, locals, s.cfg.ExternalIPs)...)
		s.sockets[i] = socket
		if hidden(c, s.cfg.ExternalIPs) {
			s.relayed = append(s.relayed, s.turn.Name(socket))
		}
	}
	return nil
}

// hidden says whether Chromium does not take this socket's address from us: it takes none with a port below 1024 where the
// address is private. Then there is no way for it but TURN, which needs another name for the socket.
func hidden(c net.PacketConn, externals []netip.Addr) bool {
	a, ok := c.LocalAddr().(*net.UDPAddr)
	return ok && a.Port < 1024 && len(externals) == 0 && addressOf(c).IsPrivate()
}

func addressOf(c net.PacketConn) netip.Addr {
	a, ok := c.LocalAddr().(*net.UDPAddr)
	if !ok {
		return netip.Addr{}
	}
	return a.AddrPort().Addr().Unmap()
}

// behind are the external addresses behind which local i is: they are dealt out among those of their family, and loopback
// gets none where there are others.
func behind(i int, locals, externals []netip.Addr) (out []netip.Addr) {
	for _, four := range []bool{true, false} {
		var of []int
		for _, loopback := range []bool{false, true} {
			for k, ip := range locals {
				if ip.Is4() == four && ip.IsLoopback() == loopback && (!loopback || len(of) == 0) {
					of = append(of, k)
				}
			}
		}
		n := 0
		for _, ip := range externals {
			if ip.Is4() != four || len(of) == 0 {
				continue
			}
			if of[n%len(of)] == i {
				out = append(out, ip)
			}
			n++
		}
	}
	return out
}

// iceServers is what a participant gets who reached us as host: our own TURN server, by the way that gets through most
// networks, and those of the operator. Over UDP ours would be no help to anybody: its port is that of the media.
func (s *server) iceServers(id, host string) []signaling.ICEServer {
	c := &s.cfg.TURN
	expires := time.Now().Add(c.TTL)
	var out []signaling.ICEServer
	if s.turn != nil {
		if at := s.turnHost(host); at != "" {
			scheme := "turn"
			if s.cfg.TLS() {
				scheme = "turns"
			}
			own := s.turn.Mint(id, expires)
			out = append(out, signaling.ICEServer{
				URLs: []string{scheme + ":" + at + "?transport=tcp"}, Username: own.Username, Credential: own.Password,
			})
		}
	}
	if len(c.Servers) > 0 {
		theirs := turn.Mint([]byte(c.Secret), id, expires)
		out = append(out, signaling.ICEServer{URLs: c.Servers, Username: theirs.Username, Credential: theirs.Password})
	}
	return out
}

// turnHost is where browsers find the TCP port. Where we speak TLS that is where the page is, which has the name in the
// certificate. Elsewhere a proxy may stand there, and what is announced for media is the better guess.
func (s *server) turnHost(host string) string {
	if s.cfg.TURN.Host != "" {
		host = s.cfg.TURN.Host
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), ""
	}
	if s.cfg.TURN.Host == "" && !s.cfg.TLS() {
		port = ""
		if len(s.cfg.ExternalIPs) > 0 {
			name = s.cfg.ExternalIPs[0].String()
		}
	}
	if port == "" {
		port = "443"
		if !s.cfg.TLS() {
			_, port, _ = net.SplitHostPort(s.listen.Addr().String())
		}
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || !isHostName(name) {
		return "" // a browser would refuse all of it for that
	}
	return net.JoinHostPort(name, port)
}

// isHostName says whether a name is an IP address, or has nothing but what names have.
func isHostName(name string) bool {
	if ip, err := netip.ParseAddr(name); err == nil {
		return ip.Zone() == ""
	}
	return name != "" && len(name) <= 253 && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && r != '.' && r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
}
