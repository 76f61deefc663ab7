package sfu

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// caster is what a browser sends in a line with several encodings. Like a browser it sends only those that it was told
// somebody is shown, and begins with a key frame whenever it was asked for one or has paused.
type caster struct {
	t           *testing.T
	b           *browser
	transceiver *webrtc.RTPTransceiver
	tracks      []*webrtc.TrackLocalStaticRTP
	ids         map[string]uint8
	rates       []float64 // bits a second of each encoding, with key frames six times as large; nil: some packets each

	mu   sync.Mutex
	plis map[string]int
	sent map[string]int  // frames
	off  map[string]bool // stopped by the browser itself
}

const (
	midURI = "urn:ietf:params:rtp-hdrext:sdes:mid"
	ridURI = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
)

// simulcastOptions are those of a browser that sends several encodings.
func simulcastOptions(o browserOptions) browserOptions {
	o.codecs = func(m *webrtc.MediaEngine) error {
		for _, uri := range []string{midURI, ridURI} {
			if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeVideo); err != nil {
				return err
			}
		}
		return m.RegisterDefaultCodecs()
	}
	return o
}

// simulcast adds a sending line with encodings.
func (b *browser) simulcast(rids ...string) *caster {
	b.t.Helper()
	c := &caster{t: b.t, b: b, plis: map[string]int{}, sent: map[string]int{}, off: map[string]bool{}, ids: map[string]uint8{}}
	for i, rid := range rids {
		track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: vp8Mime}, "cam", "cam", webrtc.WithRTPStreamID(rid))
		if err != nil {
			b.t.Fatal(err)
		}
		if c.tracks = append(c.tracks, track); i > 0 {
			if err := c.transceiver.Sender().AddEncoding(track); err != nil {
				b.t.Fatal(err)
			}
		} else if c.transceiver, err = b.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{
			Direction: webrtc.RTPTransceiverDirectionSendonly,
		}); err != nil {
			b.t.Fatal(err)
		}
	}
	return c
}

// stream sends every 33 ms until the test ends or stop is called. To be called after joining.
func (c *caster) stream() (stop func()) {
	for _, e := range c.transceiver.Sender().GetParameters().HeaderExtensions {
		c.ids[e.URI] = uint8(e.ID)
	}
	quit, done := make(chan struct{}), sync.WaitGroup{}
	for i, track := range c.tracks {
		go c.control(track.RID())
		done.Go(func() { c.send(i, track, quit) })
	}
	var once sync.Once
	stop = func() { once.Do(func() { close(quit); done.Wait() }) }
	c.t.Cleanup(stop)
	return stop
}

func (c *caster) control(rid string) {
	for {
		packets, _, err := c.transceiver.Sender().ReadSimulcastRTCP(rid)
		if err != nil {
			return
		}
		for _, p := range packets {
			if _, ok := p.(*rtcp.PictureLossIndication); ok {
				c.mu.Lock()
				c.plis[rid]++
				c.mu.Unlock()
			}
		}
	}
}

func (c *caster) send(i int, track *webrtc.TrackLocalStaticRTP, quit chan struct{}) {
	tick := time.NewTicker(33 * time.Millisecond)
	defer tick.Stop()
	debt, draws := 0.0, rand.New(rand.NewPCG(uint64(i), 5))
	sequence, picture, answered, paused := uint16(i*1000), uint16(0), 0, true
	for n := 0; ; n++ {
		if !c.wanted(track.RID()) {
			paused = true
		} else {
			c.mu.Lock()
			asked := c.plis[track.RID()]
			c.sent[track.RID()]++
			c.mu.Unlock()
			key := asked != answered || paused
			answered, paused = asked, false
			sizes := c.sizes(i, key, &debt, draws)
			packets := len(sizes)
			for k, size := range sizes {
				sequence++
				p := &rtp.Packet{
					Header:  rtp.Header{Version: 2, SequenceNumber: sequence, Timestamp: uint32(n) * 2970, Marker: k == packets-1},
					Payload: append(vp8Descriptor(k == 0, picture, byte(picture), key), fmt.Sprintf("%s %0*d", track.RID(), size, n)...),
				}
				if n < 10 { // as browsers do; and pion's client would say it of retransmissions too, where it is another name
					_ = p.SetExtension(c.ids[midURI], []byte(c.transceiver.Mid()))
					_ = p.SetExtension(c.ids[ridURI], []byte(track.RID()))
				}
				_ = track.WriteRTP(p)
			}
			picture++
		}
		select {
		case <-tick.C:
		case <-quit:
			return
		}
	}
}

