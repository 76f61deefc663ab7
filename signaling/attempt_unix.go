//go:build unix

package signaling

import (
	"os"
	"syscall"
)

// mayAttempt says whether attempts are known here.
const mayAttempt = true

func (a *attempt) run(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), a.b)
		switch {
		case err == nil:
			a.n = n
		case err == syscall.EINTR:
			continue
		case err != syscall.EAGAIN:
			a.err = os.NewSyscallError("write", err)
		}
		return true
	}
}
