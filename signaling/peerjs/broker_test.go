package peerjs

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// page is an outlet that remembers what it was told.
type page struct {
	got   []string
	deaf  bool
	ended bool
}

func (p *page) send(frame []byte) bool {
	if p.deaf {
		return false
	}
	p.got = append(p.got, string(frame))
	return true
}

func (p *page) end() { p.ended = true }

// wants fails unless the page was told just this since it was last asked.
func (p *page) wants(t *testing.T, frames ...string) {
	t.Helper()
	if !slices.Equal(p.got, frames) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(p.got, "\n"), strings.Join(frames, "\n"))
	}
	p.got = nil
}

// desk is a broker and its clock.
type desk struct {
	*broker
	t       *testing.T
	now     time.Time
	dropped map[string]int
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, now: time.Unix(1_800_000_000, 0), dropped: map[string]int{}}
	d.broker = newBroker(limits{
		clients: 3, silence: silence, expiry: expiry, waiting: 3, bytes: 400, totalBytes: 600,
	}, func(reason string) { d.dropped[reason]++ })
	return d
}

// enters is one who comes, and is greeted.
func (d *desk) enters(id string) (*member, *page) {
	d.t.Helper()
	p := &page{}
	m, err := d.enter(id, "token of "+id, p, d.now)
	if err != nil {
		d.t.Fatal(err)
	}
	if len(p.got) == 0 || p.got[0] != open {
		d.t.Fatalf("%s was not greeted: %v", id, p.got)
	}
	p.got = p.got[1:]
	return m, p
}

func (d *desk) says(m *member, frame string) {
	d.t.Helper()
	in, ok := decode([]byte(frame))
	if !ok {
		d.t.Fatal("not a message:", frame)
	}
	d.take(m, in, d.now)
}

func (d *desk) later(by time.Duration) {
	d.now = d.now.Add(by)
	d.sweep(d.now)
}

const open = `{"type":"OPEN"}`

func TestWhatIsHandedOnSaysWhoSentIt(t *testing.T) {
	d := newDesk(t)
	ada, _ := d.enters("ada")
	_, ben := d.enters("ben")
	for _, k := range []string{"OFFER", "ANSWER", "CANDIDATE", "LEAVE", "EXPIRE"} {
		d.says(ada, `{"type":"`+k+`","payload":{"sdp":{"type":"offer","sdp":"v=0\r\n<&>"},"metadata":null},"dst":"ben","src":"eve","more":1}`)
		ben.wants(t, `{"type":"`+k+`","src":"ada","dst":"ben","payload":{"sdp":{"type":"offer","sdp":"v=0\r\n<&>"},"metadata":null}}`)
	}
	d.says(ada, `{"type":"LEAVE","dst":"ben"}`)
	ben.wants(t, `{"type":"LEAVE","src":"ada","dst":"ben"}`)
}

func TestWhatIsNoMessageIsDropped(t *testing.T) {
	d := newDesk(t)
	ada, page := d.enters("ada")
	_, ben := d.enters("ben")
	for _, frame := range []string{
		`{"type":"OPEN","dst":"ben"}`, `{"type":"ID-TAKEN","dst":"ben"}`, `{"type":"ERROR","dst":"ben"}`, `{"type":"nonsense","dst":"ben"}`,
		`{"type":"","dst":"ben"}`, `{}`, `{"type":"OFFER"}`, `{"type":"OFFER","dst":""}`,
	} {
		d.says(ada, frame)
	}
	ben.wants(t)
	page.wants(t)
	for _, frame := range []string{``, `no JSON`, `[]`, `"OFFER"`, `{"type":7}`, `{"type":"OFFER","dst":["ben"]}`, `{"type":"OFFER","dst":"ben"`} {
		if _, ok := decode([]byte(frame)); ok {
			t.Errorf("%s is taken for a message", frame)
		}
	}
}

func TestAnIDIsOneClients(t *testing.T) {
	d := newDesk(t)
	ada, first := d.enters("ada")
	if _, err := d.enter("ada", "another token", &page{}, d.now); !errors.Is(err, errTaken) {
		t.Errorf("somebody else with the id: %v", err)
	}
	// PeerServer says nothing here, and a client that comes again waits for OPEN for ever.
	again, second := d.enters("ada")
	if !first.ended || second.ended {
		t.Error("the former connection is not the one that ends")
	}
	d.leave(ada) // it hears of its end later
	_, ben := d.enters("ben")
	d.says(ada, `{"type":"OFFER","dst":"ben"}`)
	ben.wants(t)
	d.says(again, `{"type":"OFFER","dst":"ben"}`)
	ben.wants(t, `{"type":"OFFER","src":"ada","dst":"ben"}`)
	d.says(again, `{"type":"LEAVE"}`)
	if !second.ended || !slices.Equal(d.ids(), []string{"ben"}) {
		t.Error("who leaves is still here", d.ids())
	}
	if _, err := d.enter("ada", "another token", &page{}, d.now); err != nil {
		t.Errorf("the id is free: %v", err)
	}
	d.enters("cal")
	if _, err := d.enter("dan", "", &page{}, d.now); !errors.Is(err, errLimit) {
		t.Errorf("one too many: %v", err)
	}
}

