package sfu

import (
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"

	"github.com/parlorhq/parlor/internal/simnet"
)

func TestFirstPathOfEachGeneration(t *testing.T) {
	check := func(name string, more ...stun.Setter) *stun.Message {
		return stun.MustBuild(append([]stun.Setter{stun.BindingRequest, stun.TransactionID, stun.NewUsername(name)}, more...)...)
	}
	var f firstPath
	for i, c := range []struct {
		message *stun.Message
		used    bool
	}{
		{check("one:x"), true},
		{check("one:x"), false},
		{check("two:x"), true}, // ICE was restarted
		{check("two:x"), false},
		{check("three:x", ice.UseCandidate()), false}, // pion takes it for that
		{check("three:x"), false},
		{stun.MustBuild(stun.BindingRequest, stun.TransactionID), false},
	} {
		if used := f.check(c.message, nil, nil, nil); used != c.used {
			t.Errorf("check %d: used %v", i, used)
		}
	}
	again := check("three:x")
	if n := testing.AllocsPerRun(100, func() { f.check(again, nil, nil, nil) }); n > 0 {
		t.Errorf("a check costs %v allocations", n)
	}
}

// Somebody whose line was silent for three seconds gets a key frame as soon as it is not; the browser of this test asks for none.
func TestBubbleKeyFrameAfterSilence(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		ada := h.browser(browserOptions{net: n.Host(adaIP)})
		cam := ada.publish(vp8Mime)
		ada.join()
		defer cam.stream("cam", 50*time.Millisecond)()
		eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
		ben := h.browser(browserOptions{net: n.Host(benIP), reports: true})
		ben.pool(webrtc.RTPCodecTypeVideo, 1)
		ben.join()
		ben.see(ada.told.tracks()...)
		eventually(t, "media", func() bool { return len(ben.got("0")) > 100 })

		asked := len(cam.asked())
		n.Cut(benIP)
		time.Sleep(3 * time.Second)
		if late := len(cam.asked()); late != asked {
			t.Errorf("%d key frames were asked for into the silence", late-asked)
		}
		n.Restore(benIP)
		start := time.Now()
		eventually(t, "a key frame is asked for", func() bool { return len(cam.asked()) > asked })
		if took := time.Since(start); took > time.Second {
			t.Errorf("asked after %v", took)
		}
	})
}

// What somebody publishes whose ICE was restarted goes on with a key frame: requests of the time before had no path to go by.
func TestBubbleKeyFrameAfterRestart(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		ada := h.browser(browserOptions{net: n.Host(adaIP)})
		cam := ada.publish(vp8Mime)
		ada.join()
		defer cam.stream("cam", 50*time.Millisecond)()
		eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
		ben := h.browser(browserOptions{net: n.Host(benIP)})
		ben.pool(webrtc.RTPCodecTypeVideo, 1)
		ben.join()
		ben.see(ada.told.tracks()...)
		eventually(t, "media", func() bool { return len(ben.got("0")) > 100 })

		asked, moved := len(cam.asked()), h.engine.counts.moves.Load()
		if err := ada.negotiate(&webrtc.OfferOptions{ICERestart: true}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a key frame is asked for", func() bool { return len(cam.asked()) > asked })
		eventually(t, "the line moves", func() bool { return h.engine.counts.moves.Load() > moved })
	})
}
