package sfu

import (
	"net/netip"
	"testing"
)

// An answer that restarts ICE announces what costs less than everything before; another one of the same generation says the same.
func TestCandidatesCostLessAfterEachRestart(t *testing.T) {
	c := candidates{relayed: relayedCandidates([]netip.AddrPort{netip.MustParseAddrPort("198.19.255.255:49151")})}
	sdp := func(ufrag, cost, relayed string) string {
		return "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:" + ufrag + "\r\n" +
			"a=candidate:1 1 udp 2130706431 192.0.2.1 443 typ host" + cost + "\r\n" +
			"a=candidate:2 1 tcp 1671430143 192.0.2.1 443 typ host tcptype passive" + cost + "\r\n" +
			relayed + "a=end-of-candidates\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:" + ufrag + "\r\n"
	}
	for i, step := range []struct{ ufrag, cost string }{
		{"one", " network-cost 999"},
		{"one", " network-cost 999"},
		{"two", " network-cost 99"},
		{"three", " network-cost 98"},
		{"three", " network-cost 98"},
	} {
		relayed := "a=candidate:relayed0 1 udp 1 198.19.255.255 49151 typ host" + step.cost + "\r\n"
		if got, want := c.announce(sdp(step.ufrag, "", "")), sdp(step.ufrag, step.cost, relayed); got != want {
			t.Errorf("answer %d:\n%s\nwant:\n%s", i, got, want)
		}
	}
}

func TestNetworkCost(t *testing.T) {
	const cellular = 900 // the difference between two networks of a phone
	if networkCost(0)-networkCost(1) < cellular {
		t.Error("the first restart does not beat a way over a better network")
	}
	for n := 1; n < 200; n++ {
		was, is := networkCost(n-1), networkCost(n)
		if is < 0 || was > costMost || is > was || (is == was && is != 0) {
			t.Errorf("restart %d costs %d, the one before %d", n, is, was)
		}
	}
}
