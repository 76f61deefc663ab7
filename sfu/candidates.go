package sfu

import (
	"fmt"
	"net/netip"
	"strings"
)

// candidates are what is announced to one browser of where we are reached: those of pion, the relayed ones behind them, and what
// they cost. It is pure.
type candidates struct {
	relayed    string // lines of candidates; "": none
	ufrag      string // ours, of the last answer
	generation int    // how often ICE was restarted
}

// announce completes an answer.
func (c *candidates) announce(answer string) string {
	const end = "a=end-of-candidates"
	c.note(answer)
	cost := fmt.Sprintf(" network-cost %d\r\n", networkCost(c.generation))
	var b strings.Builder
	b.Grow(len(answer) + len(c.relayed) + 256)
	for line := range strings.Lines(answer) {
		if strings.HasPrefix(line, end) {
			for relayed := range strings.Lines(c.relayed) {
				b.WriteString(strings.TrimSpace(relayed) + cost)
			}
		} else if strings.HasPrefix(line, "a=candidate:") {
			line = strings.TrimSpace(line) + cost
		}
		b.WriteString(line)
	}
	return b.String()
}

// note counts restarts: our name is another one after each.
func (c *candidates) note(answer string) {
	_, after, _ := strings.Cut(answer, "a=ice-ufrag:")
	ufrag, _, _ := strings.Cut(after, "\r\n")
	if c.ufrag != "" && c.ufrag != ufrag {
		c.generation++
	}
	c.ufrag = ufrag
}

const (
	costMost    = 999 // what Chromium takes at most
	costRestart = 99  // less by 900, which is what it reckons for cellular networks
)

// networkCost is what a browser is told to reckon for candidates of a generation: less than for those of all before. Chromium compares
// costs first of all ways that answer, and what has answered counts for two and a half seconds, and for another one for safety: with
// the same costs it would send by a way that is dead for three and a half, whatever was found meanwhile. With these it sends by the
// first new one that answers. The first restart beats even a former way over a network that costs nothing.
func networkCost(generation int) int {
	if generation == 0 {
		return costMost
	}
	return max(0, costRestart+1-generation)
}

// relayedCandidates are lines, but for what they cost. Their priorities are the lowest there are.
func relayedCandidates(at []netip.AddrPort) string {
	var b strings.Builder
	for i, a := range at {
		fmt.Fprintf(&b, "a=candidate:relayed%d 1 udp %d %s %d typ host\n", i, len(at)-i, a.Addr(), a.Port())
	}
	return b.String()
}
