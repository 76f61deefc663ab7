package turn

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"
)

// mesh makes clients peers of each other.
func mesh(s *Server, _ *Socket) { s.cfg.Mesh = true }

// said is what came to a guest as data, and from where.
func (g *guest) said() (from netip.AddrPort, data string) {
	g.t.Helper()
	m := decode(g.t, g.hear())
	from, err := peerIn(m)
	b, err2 := m.Get(stun.AttrData)
	if err != nil || err2 != nil || m.Type.Method != stun.MethodData {
		g.t.Fatal(m, err, err2)
	}
	return from, string(b)
}

func TestClientsMeet(t *testing.T) {
	r := newRig(t, Limits{}, mesh)
	ada, ben, eve := r.guest(t, "tcp"), r.guest(t, "udp"), r.guest(t, "tcp")
	at := map[*guest]netip.AddrPort{ada: ada.allocate(), ben: ben.allocate(), eve: eve.allocate()}
	permit := func(who, whom *guest) {
		who.want(0, who.demand(stun.MethodCreatePermission, peerAt(at[whom])))
	}
	permit(ada, ben)
	permit(eve, ben)
	// Ben has not permitted anybody; then Ada alone, though all of them share an address.
	ada.write(indication(at[ben], "too early"))
	when(t, "it is dropped", func() bool { return r.metrics.DroppedCount("turn_no_permission") == 1 })
	permit(ben, ada)
	eve.write(indication(at[ben], "of somebody else"))
	when(t, "it is dropped", func() bool { return r.metrics.DroppedCount("turn_no_permission") == 2 })
	ada.write(indication(at[ben], "hello"))
	if from, data := ben.said(); from != at[ada] || data != "hello" {
		t.Errorf("%q from %v", data, from)
	}
	// By channels, both ways.
	ben.want(0, ben.demand(stun.MethodChannelBind, channelNumber(0x4001), peerAt(at[ada])))
	ada.want(0, ada.demand(stun.MethodChannelBind, channelNumber(0x4002), peerAt(at[ben])))
	ben.write(channelData(0x4001, "and you", false))
	if got := string(ada.hear()); got != string(channelData(0x4002, "and you", false)) {
		t.Errorf("%q", got)
	}
	ada.write(channelData(0x4002, "well", true))
	if got := string(ben.hear()); got != string(channelData(0x4001, "well", false)) {
		t.Errorf("%q", got)
	}
	// Who is gone is gone.
	ben.want(0, ben.demand(stun.MethodRefresh, raw(stun.AttrLifetime, 0, 0, 0, 0)))
	ada.write(channelData(0x4002, "still there?", true))
	when(t, "it is dropped", func() bool { return r.metrics.DroppedCount("turn_gone") == 1 })
}

func TestClientsDoNotMeetByThemselves(t *testing.T) {
	r := newRig(t, Limits{})
	ada, ben := r.guest(t, "tcp"), r.guest(t, "tcp")
	ada.allocate()
	at := ben.allocate()
	ada.want(stun.CodeForbidden, ada.demand(stun.MethodCreatePermission, peerAt(at)))
	ada.want(stun.CodeForbidden, ada.demand(stun.MethodChannelBind, channelNumber(0x4000), peerAt(at)))
}

func TestPeersAreBounded(t *testing.T) {
	r := newRig(t, Limits{}, mesh)
	ada := r.guest(t, "tcp")
	ada.allocate()
	now := time.Now()
	for i := range uint32(peersMost) {
		ada.want(0, ada.demand(stun.MethodCreatePermission, peerAt(relayAddress(1000+i, false))))
	}
	one := relayAddress(9000, false)
	ada.want(stun.CodeInsufficientCapacity, ada.demand(stun.MethodCreatePermission, peerAt(one)))
	ada.want(stun.CodeBadRequest, ada.demand(stun.MethodChannelBind, channelNumber(0x4000), peerAt(one)))
	if got := r.metrics.RefusedCount("turn_peers"); got != 1 {
		t.Errorf("%v refused", got)
	}
	// Permissions that ran out make room.
	r.mu.RLock()
	for _, a := range r.allocations {
		if !r.permit(a, one, now.Add(2*permissionLife)) {
			t.Error("none for one more, when those before are over")
		}
		if len(a.peers) != peersMost {
			t.Errorf("%d peers", len(a.peers))
		}
	}
	r.mu.RUnlock()
}

func TestRelayBetweenClientsAllocatesNothing(t *testing.T) {
	r := newRig(t, Limits{ByteRate: 1 << 40}, mesh)
	at := map[string]netip.AddrPort{}
	for _, name := range []string{"ada", "ben"} {
		g := r.guest(t, "udp")
		at[name] = g.allocate()
		for _, other := range at {
			if other != at[name] {
				g.want(0, g.demand(stun.MethodChannelBind, channelNumber(0x4000), peerAt(other)))
			}
		}
	}
	r.mu.RLock()
	ada, ben := r.relayed[at["ada"]], r.relayed[at["ben"]]
	r.mu.RUnlock()
	now := time.Now()
	if !r.bind(ada, 0x4000, ben.relay, nil, now) {
		t.Fatal("no channel")
	}
	in := channelData(0x4000, strings.Repeat("x", 1000), false)
	before := r.counts.out.Load()
	if n := testing.AllocsPerRun(1000, func() { r.handle(ben.client, in, now) }); n > 0 {
		t.Errorf("%v", n)
	}
	if r.counts.out.Load() == before {
		t.Error("nothing was relayed")
	}
}

// Two PeerConnections that may use nothing but the relay find each other.
func TestPeerConnectionsMeet(t *testing.T) {
	r := newRig(t, Limits{}, mesh)
	open := func(name string) *webrtc.PeerConnection {
		c := r.Mint(name, time.Now().Add(time.Minute))
		pc, err := webrtc.NewPeerConnection(webrtc.Configuration{
			ICETransportPolicy: webrtc.ICETransportPolicyRelay,
			ICEServers: []webrtc.ICEServer{{
				URLs: []string{"turn:" + r.tcp.Addr().String() + "?transport=tcp"}, Username: c.Username, Credential: c.Password,
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = pc.Close() })
		return pc
	}
	ada, ben := open("ada"), open("ben")
	heard := make(chan string, 1)
	ben.OnDataChannel(func(d *webrtc.DataChannel) {
		d.OnMessage(func(m webrtc.DataChannelMessage) { heard <- string(m.Data) })
	})
	channel, err := ada.CreateDataChannel("any", nil)
	if err != nil {
		t.Fatal(err)
	}
	channel.OnOpen(func() { _ = channel.SendText("through the relay") })
	// local sets a description with all its candidates.
	local := func(pc *webrtc.PeerConnection, make func() (webrtc.SessionDescription, error)) webrtc.SessionDescription {
		d, err := make()
		if err != nil {
			t.Fatal(err)
		}
		gathered := webrtc.GatheringCompletePromise(pc)
		if err := pc.SetLocalDescription(d); err != nil {
			t.Fatal(err)
		}
		<-gathered
		return *pc.LocalDescription()
	}
	offer := local(ada, func() (webrtc.SessionDescription, error) { return ada.CreateOffer(nil) })
	if err := ben.SetRemoteDescription(offer); err != nil {
		t.Fatal(err)
	}
	answer := local(ben, func() (webrtc.SessionDescription, error) { return ben.CreateAnswer(nil) })
	if err := ada.SetRemoteDescription(answer); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-heard:
		if got != "through the relay" {
			t.Errorf("%q", got)
		}
	case <-time.After(testPatience):
		t.Fatal("they do not meet")
	}
}
