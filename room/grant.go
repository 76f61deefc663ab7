package room

import "slices"

// Source is what a track shows or carries.
type Source string

// The sources there are.
const (
	Microphone  Source = "microphone"
	Camera      Source = "camera"
	Screen      Source = "screen"
	ScreenAudio Source = "screen_audio"
	Other       Source = "other"
)

// Valid says whether s is one of the sources there are.
func (s Source) Valid() bool {
	switch s {
	case Microphone, Camera, Screen, ScreenAudio, Other:
		return true
	}
	return false
}

// Grant is what a participant may do.
type Grant struct {
	Publish   bool
	Subscribe bool
	Data      bool
	Admin     bool
	// Sources limits what may be published; empty means all.
	Sources []Source
}

// Everything is the grant of somebody nothing is kept from but administration.
func Everything() Grant {
	return Grant{Publish: true, Subscribe: true, Data: true}
}

func (g Grant) mayPublish(s Source) bool {
	return g.Publish && (len(g.Sources) == 0 || slices.Contains(g.Sources, s))
}
