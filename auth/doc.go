// Package auth decides what the bearer of a token may do. A token is a JWT in the shape that LiveKit's server
// SDKs mint, so those SDKs, in any language, can mint Parlor's tokens.
//
// It knows keys, tokens and the time it is given. It does not know rooms, connections or HTTP, and it never sends a
// request: whatever a token says of where its key might be found is ignored. A token is checked in bounded time and
// memory, because anybody may send one.
package auth
