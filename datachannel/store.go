package datachannel

import "errors"

// ErrFull means that a Store takes no more: its disk or its allowance is used up. What was to be written is not.
var ErrFull = errors.New("the store is full")

// Table is what rows of a room have in common.
type Table uint8

// The tables of a room. Keys of entries are 8 bytes, big-endian, so that they sort by offset.
const (
	TableMeta     Table = iota + 1 // epochs, and notes of who owns the log
	TableEntries                   // the log, by offset
	TableHistory                   // messages kept for newcomers, by offset
	TableCells                     // state, by key
	TableSessions                  // sessions, by id; kept under the room "" for all rooms
	TableTaken                     // how many messages of a session were taken, by its id; also under ""
)

// Row is one thing that is kept. A nil Value deletes it.
type Row struct {
	Room  string
	Table Table
	Key   []byte
	Value []byte
}

// Store keeps rows. It is safe for concurrent use; what it is made of is its own business.
type Store interface {
	// Write makes rows durable in their order, all of them or none. It does not keep them. When it returns nil, they
	// survive the process being killed. An error that wraps ErrFull may pass when room is made.
	Write(rows []Row) error
	// Read calls f with every row of a room, by table and then by key. The row's bytes are good until f returns.
	Read(room string, f func(Row) error) error
	// Has says whether there is such a room: from its first row until it is forgotten. It costs less than reading one.
	Has(room string) (bool, error)
	// Forget deletes every row of a room.
	Forget(room string) error
	// Rooms calls f with every room there is, and when it was last written to in seconds since 1970.
	Rooms(f func(room string, used int64) error) error
	// Close writes what is to be written, and ends.
	Close() error
}
