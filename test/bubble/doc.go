// Package bubble plays whole scenes: the server as cmd/parlor wires it, clients of internal/client, TCP and UDP between
// them, all in a testing/synctest bubble. Time is the bubble's, so a scene of minutes takes a moment, and a bubble only
// ends when no goroutine of it is left. What is random comes from a seed that every scene has in its name; scheduling
// does not, so scenes assert ranges of time and exact orders.
//
// TestStorm is where nobody has written the scene: seeds draw it.
package bubble
