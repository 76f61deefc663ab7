package signaling

import (
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

func (m *viewRequest) view() room.View {
	v := room.View{Off: m.Off, Tiles: make([]room.Tile, len(m.Tracks))}
	for i, t := range m.Tracks {
		v.Tiles[i] = room.Tile{Track: t.ID, Width: t.Width, Height: t.Height, Pinned: t.Pin}
	}
	return v
}

func renderLayers(l room.LayersWanted) layersNotice {
	return layersNotice{T: "layers", Mid: l.Mid, RIDs: append([]string{}, l.RIDs...)} // [] rather than null
}

func renderSpeakers(ids []string) speakersNotice {
	return speakersNotice{T: "speakers", IDs: append([]string{}, ids...)}
}

func renderQualities(of map[string]sfu.Quality) qualityNotice {
	n := qualityNotice{T: "quality", Of: make(map[string]string, len(of))}
	for id, q := range of {
		n.Of[id] = qualityWord(q)
	}
	return n
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

func (c *client) tellSpeakers(ids []string) {
	c.spoken = c.spoken || len(ids) > 0
	c.signal(renderSpeakers(ids))
}

// tellMoment says what stands in no log, to a client that may have missed it. That nobody speaks is news to one who may
// have been away while they fell silent.
func (c *client) tellMoment(m room.Moment) {
	if c.spoken || len(m.Speakers) > 0 {
		c.tellSpeakers(m.Speakers)
	}
	if len(m.Qualities) > 0 {
		c.signal(renderQualities(m.Qualities))
	}
	for _, l := range m.Layers {
		c.signal(renderLayers(l))
	}
}
