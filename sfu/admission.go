package sfu

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// direction is that of an m-line, as the browser sees it.
type direction uint8

const (
	inactive direction = iota
	sendOnly
	recvOnly
)

// String is the SDP attribute.
func (d direction) String() string {
	switch d {
	case sendOnly:
		return "sendonly"
	case recvOnly:
		return "recvonly"
	default:
		return "inactive"
	}
}

// admitted is an offer that may be given to pion.
type admitted struct {
	sdp   string
	media []mediaLine
	over  int // sending m-lines answered inactive because there are too many
}

// mediaLine is what the rest of this package needs to know of an m-line.
type mediaLine struct {
	mid       string
	kind      Kind // 0: data channels
	direction direction
	payloads  [128]bool // the payload types it lists
	rids      []string  // the encodings it announces, in order
	mixed     bool      // header extensions may be of either form
}

// admission are the rules an offer is held against.
type admission struct {
	limits    Limits
	publish   bool
	subscribe bool
}

// What one line and one m-line may have at most. A Chromium offer has lines of up to 200 bytes (candidates aside)
// and video m-lines of about 150 attributes.
const (
	maxLineBytes  = 2048
	maxAttributes = 512
	maxMediaSSRCs = 16
	maxMidBytes   = 32
)

// admit reads an offer as text and returns what may be given to pion, whose parser and transceivers cost far more
// than a look at the lines. It is pure.
//
// Candidates are left out: the server never sends to an address that it has not heard from. A line that may not
// send or receive is offered to pion as inactive and so answered inactive; sendrecv is answered as if it were
// sendonly, since what a peer sees comes in lines of its own.
func (a admission) admit(offer string) (admitted, error) {
	if len(offer) > a.limits.SDPBytes {
		return admitted{}, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(offer))
	}
	sections, err := splitSections(offer)
	if err != nil {
		return admitted{}, err
	}
	if n := len(sections) - 1; n > a.limits.MediaLines {
		return admitted{}, fmt.Errorf("%w: %d m-lines", ErrTooManyMedia, n)
	} else if n == 0 {
		return admitted{}, fmt.Errorf("%w: no m-line", ErrBadOffer)
	}

	session := sections[0]
	bundled := map[string]bool{}
	for _, line := range session {
		if group, ok := strings.CutPrefix(line, "a=group:BUNDLE"); ok {
			for mid := range strings.FieldsSeq(group) {
				bundled[mid] = true
			}
		}
	}
	mixed := slices.Contains(session, "a=extmap-allow-mixed")
	has := credentials{}
	has.note(session)

	out := admitted{media: make([]mediaLine, 0, len(sections)-1)}
	var sdp strings.Builder
	sdp.Grow(len(offer) + 32*len(sections))
	writeLines(&sdp, session)

	mids := map[string]bool{}
	sending, applications := 0, 0
	for _, section := range sections[1:] {
		has.note(section)
		m, rejected, err := a.readMedia(section)
		if err != nil {
			return admitted{}, err
		}
		if mids[m.mid] {
			return admitted{}, fmt.Errorf("%w: two m-lines with one mid", ErrBadOffer)
		}
		mids[m.mid] = true
		m.mixed = mixed
		switch {
		case rejected:
			m.direction = inactive
		case !bundled[m.mid]:
			return admitted{}, fmt.Errorf("%w: an m-line is not in the BUNDLE group", ErrBadOffer)
		case m.kind == 0:
			if applications++; applications > 1 {
				return admitted{}, fmt.Errorf("%w: two m-lines for data channels", ErrTooManyMedia)
			}
		case m.direction == sendOnly:
			if !a.publish {
				m.direction = inactive
			} else if sending++; sending > a.limits.Tracks {
				m.direction = inactive
				out.over++
			}
		case m.direction == recvOnly && !a.subscribe:
			m.direction = inactive
		}
		out.media = append(out.media, m)
		writeMedia(&sdp, section, m)
	}
	switch {
	case !has.fingerprint:
		return admitted{}, fmt.Errorf("%w: no fingerprint", ErrBadOffer)
	case !has.ufrag || !has.password:
		return admitted{}, fmt.Errorf("%w: no ICE credentials", ErrBadOffer)
	case has.passive:
		return admitted{}, fmt.Errorf("%w: setup:passive, but the server is passive", ErrBadOffer)
	}
	out.sdp = sdp.String()
	return out, nil
}

// splitSections cuts an offer into the session part and the m-lines, without candidates.
func splitSections(offer string) ([][]string, error) {
	if !strings.HasPrefix(offer, "v=0") {
		return nil, fmt.Errorf("%w: it does not begin with v=0", ErrBadOffer)
	}
	sections := make([][]string, 1, 8)
	for line := range strings.SplitSeq(offer, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			continue
		}
		if len(line) < 2 || line[1] != '=' || line[0] < 'a' || line[0] > 'z' {
			return nil, fmt.Errorf("%w: a line is not SDP", ErrBadOffer)
		}
		if len(line) > maxLineBytes {
			return nil, fmt.Errorf("%w: a line of %d bytes", ErrTooLarge, len(line))
		}
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return nil, fmt.Errorf("%w: control characters", ErrBadOffer)
		}
		if strings.HasPrefix(line, "m=") {
			sections = append(sections, make([]string, 0, 64))
		}
		last := len(sections) - 1
		if len(sections[last]) > maxAttributes {
			return nil, fmt.Errorf("%w: more than %d lines in an m-line", ErrTooLarge, maxAttributes)
		}
		if isCandidate(line) {
			continue
		}
		sections[last] = append(sections[last], line)
	}
	return sections, nil
}

