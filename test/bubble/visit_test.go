package bubble_test

import (
	"strings"
	"time"

	"github.com/parlorhq/parlor/internal/client"
)

// visit is what one client.Client sees.
type visit struct {
	b     *browser
	c     *client.Client
	in    chan struct{} // closed when c is known
	began time.Time
	life  int // of the server: of a snapshot that came in part, the rest is gone with the life that made it
}

func (v *visit) sees(s sight) {
	if <-v.in; v.c == nil {
		return
	}
	v.b.saw.sees(s)
}

// begin notes where a span begins.
func (v *visit) begin(epoch string, from uint64) {
	v.b.saw.begins(v.b.storm.logOf(epoch), v.c.Session().Session, v.c.You().ID, from)
}

func (v *visit) message(m client.Message) {
	s := sight{offset: m.Offset, kind: "m", from: m.From, direct: m.Direct, body: digest(m.Data, false)}
	if m.Bytes != nil {
		s.body = digest(m.Bytes, true)
	}
	v.sees(s)
}

func (v *visit) state(c client.Change) {
	if c.Snapshot || len(c.Ops) == 0 {
		return // not an entry, or one of ours that changed nothing
	}
	ops := make([]op, len(c.Ops))
	for i, o := range c.Ops {
		ops[i] = op{K: o.Key, V: o.Value, Del: o.Delete, Ver: o.Version, Nonce: o.Nonce, TTL: o.TTL}
	}
	v.sees(sight{offset: c.Offset, kind: "ops", from: c.From, body: opsText(ops)})
}

func (v *visit) event(e client.Event) {
	b := v.b
	switch e.Kind {
	case "reset":
		<-v.in
		b.storm.note(b.name, "reset: %s at %d, %d unconfirmed", e.Reason, e.Offset, e.Unconfirmed)
		if e.Reason == "session_not_found" {
			b.mu.Lock()
			if b.missing.longest <= b.storm.plan.window-15*time.Second && !b.storm.lostSince(v.began) {
				b.storm.fault("%s: the session is gone", b.name)
			}
			b.missing.longest = 0
			b.mu.Unlock()
		} else if err := b.storm.mayReset(e.Reason); err != nil && !(e.Reason == "trimmed" && b.storm.life() > v.life) {
			b.storm.fault("%s: %v", b.name, err)
		}
		v.life = b.storm.life()
		b.saw.wakes()
		v.begin(e.Epoch, e.Offset)
		return
	case "joined":
		v.sees(sight{offset: e.Offset, kind: "event", body: "joined " + e.Participant})
	case "left":
		b.mu.Lock()
		for key := range b.lossy {
			if strings.HasPrefix(key, e.Participant+" ") {
				delete(b.lossy, key)
			}
		}
		b.mu.Unlock()
		v.sees(sight{offset: e.Offset, kind: "event", body: "left " + e.Participant + " " + e.Reason})
	default:
		v.sees(sight{offset: e.Offset, kind: "event", body: e.Kind + " " + e.Participant})
	}
}

func (v *visit) pen(e client.Lossy) {
	v.b.mu.Lock()
	defer v.b.mu.Unlock()
	v.b.lossy[e.From+" "+e.Type+" "+e.Key] = string(e.Data)
}
