package room

import "errors"

// What can keep somebody out of a room or from doing something in it.
var (
	ErrNotFound           = errors.New("there is no such room")
	ErrFull               = errors.New("the room is full")
	ErrClosed             = errors.New("the room is closed")
	ErrLocked             = errors.New("the room is locked")
	ErrLobbyFull          = errors.New("too many wait to be let in")
	ErrDenied             = errors.New("nobody lets you in")
	ErrRemoved            = errors.New("you were removed from the room")
	ErrTooManyRooms       = errors.New("the server has as many rooms as it may have")
	ErrDraining           = errors.New("the server is shutting down")
	ErrBadName            = errors.New("not a usable name")
	ErrNotAllowed         = errors.New("not allowed")
	ErrTaken              = errors.New("somebody else has this place")
	ErrGone               = errors.New("the participant has left")
	ErrUnknownParticipant = errors.New("no such participant")
	ErrTooManyTracks      = errors.New("too many tracks")
	ErrBadSource          = errors.New("not a source")
	ErrTooMuch            = errors.New("more than is taken")
	ErrOutOfRange         = errors.New("out of range")
)
