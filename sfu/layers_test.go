package sfu

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parlorhq/parlor/internal/simnet"
)

func TestTooManyLayersAreRefused(t *testing.T) {
	h := newHouse(t, Limits{Layers: 2})
	b := h.browser(browserOptions{})
	if _, err := b.peer.Answer(t.Context(), realOffers(t)["chromium-simulcast"]); !errors.Is(err, ErrTooManyMedia) {
		t.Errorf("error %v", err)
	}
	if n := h.metrics.RefusedCount("too_many_media"); n != 1 {
		t.Errorf("counted %v", n)
	}
	track := newTrack("0", Video, "video/VP8", "")
	for i := range 4 {
		if added := track.add(newLayer(track, &nobody{}, uint32(i+1), 96, extensionIDs{}), 2); added != (i < 2) {
			t.Errorf("layer %d added: %v", i, added)
		}
	}
}

// A browser that stops sending in a line and starts again later, both by offers.
func TestBubbleLineRestsAndGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		ada := h.browser(browserOptions{net: n.Host(adaIP)})
		cam := ada.publish(vp8Mime)
		ada.join()
		defer cam.stream("cam", 20*time.Millisecond)()
		eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
		for i := range 3 {
			offer, err := ada.pc.CreateOffer(nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ada.peer.Answer(context.Background(), strings.Replace(offer.SDP, "a=sendonly", "a=inactive", 1)); err != nil {
				t.Fatal(err)
			}
			eventually(t, "track ended", func() bool { return len(ada.told.gone()) == i+1 })
			if _, err := ada.peer.Answer(context.Background(), offer.SDP); err != nil {
				t.Fatal(err)
			}
			eventually(t, "a new track", func() bool { return len(ada.told.tracks()) == i+2 })
		}
		if ada.told.tracks()[1].ID() == ada.told.tracks()[0].ID() {
			t.Error("the new track has the old one's id")
		}
		ada.peer.streams.mu.Lock()
		defer ada.peer.streams.mu.Unlock()
		if n := len(ada.peer.streams.remote); n > 4 {
			t.Errorf("%d streams are counted", n)
		}
	})
}
