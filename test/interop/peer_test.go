package interop

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v3"
	"github.com/pion/webrtc/v3/pkg/media"
)

type object = map[string]any

// peer is a participant on pion v3, as plain as an example: one WebSocket, one PeerConnection.
type peer struct {
	t        *testing.T
	ws       *websocket.Conn
	pc       *webrtc.PeerConnection
	reliable *webrtc.DataChannel
	audio    *webrtc.TrackLocalStaticSample
	video    *webrtc.TrackLocalStaticSample
	joined   object
	id       string
	stop     chan struct{}
	running  sync.WaitGroup

	mu       sync.Mutex
	change   *sync.Cond
	seen     []arrival      // everything that came, in order
	packets  map[string]int // received in each slot, by mid
	keyframe bool           // asked for
	pictures map[string]int // keyframes received, by mid
	ended    error          // the WebSocket
}

type arrival struct {
	channel bool // over the data channel
	object  object
}

func join(t *testing.T, addr, room, name string) *peer {
	t.Helper()
	p := &peer{t: t, stop: make(chan struct{}), packets: map[string]int{}, pictures: map[string]int{}, keyframe: true}
	p.change = sync.NewCond(&p.mu)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	engine, registry := &webrtc.MediaEngine{}, &interceptor.Registry{}
	must(engine.RegisterDefaultCodecs())
	must(webrtc.RegisterDefaultInterceptors(engine, registry))
	var err error
	p.pc, err = webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(engine),
		webrtc.WithInterceptorRegistry(registry)).NewPeerConnection(webrtc.Configuration{})
	must(err)
	t.Cleanup(p.end)
	must(p.prepare())
	offer, err := p.pc.CreateOffer(nil)
	must(err)
	must(p.pc.SetLocalDescription(offer))
	p.ws, _, err = websocket.DefaultDialer.Dial("ws://"+addr+"/v1/ws", nil)
	must(err)
	p.running.Add(1)
	go p.readSocket()
	p.say(object{
		"t": "join", "room": room, "name": name, "offer": offer.SDP,
		"tracks": []object{{"mid": "0", "source": "microphone", "muted": false}, {"mid": "1", "source": "camera", "muted": false}},
	})
	p.joined = p.await("joined", func(m object, _ bool) bool { return m["t"] == "joined" })
	p.id = p.joined["you"].(object)["id"].(string)
	must(p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: p.joined["answer"].(string)}))
	p.running.Add(1)
	go p.publish()
	return p
}

// prepare adds the lines in the order of their mids: 0 microphone, 1 camera, 2 an audio slot, 3 a video slot.
func (p *peer) prepare() (err error) {
	if p.audio, err = webrtc.NewTrackLocalStaticSample(
		webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "audio", "v3"); err != nil {
		return err
	}
	if p.video, err = webrtc.NewTrackLocalStaticSample(
		webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "video", "v3"); err != nil {
		return err
	}
	for _, track := range []webrtc.TrackLocal{p.audio, p.video} {
		line, err := p.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			return err
		}
		p.running.Add(1)
		go p.readFeedback(line.Sender())
	}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		if _, err := p.pc.AddTransceiverFromKind(kind,
			webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			return err
		}
	}
	negotiated, unordered, id0, id1, none := true, false, uint16(0), uint16(1), uint16(0)
	if p.reliable, err = p.pc.CreateDataChannel("reliable",
		&webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id0}); err != nil {
		return err
	}
	if _, err = p.pc.CreateDataChannel("lossy",
		&webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id1, Ordered: &unordered, MaxRetransmits: &none}); err != nil {
		return err
	}
	p.reliable.OnOpen(func() { p.arrived(true, []byte(`{"t":"(open)"}`)) })
	p.reliable.OnMessage(func(m webrtc.DataChannelMessage) { p.arrived(true, m.Data) })
	p.pc.OnTrack(p.readSlot)
	return nil
}

func (p *peer) readSocket() {
	defer p.running.Done()
	for {
		_, frame, err := p.ws.ReadMessage()
		if err != nil {
			p.mu.Lock()
			p.ended = err
			p.change.Broadcast()
			p.mu.Unlock()
			return
		}
		p.arrived(false, frame)
	}
}

