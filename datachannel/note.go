package datachannel

// epochsKey is the row of TableMeta that is the log's own. All others are notes.
const epochsKey = "epochs"

// Note is a row that is kept with a log for its owner, to be written together with an entry. The log does not know what it says.
func Note(room, name string, value []byte) Row {
	return Row{Room: room, Table: TableMeta, Key: []byte("note " + name), Value: value}
}

// Note is what the store had under a name when the log was read; nil: nothing.
func (l *Log) Note(name string) []byte { return l.notes["note "+name] }
