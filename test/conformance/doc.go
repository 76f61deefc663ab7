// Package conformance holds a server to docs/protocol.md from the outside. It speaks only the wire and imports nothing
// of Parlor, so it can be turned on any server:
//
//	PARLOR_URL=http://localhost:8080 go test ./test/conformance
//
// The server must let everyone in. With PARLOR_KEY=name:secret it makes tokens too and tries those of a server at
// PARLOR_KEYED_URL, which takes nobody without. Without PARLOR_URL it builds parlor and starts it, once open with small
// limits and once with a key; what needs these is left out elsewhere.
package conformance
