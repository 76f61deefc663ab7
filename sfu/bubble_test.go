package sfu

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/parlorhq/parlor/internal/simnet"
)

// Scenarios over a simulated network. The bubble also fails if a goroutine of ours or pion's is left behind.

const (
	serverIP = "10.0.0.1"
	adaIP    = "10.0.0.2"
	benIP    = "10.0.0.3"
)

func bubble(t *testing.T, f func(t *testing.T, n *simnet.Network, h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(t, 7)
		f(t, n, newHouse(t, Limits{}, n.Listen(serverIP, 5000)))
	})
}

func TestBubbleJoinAndLeave(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		ada := h.browser(browserOptions{net: n.Host(adaIP)})
		mic := ada.publish(opusMime)
		ada.join()
		stop := mic.stream("mic", 20*time.Millisecond)
		eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
		ben := h.browser(browserOptions{net: n.Host(benIP)})
		ben.pool(webrtc.RTPCodecTypeAudio, 1)
		ben.join()
		ben.see(ada.told.tracks()...)
		eventually(t, "media", func() bool { return len(ben.got("0")) > 100 })
		continuous(t, ben.got("0"))
		stop()
		if err := ada.pc.Close(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "ada left", func() bool { return ada.told.state() == Closed && len(ada.told.gone()) == 1 })
	})
}

func TestBubbleLossIsRepaired(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to string
	}{
		{"from the publisher", adaIP, serverIP},
		{"to the subscriber", serverIP, benIP},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
				for _, ip := range []string{serverIP, adaIP, benIP} {
					n.SetDelay(ip, 20*time.Millisecond)
				}
				ada := h.browser(browserOptions{net: n.Host(adaIP), nack: true})
				cam := ada.publish(vp8Mime)
				ada.join()
				ben := h.browser(browserOptions{net: n.Host(benIP), nack: true})
				ben.pool(webrtc.RTPCodecTypeVideo, 1)
				ben.join()
				stop := cam.stream("cam", 20*time.Millisecond)
				eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
				ben.see(ada.told.tracks()...)
				eventually(t, "media", func() bool { return len(ben.got("0")) > 10 })
				n.SetLoss(c.from, c.to, 0.05)
				time.Sleep(20 * time.Second)
				n.SetLoss(c.from, c.to, 0)
				time.Sleep(2 * time.Second)
				stop()
				time.Sleep(time.Second)
				got := map[uint16]int{}
				first, last := -1, -1
				for _, p := range ben.got("0") {
					got[p.SequenceNumber]++
					var i int
					if _, err := fmt.Sscanf(string(p.Payload[6:]), "cam %d", &i); err != nil {
						t.Fatalf("payload %q", p.Payload)
					}
					if first < 0 {
						first = i
					}
					last = max(last, i)
				}
				sent := 2 * (last - first + 1)
				if len(got) < sent*998/1000 {
					t.Errorf("%d of %d packets came", len(got), sent)
				}
				if sent < 2000 {
					t.Errorf("only %d were sent", sent)
				}
				t.Logf("%d of %d came, %d asked again, %d sent again", len(got), sent,
					h.engine.counts.nacks.Load(), h.engine.counts.repeats.Load())
				if c.from == adaIP && h.engine.counts.nacks.Load() < 40 || c.to == benIP && h.engine.counts.repeats.Load() < 40 {
					t.Error("nothing was repaired")
				}
			})
		})
	}
}

func TestBubbleCutAndRestored(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		ada := h.browser(browserOptions{net: n.Host(adaIP)})
		cam := ada.publish(vp8Mime)
		ada.join()
		stop := cam.stream("cam", 50*time.Millisecond)
		defer stop()
		ben := h.browser(browserOptions{net: n.Host(benIP)})
		ben.pool(webrtc.RTPCodecTypeVideo, 1)
		ben.join()
		eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
		ben.see(ada.told.tracks()...)
		eventually(t, "media", func() bool { return len(ben.got("0")) > 10 })

		start := time.Now()
		n.Cut(benIP)
		eventually(t, "disconnected", func() bool { return ben.told.state() == Disconnected })
		if took := time.Since(start); took < 6*time.Second || took > 10*time.Second {
			t.Errorf("disconnected after %v", took)
		}
		n.Restore(benIP)
		eventually(t, "connected again", func() bool { return ben.told.state() == Connected })
		seen := len(ben.got("0"))
		eventually(t, "media again", func() bool { return len(ben.got("0")) > seen+10 })

		start = time.Now()
		n.Cut(benIP)
		time.Sleep(20 * time.Second)
		if ben.told.state() != Failed {
			t.Fatalf("state %v after %v", ben.told.state(), time.Since(start))
		}
		n.Restore(benIP)
		if err := ben.negotiate(&webrtc.OfferOptions{ICERestart: true}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "connected after the restart", func() bool { return ben.told.state() == Connected })
		seen = len(ben.got("0"))
		eventually(t, "media after the restart", func() bool { return len(ben.got("0")) > seen+10 })
	})
}

