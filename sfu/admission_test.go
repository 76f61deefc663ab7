package sfu

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// realOffers were made by Chromium 156 and Firefox 153: microphone, camera, two slots for audio and two for video, and
// data channels; with and without simulcast.
func realOffers(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.sdp")
	if err != nil || len(files) < 4 {
		t.Fatalf("testdata: %v, %v", files, err)
	}
	offers := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		offers[strings.TrimSuffix(filepath.Base(f), ".sdp")] = string(b)
	}
	return offers
}

func everything() admission {
	return admission{limits: Limits{}.withDefaults(), publish: true, subscribe: true}
}

func TestAdmitRealOffers(t *testing.T) {
	want := []direction{sendOnly, sendOnly, recvOnly, recvOnly, recvOnly, recvOnly, inactive}
	kinds := []Kind{Audio, Video, Audio, Audio, Video, Video, 0}
	for name, offer := range realOffers(t) {
		t.Run(name, func(t *testing.T) {
			got, err := everything().admit(offer)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(got.sdp, "candidate") {
				t.Error("a candidate is left")
			}
			for i, m := range got.media {
				if m.direction != want[i] || m.kind != kinds[i] || m.mid != fmt.Sprint(i) {
					t.Errorf("m-line %d = %+v", i, m)
				}
			}
			again, err := everything().admit(got.sdp)
			if err != nil || again.sdp != got.sdp {
				t.Errorf("admitting what was admitted: %v", err)
			}
		})
	}
}

func TestAdmitByGrant(t *testing.T) {
	offer := realOffers(t)["chromium"]
	for _, c := range []struct {
		publish, subscribe bool
		want               string
	}{
		{true, true, "sendonly sendonly recvonly recvonly recvonly recvonly"},
		{true, false, "sendonly sendonly inactive inactive inactive inactive"},
		{false, true, "inactive inactive recvonly recvonly recvonly recvonly"},
		{false, false, "inactive inactive inactive inactive inactive inactive"},
	} {
		got, err := admission{limits: Limits{}.withDefaults(), publish: c.publish, subscribe: c.subscribe}.admit(offer)
		if err != nil {
			t.Fatal(err)
		}
		if d := directions(got.sdp); d != c.want {
			t.Errorf("publish %v, subscribe %v: %s", c.publish, c.subscribe, d)
		}
	}
}

// directions are those of all m-lines of an SDP.
func directions(sdp string) string {
	var out []string
	for line := range strings.SplitSeq(sdp, "\r\n") {
		switch line {
		case "a=sendonly", "a=recvonly", "a=sendrecv", "a=inactive":
			out = append(out, line[2:])
		}
	}
	return strings.Join(out, " ")
}

// offerOf makes a small offer; each m-line is given by its attributes.
func offerOf(lines ...string) string {
	var mids []string
	for i := range lines {
		mids = append(mids, fmt.Sprint(i))
	}
	b := "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE " + strings.Join(mids, " ") +
		"\r\n" + testFingerprint() + "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\n"
	for i, l := range lines {
		b += fmt.Sprintf("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:%d\r\na=rtpmap:111 opus/48000/2\r\n%s", i, l)
	}
	return b
}

func testFingerprint() string { return "a=fingerprint:sha-256 " + strings.Repeat("AB:", 31) + "AB\r\n" }

