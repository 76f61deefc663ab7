//go:build unix

package disk

import (
	"errors"
	"os"
	"syscall"
)

// lock takes f for this process alone, or says at once that another has it. Closing f, and dying, let it go.
func lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrInUse
	}
	return os.NewSyscallError("flock", err)
}
