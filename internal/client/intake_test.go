package client

import (
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

const sequenceID = 3 // of the transport-wide sequence number

func packetBytes(t testing.TB, p *rtp.Packet, transport uint16) []byte {
	t.Helper()
	p.Version = 2
	if transport != 0 {
		if err := p.SetExtension(sequenceID, []byte{byte(transport >> 8), byte(transport)}); err != nil {
			t.Fatal(err)
		}
	}
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestIntakeTakes(t *testing.T) {
	type taken struct {
		sequence uint16
		payload  string
		again    bool
	}
	for _, tt := range []struct {
		name string
		p    rtp.Packet
		want []taken
	}{
		{"a packet", rtp.Packet{Header: rtp.Header{PayloadType: 96, SequenceNumber: 7}, Payload: []byte("abc")}, []taken{{7, "abc", false}}},
		{
			"with padding",
			rtp.Packet{Header: rtp.Header{PayloadType: 96, Padding: true, PaddingSize: 4}, Payload: []byte("abc")},
			[]taken{{0, "abc", false}},
		},
		{"padding alone", rtp.Packet{Header: rtp.Header{PayloadType: 96, Padding: true, PaddingSize: 4}}, nil},
		{"again", rtp.Packet{Header: rtp.Header{PayloadType: againVP8}, Payload: []byte("\x00\x07abc")}, []taken{{0, "abc", true}}},
		{"again, of nothing", rtp.Packet{Header: rtp.Header{PayloadType: againVP8}, Payload: []byte{0}}, nil},
		{"a probe", rtp.Packet{Header: rtp.Header{PayloadType: againVP8, Padding: true, PaddingSize: 4}}, nil},
	} {
		var got []taken
		in := NewIntake(func(h *rtp.Header, payload []byte, again bool) {
			got = append(got, taken{h.SequenceNumber, string(payload), again})
		})
		if err := in.rtp(packetBytes(t, &tt.p, 0), time.Now()); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestIntakeReports(t *testing.T) {
	in := NewIntake(func(*rtp.Header, []byte, bool) {})
	now := time.Now()
	send := func(sequences ...uint16) {
		for _, n := range sequences {
			p := rtp.Packet{Header: rtp.Header{PayloadType: 96, SSRC: 5, SequenceNumber: n}, Payload: []byte("abc")}
			if err := in.rtp(packetBytes(t, &p, 0), now); err != nil {
				t.Fatal(err)
			}
		}
	}
	send(65534, 65535, 1, 2) // 0 is missing
	sr, err := (&rtcp.SenderReport{SSRC: 5, NTPTime: 0x1122334455667788}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	in.rtcp(sr, now)
	if packets := in.due(now, false); len(packets) > 0 {
		t.Errorf("said before it is time: %v", packets)
	}
	block := theBlock(t, in.due(now.Add(time.Second/2), true))
	want := rtcp.ReceptionReport{
		SSRC: 5, FractionLost: 256 / 5, TotalLost: 1, LastSequenceNumber: 2<<16 + 2, LastSenderReport: 0x33445566, Delay: 1 << 15,
	}
	if block != want {
		t.Errorf("%+v\nwant %+v", block, want)
	}
	if packets := in.due(now, true); len(packets) > 0 {
		t.Errorf("nothing came, and was reported: %v", packets)
	}
	send(3, 0) // late
	if block := theBlock(t, in.due(now, true)); block.FractionLost != 0 || block.TotalLost != 0 || block.LastSequenceNumber != 2<<16+3 {
		t.Errorf("%+v", block)
	}
}

func theBlock(t *testing.T, packets []rtcp.Packet) rtcp.ReceptionReport {
	t.Helper()
	if len(packets) == 1 {
		if r, ok := packets[0].(*rtcp.ReceiverReport); ok && len(r.Reports) == 1 {
			return r.Reports[0]
		}
	}
	t.Fatalf("no report: %v", packets)
	return rtcp.ReceptionReport{}
}

func TestIntakeFeedback(t *testing.T) {
	in := NewIntake(func(*rtp.Header, []byte, bool) {})
	in.sequence = sequenceID
	now := time.Now()
	for _, n := range []uint16{10, 11, 13} {
		p := rtp.Packet{Header: rtp.Header{PayloadType: 96, SSRC: 5, SequenceNumber: n}, Payload: []byte("abc")}
		if err := in.rtp(packetBytes(t, &p, n), now); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Millisecond)
	}
	packets := in.due(now, false)
	if len(packets) != 1 {
		t.Fatal(packets)
	}
	if f, ok := packets[0].(*rtcp.TransportLayerCC); !ok || f.BaseSequenceNumber != 10 || f.PacketStatusCount != 4 || len(f.RecvDeltas) != 3 {
		t.Errorf("%+v", packets[0])
	}
}

func TestIntakeAllocatesNothing(t *testing.T) {
	in := NewIntake(func(*rtp.Header, []byte, bool) {})
	b := packetBytes(t, &rtp.Packet{Header: rtp.Header{PayloadType: 96, SSRC: 5}, Payload: make([]byte, 1200)}, 0)
	now := time.Now()
	if n := testing.AllocsPerRun(1000, func() { _ = in.rtp(b, now) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
