package signaling

import (
	"maps"

	"github.com/parlorhq/parlor/room"
	"github.com/parlorhq/parlor/sfu"
)

// of is what a room gets to know of a sending m-line.
func (d described) of(mid string, source room.Source, muted bool) room.Publish {
	p := room.Publish{Mid: mid, Source: source, Muted: muted, Width: d.Width, Height: d.Height}
	for _, l := range d.Layers {
		p.Layers = append(p.Layers, sfu.Encoding{RID: l.RID, Scale: l.Scale})
	}
	return p
}

func publishes(tracks []track) []room.Publish {
	out := make([]room.Publish, len(tracks))
	for i, t := range tracks {
		out[i] = t.described.of(t.Mid, t.Source, t.Muted)
	}
	return out
}

func (m *viewRequest) view() room.View {
	v := room.View{Off: m.Off, Tiles: make([]room.Tile, len(m.Tracks))}
	for i, t := range m.Tracks {
		v.Tiles[i] = room.Tile{Track: t.ID, Width: t.Width, Height: t.Height, Pinned: t.Pin}
	}
	return v
}

func qualityWord(q sfu.Quality) string {
	switch q {
	case sfu.QualityGood:
		return "good"
	case sfu.QualityPoor:
		return "poor"
	default:
		return "lost"
	}
}

func (c *client) tellSlots(rev uint64, slots []room.Slot) {
	c.signalState("slots", slotsNotice{T: "slots", Rev: rev, Slots: renderSlots(slots)})
}

func (c *client) tellLayers(l room.LayersWanted) {
	c.signalState("layers "+l.Mid, layersNotice{T: "layers", Mid: l.Mid, RIDs: append([]string{}, l.RIDs...)}) // [] rather than null
}

func (c *client) tellSpeakers(ids []string) {
	c.spoken = c.spoken || len(ids) > 0
	c.signalState("speakers", speakersNotice{T: "speakers", IDs: append([]string{}, ids...)})
}

// tellQualities says which have changed, and again what still waits to be said.
func (c *client) tellQualities(of map[string]sfu.Quality) {
	if c.rated == nil || !c.session.SignalWaits("quality") {
		c.rated = make(map[string]sfu.Quality, len(of))
	}
	maps.Copy(c.rated, of)
	n := qualityNotice{T: "quality", Of: make(map[string]string, len(c.rated))}
	for id, q := range c.rated {
		n.Of[id] = qualityWord(q)
	}
	c.signalState("quality", n)
}

// tellMoment says what stands in no log, to a client that may have missed it. That nobody speaks is news to one who may
// have been away while they fell silent.
func (c *client) tellMoment(m room.Moment) {
	if c.spoken || len(m.Speakers) > 0 {
		c.tellSpeakers(m.Speakers)
	}
	if len(m.Qualities) > 0 {
		c.tellQualities(m.Qualities)
	}
	if c.knocks || len(m.Waiting) > 0 {
		c.tellWaiting(m.Waiting)
	}
	for _, l := range m.Layers {
		c.tellLayers(l)
	}
}
