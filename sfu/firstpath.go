package sfu

import (
	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// firstPath sends by the first way on which a browser's check comes, at the beginning and after each restart of ICE, until the
// browser nominates one. Chromium does so only when it has given up the way it had, three and a half seconds after that has died,
// and takes what comes by another one before. Checks are authenticated, so this goes to nobody but the browser.
type firstPath struct {
	name string // of the last generation that was seen. Owned by pion's agent.
}

// check is called by pion for each check: whether its way is to be used though it was not nominated.
func (f *firstPath) check(m *stun.Message, _, _ ice.Candidate, _ *ice.CandidatePair) bool {
	name, err := m.Get(stun.AttrUsername)
	if err != nil || string(name) == f.name {
		return false
	}
	f.name = string(name)
	return !m.Contains(stun.AttrUseCandidate)
}
