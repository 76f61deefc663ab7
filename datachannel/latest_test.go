package datachannel

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlorhq/parlor/internal/metrics"
)

func cursorAt(from, key string, x int) Lossy {
	return Lossy{From: from, Type: "cursor", Key: key, Data: json.RawMessage(fmt.Sprint(x))}
}

// heard is what a frame of lossy messages says, as `from/key=data`.
func heard(t *testing.T, frame []byte, isBinary bool) []string {
	t.Helper()
	var payload []byte
	if isBinary {
		size, n := binary.Uvarint(frame[1:])
		if frame[0] != frameWithBytes || n <= 0 {
			t.Fatalf("not a frame with bytes: %q", frame)
		}
		frame, payload = frame[1+n:1+n+int(size)], frame[1+n+int(size):]
	}
	if frame[0] != '[' {
		frame = []byte("[" + string(frame) + "]")
	}
	var all []struct {
		T, From, Type, Key string
		Data               json.RawMessage
		Bytes              *int
	}
	if err := json.Unmarshal(frame, &all); err != nil {
		t.Fatalf("%s: %v", frame, err)
	}
	var out []string
	for _, e := range all {
		if e.Bytes != nil {
			e.Data, payload = payload[:*e.Bytes], payload[*e.Bytes:]
		}
		if e.T != "e" || e.Type != "cursor" {
			t.Fatalf("%s", frame)
		}
		out = append(out, fmt.Sprintf("%s/%s=%s", e.From, e.Key, e.Data))
	}
	if len(payload) > 0 {
		t.Fatalf("%d bytes are nobody's", len(payload))
	}
	return out
}

// all is what a reader can take now.
func all(t *testing.T, r *latestReader, limit int) []string {
	t.Helper()
	var out []string
	for {
		frame, isBinary := r.appendFrame(nil, limit)
		if frame == nil {
			return out
		}
		r.took()
		out = append(out, heard(t, frame, isBinary)...)
	}
}

// waits says whether there is a timer.
func (l *Latest) waits() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.armed
}

func newcomer(l *Latest, participant string) *latestReader {
	return l.read(viewer{"s_" + participant, participant}, make(chan struct{}, 1))
}

func TestLatestWins(t *testing.T) {
	l := NewLatest(LatestConfig{})
	l.Put(cursorAt("a", "", 1))
	l.Put(cursorAt("a", "pen", 2))
	l.Put(cursorAt("b", "", 3))
	l.Put(cursorAt("a", "", 4))
	l.Put(Lossy{From: "b", Type: "cursor", Key: "to", To: []string{"c"}})
	l.Put(Lossy{From: "b", Type: "cursor", Key: "nobody", To: []string{}})
	l.Put(Lossy{From: "b", Type: "cursor", Key: "bytes", Bytes: []byte("\x00\xff"), Binary: true})
	l.Put(Lossy{From: "b", Type: "cursor", Key: "no bytes", Binary: true})
	for who, want := range map[string][]string{
		"a": {"b/=3", "b/bytes=\x00\xff", "b/no bytes="},
		"b": {"a/pen=2", "a/=4"},
		"c": {"a/pen=2", "b/=3", "a/=4", "b/to=null", "b/bytes=\x00\xff", "b/no bytes="},
		"d": {"a/pen=2", "b/=3", "a/=4", "b/bytes=\x00\xff", "b/no bytes="},
	} {
		for _, limit := range []int{1, 100, 200, 1200} {
			if got := all(t, newcomer(l, who), limit); !reflect.DeepEqual(got, want) {
				t.Errorf("%s gets %q, want %q", who, got, want)
			}
		}
	}
	l.Forget("b")
	l.Forget("nobody")
	if got := all(t, newcomer(l, "c"), 1200); !reflect.DeepEqual(got, []string{"a/pen=2", "a/=4"}) || l.Len() != 2 {
		t.Errorf("after b left: %q", got)
	}
	l.Put(cursorAt("b", "", 5))
	if got := all(t, newcomer(l, "a"), 1200); !reflect.DeepEqual(got, []string{"b/=5"}) {
		t.Errorf("after b came back: %q", got)
	}
}

