package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"github.com/parlorhq/parlor/internal/bench"
)

// loopTarget is a loop server.
type loopTarget struct {
	url string
	api *webrtc.API
}

var _ bench.Target = (*loopTarget)(nil)

func newLoopTarget(url string) *loopTarget {
	var settings webrtc.SettingEngine
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetIncludeLoopbackCandidate(true)
	return &loopTarget{url, webrtc.NewAPI(webrtc.WithSettingEngine(settings))}
}

// visitor is a participant of a loop server.
type visitor struct {
	pc      *webrtc.PeerConnection
	channel *webrtc.DataChannel
}

// Join is bench.Target's.
func (t *loopTarget) Join(ctx context.Context, _ string, receive func([]byte)) (bench.Seat, error) {
	pc, err := t.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	v := &visitor{pc: pc}
	if err := v.connect(ctx, t.url, receive); err != nil {
		v.Leave()
		return nil, err
	}
	return v, nil
}

func (v *visitor) connect(ctx context.Context, url string, receive func([]byte)) (err error) {
	if v.channel, err = reliable(v.pc); err != nil {
		return err
	}
	open := make(chan struct{})
	v.channel.OnOpen(func() { close(open) })
	v.channel.OnMessage(func(m webrtc.DataChannelMessage) { receive(m.Data) })
	offer, err := describe(v.pc, func() error { return nil }, v.pc.CreateOffer)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(offer))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, body)
	}
	var answer webrtc.SessionDescription
	if err := json.Unmarshal(body, &answer); err != nil {
		return err
	}
	if err := v.pc.SetRemoteDescription(answer); err != nil {
		return err
	}
	select {
	case <-open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Send is bench.Seat's.
func (v *visitor) Send(_ context.Context, message []byte) error {
	return v.channel.SendText(string(message))
}

// Leave is bench.Seat's.
func (v *visitor) Leave() { _ = v.pc.Close() }
