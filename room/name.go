package room

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// CheckName says whether a room's, person's or other name can be shown and logged: not empty, valid UTF-8 of at most
// limit bytes, no control characters and none that turn the direction of the text around it (they make one name
// look like another). The error wraps ErrBadName and names what.
func CheckName(what, name string, limit int) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: the %s is empty", ErrBadName, what)
	case len(name) > limit:
		return fmt.Errorf("%w: the %s is longer than %d bytes", ErrBadName, what, limit)
	case !utf8.ValidString(name):
		return fmt.Errorf("%w: the %s is not UTF-8", ErrBadName, what)
	}
	for _, r := range name {
		if unicode.IsControl(r) || isDirectional(r) || r == '\u2028' || r == '\u2029' {
			return fmt.Errorf("%w: the %s has the character %U", ErrBadName, what, r)
		}
	}
	return nil
}

// isDirectional is true of the explicit directional characters of Unicode Annex 9, section 2. The marks of section 2.6 are
// left: right-to-left names need them.
func isDirectional(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}