func TestLatestFrames(t *testing.T) {
	l := NewLatest(LatestConfig{})
	one := func(e Lossy) string {
		l.Put(e)
		frame, _ := newcomer(l, "x").appendFrame(nil, 1200)
		l.Forget(e.From)
		return string(frame)
	}
	if got := one(Lossy{From: "p_Rk2m", Type: "cursor", Key: "pen", Data: json.RawMessage(`{"x":10,"y":20}`)}); got !=
		`{"t":"e","from":"p_Rk2m","type":"cursor","key":"pen","data":{"x":10,"y":20}}` {
		t.Error(got)
	}
	text := `{"t":"e","from":"p","type":"cursor","bytes":1}`
	want := string(appendWithBytes(nil, []byte(text), []byte{7}))
	if got := one(Lossy{From: "p", Type: "cursor", Bytes: []byte{7}, Binary: true}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for i := range 300 {
		l.Put(cursorAt(fmt.Sprint("p", i/60), fmt.Sprint(i), i))
	}
	r := newcomer(l, "x")
	frame, isBinary := r.appendFrame(nil, 1<<20)
	if n := len(heard(t, frame, isBinary)); n != maxObjects {
		t.Errorf("%d objects in a frame", n)
	}
	for _, limit := range []int{200, 1200, 5000} {
		r := newcomer(l, "x")
		for {
			frame, isBinary := r.appendFrame(nil, limit)
			if frame == nil {
				break
			}
			if len(frame) > limit || len(frame) < limit/2 && len(heard(t, frame, isBinary)) == 1 {
				t.Errorf("%d bytes, want at most %d", len(frame), limit)
			}
			r.took()
		}
	}
}

func TestLatestIsBounded(t *testing.T) {
	m := metrics.New()
	l := NewLatest(LatestConfig{Keys: 3, Slots: 5, Metrics: m})
	put := func(from string, keys int) (taken int) {
		for i := range keys {
			if l.Put(cursorAt(from, fmt.Sprint(i), 1)) {
				taken++
			}
		}
		return taken
	}
	if a, b := put("a", 4), put("b", 3); a != 3 || b != 2 || l.Len() != 5 {
		t.Errorf("took %d and %d", a, b)
	}
	if again := put("a", 3); again != 3 {
		t.Errorf("took %d of those it has", again)
	}
	if m.DroppedCount("lossy_keys") != 1 || m.DroppedCount("lossy_slots") != 1 {
		t.Errorf("dropped %v and %v", m.DroppedCount("lossy_keys"), m.DroppedCount("lossy_slots"))
	}
	l.Forget("a")
	if c := put("c", 3); c != 3 {
		t.Errorf("took %d when there was room", c)
	}
	if len(l.senders) != 2 {
		t.Errorf("%d senders", len(l.senders))
	}
}

// A reader is woken at once, then on the beat while something changes, and not at all when nothing does.
func TestLatestBeat(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := NewLatest(LatestConfig{})
		r := newcomer(l, "b")
		begin := time.Now()
		var at []time.Duration
		var got []string
		done := make(chan struct{})
		stop := make(chan struct{})
		go func() {
			defer close(done)
			for {
				select {
				case <-r.wake:
					at = append(at, time.Since(begin))
					got = append(got, all(t, r, 1200)...)
				case <-stop:
					return
				}
			}
		}()
		for i := range 120 { // a value every 8 ms
			l.Put(cursorAt("a", "", i))
			synctest.Wait()
			time.Sleep(8 * time.Millisecond)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if at[0] != 0 || at[1] != 33*time.Millisecond || len(at) < 29 || len(at) > 31 {
			t.Errorf("woken %d times: %v", len(at), at)
		}
		for i := 1; i < len(at); i++ {
			if at[i]-at[i-1] < 33*time.Millisecond {
				t.Errorf("woken at %v and %v", at[i-1], at[i])
			}
		}
		if got[0] != "a/=0" || got[len(got)-1] != "a/=119" || len(got) != len(at) {
			t.Errorf("got %q", got)
		}
		woken := len(at)
		l.Put(cursorAt("a", "", 1_000))
		synctest.Wait()
		if len(at) != woken+1 || time.Since(begin) != at[woken] {
			t.Error("after a silence it isn't woken at once")
		}
		close(stop)
		<-done
		r.close()
		l.Put(cursorAt("a", "", 1_001))
		time.Sleep(time.Second)
		if len(r.wake) > 0 || l.waits() {
			t.Error("woken after its end")
		}
	})
}

