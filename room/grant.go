package room

import (
	"slices"
	"strings"
)

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
	// SendTypes limits Data to messages of these types, and WriteState to keys of the state that begin with one of these. Nil
	// means all that Data allows; empty means none.
	SendTypes, WriteState []string
	// Knock says whether its bearer waits to be let in; nil: as the room has it.
	Knock *bool
}

// Everything is the grant of somebody nothing is kept from but administration.
func Everything() Grant {
	return Grant{Publish: true, Subscribe: true, Data: true}
}

func (g Grant) mayPublish(s Source) bool {
	return g.Publish && (len(g.Sources) == 0 || slices.Contains(g.Sources, s))
}

func (g Grant) maySend(kind string) bool {
	return g.Data && (g.SendTypes == nil || slices.Contains(g.SendTypes, kind))
}

// MaySay says whether others may get to know anything by g: messages of some type, or some of the state.
func (g Grant) MaySay() bool {
	return g.Data && (g.SendTypes == nil || g.WriteState == nil || len(g.SendTypes)+len(g.WriteState) > 0)
}

func (g Grant) mayWrite(key string) bool {
	return g.Data && (g.WriteState == nil || slices.ContainsFunc(g.WriteState, func(prefix string) bool {
		return strings.HasPrefix(key, prefix)
	}))
}
