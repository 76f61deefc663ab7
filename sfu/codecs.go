package sfu

import (
	"strings"
)

// format tells the payload formats apart that this package looks into.
type format uint8

const (
	formatOther format = iota
	formatOpus
	formatVP8
	formatVP9
	formatH264
	formatAV1
)

// codec is one payload format as it is offered to browsers. The payload types of an answer are always the offer's;
// payload here only has to be unlike the others.
type codec struct {
	kind     Kind
	mime     string
	clock    uint32
	channels uint16
	fmtp     string
	payload  uint8
	rtx      uint8 // 0: none
}

// codecs lists what is forwarded. Parlor decodes nothing, so it is what both browsers of a pair have in common;
// H.264 is listed by profile and packetization mode because a decoder must be able to take what was encoded.
func codecs() []codec {
	h264 := func(profile, mode string, pt uint8) codec {
		return codec{
			kind: Video, mime: "video/H264", clock: videoClock, payload: pt, rtx: pt + 1,
			fmtp: "level-asymmetry-allowed=1;packetization-mode=" + mode + ";profile-level-id=" + profile,
		}
	}
	return []codec{
		{kind: Audio, mime: "audio/opus", clock: audioClock, channels: 2, fmtp: "minptime=10;useinbandfec=1", payload: 111},
		{kind: Audio, mime: redMime, clock: audioClock, channels: 2, payload: 63}, // which formats are in it, each offer says by its own numbers
		{kind: Video, mime: "video/VP8", clock: videoClock, payload: 96, rtx: 97},
		h264("42e01f", "1", 102),
		h264("42e01f", "0", 104),
		h264("42001f", "1", 106),
		h264("42001f", "0", 108),
		h264("4d001f", "1", 112),
		h264("4d001f", "0", 114),
		h264("64001f", "1", 116),
		h264("64001f", "0", 118),
		{kind: Video, mime: "video/VP9", clock: videoClock, fmtp: "profile-id=0", payload: 98, rtx: 99},
		{kind: Video, mime: "video/VP9", clock: videoClock, fmtp: "profile-id=2", payload: 100, rtx: 101},
		{kind: Video, mime: "video/AV1", clock: videoClock, payload: 45, rtx: 46},
	}
}

const (
	audioClock = 48000
	videoClock = 90000
)

// clockRate is the RTP clock of everything this package forwards of a kind.
func clockRate(k Kind) uint32 {
	if k == Audio {
		return audioClock
	}
	return videoClock
}

func formatOf(mime string) format {
	switch strings.ToLower(mime) {
	case "audio/opus":
		return formatOpus
	case "video/vp8":
		return formatVP8
	case "video/vp9":
		return formatVP9
	case "video/h264":
		return formatH264
	case "video/av1":
		return formatAV1
	default:
		return formatOther
	}
}

// codecKey is equal for two payload formats exactly if what was encoded for one can be sent as the other.
func codecKey(mime, fmtp string) string {
	mime = strings.ToLower(mime)
	switch formatOf(mime) {
	case formatH264:
		mode := parameter(fmtp, "packetization-mode", "0")
		profile := strings.ToLower(parameter(fmtp, "profile-level-id", "420010"))
		if len(profile) > 4 {
			profile = profile[:4]
		}
		return mime + ";" + mode + ";" + profile
	case formatVP9:
		return mime + ";" + parameter(fmtp, "profile-id", "0")
	case formatAV1:
		return mime + ";" + parameter(fmtp, "profile", "0")
	default:
		return mime
	}
}

// parameter reads one name=value of an SDP fmtp line.
func parameter(fmtp, name, missing string) string {
	for part := range strings.SplitSeq(fmtp, ";") {
		key, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if ok && strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.TrimSpace(value)
		}
	}
	return missing
}