func TestBubbleKeyframeRequestsAreThrottled(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		ada := h.browser(browserOptions{net: n.Host(adaIP)})
		cam := ada.publish(vp8Mime)
		ada.join()
		defer cam.stream("cam", 20*time.Millisecond)()
		eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
		var all []*browser
		for i := range 4 {
			b := h.browser(browserOptions{net: n.Host(fmt.Sprintf("10.0.1.%d", i+1)), noData: true})
			b.pool(webrtc.RTPCodecTypeVideo, 1)
			b.join()
			all = append(all, b)
		}
		for _, b := range all { // all at once
			b.see(ada.told.tracks()...)
		}
		for _, b := range all {
			eventually(t, "media", func() bool { return len(b.got("0")) > 5 })
		}
		if asked := cam.asked(); len(asked) > 2 {
			t.Errorf("four newcomers cost %d key frames", len(asked))
		}
		before := len(cam.asked())
		start := time.Now()
		for time.Since(start) < 30*time.Second { // one asks all the time
			ssrc := uint32(all[0].pc.GetReceivers()[0].Track().SSRC())
			if err := all[0].pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrc}}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		asked := cam.asked()
		if n := len(asked) - before; n < 3 || n > 10 {
			t.Errorf("one subscriber caused %d key frames in 30 s", n)
		}
		for i := 1; i < len(asked); i++ {
			if gap := asked[i].Sub(asked[i-1]); gap < keyframeEvery-50*time.Millisecond {
				t.Errorf("asked again after %v", gap)
			}
		}
	})
}

func TestBubblePaddingIsNotForwarded(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		ada := h.browser(browserOptions{net: n.Host(adaIP)})
		cam := ada.publish(vp8Mime)
		ada.join()
		ben := h.browser(browserOptions{net: n.Host(benIP)})
		ben.pool(webrtc.RTPCodecTypeVideo, 1)
		ben.join()
		cam.frame(true, 1, "x")
		eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
		ben.see(ada.told.tracks()...)
		for i := range 100 {
			cam.frame(i%10 == 0, 2, "frame")
			if i%3 == 0 {
				cam.sequence++
				if err := cam.track.WriteRTP(&rtp.Packet{Header: rtp.Header{
					Version: 2, Padding: true, PaddingSize: 200, SequenceNumber: cam.sequence, Timestamp: cam.timestamp,
				}}); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Second)
		packets := ben.got("0")
		if len(packets) < 150 {
			t.Fatalf("%d packets", len(packets))
		}
		continuous(t, packets)
		for _, p := range packets {
			if len(p.Payload) == 0 {
				t.Fatal("padding was forwarded")
			}
		}
	})
}

func TestBubbleAudioLevelIsForwardedAndNothingElse(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		ada := h.browser(browserOptions{net: n.Host(adaIP)})
		mic := ada.publish(opusMime)
		ada.join()
		ben := h.browser(browserOptions{net: n.Host(benIP)})
		ben.pool(webrtc.RTPCodecTypeAudio, 1)
		ben.join()
		inID := extensionID(t, mic.transceiver.Sender().GetParameters().HeaderExtensions)
		outID := extensionID(t, ben.pc.GetReceivers()[0].GetParameters().HeaderExtensions)
		send := func(i int) {
			p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(i), Timestamp: uint32(i) * 960}, Payload: []byte("opus")}
			if err := p.SetExtension(inID, []byte{byte(i % 128)}); err != nil {
				t.Fatal(err)
			}
			for id := uint8(1); id < 15; id++ {
				if id != inID {
					if err := p.SetExtension(id, []byte("other")); err != nil {
						t.Fatal(err)
					}
					break
				}
			}
			if err := mic.track.WriteRTP(p); err != nil {
				t.Fatal(err)
			}
		}
		send(0)
		eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
		ben.see(ada.told.tracks()...)
		for i := 1; i < 50; i++ {
			send(i)
			time.Sleep(20 * time.Millisecond)
		}
		packets := ben.got("0")
		if len(packets) < 40 {
			t.Fatalf("%d packets", len(packets))
		}
		for i, p := range packets {
			level := p.GetExtension(outID)
			if len(p.GetExtensionIDs()) != 1 || len(level) != 1 {
				t.Fatalf("extensions %v", p.GetExtensionIDs())
			}
			if i > 0 && level[0] != packets[i-1].GetExtension(outID)[0]+1 {
				t.Errorf("level %d", level[0])
			}
		}
	})
}

