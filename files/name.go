package files

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// nameBytes is the longest name: what the file systems of those who save it take.
const nameBytes = 200

// nameless is what a file is called that has no name.
const nameless = "file"

// CleanName makes a name that can be shown and saved anywhere, of whatever its owner calls a file: one line of UTF-8
// that goes one way, without characters that mean something to a file system, and not too long; the ending stays.
func CleanName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '\u200c' || r == '\u200d':
			return r // Persian and families of emoji are written with them, and nothing turns around
		case r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r):
			return -1 // what turns writing around is among them: "gpj.exe" could be shown as "exe.jpg"
		case strings.ContainsRune(`/\:*?"<>|`, r):
			return '_'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, name)
	name = strings.Trim(clipName(strings.Trim(name, " .")), " .")
	if name == "" {
		return nameless
	}
	return name
}

// longestEnding is how much of a name that is too long is kept behind its last dot.
const longestEnding = 16

func clipName(name string) string {
	if len(name) <= nameBytes {
		return name
	}
	ending := ""
	if dot := strings.LastIndexByte(name, '.'); dot > 0 && len(name)-dot <= longestEnding {
		ending = name[dot:]
	}
	end := nameBytes - len(ending)
	for !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end] + ending
}
