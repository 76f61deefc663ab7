// Package bench loads a room and measures what that costs: how many messages arrive, how late, in which order, and what
// the server spends on them.
//
// It knows loads, numbers and /proc; what it loads is a Target, of which Parlor, by internal/client, is one. A load has
// readers and senders. Both are participants and both get every message, but only what readers get is counted. Sender and
// time of sending stand in the message, so a load and its measuring run in one process: latency needs one clock.
package bench
