package client

import (
	"sync/atomic"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// Layer is one encoding of a track that is published in several. A server knows which line and which encoding a packet is
// of by its header; pion leaves it to those who write packets to say so.
type Layer struct {
	*webrtc.TrackLocalStaticRTP
	Scale    float64 // by which it is smaller than the whole, each way
	Keyframe func()  // called when the server asks for a keyframe

	line  atomic.Pointer[webrtc.RTPTransceiver]
	named atomic.Pointer[layerNames]
}

// layerNames are the ids of the header extensions with the names of line and encoding.
type layerNames struct{ mid, rid uint8 }

// NewVideoLayer is a layer of the track id for Video to write to.
func NewVideoLayer(id, rid string, scale float64) (*Layer, error) {
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, id, "synthetic",
		webrtc.WithRTPStreamID(rid))
	if err != nil {
		return nil, err
	}
	return &Layer{TrackLocalStaticRTP: track, Scale: scale}, nil
}

// Bind is called by pion once the m-line is negotiated.
func (l *Layer) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	var names layerNames
	for _, e := range c.HeaderExtensions() {
		switch e.URI {
		case sdp.SDESMidURI:
			names.mid = uint8(e.ID)
		case sdp.SDESRTPStreamIDURI:
			names.rid = uint8(e.ID)
		}
	}
	l.named.Store(&names)
	return l.TrackLocalStaticRTP.Bind(c)
}

// WriteRTP names line and encoding in a packet and writes it. Nothing is written before it is bound.
func (l *Layer) WriteRTP(p *rtp.Packet) error {
	line, names := l.line.Load(), l.named.Load()
	if line == nil || names == nil || names.mid == 0 || names.rid == 0 {
		return nil
	}
	if err := p.SetExtension(names.mid, []byte(line.Mid())); err != nil {
		return err
	}
	if err := p.SetExtension(names.rid, []byte(l.RID())); err != nil {
		return err
	}
	return l.TrackLocalStaticRTP.WriteRTP(p)
}

// addLine adds the sendonly line of a publication.
func (p *published) addLine(pc *webrtc.PeerConnection) (err error) {
	track := p.Track
	if len(p.Layers) > 0 {
		track = p.Layers[0]
	}
	if p.line, err = pc.AddTransceiverFromTrack(track,
		webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
		return err
	}
	for i, l := range p.Layers {
		l.line.Store(p.line)
		if i == 0 {
			continue
		}
		if err := p.line.Sender().AddEncoding(l); err != nil {
			return err
		}
	}
	return nil
}

// obey reads what the server says of one encoding, until it ends.
func obey(read func() ([]rtcp.Packet, interceptor.Attributes, error), keyframe func()) {
	for {
		packets, _, err := read()
		if err != nil {
			return
		}
		for _, packet := range packets {
			switch packet.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				if keyframe != nil {
					keyframe()
				}
			}
		}
	}
}
