package datachannel

// ask is rows that somebody wants written together: with an entry of a log, or as soon as that can be.
type ask struct {
	rows   []Row
	log    *Log // nil: they go with no entry
	offset uint64
	wait   chan error // hears what became of it; nil: nobody waits
}

// tell tells who waits what became of a.
func (a *ask) tell(err error) {
	if a.wait != nil {
		a.wait <- err // has room for it
		a.wait = nil
	}
}

// asks are in the order in which they were asked. Rows of the same thing are written in that order, whichever way they
// go and however much waits before one of them: who asked last wins.
type asks []ask

// take takes out what can be written with parts: what goes with no entry, or with one that is among them. What was asked
// after something that cannot be written yet, and is of the same thing, waits for that.
func (a *asks) take(parts []part) (taken []ask) {
	if len(*a) == 0 {
		return nil
	}
	left := asks{}
	upTo := make(map[*Log]uint64, len(parts))
	for _, p := range parts {
		upTo[p.log] = p.upTo
	}
	waits := map[thing]bool{}
	for _, one := range *a {
		due := one.log == nil || one.offset <= upTo[one.log]
		for _, r := range one.rows {
			due = due && !waits[thingOf(r)]
		}
		if due {
			taken = append(taken, one)
			continue
		}
		left = append(left, one)
		for _, r := range one.rows {
			waits[thingOf(r)] = true
		}
	}
	*a = left
	return taken
}

// thing is what a row is of.
type thing struct {
	room  string
	table Table
	key   string
}

func thingOf(r Row) thing { return thing{r.Room, r.Table, string(r.Key)} }
