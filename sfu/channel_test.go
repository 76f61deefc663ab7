package sfu

import (
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/parlorhq/parlor/internal/simnet"
)

// However long a path was cut, a channel goes on soon after it is back: SCTP doubles its timeouts meanwhile, of its own
// accord up to a minute.
func TestBubbleChannelAfterALongCut(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		ben := h.browser(browserOptions{net: n.Host(benIP)})
		ben.join()
		channel := ben.channel()
		const cut = 100 // seconds, after which the next timeout would be half a minute away
		n.Cut(benIP)
		for range cut {
			if err := channel.Send([]byte("while it was cut"), false); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		n.Restore(benIP)
		if err := ben.negotiate(&webrtc.OfferOptions{ICERestart: true}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "connected after the restart", func() bool { return ben.told.state() == Connected })
		back := time.Now()
		eventually(t, "all messages", func() bool {
			ben.mu.Lock()
			defer ben.mu.Unlock()
			return len(ben.texts) == cut
		})
		if took := time.Since(back); took > sctpTimeoutMost+time.Second {
			t.Errorf("the channel took %s to go on", took)
		}
	})
}