func TestAdmitRefuses(t *testing.T) {
	good := offerOf("a=sendonly\r\n", "a=recvonly\r\n")
	if _, err := everything().admit(good); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	replace := func(from, to string) string {
		if !strings.Contains(good, from) {
			t.Fatalf("%q is not in the offer", from)
		}
		return strings.Replace(good, from, to, 1)
	}
	many := make([]string, 65)
	tests := map[string]struct {
		offer string
		want  error
	}{
		"empty":             {"", ErrBadOffer},
		"not SDP":           {"v=0\r\nhello\r\n", ErrBadOffer},
		"JSON":              {`{"type":"offer"}`, ErrBadOffer},
		"no m-line":         {strings.SplitAfter(good, "m=")[0], ErrBadOffer},
		"too many bytes":    {good + strings.Repeat("a=x\r\n", 80000), ErrTooLarge},
		"too many m-lines":  {offerOf(many...), ErrTooManyMedia},
		"long line":         {good + "a=" + strings.Repeat("x", 3000) + "\r\n", ErrTooLarge},
		"many attributes":   {good + strings.Repeat("a=x\r\n", 600), ErrTooLarge},
		"many before media": {replace("s=-\r\n", strings.Repeat("a=x\r\n", 600)), ErrTooLarge},
		"control character": {replace("s=-", "s=\x00"), ErrBadOffer},
		"text":              {replace("m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=text 9 UDP/TLS/RTP/SAVPF 111"), ErrBadOffer},
		"plain RTP":         {replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"), ErrBadOffer},
		"cut m-line":        {replace("m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=audio 9"), ErrBadOffer},
		"payload type":      {replace("SAVPF 111", "SAVPF 200"), ErrBadOffer},
		"port":              {replace("m=audio 9", "m=audio 99999"), ErrBadOffer},
		"no mid":            {replace("a=mid:0\r\n", ""), ErrBadOffer},
		"two mids":          {replace("a=mid:0\r\n", "a=mid:0\r\na=mid:7\r\n"), ErrBadOffer},
		"one mid twice":     {replace("a=mid:1", "a=mid:0"), ErrBadOffer},
		"not bundled":       {replace("BUNDLE 0 1", "BUNDLE 0"), ErrBadOffer},
		"no bundle":         {replace("a=group:BUNDLE 0 1\r\n", ""), ErrBadOffer},
		"no fingerprint":    {replace(testFingerprint(), ""), ErrBadOffer},
		"old fingerprint":   {replace("a=fingerprint:sha-256", "a=fingerprint:md5"), ErrBadOffer},
		"short fingerprint": {replace("a=fingerprint:sha-256 AB:", "a=fingerprint:sha-256 "), ErrBadOffer},
		"no ufrag":          {replace("a=ice-ufrag:abcd\r\n", ""), ErrBadOffer},
		"no password":       {replace("a=ice-pwd:0123456789012345678901\r\n", ""), ErrBadOffer},
		"passive":           {replace("setup:actpass", "setup:passive"), ErrBadOffer},
		"four layers":       {good + "a=rid:a send\r\na=rid:b send\r\na=rid:c send\r\na=rid:d send\r\n", ErrTooManyMedia},
		"many SSRCs":        {good + manySSRCs(17), ErrTooManyMedia},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := everything().admit(c.offer); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

func manySSRCs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a=ssrc:%d cname:x\r\n", i+1)
	}
	return b.String()
}

func TestAdmitDecidesDirections(t *testing.T) {
	got, err := everything().admit(offerOf("a=sendrecv\r\n", "", "a=inactive\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if d := directions(got.sdp); d != "sendonly sendonly inactive" {
		t.Errorf("directions = %s", d)
	}
	nine := make([]string, 9)
	if got, err = everything().admit(offerOf(nine...)); err != nil || got.over != 1 {
		t.Errorf("nine tracks: %d over, %v", got.over, err)
	}
	if got.media[8].direction != inactive || got.media[7].direction != sendOnly {
		t.Errorf("the ninth track is %v", got.media[8].direction)
	}
	rejected := strings.Replace(offerOf("a=sendonly\r\n", "a=recvonly\r\n"), "m=audio 9", "m=audio 0", 1)
	if got, err = everything().admit(rejected); err != nil || got.media[0].direction != inactive {
		t.Errorf("a line with port 0: %+v, %v", got.media, err)
	}
}

// FuzzAdmit looks for an offer that makes admission slow, panic, or let through what it is there to keep out.
func FuzzAdmit(f *testing.F) {
	for _, offer := range realOffers(f) {
		f.Add(offer, true, true)
	}
	f.Add(offerOf("a=sendrecv\r\n", "a=inactive\r\n"), false, true)
	f.Add(offerOf(make([]string, 65)...), true, false)
	f.Add("v=0\r\nm=audio 0 UDP/TLS/RTP/SAVPF 1\r\na=mid:0\r\na=candidate:1\r\n", true, true)
	f.Fuzz(func(t *testing.T, offer string, publish, subscribe bool) {
		a := admission{limits: Limits{}.withDefaults(), publish: publish, subscribe: subscribe}
		got, err := a.admit(offer)
		if err != nil {
			if !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrTooManyMedia) && !errors.Is(err, ErrBadOffer) {
				t.Fatalf("error %v is none of ours", err)
			}
			if len(err.Error()) > 200 {
				t.Fatal("the error repeats the offer")
			}
			return
		}
		if len(got.media) == 0 || len(got.media) > a.limits.MediaLines {
			t.Fatalf("%d m-lines", len(got.media))
		}
		mids, sends := map[string]bool{}, 0
		for _, m := range got.media {
			if m.mid == "" || mids[m.mid] {
				t.Fatalf("mid %q", m.mid)
			}
			mids[m.mid] = true
			if m.direction == sendOnly {
				sends++
			}
			if m.direction == sendOnly && !publish || m.direction == recvOnly && !subscribe {
				t.Fatalf("direction %v was not granted", m.direction)
			}
		}
		if sends > a.limits.Tracks {
			t.Fatalf("%d tracks", sends)
		}
		for line := range strings.SplitSeq(got.sdp, "\r\n") {
			if strings.HasPrefix(strings.ToLower(line), "a=candidate") || len(line) > maxLineBytes {
				t.Fatalf("line %q", line)
			}
		}
		again, err := a.admit(got.sdp)
		if err != nil || len(again.media) != len(got.media) {
			// Admitted text only loses candidates and gains directions, so only its size can be against it.
			if !errors.Is(err, ErrTooLarge) {
				t.Fatalf("what was admitted is not admitted: %v", err)
			}
		}
	})
}

// A page that shows 25 people, a screen and hears ten, and one that uses every m-line there may be.
func TestTheLargestPagesOfferIsAdmitted(t *testing.T) {
	sections := strings.Split(realOffers(t)["chromium-simulcast"], "\r\nm=")
	session, lines := sections[0], sections[1:]
	grown := func(audio, video int) string {
		out := append([]string{}, lines...)
		mids := "0 1 2 3 4 5 6"
		for i := range audio + video {
			line := lines[2]
			if i >= audio {
				line = lines[4]
			}
			mid := fmt.Sprint(len(lines) + i)
			mids += " " + mid
			out = append(out, regexp.MustCompile(`a=mid:\d+`).ReplaceAllString(line, "a=mid:"+mid))
		}
		head := strings.Replace(session, "BUNDLE 0 1 2 3 4 5 6", "BUNDLE "+mids, 1)
		return head + "\r\nm=" + strings.Join(out, "\r\nm=")
	}
	rules := everything()
	for name, offer := range map[string]string{
		"a page of 25":    grown(10-2, 25+1-2),
		"all for the few": grown(10-2, rules.limits.MediaLines-len(lines)-(10-2)),
	} {
		admitted, err := rules.admit(offer)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		t.Logf("%s: %d m-lines, %d bytes of %d", name, len(admitted.media), len(offer), rules.limits.SDPBytes)
	}
	if _, err := rules.admit(grown(8, rules.limits.MediaLines-len(lines)-7)); !errors.Is(err, ErrTooManyMedia) {
		t.Errorf("one more: %v", err)
	}
}