// sizes are those of the packets of a frame.
func (c *caster) sizes(i int, key bool, debt *float64, draws *rand.Rand) (sizes []int) {
	if c.rates == nil {
		for range 1 << i {
			sizes = append(sizes, 700)
		}
		return sizes
	}
	usual := c.rates[i] / 8 * 0.033
	saved := min(*debt, 0.3*usual) // what a key frame cost is saved at those after it
	size := (usual - saved) * math.Exp(0.25*draws.NormFloat64()-0.03)
	if *debt -= saved; key {
		*debt += 5 * usual
		size = 6 * usual
	}
	for left := int(size); left > 0; left -= 1150 {
		sizes = append(sizes, max(min(left, 1150)-12, 20))
	}
	return sizes
}

// told is what the browser was told last to send; ok is false if that was nothing yet.
func (c *caster) told() (rids []string, ok bool) {
	c.b.told.mu.Lock()
	defer c.b.told.mu.Unlock()
	for _, rids := range c.b.told.layers {
		return rids, true
	}
	return nil, false
}

func (c *caster) wanted(rid string) bool {
	rids, ok := c.told()
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.off[rid] && (!ok || slices.Contains(rids, rid))
}

// cut stops an encoding, as a browser does whose line does not carry it.
func (c *caster) cut(rid string, off bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off[rid] = off
}

func (c *caster) frames(rid string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent[rid]
}

// asked is how often a key frame was asked of each encoding.
func (c *caster) asked() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.plis)
}

// encodings are those that came in a line, one after the other.
func (b *browser) encodings(mid string) (parts []string) {
	for _, p := range inOrder(b.t, b.got(mid)) {
		rid, _, _ := strings.Cut(string(p.Payload[6:]), " ")
		if len(parts) == 0 || parts[len(parts)-1] != rid {
			parts = append(parts, rid)
		}
	}
	return parts
}

// swapped is how far a packet may come behind its place. Each encoding has a reader, and where one takes over from another
// the packets of both are numbered under a lock and written without it: what is written last need not be numbered last.
const swapped = 16

// inOrder puts packets in the order of their numbers, as a jitter buffer does.
func inOrder(t *testing.T, packets []rtp.Packet) []rtp.Packet {
	t.Helper()
	number := make([]int, len(packets))
	order := make([]int, len(packets))
	newest := 0
	for i, p := range packets {
		if i > 0 {
			number[i] = newest + int(int16(p.SequenceNumber-packets[0].SequenceNumber-uint16(newest)))
		}
		if newest-number[i] > swapped {
			t.Errorf("packet %d is %d behind its place", i, newest-number[i])
		}
		newest, order[i] = max(newest, number[i]), i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(number[a], number[b]) })
	out := make([]rtp.Packet, len(packets))
	for at, i := range order {
		out[at] = packets[i]
	}
	return out
}

// watch shows the browser tracks in places of this height.
func (b *browser) watch(height int, tracks ...*Track) {
	wishes := wish(tracks...)
	for i := range wishes {
		wishes[i].Height = height
	}
	b.peer.Show(wishes)
	rev, _ := b.peer.Slots()
	b.peer.Confirm(rev)
}

// clean checks that what came in a line is one stream that a decoder can follow.
func (b *browser) clean(mid string) {
	b.t.Helper()
	packets := inOrder(b.t, b.got(mid))
	continuous(b.t, packets)
	for i := 1; i < len(packets); i++ {
		_, before, _ := parseVP8(packets[i-1].Payload)
		shape, now, _ := parseVP8(packets[i].Payload)
		if d := (now.pictureID - before.pictureID) & 0x7fff; d > 1 || now.tl0-before.tl0 != byte(d) {
			b.t.Errorf("packet %d: picture %d after %d, tl0 %d after %d", i, now.pictureID, before.pictureID, now.tl0, before.tl0)
		}
		if packets[i].Payload[6] != packets[i-1].Payload[6] && !shape.start {
			b.t.Errorf("packet %d: another encoding begins without a key frame", i)
		}
	}
}
