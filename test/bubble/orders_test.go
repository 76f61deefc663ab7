package bubble_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// wish is something to be sent, by whatever client.
type wish struct {
	typ  string // of a message
	data []byte // JSON
	raw  []byte // instead
	to   []string
	ops  []op
}

// wishes is what an order has a client send. others are who is here, values what it knows of the state.
func wishes(o order, name string, number int, others map[string]string, values map[string]cell) (all []wish) {
	rng := rand.New(rand.NewPCG(o.seed, 1))
	text := func(pad int) []byte {
		defer func() { number++ }()
		return []byte(strconv.Quote(label(name, number) + strings.Repeat("x", pad)))
	}
	raw := func(size int) []byte {
		defer func() { number++ }()
		b := bytes.NewBufferString(label(name, number))
		for range size {
			b.WriteByte(byte(rng.Uint32()))
		}
		return b.Bytes()
	}
	switch o.what {
	case "say":
		for range o.n {
			all = append(all, wish{typ: []string{"draw", "chat"}[rng.IntN(2)], data: text(rng.IntN(100))})
		}
	case "tell":
		ids := byName(others)
		for range min(o.n, 4) {
			if len(ids) > 0 {
				first := rng.IntN(len(ids))
				all = append(all, wish{typ: "chat", data: text(5), to: ids[first:min(first+1+rng.IntN(2), len(ids))]})
			}
		}
	case "stray":
		all = append(all, wish{typ: "draw", data: text(3), to: []string{"p_nobody"}})
	case "bytes":
		for range min(o.n, 3) {
			all = append(all, wish{typ: "draw", raw: raw(rng.IntN(3000))})
		}
	case "large":
		if o.coin {
			all = append(all, wish{typ: "draw", data: text(60_000 + rng.IntN(120_000))})
		} else {
			all = append(all, wish{typ: "draw", raw: raw(60_000 + rng.IntN(120_000))})
		}
	case "set":
		for range min(o.n, 4) {
			var ops []op
			for range 1 + rng.IntN(3) {
				ops = append(ops, change(rng, name, number, values))
			}
			number++
			all = append(all, wish{ops: ops})
		}
	}
	return all
}

// byName are ids in an order that does not depend on the ids.
func byName(others map[string]string) []string {
	return slices.SortedFunc(maps.Keys(others), func(a, b string) int { return strings.Compare(others[a], others[b]) })
}

// change is one change of the state, as somebody would make it who knows these values.
func change(rng *rand.Rand, name string, number int, values map[string]cell) op {
	prefix := []string{"", "", "ver/", "cas/", "own/", "ttl/"}[rng.IntN(6)]
	o := op{K: prefix + string(rune('a'+rng.IntN(5)))}
	known := values[o.K]
	if rng.IntN(4) == 0 {
		o.Del = true
	} else {
		o.V = asJSON(label(name, number) + strconv.Itoa(rng.IntN(100)))
	}
	switch prefix {
	case "":
		if rng.IntN(2) == 0 {
			o.Base = known.O
		}
	case "ver/":
		o.Ver, o.Nonce = uint64(1+rng.IntN(40)), uint64(rng.IntN(3))
	case "cas/":
		o.If = &known.O
	case "ttl/":
		if !o.Del {
			o.TTL = 100 + rng.Int64N(3000)
		}
	}
	return o
}

// say puts a wish in line.
func (g *guest) say(w wish) {
	f := &flight{kind: "m", raw: w.raw}
	p := post{number: g.saw.next(), to: w.to, chat: w.typ == "chat" && w.to == nil && w.raw == nil}
	switch {
	case w.ops != nil:
		f.kind, f.body = "s", append([]byte(`,"ops":`), asJSON(w.ops)...)
	default:
		f.body = append([]byte(`,"type":`), asJSON(w.typ)...)
		if w.to != nil {
			f.body = append(append(f.body, `,"to":`...), asJSON(w.to)...)
		}
		if w.raw != nil {
			f.body = append(f.body, fmt.Sprintf(`,"bytes":%d`, len(w.raw))...)
			p.body = digest(w.raw, true)
		} else {
			f.body = append(append(f.body, `,"data":`...), w.data...)
			p.body = digest(w.data, false)
		}
	}
	f.post = g.saw.posted(p)
	g.queue(f)
	g.flush()
}

