// Package peerjs is the door for clients of PeerJS, as they are: it speaks the language of PeerServer (npm `peer` 1.0.2), by
// which two pages that know each other's id exchange offers, answers and candidates, and then talk to each other directly.
//
// It knows ids, who has which, and what waits for whom. It knows no rooms, no media and nothing of what an offer says.
//
// Answers are PeerServer's to the byte. Where it differs it is on purpose: who comes again with the id and the token it had is
// greeted again, and its old connection closed; everything that a client sends or leaves behind is bounded; ids can be kept for who
// has a token of ours (see Config).
package peerjs