// arrived takes one frame. What slots show is confirmed at once: there is no picture to hide.
func (p *peer) arrived(channel bool, frame []byte) {
	var all []object
	if frame[0] != '[' {
		frame = append(append([]byte{'['}, frame...), ']')
	}
	if err := json.Unmarshal(frame, &all); err != nil {
		p.t.Errorf("frame %q: %v", frame, err)
		return
	}
	for _, m := range all {
		if rev, ok := m["rev"]; ok {
			p.say(object{"t": "slotted", "rev": rev})
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range all {
		p.seen = append(p.seen, arrival{channel, m})
	}
	p.change.Broadcast()
}

func (p *peer) say(m object) {
	b, err := json.Marshal(m)
	if err != nil {
		p.t.Error(err)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.ws.WriteMessage(websocket.TextMessage, b); err != nil {
		p.t.Error(err)
	}
}

func (p *peer) sayOnChannel(m object) {
	p.t.Helper()
	b, err := json.Marshal(m)
	if err == nil {
		err = p.reliable.SendText(string(b))
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// await waits for an object that came or comes.
func (p *peer) await(what string, match func(m object, channel bool) bool) (found object) {
	p.t.Helper()
	next := 0
	p.until(what, func() bool {
		for ; next < len(p.seen); next++ {
			if a := p.seen[next]; match(a.object, a.channel) {
				found = a.object
				return true
			}
		}
		return false
	})
	return found
}

// awaitEntry waits for a log entry.
func (p *peer) awaitEntry(what string, channel bool, match func(entry object) bool) (found object) {
	p.t.Helper()
	p.await(what, func(m object, over bool) bool {
		if m["t"] != "log" || over != channel {
			return false
		}
		entries, _ := m["entries"].([]any)
		for _, e := range entries {
			if e := e.(object); match(e) { // one at a time is said in these tests: nothing is left out
				found = e
				return true
			}
		}
		return false
	})
	return found
}

// until waits for ok, which is asked with mu held after every change.
func (p *peer) until(what string, ok func() bool) {
	p.t.Helper()
	late := false
	timer := time.AfterFunc(patience, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		late = true
		p.change.Broadcast()
	})
	defer timer.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for !ok() {
		if late {
			p.t.Fatalf("%s: no %s in %s; came: %s", p.id, what, patience, p.story())
		}
		p.change.Wait()
	}
}

func (p *peer) story() string {
	out := fmt.Sprintf("packets %v, ended %v", p.packets, p.ended)
	for _, a := range p.seen {
		b, _ := json.Marshal(a.object)
		if len(b) > 300 {
			b = append(b[:300], "…"...)
		}
		out += fmt.Sprintf("\n  channel=%t %s", a.channel, b)
	}
	return out
}

// vp8Frame is a frame header of RFC 6386 with nothing after it that anyone would decode.
func vp8Frame(key bool) []byte {
	frame := make([]byte, 1500) // two packets
	frame[0] = 0x10 | 1
	if key {
		copy(frame, []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, 640 & 0xff, 640 >> 8, 480 & 0xff, 480 >> 8})
	}
	return frame
}

// publish sends 50 sounds and 25 pictures a second.
func (p *peer) publish() {
	defer p.running.Done()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-p.stop:
			return
		case <-ticker.C:
		}
		err := p.audio.WriteSample(media.Sample{Data: append([]byte{0x78}, make([]byte, 60)...), Duration: 20 * time.Millisecond})
		if n%2 == 0 {
			p.mu.Lock()
			key := p.keyframe
			p.keyframe = false
			p.mu.Unlock()
			err = errors.Join(err, p.video.WriteSample(media.Sample{Data: vp8Frame(key), Duration: 40 * time.Millisecond}))
		}
		if err != nil {
			select {
			case <-p.stop:
			default:
				p.t.Errorf("publish: %v", err)
			}
			return
		}
	}
}

func (p *peer) readFeedback(sender *webrtc.RTPSender) {
	defer p.running.Done()
	for {
		packets, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range packets {
			if _, ok := packet.(*rtcp.PictureLossIndication); ok {
				p.mu.Lock()
				p.keyframe = true
				p.mu.Unlock()
			}
		}
	}
}

func (p *peer) readSlot(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	mid := ""
	for _, line := range p.pc.GetTransceivers() {
		if line.Receiver() == receiver {
			mid = line.Mid()
		}
	}
	var last *rtp.Packet
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		if last != nil && packet.SequenceNumber-last.SequenceNumber > 100 && last.SequenceNumber-packet.SequenceNumber > 100 {
			p.t.Errorf("slot %s: sequence number %d after %d", mid, packet.SequenceNumber, last.SequenceNumber)
		}
		last = packet
		p.mu.Lock()
		p.packets[mid]++
		// v3 sends VP8 without picture ids: the descriptor is one byte, or longer if the server adds them.
		if n := len(packet.Payload); n > 12 && packet.Payload[0]&0x10 != 0 && keyframeStart(packet.Payload) {
			p.pictures[mid]++
		}
		p.change.Broadcast()
		p.mu.Unlock()
	}
}

func keyframeStart(payload []byte) bool {
	skip := 1
	if payload[0]&0x80 != 0 {
		skip = 2
		for _, bit := range []byte{0x80, 0x40, 0x20 | 0x10} {
			if payload[1]&bit != 0 {
				skip++
			}
		}
		if payload[1]&0x80 != 0 && payload[2]&0x80 != 0 {
			skip++
		}
	}
	return payload[skip]&1 == 0 && payload[skip+3] == 0x9d
}

func (p *peer) end() {
	select {
	case <-p.stop:
		return
	default:
	}
	close(p.stop)
	_ = p.pc.Close()
	if p.ws != nil {
		_ = p.ws.Close()
	}
	p.running.Wait()
}