// A reader that looks oftener than the beat doesn't see a value oftener, and one that can't give away what it has is
// woken again although nothing happens.
func TestLatestReaderPace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := NewLatest(LatestConfig{})
		r := newcomer(l, "b")
		l.Put(cursorAt("a", "", 0))
		if got := all(t, r, 1200); !reflect.DeepEqual(got, []string{"a/=0"}) {
			t.Errorf("at first %q", got)
		}
		l.Put(cursorAt("a", "", 1))
		time.Sleep(32 * time.Millisecond)
		if got := all(t, r, 1200); len(got) > 0 {
			t.Errorf("before the beat %q", got)
		}
		time.Sleep(2 * time.Millisecond)
		<-r.wake
		l.Put(cursorAt("a", "", 2)) // it is late, and gets the newest
		frame, _ := r.appendFrame(nil, 1200)
		if got := heard(t, frame, false); !reflect.DeepEqual(got, []string{"a/=2"}) {
			t.Errorf("on the beat %q", got)
		}
		r.retry()
		for i := range 3 {
			time.Sleep(34 * time.Millisecond)
			select {
			case <-r.wake:
			default:
				t.Fatalf("not woken for try %d", i)
			}
			if frame, _ := r.appendFrame(nil, 1200); frame == nil {
				t.Fatalf("nothing at try %d", i)
			}
			r.retry()
		}
		r.took()
		time.Sleep(time.Second)
		if got := all(t, r, 1200); len(got) > 0 {
			t.Errorf("in the end %q", got)
		}
		if l.waits() {
			t.Error("a timer although all is said")
		}
	})
}

