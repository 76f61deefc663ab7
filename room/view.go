package room

import "fmt"

// View is what a participant's page shows: all of it, each time.
type View struct {
	// Tiles are the pictures it shows, best first; others are not sent.
	Tiles []Tile
	// Off are tracks of either kind that are never to be sent.
	Off []string
}

// Tile is a place in which a track is shown.
type Tile struct {
	Track         string
	Width, Height int // in pixels of the screen; 0: not known
	Pinned        bool
}

// What a View may name.
const (
	maxTiles   = 100
	maxOff     = 500
	maxTrackID = 64 // bytes
)

// view is a View that was taken.
type view struct {
	tiles []Tile
	names map[string]bool // of tiles
	off   map[string]bool
}

// newView checks a View and takes it in. A track that is named twice counts once.
func newView(v View) (*view, error) {
	if len(v.Tiles) > maxTiles || len(v.Off) > maxOff {
		return nil, fmt.Errorf("%w: a view names at most %d tracks, and %d that are off", ErrTooMuch, maxTiles, maxOff)
	}
	out := &view{names: make(map[string]bool, len(v.Tiles)), off: make(map[string]bool, len(v.Off))}
	for _, id := range v.Off {
		if id == "" || len(id) > maxTrackID {
			return nil, fmt.Errorf("%w: a track's id has 1 to %d bytes", ErrOutOfRange, maxTrackID)
		}
		out.off[id] = true
	}
	for _, t := range v.Tiles {
		switch {
		case t.Track == "" || len(t.Track) > maxTrackID:
			return nil, fmt.Errorf("%w: a track's id has 1 to %d bytes", ErrOutOfRange, maxTrackID)
		case t.Width < 0 || t.Width > maxPixels || t.Height < 0 || t.Height > maxPixels:
			return nil, fmt.Errorf("%w: a place has up to %d pixels each way", ErrOutOfRange, maxPixels)
		}
		if !out.names[t.Track] {
			out.names[t.Track] = true
			out.tiles = append(out.tiles, t)
		}
	}
	return out, nil
}

// shows says whether a picture is to be sent; nobody's view shows all.
func (v *view) shows(track string) bool { return v == nil || v.names[track] && !v.off[track] }

// isOff says whether a track is never to be sent.
func (v *view) isOff(track string) bool { return v != nil && v.off[track] }

// SetView says what p's page shows from now on. Tracks that are not there are waited for. It holds for as long as p is
// in the room, whatever becomes of its Peer.
//
// Errors: ErrTooMuch, ErrOutOfRange.
func (p *Participant) SetView(v View) error {
	taken, err := newView(v)
	if err != nil {
		return err
	}
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	p.view = taken
	p.room.showToLocked(p)
	return nil
}
