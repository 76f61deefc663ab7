package sfu

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

func TestSSRCFloodEndsThePeer(t *testing.T) {
	h := newHouse(t, Limits{})
	ada, ben := h.browser(browserOptions{}), h.browser(browserOptions{})
	cam, other := ada.publish(vp8Mime), ben.publish(vp8Mime)
	ada.join()
	ben.join()
	cam.frame(true, 1, "x")
	eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })

	heap := func() uint64 {
		runtime.GC()
		runtime.GC() // what lies in pools goes with the second: pion's mux has 8 KiB there for each packet that ever waited
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	// Through the sender's write stream, so that it is encrypted with any SSRC.
	sender := cam.transceiver.Sender()
	_ = sender
	flood := &flooder{}
	if err := sender.ReplaceTrack(flood); err != nil {
		t.Fatal(err)
	}
	eventually(t, "bound", func() bool { return flood.writer != nil })
	for i := range 20_000 {
		if _, err := flood.writer.WriteRTP(&rtp.Header{
			Version: 2, PayloadType: flood.payload, SSRC: uint32(i + 1000), SequenceNumber: uint16(i),
		}, []byte{0x10, 0, 1, 2, 3, 4}); err != nil {
			break
		}
	}
	eventually(t, "ada is ended", func() bool { return ada.told.state() == Closed })
	<-ada.peer.Done()
	if n := h.metrics.RefusedCount("ssrcs"); n != 1 {
		t.Errorf("counted %v", n)
	}
	if grown := int64(heap()) - int64(before); grown > 5<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	if len(ada.told.gone()) != 1 {
		t.Error("its track did not end")
	}
	// Nobody else is touched.
	defer other.stream("ben", 20*time.Millisecond)()
	eventually(t, "ben goes on", func() bool { return len(ben.told.tracks()) == 1 && ben.told.state() == Connected })
}

// flooder is a track that gives away its write stream.
type flooder struct {
	writer  webrtc.TrackLocalWriter
	payload uint8
}

func (f *flooder) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	f.writer, f.payload = c.WriteStream(), uint8(c.CodecParameters()[0].PayloadType)
	return c.CodecParameters()[0], nil
}
func (*flooder) Unbind(webrtc.TrackLocalContext) error { return nil }
func (*flooder) ID() string                            { return "flood" }
func (*flooder) RID() string                           { return "" }
func (*flooder) StreamID() string                      { return "flood" }
func (*flooder) Kind() webrtc.RTPCodecType             { return webrtc.RTPCodecTypeVideo }

func TestReliableChannel(t *testing.T) {
	h := newHouse(t, Limits{})
	b := h.browser(browserOptions{})
	b.join()
	c := b.channel()
	if c.Label() != "reliable" {
		t.Errorf("label %q", c.Label())
	}
	big := strings.Repeat("x", 64<<10)
	for _, text := range []string{"hello", "", big, "bye"} {
		if err := b.data.SendText(text); err != nil {
			t.Fatal(err)
		}
		got, _, err := c.Receive()
		if err != nil || string(got) != text {
			t.Fatalf("received %d bytes, %v; want %d", len(got), err, len(text))
		}
		if err := c.Send(got, false); err != nil {
			t.Fatal(err)
		}
		eventually(t, "echo", func() bool { s := b.said(); return len(s) > 0 && s[len(s)-1] == text })
	}
	if err := c.Send(make([]byte, 64<<10+1), false); !errors.Is(err, ErrMessageTooLarge) {
		t.Errorf("sending too much: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Send([]byte("x"), false); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("sending after close: %v", err)
	}
}

func TestMessageBeyondTheCapEndsTheChannel(t *testing.T) {
	h := newHouse(t, Limits{MessageBytes: 3000})
	b := h.browser(browserOptions{})
	b.join()
	c := b.channel()
	// A browser would not send this: the answer says 3000. pion's sender looks at the answer too, so it is split over
	// nothing and refused there; what gets through is what the association lets through.
	if err := b.data.Send(make([]byte, 3000)); err != nil {
		t.Fatal(err)
	}
	if got, _, err := c.Receive(); err != nil || len(got) != 3000 {
		t.Fatalf("the largest message: %d, %v", len(got), err)
	}
	c.max = 2000 // as if the browser had ignored it
	c.buf = nil
	if err := b.data.Send(make([]byte, 2001)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Receive(); !errors.Is(err, ErrMessageTooLarge) {
		t.Errorf("error %v", err)
	}
	if n := h.metrics.RefusedCount("too_large"); n != 1 {
		t.Errorf("counted %v", n)
	}
	if b.told.state() != Connected {
		t.Errorf("state %v", b.told.state())
	}
}

func TestChannelsOfThePeerAreClosedAndMany(t *testing.T) {
	h := newHouse(t, Limits{})
	b := h.browser(browserOptions{})
	b.join()
	opened := 0
	for i := range 40 {
		dc, err := b.pc.CreateDataChannel(fmt.Sprint("mine ", i), nil)
		if err != nil {
			break
		}
		dc.OnClose(func() {})
		opened++
	}
	if opened < 20 {
		t.Fatalf("only %d opened", opened)
	}
	eventually(t, "the peer is ended", func() bool { return b.told.state() == Closed })
	if n := h.metrics.RefusedCount("channels"); n < 17 {
		t.Errorf("counted %v", n)
	}
}

func TestSendWaitsForASlowReader(t *testing.T) {
	h := newHouse(t, Limits{})
	b := h.browser(browserOptions{})
	b.join()
	c := b.channel()
	frame := bytes.Repeat([]byte("x"), 60_000)
	most := uint64(0)
	for range 150 { // 9 MB
		if err := c.Send(frame, false); err != nil {
			t.Fatal(err)
		}
		most = max(most, c.dc.BufferedAmount())
	}
	if most > highWater+uint64(len(frame)) {
		t.Errorf("%d bytes were buffered", most)
	}
	eventually(t, "everything", func() bool { return len(b.said()) == 150 })
}

func TestTrackEndsWithTheBrowser(t *testing.T) {
	h := newHouse(t, Limits{})
	ada := h.browser(browserOptions{})
	cam := ada.publish(vp8Mime)
	ada.join()
	stop := cam.stream("cam", 20*time.Millisecond)
	eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
	stop()
	start := time.Now()
	if err := ada.pc.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "closed", func() bool { return ada.told.state() == Closed })
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("noticed after %v", took)
	}
	if got := ada.told.gone(); len(got) != 1 || got[0] != ada.told.tracks()[0] {
		t.Errorf("ended %v", got)
	}
}

func TestUnknownFormatIsNotPlaced(t *testing.T) {
	h := newHouse(t, Limits{})
	ada := h.browser(browserOptions{})
	cam := ada.publish(webrtc.MimeTypeH264)
	ada.join()
	defer cam.stream("cam", 20*time.Millisecond)()
	eventually(t, "track", func() bool { return len(ada.told.tracks()) == 1 })
	if c := ada.told.tracks()[0].Codec(); c != webrtc.MimeTypeH264 {
		t.Fatalf("codec %s", c)
	}
	ben := h.browser(browserOptions{codecs: func(m *webrtc.MediaEngine) error {
		return m.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: vp8Mime, ClockRate: 90000}, PayloadType: 96,
		}, webrtc.RTPCodecTypeVideo)
	}})
	ben.pool(webrtc.RTPCodecTypeVideo, 1)
	ben.join()
	ben.peer.Show(wish(ada.told.tracks()...))
	if _, slots := ben.peer.Slots(); slots[0].Track != nil {
		t.Errorf("H264 was placed where only VP8 is taken")
	}
}