// Whatever readers take and don't, each sees values grow, and has the last of all in the end.
func TestLatestModel(t *testing.T) {
	for seed := range uint64(40) {
		bubble(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 7))
			l := NewLatest(LatestConfig{})
			last := map[string]int{}
			people := []string{"a", "b", "c", "d"}
			type reading struct {
				*latestReader
				who string
				saw map[string]int
				at  map[string]time.Time
			}
			var readers []*reading
			look := func(rd *reading, fail int) {
				for {
					frame, isBinary := rd.appendFrame(nil, 60+r.IntN(200))
					if frame == nil {
						return
					}
					if r.IntN(100) < fail {
						rd.retry()
						return
					}
					rd.took()
					for _, e := range heard(t, frame, isBinary) {
						name, value, _ := strings.Cut(e, "=")
						n := 0
						if _, err := fmt.Sscan(value, &n); err != nil {
							t.Fatal(err)
						}
						if n < rd.saw[name] || strings.HasPrefix(name, rd.who) {
							t.Fatalf("%s sees %s after %d", rd.who, e, rd.saw[name])
						}
						rd.saw[name], rd.at[name] = n, time.Now()
					}
				}
			}
			for i := range 2_000 {
				switch k := r.IntN(20); {
				case k < 10:
					from, key := people[r.IntN(3)], fmt.Sprint(r.IntN(5))
					e := cursorAt(from, key, i)
					if r.IntN(4) == 0 {
						e.Bytes, e.Binary = []byte(fmt.Sprint(i)), true
					}
					l.Put(e)
					last[from+"/"+key] = i
				case k == 10 && len(readers) < 6:
					who := people[r.IntN(4)]
					readers = append(readers, &reading{newcomer(l, who), who, map[string]int{}, map[string]time.Time{}})
				case k == 11 && r.IntN(8) == 0:
					who := people[r.IntN(3)]
					l.Forget(who)
					for name := range last {
						if strings.HasPrefix(name, who) {
							delete(last, name)
						}
					}
				case k < 16 && len(readers) > 0:
					look(readers[r.IntN(len(readers))], 30)
				default:
					time.Sleep(time.Duration(r.IntN(20)) * time.Millisecond)
				}
			}
			time.Sleep(40 * time.Millisecond)
			for _, rd := range readers {
				look(rd, 0)
				for name, n := range last {
					if !strings.HasPrefix(name, rd.who) && rd.saw[name] != n {
						t.Fatalf("seed %d: %s has %s=%d, want %d", seed, rd.who, name, rd.saw[name], n)
					}
				}
			}
			n := 0
			for s := l.first; s != nil; s = s.next {
				n++
			}
			if n != l.slots || n != len(last) {
				t.Fatalf("%d slots, want %d", n, len(last))
			}
		})
	}
}

func TestLatestAllocatesNothing(t *testing.T) {
	l := NewLatest(LatestConfig{Every: time.Hour})
	r := newcomer(l, "b")
	to := []string{"b"}
	e := Lossy{From: "a", Type: "cursor", Key: "pen", Data: json.RawMessage(`{"x":10,"y":20}`), To: to}
	f := Lossy{From: "a", Type: "cursor", Key: "bytes", Bytes: []byte("12345"), Binary: true}
	l.Put(e)
	l.Put(f)
	buf := make([]byte, 0, 1200)
	n := testing.AllocsPerRun(1_000, func() {
		l.Put(e)
		l.Put(f)
		r.wakeUp()
		frame, _ := r.appendFrame(buf, 1200)
		if len(frame) == 0 {
			t.Fatal("nothing")
		}
		r.took()
		if frame, _ := r.appendFrame(buf, 1200); frame != nil {
			t.Fatal("more")
		}
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestLatestNewcomerIsLinear(t *testing.T) {
	l := NewLatest(LatestConfig{Keys: 10_000})
	for i := range 10_000 {
		l.Put(cursorAt("a", fmt.Sprint(i), i))
	}
	begin := time.Now()
	got := all(t, newcomer(l, "b"), 1) // a frame each
	if len(got) != 10_000 || !slices.Contains(got, "a/9999=9999") {
		t.Errorf("%d", len(got))
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// 20 people move, 200 look: one round is what happens between two beats.
func BenchmarkLatest(b *testing.B) {
	l := NewLatest(LatestConfig{Every: time.Hour})
	var senders []Lossy
	for i := range 20 {
		senders = append(senders, Lossy{From: fmt.Sprint("p", i), Type: "cursor", Data: json.RawMessage(`{"x":10,"y":20}`)})
	}
	var readers []*latestReader
	for i := range 200 {
		readers = append(readers, newcomer(l, fmt.Sprint("p", i)))
	}
	buf := make([]byte, 0, 1200)
	b.ReportAllocs()
	sent := 0
	for b.Loop() {
		for _, e := range senders {
			l.Put(e)
			l.Put(e)
		}
		for _, r := range readers {
			r.wakeUp()
			for {
				frame, _ := r.appendFrame(buf, 1200)
				if frame == nil {
					break
				}
				sent += len(frame)
				r.took()
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(20*200), "ns/delivery")
	b.ReportMetric(float64(sent)/float64(b.N)/200, "bytes/reader")
}
