package files

import (
	"bytes"
	"mime"
	"strings"
)

// sniffed is how much of a file is looked at to say what it is.
const sniffed = 512

// Any is the type of a file of which nothing is known.
const Any = "application/octet-stream"

// IsPicture says whether a type is one of those pictures that a browser may show: they run nothing. SVG can, and is not among
// them.
func IsPicture(mediaType string) bool {
	switch mediaType {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return true
	}
	return false
}

// typeOf is what a file is. That of a picture is told by its first bytes, whatever its owner says; and what its owner calls a
// picture and is none has no type.
func typeOf(head []byte, declared string) string {
	switch {
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	case bytes.HasPrefix(head, []byte("GIF87a")), bytes.HasPrefix(head, []byte("GIF89a")):
		return "image/gif"
	case len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		return "image/webp"
	}
	if len(declared) > longestType {
		return Any
	}
	mediaType, _, err := mime.ParseMediaType(declared)
	if err != nil || !strings.Contains(mediaType, "/") || IsPicture(mediaType) {
		return Any
	}
	return mediaType
}

// longestType is how long a type may be.
const longestType = 100