func TestMessagesWaitFiveSeconds(t *testing.T) {
	d := newDesk(t)
	ada, page := d.enters("ada")
	d.says(ada, `{"type":"OFFER","dst":"ben","payload":1}`)
	d.later(expiry - 1)
	d.says(ada, `{"type":"CANDIDATE","dst":"ben","payload":2}`)
	d.says(ada, `{"type":"LEAVE","dst":"ben"}`) // does not wait
	d.says(ada, `{"type":"EXPIRE","dst":"ben"}`)
	m, ben := d.enters("ben")
	ben.wants(t, `{"type":"OFFER","src":"ada","dst":"ben","payload":1}`, `{"type":"CANDIDATE","src":"ada","dst":"ben","payload":2}`)
	d.leave(m)

	d.says(ada, `{"type":"OFFER","dst":"ben"}`)
	d.says(ada, `{"type":"CANDIDATE","dst":"ben"}`)
	d.later(expiry - 1)
	page.wants(t)
	d.later(1)
	page.wants(t, `{"type":"EXPIRE","src":"ben","dst":"ada"}`)
	if d.queued != 0 || len(d.queues) != 0 {
		t.Errorf("%d bytes are left in %d queues", d.queued, len(d.queues))
	}
	_, ben = d.enters("ben")
	ben.wants(t)
}

func TestWhatWaitsIsBounded(t *testing.T) {
	d := newDesk(t)
	ada, _ := d.enters("ada")
	offer := func(dst string, size int) {
		d.says(ada, fmt.Sprintf(`{"type":"OFFER","dst":%q,"payload":%q}`, dst, strings.Repeat("x", size)))
	}
	for range 5 {
		offer("many", 10)
	}
	if got := len(d.queues["many"].frames); got != 3 || d.dropped["peerjs_queue"] != 2 {
		t.Errorf("%d messages wait, %v", got, d.dropped)
	}
	offer("large", 400)
	if d.queues["large"] != nil {
		t.Error("too much waits for one")
	}
	offer("large", 300)
	offer("another", 300)
	if d.queues["large"] == nil || d.queues["another"] != nil || d.queued > d.limits.totalBytes {
		t.Errorf("%d bytes wait for all", d.queued)
	}
}

func TestWhoDoesNotReadIsLetGo(t *testing.T) {
	d := newDesk(t)
	ada, page := d.enters("ada")
	_, ben := d.enters("ben")
	ben.deaf = true
	d.says(ada, `{"type":"OFFER","dst":"ben"}`)
	page.wants(t, `{"type":"LEAVE","src":"ben","dst":"ada"}`)
	if !ben.ended || len(d.ids()) != 1 {
		t.Error("it is still here")
	}
}

func TestSilenceEndsAClient(t *testing.T) {
	d := newDesk(t)
	ada, page := d.enters("ada")
	d.enters("ben")
	for range 10 {
		d.later(silence / 2)
		d.says(ada, `{"type":"HEARTBEAT"}`)
	}
	page.wants(t)
	if ids := d.ids(); !slices.Equal(ids, []string{"ada"}) {
		t.Errorf("here are %v", ids)
	}
}

func TestRefusals(t *testing.T) {
	for text, want := range map[string]string{
		string(refusal(kindError, textParameters)): `{"type":"ERROR","payload":{"msg":"No id, token, or key supplied to websocket server"}}`,
		string(refusal(kindError, textKey)):        `{"type":"ERROR","payload":{"msg":"Invalid key provided"}}`,
		string(refusal(kindError, textLimit)):      `{"type":"ERROR","payload":{"msg":"Server has reached its concurrent user limit"}}`,
		string(refusal(kindTaken, textTaken)):      `{"type":"ID-TAKEN","payload":{"msg":"ID is taken"}}`,
	} {
		if text != want {
			t.Errorf("%s, want %s", text, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"type":"OFFER","dst":"ben","payload":{"a":[1,{"b":null}]}}`))
	f.Add([]byte(`{"type":"LEAVE"}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		m, ok := decode(frame)
		if !ok {
			return
		}
		if out := encode(m); !json.Valid(out) {
			t.Errorf("%q becomes %q", frame, out)
		}
	})
}