// point sends a lossy message.
func (g *guest) point(key, value string) {
	if g.data != nil {
		g.data.quickly(object{"t": "e", "type": "pen", "key": key, "data": value})
	}
}

// obey does what an order says.
func (g *guest) obey(o order) {
	if o.what != "say" && o.what != "set" {
		g.note("%s", o)
	}
	switch o.what {
	case "say", "tell", "bytes", "large", "set", "stray":
		g.ask(func() {
			for _, w := range wishes(o, g.name, g.saw.next(), g.others, g.values) {
				g.say(w)
			}
		})
	case "point":
		g.ask(func() {
			for i := range o.n {
				g.point(strconv.Itoa(i%3), strconv.Itoa(i))
			}
		})
	case "switch":
		g.ask(func() { g.move(o.kind) })
	case "double":
		g.ask(func() {
			g.move(o.kind)
			g.move(o.kind)
		})
	case "attach":
		g.ask(func() {
			if g.data != nil {
				g.attach(g.data)
			}
		})
	case "vanish", "vanish long":
		g.vanish(o)
	case "reload":
		g.reload(o)
	case "leave":
		g.leave(o)
	default:
		trouble(g.storm, g.line, o, func(d time.Duration) { g.ask(func() { g.missed(d) }) })
	}
}

// move goes on over a link of a kind.
func (g *guest) move(kind string) {
	if g.kind = kind; g.life != nil && !g.away && !g.left {
		g.dial(kind)
	}
}

// vanish has no link for a while, and comes back.
func (g *guest) vanish(o order) {
	g.ask(func() {
		g.away = true
		g.missed(o.d)
		g.hangUp()
	})
	if o.coin {
		g.line.breaks(false, false)
	}
	g.storm.later(o.d, func() { g.ask(func() { g.away = false }) })
}

// reload goes on in another session, as a page does that is loaded again. What it had not said is lost.
func (g *guest) reload(o order) {
	g.ask(func() {
		if g.life == nil || g.left || g.away {
			return
		}
		if o.coin && g.signal != nil {
			g.signal.quickly(object{"t": "leave", "return": true})
		}
	})
	g.storm.later(o.d, func() {
		g.ask(func() {
			if g.life != nil && !g.left {
				g.lose()
			}
		})
	})
}

// leave says goodbye, and is a newcomer later.
func (g *guest) leave(o order) {
	g.ask(func() {
		if g.signal != nil && !g.leaving {
			g.leaving = true
			g.signal.quickly(object{"t": "leave"})
		}
	})
	g.storm.later(o.d+3*time.Second, func() {
		g.ask(func() {
			if g.leaving {
				g.gone() // nobody answered
			}
			g.left = false
		})
	})
}

// trouble is what befalls a line.
func trouble(s *storm, l *line, o order, missed func(time.Duration)) {
	switch o.what {
	case "cut", "cut long":
		missed(o.d)
		l.set(true)
		s.later(o.d, func() { l.set(false) })
	case "mute":
		missed(o.d)
		l.stall(true, false)
		s.later(o.d, func() { l.set(false) })
	case "deaf":
		missed(o.d)
		l.stall(false, true)
		s.later(o.d, func() { l.set(false) })
	case "reset":
		l.breaks(true, true)
	case "forget":
		missed(20 * time.Second)
		l.breaks(false, false)
	case "half open":
		l.breaks(true, false)
	case "half shut":
		missed(20 * time.Second)
		l.breaks(false, true)
	case "slow":
		l.slow(time.Duration(o.n*o.n)*time.Millisecond, time.Duration(o.n*10)*time.Millisecond)
	}
}
