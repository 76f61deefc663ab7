package client

import (
	"context"
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// stampBytes is the end of every synthetic payload: the number of the packet in its stream.
const stampBytes = 8

// Stamp reads the number of a synthetic packet, wherever a server's rewriting has taken its header.
func Stamp(payload []byte) (n uint64, ok bool) {
	if len(payload) < stampBytes {
		return 0, false
	}
	return binary.BigEndian.Uint64(payload[len(payload)-stampBytes:]), true
}

// Video makes packets in the shape of VP8: true payload descriptors and frame headers, no picture. Next is pure but for
// the keyframe request, which may come from anywhere.
type Video struct {
	// Static after NewVideo.
	PacketsPerFrame int
	PayloadBytes    int
	FrameRate       int

	keyframe atomic.Bool

	// Owned by the caller of Next.
	sequence  uint16
	timestamp uint32
	picture   uint16
	tl0       uint8
	stamp     uint64
}

// NewVideo starts a stream at the given sequence number, timestamp and picture id, with a keyframe.
func NewVideo(sequence uint16, timestamp uint32, picture uint16) *Video {
	v := &Video{
		PacketsPerFrame: 3, PayloadBytes: 600, FrameRate: 30,
		sequence: sequence, timestamp: timestamp, picture: picture & 0x7fff,
	}
	v.keyframe.Store(true)
	return v
}

// RequestKeyframe makes the next frame a keyframe.
func (v *Video) RequestKeyframe() { v.keyframe.Store(true) }

// Sent is how many packets were made.
func (v *Video) Sent() uint64 { return v.stamp }

// Next makes the packets of the next frame.
func (v *Video) Next() []*rtp.Packet {
	key := v.keyframe.Swap(false)
	packets := make([]*rtp.Packet, v.PacketsPerFrame)
	for i := range packets {
		payload := make([]byte, 0, v.PayloadBytes)
		payload = v.descriptor(payload, i == 0)
		if i == 0 {
			payload = vp8Header(payload, key)
		}
		if pad := v.PayloadBytes - stampBytes - len(payload); pad > 0 {
			payload = append(payload, make([]byte, pad)...)
		}
		payload = binary.BigEndian.AppendUint64(payload, v.stamp)
		packets[i] = &rtp.Packet{
			Header: rtp.Header{
				Version: 2, Marker: i == len(packets)-1, SequenceNumber: v.sequence, Timestamp: v.timestamp,
			},
			Payload: payload,
		}
		v.sequence++
		v.stamp++
	}
	v.timestamp += uint32(90000 / v.FrameRate)
	v.picture = (v.picture + 1) & 0x7fff
	v.tl0++
	return packets
}

// descriptor is RFC 7741 §4.2 with 15 bits of picture id, TL0PICIDX and layer 0.
func (v *Video) descriptor(b []byte, start bool) []byte {
	first := byte(0x80) // X: extended
	if start {
		first |= 0x10 // S: start of partition 0
	}
	return append(b, first, 0x80|0x40|0x20, 0x80|byte(v.picture>>8), byte(v.picture), v.tl0, 0)
}

// vp8Header is RFC 6386 §9.1: the frame tag, and size and start code of a keyframe.
func vp8Header(b []byte, key bool) []byte {
	const shown, partition = 1 << 4, 100 << 5
	tag := uint32(shown | partition)
	if !key {
		tag |= 1
	}
	b = append(b, byte(tag), byte(tag>>8), byte(tag>>16))
	if key {
		b = append(b, 0x9d, 0x01, 0x2a, 640&0xff, 640>>8, 480&0xff, 480>>8)
	}
	return b
}

// IsKeyframe says whether a VP8 payload begins a keyframe.
func IsKeyframe(payload []byte) bool {
	// Our own descriptors have six bytes; a server may rewrite their values, not their shape.
	return len(payload) > 12 && payload[0]&0x10 != 0 && payload[6]&1 == 0 && payload[9] == 0x9d
}

// PictureID reads the picture id of a payload with a descriptor of ours.
func PictureID(payload []byte) uint16 {
	if len(payload) < 4 {
		return 0
	}
	return uint16(payload[2]&0x7f)<<8 | uint16(payload[3])
}

// NewVideoTrack is a track for Run to write to.
func NewVideoTrack(id string) (*webrtc.TrackLocalStaticRTP, error) {
	return webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, id, "synthetic")
}

// Run writes frames at the frame rate until ctx ends or limit packets were made (0 = no limit).
func (v *Video) Run(ctx context.Context, track *webrtc.TrackLocalStaticRTP, limit uint64) error {
	return pace(ctx, time.Second/time.Duration(v.FrameRate), func() error {
		for _, p := range v.Next() {
			if err := track.WriteRTP(p); err != nil {
				return err
			}
		}
		if limit > 0 && v.stamp >= limit {
			return errPaceEnd
		}
		return nil
	})
}
