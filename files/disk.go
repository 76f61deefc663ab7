package files

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"
)

// disk is a shelf in a directory. A file there is called as its id and has one line of JSON, a File, and then its bytes. It was
// last asked for when it was last changed. One that is on its way has another name.
type disk struct {
	dir string
	log zerolog.Logger
}

const (
	onItsWay = ".part"
	idBytes  = 26 // rand.Text's
	// headBytes bounds the line of JSON: names and types have limits, and rooms' too.
	headBytes = 8 << 10
)

// openDisk makes the directory if need be, and says what is in it. What did not come whole is removed, and so is what cannot
// be read.
func openDisk(dir string, log zerolog.Logger) (*disk, []*kept, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	d := &disk{dir, log}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	var found []*kept
	for _, e := range entries {
		id, part := strings.CutSuffix(e.Name(), onItsWay)
		if !isID(id) {
			continue // not ours
		}
		var k *kept
		if !part {
			if k, err = d.read(id); err != nil {
				log.Warn().Err(err).Str("file", e.Name()).Msg("a file could not be read and is removed")
			}
		}
		if k == nil {
			d.removeName(e.Name())
			continue
		}
		found = append(found, k)
	}
	return d, found, nil
}

// isID says whether a word has the shape of an id.
func isID(s string) bool {
	return len(s) == idBytes && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

func (d *disk) path(name string) string { return filepath.Join(d.dir, name) }

func (d *disk) read(id string) (*kept, error) {
	c, err := d.content(id)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	info, err := c.file.Stat()
	switch {
	case err != nil:
		return nil, err
	case c.head.ID != id || c.head.Size <= 0 || info.Size() != c.begin+c.head.Size:
		return nil, errors.New("it is not whole")
	}
	return &kept{File: c.head, used: info.ModTime(), touched: info.ModTime()}, nil
}

// content is an open file, from behind its first line.
type content struct {
	*io.SectionReader
	file  *os.File
	head  File
	begin int64
}

func (c *content) Close() error { return c.file.Close() }

func (d *disk) content(id string) (c *content, err error) {
	file, err := os.Open(d.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	line, err := bufio.NewReaderSize(file, headBytes).ReadSlice('\n')
	if err != nil {
		return nil, fmt.Errorf("first line: %w", err)
	}
	c = &content{file: file, begin: int64(len(line))}
	if err = json.Unmarshal(line, &c.head); err != nil {
		return nil, fmt.Errorf("first line: %w", err)
	}
	c.SectionReader = io.NewSectionReader(file, c.begin, c.head.Size)
	return c, nil
}

func (d *disk) open(f File) (Content, error) {
	c, err := d.content(f.ID)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (d *disk) put(f File, r io.Reader) (err error) {
	head, err := json.Marshal(f)
	if err != nil {
		return err
	}
	name := d.path(f.ID + onItsWay)
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fullOr(err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(name)
		}
	}()
	from := &source{r: r}
	_, err = file.Write(append(head, '\n'))
	if err == nil {
		_, err = io.CopyN(file, from, f.Size)
	}
	if err == nil {
		err = file.Sync() // or a name without its bytes could be what a power failure leaves
	}
	err = errors.Join(err, file.Close())
	switch {
	case err != nil && from.err != nil && errors.Is(err, from.err):
		return fmt.Errorf("%w: %w", ErrShort, from.err)
	case err != nil:
		return fullOr(err)
	}
	return os.Rename(name, d.path(f.ID))
}

// source remembers that it was reading that failed, not writing.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil {
		s.err = err
	}
	return n, err
}

// fullOr says of a disk's error whether there is no room on it.
func fullOr(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

func (d *disk) touch(id string, now time.Time) {
	_ = os.Chtimes(d.path(id), time.Time{}, now) // it may be gone
}

func (d *disk) remove(id string) { d.removeName(id) }

func (d *disk) removeName(name string) {
	if err := os.Remove(d.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.log.Error().Err(err).Msg("file not removed")
	}
}
