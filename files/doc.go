// Package files keeps what people in rooms put into them: pictures of a board, files of a chat.
//
// It knows names, bytes and the rooms they belong to, by name. It does not know who put a file there and who may, nor how
// files come and go: no HTTP, no sessions. Whoever has a file's id may have the file; ids cannot be guessed.
//
// Bounds hold at once for everybody: a file has its whole place before its first byte is taken, and gives it back if it does
// not come. Bytes are in memory, or in a directory that is this package's own: one file each, which says of itself what it is,
// and is there whole or not at all. What is in the directory outlives the server.
package files
