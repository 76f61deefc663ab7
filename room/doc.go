// Package room knows who is here, what they may do and what they publish.
//
// It ties the two planes together: a Room has a datachannel.Log, in which everything that happens gets its place in
// one order, and its participants' sfu.Peers, to each of which it says which tracks to show. It does not know how
// participants reach it: it speaks Go types, no JSON, no HTTP and no WebSocket. Whoever lets people in (a door)
// gives each a Member, and the Rooms an Encoder for what goes into the log.
//
// Lock order: Rooms, Room, then what lies below (a Peer, the Log, a door's mailbox). Under a Room's lock things are
// only edited and posted; a Peer is closed after the lock was let go, since closing waits for its goroutines, which
// may be about to report a track.
package room
