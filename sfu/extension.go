package sfu

import "github.com/pion/rtp"

// Header extensions that are passed on. Whatever else a publisher sends ends here.
const (
	extensionLevel       = iota // how loud an audio packet is (RFC 6464)
	extensionOrientation        // how a picture is to be turned (3GPP TS 26.114)
	extensionDependency         // see dependency
	extensionCapture            // when it was captured
	extensionKinds
)

// numberURI names the extension with a packet's transport-wide number, and numberBytes is how long that is. It is a number
// of this server's, so a publisher's is not passed on.
const (
	numberURI   = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
	numberBytes = 2
)

// extensionIDs are the numbers of header extensions in one m-line; 0: not negotiated.
type extensionIDs [extensionKinds]uint8

// extensionURI names an extension in SDP, with the kind of media it is for; 0: both.
func extensionURI(kind int) (uri string, media Kind) {
	switch kind {
	case extensionLevel:
		return "urn:ietf:params:rtp-hdrext:ssrc-audio-level", Audio
	case extensionOrientation:
		return "urn:3gpp:video-orientation", Video
	case extensionDependency:
		return "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension", Video
	default:
		return "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time", 0
	}
}

// set notes that an extension has a number. Only those are of use that fit in either form of header.
func (ids *extensionIDs) set(uri string, id int, media Kind) {
	for kind := range ids {
		if u, of := extensionURI(kind); u == uri && (of == 0 || of == media) && id > 0 && id < 15 {
			ids[kind] = uint8(id)
		}
	}
}

// fits tells whether what came of an extension may be passed on: only dependency descriptors may be long.
func fits(kind int, b []byte) bool {
	return len(b) > 0 && (len(b) <= 16 || kind == extensionDependency && len(b) < 256)
}

// extend writes the extensions of p that both sides know into a header that has none, and room for a number if number is
// the id of that.
func (o *scratch) extend(p *packet, ids *extensionIDs, number uint8, out *rewritten) {
	extensions := p.extensions
	if b := extensions[extensionDependency]; len(b) >= 3 && ids[extensionDependency] != 0 && fits(extensionDependency, b) {
		if o.dependency = o.dependency[:0]; out.masks {
			o.dependency = p.retarget(o.dependency, b, out.mask)
		} else {
			o.dependency = append(o.dependency, b...)
		}
		o.dependency[1], o.dependency[2] = byte(out.frame>>8), byte(out.frame)
		extensions[extensionDependency] = o.dependency
	}
	profile := uint16(0)
	if number != 0 {
		profile = rtp.ExtensionProfileOneByte
	}
	for kind, b := range extensions {
		if ids[kind] != 0 && fits(kind, b) {
			if profile = rtp.ExtensionProfileOneByte; len(b) > 16 {
				profile = rtp.ExtensionProfileTwoByte
				break
			}
		}
	}
	if profile == 0 {
		return
	}
	o.header.Extension, o.header.ExtensionProfile = true, profile
	if number != 0 {
		_ = o.header.SetExtension(number, o.number[:])
	}
	for kind, b := range extensions {
		if ids[kind] != 0 && fits(kind, b) {
			_ = o.header.SetExtension(ids[kind], b) // it fits
		}
	}
}
