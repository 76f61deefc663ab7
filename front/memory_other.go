//go:build !linux

package front

func borrow(size int) []byte { return make([]byte, size) }

func giveBack([]byte) {}