func extensionID(t *testing.T, extensions []webrtc.RTPHeaderExtensionParameter) uint8 {
	t.Helper()
	for _, e := range extensions {
		if e.URI == levelURI {
			return uint8(e.ID)
		}
	}
	t.Fatal("audio level is not negotiated")
	return 0
}

func TestBubbleBogusPacketsEndNobody(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		ada := h.browser(browserOptions{net: n.Host(adaIP)})
		cam := ada.publish(vp8Mime)
		ada.join()
		ben := h.browser(browserOptions{net: n.Host(benIP)})
		ben.pool(webrtc.RTPCodecTypeVideo, 1)
		ben.join()
		cam.frame(true, 1, "x")
		eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
		ben.see(ada.told.tracks()...)
		for i, payload := range [][]byte{
			{0x90}, {0x90, 0x80}, {0x90, 0x80, 0x80}, {0x90, 0xff}, {0xff, 0xff, 0xff, 0xff}, {0x10}, bytes.Repeat([]byte{0xff}, 1100),
		} {
			cam.sequence++
			h := rtp.Header{Version: 2, SequenceNumber: cam.sequence, Timestamp: cam.timestamp, Padding: i%2 == 0, PaddingSize: byte(255 * (i % 2))}
			h.PaddingSize = byte(1 + 254*(i%2))
			if err := cam.track.WriteRTP(&rtp.Packet{Header: h, Payload: payload}); err != nil {
				t.Fatal(err)
			}
		}
		if err := ben.pc.WriteRTCP([]rtcp.Packet{
			&rtcp.TransportLayerNack{MediaSSRC: uint32(ben.pc.GetReceivers()[0].Track().SSRC()), Nacks: []rtcp.NackPair{{PacketID: 7, LostPackets: 0xffff}}},
			&rtcp.FullIntraRequest{FIR: []rtcp.FIREntry{{SSRC: 99}}},
		}); err != nil {
			t.Fatal(err)
		}
		stop := cam.stream("well", 20*time.Millisecond)
		defer stop()
		eventually(t, "media", func() bool {
			for _, p := range ben.got("0") {
				if strings.Contains(string(p.Payload), "well 20") {
					return true
				}
			}
			return false
		})
		if n := h.engine.counts.panics.Load(); n != 0 {
			t.Errorf("%d panics", n)
		}
	})
}

// The server speaks only to who spoke to it: an offer cannot make it send a packet anywhere.
func TestBubbleServerSendsNothingUnasked(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		offer := strings.Replace(realOffers(t)["chromium"], "a=mid:0\r\n", "a=mid:0\r\n"+
			"a=candidate:1 1 udp 2122260223 10.0.0.9 7777 typ host\r\n"+
			"A=CANDIDATE:1 1 udp 2122260223 10.0.0.9 7777 typ host\r\n"+
			"a=candidate:2 1 tcp 1518280447 10.0.0.9 7777 typ host tcptype passive\r\n"+
			"a=candidate:3 1 udp 2122260223 inside.example 7777 typ host\r\n", 1)
		n.Listen("10.0.0.9", 7777)
		told := &recorder{}
		p, err := h.engine.NewPeer(PeerConfig{Publish: true, Subscribe: true, Handler: told})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Answer(t.Context(), offer); err == nil {
			t.Error("a line that is not SDP was taken")
		}
		if _, err := p.Answer(t.Context(), strings.Replace(offer, "A=CANDIDATE", "a=CANDIDATE", 1)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if carried, lost := n.Counts(); carried+lost != 0 {
			t.Errorf("the server sent %d packets", carried+lost)
		}
		if told.state() != Failed {
			t.Errorf("state %v of a peer that never came", told.state())
		}
	})
}

func TestBubblePanicEndsOnePeer(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		ada, ben := h.browser(browserOptions{net: n.Host(adaIP)}), h.browser(browserOptions{net: n.Host(benIP)})
		ada.join()
		ben.join()
		ada.peer.reader(func() { panic("a parser met what it had not thought of") })
		eventually(t, "ada is ended", func() bool { return ada.told.state() == Closed })
		time.Sleep(time.Second)
		if ben.told.state() != Connected || h.engine.counts.panics.Load() != 1 {
			t.Errorf("ben is %v, %d panics", ben.told.state(), h.engine.counts.panics.Load())
		}
	})
}
