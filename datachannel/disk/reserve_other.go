//go:build !linux

package disk

import (
	"math"
	"os"
)

// reserve believes that there is room: the write will tell.
func reserve(*os.File, int64) error { return nil }

func available(string) int64 { return math.MaxInt64 }