func isCandidate(line string) bool {
	name, ok := strings.CutPrefix(line, "a=")
	if !ok {
		return false
	}
	name, _, _ = strings.Cut(name, ":")
	return strings.EqualFold(name, "candidate") || strings.EqualFold(name, "remote-candidates") ||
		strings.EqualFold(name, "end-of-candidates")
}

// credentials are what an offer must have somewhere.
type credentials struct {
	fingerprint, ufrag, password, passive bool
}

func (c *credentials) note(lines []string) {
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "a=fingerprint":
			c.fingerprint = c.fingerprint || isFingerprint(value)
		case "a=ice-ufrag":
			c.ufrag = c.ufrag || len(value) >= 4 && len(value) <= 256
		case "a=ice-pwd":
			c.password = c.password || len(value) >= 22 && len(value) <= 256
		case "a=setup":
			c.passive = c.passive || value == "passive"
		}
	}
}

// isFingerprint tells whether value is a hash of a certificate as RFC 8122 has it, by a function that is still good.
func isFingerprint(value string) bool {
	function, digest, _ := strings.Cut(value, " ")
	size := 0
	switch strings.ToLower(function) {
	case "sha-256":
		size = 32
	case "sha-384":
		size = 48
	case "sha-512":
		size = 64
	}
	octets := strings.Split(strings.TrimSpace(digest), ":")
	for _, o := range octets {
		if _, err := strconv.ParseUint(o, 16, 8); err != nil || len(o) != 2 {
			return false
		}
	}
	return size > 0 && len(octets) == size
}

// readMedia reads one m-line and its attributes. rejected means that it is offered with port 0.
func (a admission) readMedia(section []string) (m mediaLine, rejected bool, err error) {
	fields := strings.Fields(section[0][2:])
	if len(fields) < 4 {
		return m, false, fmt.Errorf("%w: an m-line is cut short", ErrBadOffer)
	}
	switch fields[0] {
	case "audio":
		m.kind = Audio
	case "video":
		m.kind = Video
	case "application":
		m.kind = 0
	default:
		return m, false, fmt.Errorf("%w: media other than audio, video and data", ErrBadOffer)
	}
	port, err := strconv.ParseUint(fields[1], 10, 16)
	if err != nil {
		return m, false, fmt.Errorf("%w: a port", ErrBadOffer)
	}
	if m.kind != 0 {
		if !strings.HasSuffix(fields[2], "TLS/RTP/SAVPF") {
			return m, false, fmt.Errorf("%w: media that is not DTLS-SRTP", ErrBadOffer)
		}
		for _, f := range fields[3:] {
			pt, err := strconv.ParseUint(f, 10, 7)
			if err != nil {
				return m, false, fmt.Errorf("%w: a payload type", ErrBadOffer)
			}
			m.payloads[pt] = true
		}
	} else if !strings.HasSuffix(fields[2], "DTLS/SCTP") {
		return m, false, fmt.Errorf("%w: data that is not SCTP over DTLS", ErrBadOffer)
	}

	sends, receives, bundleOnly := true, true, false
	rids := 0
	ssrcs := map[string]bool{}
	for _, line := range section[1:] {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "a=mid":
			if m.mid != "" || value == "" || len(value) > maxMidBytes || strings.ContainsRune(value, ' ') {
				return m, false, fmt.Errorf("%w: a mid", ErrBadOffer)
			}
			m.mid = value
		case "a=sendonly":
			sends, receives = true, false
		case "a=recvonly":
			sends, receives = false, true
		case "a=inactive":
			sends, receives = false, false
		case "a=bundle-only":
			bundleOnly = true
		case "a=rid":
			rids++
			if id, way, _ := strings.Cut(value, " "); way == "send" || strings.HasPrefix(way, "send ") {
				m.rids = append(m.rids, id)
			}
		case "a=ssrc":
			id, _, _ := strings.Cut(value, " ")
			ssrcs[id] = true
		}
	}
	switch {
	case m.mid == "":
		return m, false, fmt.Errorf("%w: an m-line without a mid", ErrBadOffer)
	case rids > a.limits.Layers:
		return m, false, fmt.Errorf("%w: %d layers", ErrTooManyMedia, rids)
	case len(ssrcs) > maxMediaSSRCs:
		return m, false, fmt.Errorf("%w: %d SSRCs in an m-line", ErrTooManyMedia, len(ssrcs))
	}
	switch {
	case sends:
		m.direction = sendOnly
	case receives:
		m.direction = recvOnly
	}
	if m.kind == 0 {
		m.direction = inactive
	}
	return m, port == 0 && !bundleOnly, nil
}

// writeMedia writes an m-line with the direction that was decided.
func writeMedia(sdp *strings.Builder, section []string, m mediaLine) {
	if m.kind == 0 {
		writeLines(sdp, section)
		return
	}
	for _, line := range section {
		switch line {
		case "a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive":
			continue
		}
		sdp.WriteString(line)
		sdp.WriteString("\r\n")
	}
	sdp.WriteString("a=")
	sdp.WriteString(m.direction.String())
	sdp.WriteString("\r\n")
}

func writeLines(sdp *strings.Builder, lines []string) {
	for _, line := range lines {
		sdp.WriteString(line)
		sdp.WriteString("\r\n")
	}
}
