package client

import (
	"context"
	"slices"
)

// View is what a page shows: all of it, each time.
type View struct {
	Tracks []Tile   `json:"tracks"` // pictures, best first; others are not sent
	Off    []string `json:"off,omitempty"`
}

// Tile is where a picture is shown.
type Tile struct {
	ID     string `json:"id"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Pin    bool   `json:"pin,omitempty"`
}

// Size is how a track is published.
type Size struct {
	Width  int     `json:"width,omitempty"`
	Height int     `json:"height,omitempty"`
	Layers []Layer `json:"layers,omitempty"`
}

// Layer is one of the encodings of a track.
type Layer struct {
	RID   string  `json:"rid"`
	Scale float64 `json:"scale"`
}

// View says what is shown from now on.
func (c *Client) View(ctx context.Context, v View) error {
	if v.Tracks == nil {
		v.Tracks = []Tile{}
	}
	return c.do(ctx, func() error {
		c.signal(encode(viewFrame{"view", v}))
		return nil
	})
}

// Mute mutes what somebody else publishes, or takes that back.
func (c *Client) Mute(ctx context.Context, participant, track string, muted bool) error {
	return c.do(ctx, func() error {
		c.signal(encode(muteFrame{"mute", participant, track, muted}))
		return nil
	})
}

// Speakers are the ids of those who speak, the loudest first.
func (c *Client) Speakers() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.speakers
}

// takeMoment takes what is so just now.
func (c *Client) takeMoment(m *inbound) {
	switch m.T {
	case "speakers":
		c.look(func() { c.speakers = slices.Clone(m.IDs) })
		if c.opt.OnSpeakers != nil {
			c.opt.OnSpeakers(m.IDs)
		}
	case "quality":
		if c.opt.OnQuality != nil {
			c.opt.OnQuality(m.Of)
		}
	case "layers":
		if c.opt.OnLayers != nil {
			c.opt.OnLayers(m.Mid, m.RIDs)
		}
	}
}
