// Package bench loads a room and measures what that costs: how many messages and media packets arrive, how late, in which
// order, and what the server spends on them and on people who come.
//
// It knows loads, numbers and /proc; what it loads is a Target or, with media, a Stage, of which Parlor, by internal/client,
// is one. A load has readers and senders. Both are participants and both get every message, but only what readers get is
// counted. Publishers send packets in the shape of VP8 and Opus, which readers are shown. Who sent something and when stands
// in the message or packet, so a load and its measuring run in one process: latency needs one clock.
package bench
