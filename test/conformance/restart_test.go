package conformance

import (
	"testing"

	"github.com/pion/webrtc/v4"
)

// A restart of ICE keeps tracks, and its answer has credentials for TURN with it: those of the join may be an hour old.
func TestRestartOfICE(t *testing.T) {
	tt := server(t)
	s := openStudio(t, tt.url, object{"room": aRoom(), "name": "Ada"})
	offer, err := s.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	s.say(object{"t": "offer", "id": 7, "sdp": offer.SDP, "tracks": []object{}})
	answer := s.expect("answer")
	joined := s.in["iceServers"].([]any)
	servers, _ := answer["iceServers"].([]any)
	if len(servers) != len(joined) {
		t.Fatalf("%d servers with the answer, %d with joined", len(servers), len(joined))
	}
	for i := range servers {
		was, is := joined[i].(object), servers[i].(object)
		if is["username"] == nil || is["credential"] == nil || is["urls"].([]any)[0] != was["urls"].([]any)[0] {
			t.Errorf("%v where joined has %v", is, was)
		}
	}
	if err := s.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer["sdp"].(string)}); err != nil {
		t.Fatal(err)
	}
}
