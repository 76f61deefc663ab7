package conformance

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// letters is JSON of a size: one string.
func letters(size int) string {
	return strconv.Quote(strings.Repeat("0123456789abcdef", size/16+1)[:size-2])
}

func randomBytes(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.Read(b)
	return b
}

// Where others lose: at what fits into a packet, a frame, a browser's channel, and at the limit itself.
func TestCase28Sizes(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	room := aRoom()
	all := onEveryRung(t, tt.url, room)
	limit := all[0].in.Limits.MessageBytes
	if frame := all[0].in.Limits.FrameBytes; frame <= limit {
		t.Errorf("a frame of %d bytes does not hold a message of %d", frame, limit)
	}
	sizes := []int{2, 14_999, 15_000, 15_001, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145, limit - 1, limit}
	for _, sender := range all {
		for _, size := range sizes {
			if size > limit {
				continue
			}
			text, raw := letters(size), randomBytes(size)
			a := sender.post(message{typ: "text", data: text})
			b := sender.post(message{typ: "bytes", raw: raw})
			for n, body := range map[uint64]string{a: brief(text), b: digest(raw)} {
				o := sender.ok(n)
				for _, p := range all {
					if e := p.sees("it", func(e event) bool { return e.o == o }); e.body != body {
						t.Errorf("%d bytes from %s came to %s as %.60q, want %.60q", size, sender.name, p.name, e.body, body)
					}
				}
			}
		}
		text, raw := letters(limit+1), randomBytes(limit+1)
		sender.refused(sender.post(message{typ: "text", data: text}), "too_large")
		sender.refused(sender.post(message{typ: "bytes", raw: raw}), "too_large")
		sender.ok(sender.post(message{typ: "after"})) // it cost nothing but itself
	}
	agree(t, all...)
}

// onEveryRung is people who each move over another kind of link.
func onEveryRung(t *testing.T, url, room string) (all []*person) {
	t.Helper()
	for _, kind := range []string{overWebSocket, overWebRTC, overSSE, overPoll} {
		p := arrive(t, url, room, kind)
		if kind != overWebSocket {
			p.switchTo(kind)
		}
		all = append(all, p)
	}
	return all
}

// Pieces are cut wherever it happens: within characters, and to one byte.
func TestCase29CharactersSplitAcrossPieces(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	ada, ben, _ := trio(t, tt.url)
	channel := ada.open(overWebRTC)
	ada.attach(ada.signal)
	text := strconv.Quote(strings.Repeat("a\u00e9\u20ac\U0001F600", 3000)) // one to four bytes each
	want := 0
	for _, l := range []*line{ada.signal, channel} {
		ada.attach(l)
		for _, size := range []int{1, 2, 3, 7, 1001, 16_000, 30_001} {
			data := text
			if size < 100 {
				data = strconv.Quote(strings.Repeat("\u00e9\u20ac\U0001F600", 20))
			}
			ada.look(func() { ada.n++ })
			want++
			whole := []byte(fmt.Sprintf(`{"t":"m","n":%d,"type":"split","data":%s}`, want, data))
			ada.look(func() {
				ada.queueLocked(whole, false, event{from: ada.id, typ: "split", body: brief(data)})
				ada.sent = len(ada.unacked) // it goes out by hand
			})
			for _, p := range pieces(whole, false, size) {
				if err := l.put(p, true); err != nil {
					t.Fatal(err)
				}
			}
			o := ada.ok(uint64(want))
			if e := ben.sees("it", func(e event) bool { return e.o == o }); e.body != brief(data) {
				t.Errorf("in pieces of %d over %s it came as %q", size, l.kind, e.body)
			}
		}
	}
	agree(t, ada, ben)
}

// Bytes come as they were, over whatever they go in and out.
func TestCase32BinaryOverEveryRung(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	room := aRoom()
	all := onEveryRung(t, tt.url, room)
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	bodies := [][]byte{
		{},
		{0},
		{0xff},
		{0x01},
		{0x02, 0x03},
		[]byte("\r\n\r\ndata: x\n\n"), []byte("\xe2\x80"), every,
		slices.Repeat(every, 64), randomBytes(65_536), randomBytes(100_003), randomBytes(300_000),
	}
	for _, sender := range all {
		for _, raw := range bodies {
			o := sender.ok(sender.post(message{typ: "bytes", raw: raw}))
			for _, p := range all {
				if e := p.sees("bytes", func(e event) bool { return e.o == o }); e.body != digest(raw) {
					t.Errorf("%d bytes from %s came over %s as %s", len(raw), sender.name, p.name, e.body)
				}
			}
		}
	}
	agree(t, all...)
	// Several in one frame, with some that are no bytes between them.
	p := all[0]
	p.look(func() { p.n += 3 })
	frame := fmt.Sprintf(`[{"t":"m","n":%d,"type":"a","bytes":3},{"t":"m","n":%d,"type":"b","data":"x"},{"t":"m","n":%d,"type":"c","bytes":0}]`,
		p.n-2, p.n-1, p.n)
	p.look(func() {
		for i, e := range []event{{typ: "a", body: digest([]byte("abc"))}, {typ: "b", body: `"x"`}, {typ: "c", body: digest(nil)}} {
			e.from = p.id
			p.unacked = append(p.unacked, posted{n: p.n - 2 + uint64(i), event: e})
		}
		p.sent = len(p.unacked)
	})
	if err := p.signal.send(framed(frame, []byte("abc")), true); err != nil {
		t.Fatal(err)
	}
	p.ok(p.n)
	agree(t, all...)
}
