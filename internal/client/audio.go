package client

import (
	"context"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// errPaceEnd ends pace without an error.
var errPaceEnd = errors.New("enough")

// Audio makes packets in the shape of Opus: a 20 ms frame with a true table-of-contents byte, no sound.
type Audio struct {
	// Owned by the caller of Next.
	sequence  uint16
	timestamp uint32
	stamp     uint64

	below atomic.Uint32 // decibels below the loudest, and one more; 0: not said
}

// levelExtension is the id that the extension of RFC 6464 has in our offers: the first that is registered.
const levelExtension = 1

// Loud sets how loud the packets say they are, from 0 (silence) to 127. It may be called at any time.
func (a *Audio) Loud(level int) { a.below.Store(uint32(128 - level)) }

const (
	audioFrame   = 20 * time.Millisecond
	audioSamples = 960 // of 48 kHz
	audioBytes   = 80
	opusTOC      = 0x78 // hybrid fullband, 20 ms, mono, one frame
)

// NewAudio starts a stream at the given sequence number and timestamp.
func NewAudio(sequence uint16, timestamp uint32) *Audio {
	return &Audio{sequence: sequence, timestamp: timestamp}
}

// Next makes the next packet.
func (a *Audio) Next() *rtp.Packet {
	payload := make([]byte, audioBytes-stampBytes, audioBytes)
	payload[0] = opusTOC
	p := &rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: a.stamp == 0, SequenceNumber: a.sequence, Timestamp: a.timestamp,
		},
		Payload: binary.BigEndian.AppendUint64(payload, a.stamp),
	}
	if below := a.below.Load(); below > 0 {
		_ = p.SetExtension(levelExtension, []byte{byte(below - 1)}) // fails only of what is too long
	}
	a.sequence++
	a.timestamp += audioSamples
	a.stamp++
	return p
}

// NewAudioTrack is a track for Run to write to.
func NewAudioTrack(id string) (*webrtc.TrackLocalStaticRTP, error) {
	return webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2},
		id, "synthetic")
}

// Run writes packets every 20 ms until ctx ends.
func (a *Audio) Run(ctx context.Context, track *webrtc.TrackLocalStaticRTP) error {
	return pace(ctx, audioFrame, func() error { return track.WriteRTP(a.Next()) })
}

// pace calls step at a steady rate until ctx ends or step returns an error.
func pace(ctx context.Context, every time.Duration, step func() error) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := step(); err != nil {
			if errors.Is(err, errPaceEnd) {
				return nil
			}
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}
