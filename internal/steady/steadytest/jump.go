// Package steadytest sets clocks, for tests of what must not mind.
package steadytest

import (
	"time"
	"unsafe"
)

// Jump is t on a machine whose clock was put forward by whole seconds (or back) since it was started. The monotonic
// reading stays. There is no other way to make such a time than by its bits: package time says how they are laid out.
func Jump(t time.Time, d time.Duration) time.Time {
	const (
		monotonic = 1 << 63 // there is a reading, and 33 bits of seconds before 30 of nanoseconds
		nanoBits  = 30
	)
	wall := (*uint64)(unsafe.Pointer(&t))
	if *wall&monotonic == 0 {
		panic("steadytest: a time without a monotonic reading")
	}
	*wall += uint64(int64(d/time.Second)) << nanoBits
	return t
}
