package conformance

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// What is said when nothing can be written is refused by name, and nobody gets it. Everything else goes on: people come,
// go and come back, tracks are published, pointers move. With room there is writing again, and a restart has all of it.
func TestFullAllowance(t *testing.T) {
	t.Parallel()
	// What the room forgets makes room, and what is refused has a place in its log, too.
	whenFull(t, durable(t, "--data-bytes", "2MiB", "--log-entries", "400"), func() {})
}

// A disk that is full itself, under an allowance that is not used up.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	need(t, os.Getenv("PARLOR_URL") == "", "a server of its own")
	dir := smallDisk(t)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	whenFull(t, durable(t, "--data-dir", filepath.Join(dir, "data")), func() {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	})
}

// smallDisk is one of a few MiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("mounting a small disk needs root on Linux")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=12m"); err != nil {
		t.Skipf("cannot mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

const notStored = "not_stored"

// whenFull fills the server's store, looks what works, and after makeRoom whether all does.
func whenFull(t *testing.T, p *process, makeRoom func()) {
	ada, ben, cy := trio(t, p.url)
	ben.switchTo(overWebRTC)
	cy.switchTo(overSSE)
	ada.ok(ada.change(op{K: "before", V: rawJSON(1)}))
	fill(ada)

	// Another who says something is refused as well, and knows why.
	ben.refused(ben.post(message{typ: "refused"}), notStored)
	cy.refused(cy.change(op{K: "refused", V: rawJSON(1)}), notStored)
	ada.signal.cut()
	ada.switchTo(overWebSocket)
	ada.refused(ada.post(message{typ: "refused"}), notStored)
	if err := ada.cursor("pen", "", `"over a full disk"`); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*person{ben, cy} {
		p.until("the cursor", func() bool { data, _ := p.last(ada, "pen", ""); return data == `"over a full disk"` })
	}
	dee := arrive(t, p.url, ada.in.Room, "Dee")
	dee.until("the state", func() bool { return dee.got == dee.of })
	dee.look(func() {
		if len(dee.others) != 3 || string(dee.cells["before"].V) != "1" || dee.cells["refused"].K != "" {
			t.Errorf("the newcomer sees %v and %v", dee.others, dee.cells)
		}
	})
	came := func(id string) func(event) bool {
		return func(e event) bool { return e.typ == "(joined)" && e.from == id }
	}
	for _, p := range []*person{ada, ben, cy} {
		p.sees("Dee's coming", came(dee.id))
	}
	publish(t, dee, ada, ben, cy)
	eve := arrive(t, p.url, ada.in.Room, "Eve")
	dee.sees("Eve's coming", came(eve.id))
	if err := eve.signal.say(object{"t": "leave"}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*person{ada, ben, cy, dee} {
		p.sees("Eve's going", func(e event) bool { return e.typ == "(left)" && e.from == eve.id })
	}

	makeRoom()
	all := []*person{ada, ben, cy, dee}
	mended := time.Now()
	for n := 1; ; n++ {
		if e := ada.fate(ada.post(message{typ: "mended"})); e.OK != 0 {
			break
		} else if e.Code != notStored || time.Since(mended) > patience {
			t.Fatalf("message %d since there is room, after %s: %+v", n, time.Since(mended), e)
		}
		pause(t, 10*time.Millisecond)
	}
	for _, p := range all {
		p.burst("after "+p.name, 50)
	}
	cy.ok(cy.change(op{K: "after", V: rawJSON(2)}))
	for _, p := range all {
		p.answered()
	}
	agree(t, all...)

	// What was acknowledged is on the disk, and nothing else.
	p.kill()
	p.again(t)
	for _, p := range all {
		if _, err := p.persist(overWebSocket); err != nil {
			t.Fatal(err)
		}
	}
	dee.ok(dee.post(message{typ: "on"}))
	for _, p := range all {
		for _, q := range all {
			p.complete("after "+q.name, 50)
		}
		p.sees("on", ofType("on"))
		if n := p.count(ofType("refused")); n > 0 {
			t.Errorf("%s has %d messages that were refused", p.name, n)
		}
	}
	agree(t, all...)
	fay := arrive(t, p.url, ada.in.Room, "Fay")
	fay.until("the state", func() bool { return fay.got == fay.of })
	sameState(t, ada, ben, cy, fay)
	if fay.value("before") != "1" || fay.value("after") != "2" || fay.value("refused") != "" {
		t.Errorf("the state is %v", fay.cells)
	}
}

// fill has p say things until nothing more is stored, not even what is small, and not after a while either.
func fill(p *person) {
	p.t.Helper()
	const largest, again = 100 << 10, 1200 * time.Millisecond // within which a server has tried to write again
	for i, size, refused := 0, largest, 0; refused < 3; i++ {
		e := p.fate(p.post(message{typ: "fill", raw: bytes.Repeat([]byte{byte(i)}, size)}))
		switch {
		case e.OK != 0 && i < 1000:
			size, refused = min(10*size, largest), 0
			continue
		case e.Code != notStored:
			p.t.Fatalf("message %d: %+v", i, e)
		case size == 1:
			refused++
		}
		size = max(1, size/10)
		pause(p.t, again)
	}
}

// publish has p publish a microphone, which all others are told of.
func publish(t *testing.T, p *person, others ...*person) {
	t.Helper()
	speaker, err := makePeer(p.hear)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = speaker.pc.Close() })
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "mic", "mic")
	if err != nil {
		t.Fatal(err)
	}
	line, err := speaker.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.negotiate(within(t, patience), speaker, true, nil); err != nil {
		t.Fatalf("%s: offer: %v", p.name, err)
	}
	if err := p.signal.say(object{"t": "publish", "mid": line.Mid(), "source": "microphone", "muted": false}); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for n := uint16(0); ; n++ {
			select {
			case <-time.After(20 * time.Millisecond):
			case <-stop:
				return
			}
			packet := rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: 960 * uint32(n)}, Payload: []byte{0xf8, 0xff, 0xfe}}
			_ = track.WriteRTP(&packet) // one that is lost is one
		}
	}()
	for _, other := range others {
		other.sees(fmt.Sprint("what ", p.name, " publishes"), func(e event) bool { return e.typ == "(published)" && e.from == p.id })
	}
}
