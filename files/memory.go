package files

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

// memory is a shelf that is gone with the server.
type memory struct {
	mu    sync.Mutex
	bytes map[string][]byte
}

func newMemory() *memory { return &memory{bytes: make(map[string][]byte)} }

func (m *memory) put(f File, r io.Reader) error {
	b := make([]byte, f.Size) // which was reserved, so all of them together are bounded
	if _, err := io.ReadFull(r, b); err != nil {
		return fmt.Errorf("%w: %w", ErrShort, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes[f.ID] = b
	return nil
}

func (m *memory) open(f File) (Content, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.bytes[f.ID]
	if !ok {
		return nil, ErrNotFound
	}
	return unclosed{bytes.NewReader(b)}, nil
}

func (*memory) touch(string, time.Time) {}

func (m *memory) remove(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.bytes, id)
}

type unclosed struct{ io.ReadSeeker }

func (unclosed) Close() error { return nil }
