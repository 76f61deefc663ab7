package bubble_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

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

func (g *guest) witness() *witness { return g.saw }

func (g *guest) ready() (err error) {
	g.ask(func() {
		if g.data == nil || !g.attached || len(g.flying) > 0 || !g.view.whole() {
			err = fmt.Errorf("away %t, %d links, attached %t (gen %d), %d of %d messages on their way, at %d with %d of %d cells",
				g.away, len(g.hoses), g.attached, g.gen, len(g.flying), g.n, g.position, g.got, g.of)
		}
	})
	return err
}

func (g *guest) finish(last string) (number int) {
	g.ask(func() {
		number = g.saw.next()
		g.say(wish{typ: "draw", data: asJSON(label(g.name, number) + last)})
		g.point("", last)
	})
	return number
}

func (g *guest) knows() (roster, state string) {
	g.ask(func() {
		if g.life != nil {
			roster, state = g.view.roster(g.life.id, g.name), g.view.state()
		}
	})
	return roster, state
}

func (g *guest) hears(id string) (value string) {
	g.ask(func() {
		value = strings.Trim(g.view.lossy[id+" pen "], `"`)
	})
	return value
}

func (g *guest) id() (id string) {
	g.ask(func() {
		if g.life != nil {
			id = g.life.id
		}
	})
	return id
}

func (g *guest) here() (here bool) {
	g.ask(func() { here = !g.left })
	return here
}
