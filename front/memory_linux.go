package front

import "golang.org/x/sys/unix"

// borrow returns memory that is not in Go's heap. Buffers for the worst burst are large and mostly never touched, yet
// the collector would let garbage grow by four times their size.
func borrow(size int) []byte {
	p, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return make([]byte, size)
	}
	return p
}

// giveBack ends the use of what was borrowed.
func giveBack(p []byte) {
	_ = unix.Munmap(p) // not if it came from the heap after all
}
