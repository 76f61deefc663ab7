package disk

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"syscall"
)

const keepSize = 1 // FALLOC_FL_KEEP_SIZE

// reserve asks the file system for room. One that cannot promise any is believed to have it: the write will tell.
func reserve(f *os.File, size int64) error {
	for {
		err := syscall.Fallocate(int(f.Fd()), keepSize, 0, size)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EOPNOTSUPP), errors.Is(err, syscall.ENOSYS):
			return nil
		}
		return os.NewSyscallError("fallocate", err)
	}
}

// available is what the files in dir may take: what they have and what is free.
func available(dir string) int64 {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil || fs.Bsize <= 0 {
		return math.MaxInt64
	}
	has := int64(fs.Bavail) * fs.Bsize
	if info, err := os.Stat(filepath.Join(dir, tableName)); err == nil {
		has += info.Size()
	}
	return has
}
