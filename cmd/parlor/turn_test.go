package main

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/parlorhq/parlor/internal/selfsigned"
	"github.com/parlorhq/parlor/signaling"
)

func TestTURNHost(t *testing.T) {
	chain, key := selfsigned.Files(t, "localhost")
	tls := []string{"--tls-cert", chain, "--tls-key", key}
	for _, tt := range []struct {
		args       []string
		host, want string
	}{
		{tls, "call.example.org", "call.example.org:443"},
		{tls, "call.example.org:8443", "call.example.org:8443"},
		{tls, "[2001:db8::1]:8443", "[2001:db8::1]:8443"},
		{tls, "[2001:db8::1]", "[2001:db8::1]:443"},
		{append(tls, "--turn-host", "turn.example.org:5349"), "call.example.org", "turn.example.org:5349"},
		{append(tls, "--turn-host", "turn.example.org"), "call.example.org:8443", "turn.example.org:443"},
		{append(tls, "--external-ip", "203.0.113.7"), "call.example.org", "call.example.org:443"},
		{nil, "call.example.org", "call.example.org:PORT"}, // a proxy is there
		{nil, "localhost:PORT", "localhost:PORT"},
		{[]string{"--external-ip", "203.0.113.7"}, "call.example.org", "203.0.113.7:PORT"},
		{tls, "", ""},
		{tls, "a b", ""},
		{tls, "a:b:c", ""},
		{tls, "call.example.org:99999", ""},
		{tls, "call.example.org?transport=udp", ""},
	} {
		s, err := newTestServer(t, append([]string{"--listen", "127.0.0.1:0"}, tt.args...)...)
		if err != nil {
			t.Fatal(err)
		}
		defer s.closeSockets()
		port := netip.MustParseAddrPort(s.listen.Addr().String()).Port()
		own := strings.NewReplacer("PORT", strconv.Itoa(int(port)))
		if got := s.turnHost(own.Replace(tt.host)); got != own.Replace(tt.want) {
			t.Errorf("%v %q: %q, want %q", tt.args, tt.host, got, tt.want)
		}
	}
}

func TestExternalAddressesAreDealtOut(t *testing.T) {
	parse := func(s string) (out []netip.Addr) {
		for f := range strings.FieldsSeq(s) {
			out = append(out, netip.MustParseAddr(f))
		}
		return out
	}
	for _, tt := range []struct{ locals, externals, want string }{
		{"10.0.0.1", "203.0.113.7", "203.0.113.7"},
		{"10.0.0.1", "203.0.113.7 203.0.113.8", "203.0.113.7 203.0.113.8"},
		{"10.0.0.1 10.0.0.2", "203.0.113.7 203.0.113.8", "203.0.113.7|203.0.113.8"},
		{"127.0.0.1 10.0.0.1 fd00::1", "203.0.113.7 2001:db8::7", "|203.0.113.7|2001:db8::7"},
		{"127.0.0.1", "203.0.113.7", "203.0.113.7"},
		{"10.0.0.1", "2001:db8::7", ""},
	} {
		var got []string
		locals := parse(tt.locals)
		for i := range locals {
			var words []string
			for _, ip := range behind(i, locals, parse(tt.externals)) {
				words = append(words, ip.String())
			}
			got = append(got, strings.Join(words, " "))
		}
		if got := strings.Join(got, "|"); got != tt.want {
			t.Errorf("%s behind %s: %s, want %s", tt.locals, tt.externals, got, tt.want)
		}
	}
}

func TestSocketsThatChromiumDoesNotTake(t *testing.T) {
	for at, want := range map[string]bool{
		"10.0.0.1:443": true, "192.168.1.2:80": true, "[fd00::1]:443": true,
		"10.0.0.1:8443": false, "203.0.113.7:443": false, "127.0.0.1:443": false,
	} {
		if got := hidden(addressOnly{net.UDPAddrFromAddrPort(netip.MustParseAddrPort(at))}, nil); got != want {
			t.Errorf("%s: %v", at, got)
		}
	}
	if hidden(addressOnly{&net.UDPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 443}}, []netip.Addr{netip.MustParseAddr("203.0.113.7")}) {
		t.Error("it is announced under another address")
	}
}

// addressOnly is a socket of nothing.
type addressOnly struct{ at net.Addr }

func (a addressOnly) LocalAddr() net.Addr                  { return a.at }
func (addressOnly) ReadFrom([]byte) (int, net.Addr, error) { return 0, nil, net.ErrClosed }
func (addressOnly) WriteTo([]byte, net.Addr) (int, error)  { return 0, net.ErrClosed }
func (addressOnly) Close() error                           { return nil }
func (addressOnly) SetDeadline(time.Time) error            { return nil }
func (addressOnly) SetReadDeadline(time.Time) error        { return nil }
func (addressOnly) SetWriteDeadline(time.Time) error       { return nil }

func TestICEServers(t *testing.T) {
	s := runServer(t, "--turn-servers", "turn:turn.example.org:3478?transport=udp,turns:turn.example.org:5349", "--turn-secret", "shared")
	got := s.iceServers("p_ada", "localhost")
	if len(got) != 2 || len(got[0].URLs) != 1 || !strings.HasPrefix(got[0].URLs[0], "turn:localhost:") {
		t.Fatalf("%+v", got)
	}
	if want := []string{"turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:5349"}; !slices.Equal(got[1].URLs, want) {
		t.Error(got[1].URLs)
	}
	for _, server := range got {
		if !strings.HasSuffix(server.Username, ":p_ada") || server.Credential == "" {
			t.Errorf("%+v", server)
		}
	}
	if got[0].Credential == got[1].Credential {
		t.Error("made of one secret")
	}
	off := runServer(t, "--turn=false")
	if got := off.iceServers("p_ada", "localhost"); len(got) > 0 {
		t.Errorf("%+v", got)
	}
}

// The whole way: a participant whose only path is the TURN server that it was told of.
func TestMediaByTURN(t *testing.T) {
	s := runServer(t)
	servers := s.iceServers("p_ada", "127.0.0.1")
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{
		ICETransportPolicy: webrtc.ICETransportPolicyRelay,
		ICEServers: []webrtc.ICEServer{{
			URLs: servers[0].URLs, Username: servers[0].Username, Credential: servers[0].Credential,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	negotiated, id := true, uint16(0)
	reliable, err := pc.CreateDataChannel("reliable", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id})
	if err != nil {
		t.Fatal(err)
	}
	open := make(chan struct{})
	reliable.OnOpen(func() { close(open) })
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	join, err := json.Marshal(map[string]any{"t": "join", "room": "demo", "name": "Ada", "offer": offer.SDP})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.Post(s.url()+"/v1/sessions?via=poll", "application/json", bytes.NewReader(join))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var joined struct {
		Answer     string
		ICEServers []signaling.ICEServer
		Code       string
	}
	if err := json.NewDecoder(r.Body).Decode(&joined); err != nil {
		t.Fatal(err)
	}
	if len(joined.ICEServers) != 1 || !slices.Equal(joined.ICEServers[0].URLs, s.iceServers("", strings.TrimPrefix(s.url(), "http://"))[0].URLs) {
		t.Errorf("%+v", joined)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: joined.Answer}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-open:
	case <-time.After(20 * time.Second):
		t.Fatal("never connected: ", pc.ICEConnectionState())
	}
	pair, err := pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair.Local.Typ != webrtc.ICECandidateTypeRelay {
		t.Errorf("%v %v", pair, err)
	}
}
