package sfu

import (
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

func TestLosses(t *testing.T) {
	start := time.Unix(1000, 0)
	var l losses
	add := func(sequence uint16, after time.Duration, want arrival) {
		t.Helper()
		if got := l.add(sequence, start.Add(after)); got != want {
			t.Fatalf("%d is %v, want %v", sequence, got, want)
		}
	}
	ask := func(after time.Duration, want ...uint16) {
		t.Helper()
		if got := l.due(start.Add(after), nil); !slices.Equal(got, want) {
			t.Fatalf("after %v asks for %v, want %v", after, got, want)
		}
	}
	add(65534, 0, fresh)
	add(65533, 0, duplicate) // before the beginning: of no interest
	add(65534, 0, duplicate)
	add(2, 0, fresh)
	ask(0, 65535, 0, 1)
	ask(10 * time.Millisecond)
	add(0, 20*time.Millisecond, recovered)
	add(0, 20*time.Millisecond, duplicate)
	ask(nackRetry, 65535, 1)
	add(1, 90*time.Millisecond, recovered)
	asked := 2
	for d := 2 * nackRetry; d < 2*time.Second; d += nackRetry {
		asked += len(l.due(start.Add(d), nil))
	}
	if asked != nackTries || l.pending() {
		t.Errorf("asked %d times, pending %v", asked, l.pending())
	}

	add(5000, time.Second, restarted) // a leap
	add(4999, time.Second, duplicate)
	add(100, time.Second, tooOld)
	add(200, time.Second, tooOld)
	add(201, time.Second, restarted)
	add(203, time.Second, fresh)
	ask(time.Second, 202)
}

// What is missing after a long break is not asked for any more.
func TestLossesOfABreak(t *testing.T) {
	start := time.Unix(1000, 0)
	for _, c := range []struct {
		missing uint16
		pause   time.Duration
		want    arrival
	}{
		{breakPackets + 10, 2 * breakAfter, restarted},
		{breakPackets + 10, breakAfter / 2, fresh},
		{3, 2 * breakAfter, fresh},
	} {
		var l losses
		l.add(1, start)
		l.add(2, start)
		if got := l.add(3+c.missing, start.Add(c.pause)); got != c.want || l.pending() != (c.want == fresh) {
			t.Errorf("%d missing after %v: %v, asks: %v", c.missing, c.pause, got, l.pending())
		}
	}
}

func TestLossesAreBounded(t *testing.T) {
	var l losses
	now := time.Unix(1000, 0)
	for s := 0; s < 1<<16; s += 900 {
		l.add(uint16(s), now)
	}
	if len(l.missing) > maxMissing {
		t.Errorf("%d missing are kept", len(l.missing))
	}
}

func TestRing(t *testing.T) {
	r := newRing(Audio)
	for s := uint16(65500); s != 300; s++ {
		r.put(s, []byte{byte(s), byte(s >> 8), 9}, &shape{})
	}
	b := make([]byte, 10)
	found := 0
	for s := uint16(65500); s != 300; s++ {
		if n := r.get(s, b, &shape{}); n > 0 {
			found++
			if n != 3 || b[0] != byte(s) || b[1] != byte(s>>8) {
				t.Errorf("%d is %v", s, b[:n])
			}
		}
	}
	if found != 128 || r.get(299, b, &shape{}) != 3 {
		t.Errorf("%d are kept", found)
	}
	if n := r.get(299, b[:2], &shape{}); n != 0 {
		t.Errorf("%d bytes into 2", n)
	}
	if n := newRing(Audio).get(0, b, &shape{}); n != 0 {
		t.Error("an empty ring has packet 0")
	}
	if n := testing.AllocsPerRun(1000, func() { r.put(5, b[:3], &shape{}) }); n != 0 {
		t.Errorf("put allocates %v", n)
	}
}

func TestKeyframeRequestsAreMerged(t *testing.T) {
	var k keyframes
	now := time.Unix(1000, 0)
	if ask, at := k.due(now); ask || !at.IsZero() {
		t.Fatal("asks unasked")
	}
	asked := 0
	for range 100 { // ten seconds of ten requests a second
		k.want()
		if ask, at := k.due(now); ask {
			asked++
		} else if wait := at.Sub(now); wait <= 0 || wait > keyframeEvery {
			t.Fatalf("look again in %v", wait)
		}
		now = now.Add(100 * time.Millisecond)
	}
	if asked != 20 {
		t.Errorf("asked %d times in 10 s", asked)
	}
	// What was wanted too soon is asked for later, without being wanted again.
	k.want()
	if ask, _ := k.due(now.Add(keyframeEvery)); !ask {
		t.Error("a request was forgotten")
	}
	// What has come meanwhile need not be asked for.
	k.want()
	k.came()
	if ask, at := k.due(now.Add(time.Minute)); ask || !at.IsZero() {
		t.Error("asks for what has come")
	}
}

// Requests get lost: one that brings nothing is made again, but not for ever.
func TestKeyframeRequestIsMadeAgain(t *testing.T) {
	for _, c := range []struct{ comes, asked int }{{1, 1}, {2, 2}, {0, keyframeTries}} {
		var k keyframes
		k.want()
		asked := 0
		for now, end := time.Unix(1000, 0), time.Unix(1060, 0); now.Before(end); {
			ask, at := k.due(now)
			if ask {
				asked++
			}
			if asked == c.comes {
				k.came()
			}
			if at.IsZero() {
				break
			}
			now = at
		}
		if asked != c.asked {
			t.Errorf("asked %d times, want %d", asked, c.asked)
		}
	}
}

func TestQuota(t *testing.T) {
	var q quota
	now := time.Unix(1000, 0)
	taken := 0
	for range 300 { // thirty seconds
		if q.take(now) {
			taken++
		}
		now = now.Add(100 * time.Millisecond)
	}
	if taken != 9 {
		t.Errorf("%d in 30 s", taken)
	}
}

func TestRepeatBudget(t *testing.T) {
	var b repeatBudget
	now := time.Unix(1000, 0)
	taken := 0
	for range 10_000 { // a second
		if b.take(now) {
			taken++
		}
		now = now.Add(100 * time.Microsecond)
	}
	if taken < repeatBurst+repeatRate-5 || taken > repeatBurst+repeatRate+5 {
		t.Errorf("%d in a second", taken)
	}
}

func TestReception(t *testing.T) {
	var r reception
	now := time.Unix(1000, 0)
	if _, ok := r.report(7, now); ok {
		t.Fatal("a report on nothing")
	}
	for s := 65500; s < 65700; s++ {
		if s%10 != 3 {
			r.add(uint16(s), uint32(s)*960, now, audioClock)
		}
		now = now.Add(20 * time.Millisecond)
	}
	r.senderReport(&rtcp.SenderReport{NTPTime: 0x0011223344556677, RTPTime: 5000}, now)
	b, ok := r.report(7, now.Add(time.Second))
	if !ok || b.SSRC != 7 || b.TotalLost != 20 || b.FractionLost < 24 || b.FractionLost > 27 {
		t.Errorf("report = %+v", b)
	}
	if b.LastSequenceNumber != 65699-65500+65500+1<<16 || b.LastSenderReport != 0x22334455 || b.Delay != 1<<16 {
		t.Errorf("report = %+v", b)
	}
	if b.Jitter != 0 {
		t.Errorf("jitter %d of a steady stream", b.Jitter)
	}
	if b, _ = r.report(7, now.Add(time.Second)); b.FractionLost != 0 || b.TotalLost != 20 {
		t.Errorf("second report = %+v", b)
	}
}

func TestNTPTime(t *testing.T) {
	if got := ntpTime(time.Unix(0, 500_000_000)); got != 2208988800<<32|1<<31 {
		t.Errorf("ntp = %x", got)
	}
}

func TestAllocate(t *testing.T) {
	track := func(id string, kind Kind, codec string) *Track {
		tr := NewTrack(id, "", kind)
		tr.key = codec
		return tr
	}
	a, b, c, d := track("a", Video, "x"), track("b", Video, "x"), track("c", Video, "x"), track("d", Video, "y")
	m, n := track("m", Audio, "o"), track("n", Audio, "o")
	slot := func(kind Kind, now *Track, codecs ...string) place {
		return place{kind: kind, now: now, accepts: func(k string) bool { return slices.Contains(codecs, k) }}
	}
	tests := map[string]struct {
		wanted []*Track
		places []place
		want   string
	}{
		"best first":               {[]*Track{a, b, c}, []place{slot(Video, nil, "x"), slot(Video, nil, "x")}, "a b"},
		"kinds apart":              {[]*Track{m, a}, []place{slot(Video, nil, "x"), slot(Audio, nil, "o")}, "a m"},
		"nothing wanted":           {nil, []place{slot(Video, a, "x")}, "-"},
		"who is shown stays":       {[]*Track{b, a}, []place{slot(Video, a, "x"), slot(Video, b, "x")}, "a b"},
		"an empty one first":       {[]*Track{b, a}, []place{slot(Video, c, "x"), slot(Video, a, "x"), slot(Video, nil, "x")}, "- a b"},
		"only who leaves is moved": {[]*Track{c, a}, []place{slot(Video, a, "x"), slot(Video, b, "x")}, "a c"},
		"pushed out":               {[]*Track{c, b, a}, []place{slot(Video, a, "x"), slot(Video, b, "x")}, "c b"},
		"no format fits":           {[]*Track{d, a}, []place{slot(Video, nil, "x")}, "a"},
		"formats differ":           {[]*Track{a, d}, []place{slot(Video, nil, "x", "y"), slot(Video, nil, "x")}, "a -"},
		"leftover goes on":         {[]*Track{a, d, b}, []place{slot(Video, nil, "x", "y"), slot(Video, nil, "x")}, "a b"},
		"twice is once":            {[]*Track{a, a, nil, b}, []place{slot(Video, nil, "x"), slot(Video, nil, "x")}, "a b"},
		"two of a kind":            {[]*Track{m, n, a}, []place{slot(Audio, n, "o"), slot(Audio, nil, "o")}, "n m"},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			got := ""
			for i, tr := range allocate(c.wanted, c.places) {
				if i > 0 {
					got += " "
				}
				if tr == nil {
					got += "-"
				} else {
					got += tr.ID()
				}
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestCodecKeys(t *testing.T) {
	same := [][2]string{
		{"video/VP8", "video/vp8"},
		{"audio/opus;minptime=10", "audio/opus;useinbandfec=1"},
		{"video/H264;profile-level-id=42e01f;packetization-mode=1", "video/H264;packetization-mode=1;profile-level-id=42E034"},
		{"video/VP9;profile-id=0", "video/VP9"},
	}
	other := [][2]string{
		{"video/VP8", "video/VP9"},
		{"video/H264;packetization-mode=1;profile-level-id=42e01f", "video/H264;packetization-mode=0;profile-level-id=42e01f"},
		{"video/H264;packetization-mode=1;profile-level-id=42e01f", "video/H264;packetization-mode=1;profile-level-id=64001f"},
		{"video/VP9;profile-id=2", "video/VP9"},
		{"video/AV1;profile=1", "video/AV1"},
	}
	key := func(s string) string {
		for i := range s {
			if s[i] == ';' {
				return codecKey(s[:i], s[i+1:])
			}
		}
		return codecKey(s, "")
	}
	for _, p := range same {
		if key(p[0]) != key(p[1]) {
			t.Errorf("%s is not %s", p[0], p[1])
		}
	}
	for _, p := range other {
		if key(p[0]) == key(p[1]) {
			t.Errorf("%s is %s", p[0], p[1])
		}
	}
	seen := map[uint8]string{}
	for _, c := range codecs() {
		for _, pt := range []uint8{c.payload, c.rtx} {
			if other, ok := seen[pt]; ok && pt != 0 {
				t.Errorf("payload type %d is %s and %s", pt, other, c.mime+c.fmtp)
			}
			seen[pt] = c.mime + c.fmtp
		}
	}
}
