package main

import (
	"github.com/parlorhq/parlor/auth"
	"github.com/parlorhq/parlor/internal/metrics"
	"github.com/parlorhq/parlor/signaling/peerjs"
)

// openPeerJS opens the door for clients of PeerJS, if there is to be one. It needs the other door, whose caps it shares.
func (s *server) openPeerJS(verifier *auth.Verifier, counts *metrics.Metrics) {
	c := s.cfg.PeerJS
	if c.Mode == "off" {
		return
	}
	if c.Mode == "open" {
		verifier = nil
	}
	s.peerjs = peerjs.New(peerjs.Config{
		Key: c.Key, Clients: c.Clients, Discovery: c.Discovery, Verifier: verifier,
		Admit: s.door.Admit, Release: s.door.Release, Allowed: s.door.Allowed, Metrics: counts,
	})
}
