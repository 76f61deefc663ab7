// Package interop shows that programs built on pion/webrtc v3 can take part in Parlor's rooms. It is a module of its
// own, so that v3 and its older DTLS are in nobody's build but this one's, and it shares no code with Parlor: what it
// knows is docs/protocol.md.
package interop
