package bubble_test

import (
	"bytes"
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
