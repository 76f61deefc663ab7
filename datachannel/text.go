package datachannel

import "unicode/utf8"

// inside is what an object has between its braces.
func inside(object []byte) []byte {
	for len(object) > 0 && isSpace(object[0]) {
		object = object[1:]
	}
	for len(object) > 0 && isSpace(object[len(object)-1]) {
		object = object[:len(object)-1]
	}
	if len(object) < 2 || object[0] != '{' {
		return nil
	}
	object = object[1 : len(object)-1]
	for len(object) > 0 && isSpace(object[0]) {
		object = object[1:]
	}
	return object
}

// appendString appends s as a JSON string. What is not UTF-8 becomes U+FFFD: a text frame with anything else in it
// would make browsers close the link.
func appendString(buf []byte, s string) []byte {
	const hex = "0123456789abcdef"
	buf = append(buf, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			buf = append(buf, '\\', c)
		case c < 0x20:
			buf = append(buf, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			buf = append(buf, c)
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			buf = utf8.AppendRune(buf, r)
			i += size
			continue
		}
		i++
	}
	return append(buf, '"')
}
