package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"github.com/pion/webrtc/v4"
)

// loop is the baseline: what one writes first with pion. One PeerConnection for each participant on one UDP socket, the
// default interceptors, one reliable ordered channel, and a loop that sends each message to everybody else at once.
type loop struct {
	// Static.
	api   *webrtc.API
	stage loopStage

	mu sync.Mutex
	// Guarded by mu. The slice is copied on write.
	channels []*webrtc.DataChannel
}

// serveLoop runs a loop server in this process until it is told to end. It says where on stdout, as Parlor does.
func serveLoop() error {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	var settings webrtc.SettingEngine
	settings.SetLite(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetICEUDPMux(webrtc.NewICEUDPMux(nil, socket))
	settings.SetIncludeLoopbackCandidate(true)
	l := &loop{api: webrtc.NewAPI(webrtc.WithSettingEngine(settings))} // codecs and interceptors by default
	l.stage.tracks = map[loopTrack]*webrtc.TrackLocalStaticRTP{}
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("The loop listens on http://%s\n", listen.Addr())
	server := &http.Server{Handler: http.HandlerFunc(l.offer)}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listen); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil // whoever measured has gone: nobody is told
}

func (l *loop) offer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		body, err = l.answer(body, r.URL.Query())
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, _ = w.Write(body)
}

func (l *loop) answer(offer []byte, query url.Values) ([]byte, error) {
	var description webrtc.SessionDescription
	if err := json.Unmarshal(offer, &description); err != nil {
		return nil, err
	}
	pc, err := l.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	channel, err := reliable(pc)
	if err != nil {
		return nil, err
	}
	channel.OnOpen(func() { l.edit(func(all []*webrtc.DataChannel) []*webrtc.DataChannel { return append(all, channel) }) })
	channel.OnClose(func() {
		l.edit(func(all []*webrtc.DataChannel) []*webrtc.DataChannel {
			return slices.DeleteFunc(all, func(c *webrtc.DataChannel) bool { return c == channel })
		})
	})
	channel.OnMessage(func(m webrtc.DataChannelMessage) { l.relay(channel, string(m.Data)) })
	if err := l.stage.add(pc, description, query); err != nil {
		return nil, err
	}
	return describe(pc, func() error { return pc.SetRemoteDescription(description) }, pc.CreateAnswer)
}

func (l *loop) edit(f func([]*webrtc.DataChannel) []*webrtc.DataChannel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.channels = f(slices.Clone(l.channels))
}

func (l *loop) relay(from *webrtc.DataChannel, message string) {
	l.mu.Lock()
	all := l.channels
	l.mu.Unlock()
	for _, c := range all {
		if c != from {
			_ = c.SendText(message) // whose end it is hears of it by itself
		}
	}
}

// reliable is the channel of both ends, agreed on without a word, as Parlor's.
func reliable(pc *webrtc.PeerConnection) (*webrtc.DataChannel, error) {
	negotiated, id := true, uint16(0)
	return pc.CreateDataChannel("reliable", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id})
}

// describe makes a description with all candidates.
func describe[O any](pc *webrtc.PeerConnection, before func() error, create func(*O) (webrtc.SessionDescription, error)) ([]byte, error) {
	if err := before(); err != nil {
		return nil, err
	}
	description, err := create(nil)
	if err != nil {
		return nil, err
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(description); err != nil {
		return nil, err
	}
	<-gathered
	return json.Marshal(pc.LocalDescription())
}
