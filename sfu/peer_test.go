package sfu

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

const (
	vp8Mime  = webrtc.MimeTypeVP8
	opusMime = webrtc.MimeTypeOpus
)

// continuous checks that a slot's packets are one stream: each number once, none left out, timestamps never back.
func continuous(t *testing.T, packets []rtp.Packet) {
	t.Helper()
	for i := 1; i < len(packets); i++ {
		a, b := packets[i-1].Header, packets[i].Header
		if b.SequenceNumber != a.SequenceNumber+1 {
			t.Errorf("packet %d: number %d after %d", i, b.SequenceNumber, a.SequenceNumber)
		}
		if int32(b.Timestamp-a.Timestamp) < 0 {
			t.Errorf("packet %d: timestamp %d after %d", i, b.Timestamp, a.Timestamp)
		}
	}
}

func TestPublishAndSee(t *testing.T) {
	h := newHouse(t, Limits{})
	ada := h.browser(browserOptions{})
	mic, cam := ada.publish(opusMime), ada.publish(vp8Mime)
	ada.join()
	defer mic.stream("ada mic", 20*time.Millisecond)()
	defer cam.stream("ada cam", 33*time.Millisecond)()
	eventually(t, "both tracks", func() bool { return len(ada.told.tracks()) == 2 })

	for range 2 {
		ben := h.browser(browserOptions{})
		ben.pool(webrtc.RTPCodecTypeAudio, 1)
		ben.pool(webrtc.RTPCodecTypeVideo, 2)
		ben.join()
		ben.see(ada.told.tracks()...)
		eventually(t, "media", func() bool { return len(ben.got("0")) > 20 && len(ben.got("1")) > 20 })
		for mid, want := range map[string]string{"0": "ada mic", "1": "ada cam"} {
			packets := ben.got(mid)
			continuous(t, packets)
			for _, p := range packets {
				if !bytes.Contains(p.Payload, []byte(want)) {
					t.Fatalf("mid %s got %q", mid, p.Payload)
				}
			}
		}
		if s, _, _ := parseVP8(ben.got("1")[0].Payload); !s.start {
			t.Error("video does not begin with a key frame")
		}
		if n := len(ben.got("2")); n != 0 {
			t.Errorf("%d packets in an empty slot", n)
		}
	}
}

func TestSlotIsReboundWithoutSDP(t *testing.T) {
	h := newHouse(t, Limits{})
	ada, ben, cy := h.browser(browserOptions{}), h.browser(browserOptions{}), h.browser(browserOptions{})
	adaCam, benCam := ada.publish(vp8Mime), ben.publish(vp8Mime)
	cy.pool(webrtc.RTPCodecTypeVideo, 1)
	ada.join()
	ben.join()
	cy.join()
	defer adaCam.stream("ada", 10*time.Millisecond)()
	defer benCam.stream("ben", 10*time.Millisecond)()
	eventually(t, "tracks", func() bool { return len(ada.told.tracks()) == 1 && len(ben.told.tracks()) == 1 })
	a, b := ada.told.tracks()[0], ben.told.tracks()[0]

	cy.see(a)
	eventually(t, "ada's picture", func() bool { return len(cy.got("0")) > 20 })

	cy.peer.Show(wish(b))
	rev, slots := cy.peer.Slots()
	if len(slots) != 1 || slots[0].Track != b || !slots[0].HasAfter {
		t.Fatalf("slots = %+v", slots)
	}
	eventually(t, "the handler hears of it", func() bool { return cy.told.revision() == rev })
	cy.peer.Confirm(rev - 1) // too old a confirmation lets nothing flow
	// Ada's last packets are on their way; then nothing comes.
	quiet(t, cy)
	last := cy.got("0")
	if got := last[len(last)-1].Timestamp; got != slots[0].After {
		t.Errorf("after = %d, but the last packet has %d", slots[0].After, got)
	}

	cy.peer.Confirm(rev)
	eventually(t, "ben's picture", func() bool { return len(cy.got("0")) > len(last)+20 })
	packets := cy.got("0")
	continuous(t, packets)
	for i, p := range packets {
		if want := "ada"; i >= len(last) {
			want = "ben"
			if !strings.Contains(string(p.Payload), want) {
				t.Fatalf("packet %d under ben's name is %q", i, p.Payload)
			}
			if int32(p.Timestamp-slots[0].After) <= 0 {
				t.Fatalf("packet %d is not ahead of after", i)
			}
		} else if !strings.Contains(string(p.Payload), want) {
			t.Fatalf("packet %d under ada's name is %q", i, p.Payload)
		}
	}
	shape, first, _ := parseVP8(packets[len(last)].Payload)
	_, before, _ := parseVP8(packets[len(last)-1].Payload)
	if !shape.start || first.pictureID != before.pictureID+1 || first.tl0 != before.tl0+1 {
		t.Errorf("ben begins with %+v (key frame: %v) after %+v", first, shape.start, before)
	}
}

// quiet waits until nothing has come for a while.
func quiet(t *testing.T, b *browser) {
	t.Helper()
	n, since := b.total(), time.Now()
	eventually(t, "quiet", func() bool {
		if now := b.total(); now != n {
			n, since = now, time.Now()
		}
		return time.Since(since) > 150*time.Millisecond
	})
}
