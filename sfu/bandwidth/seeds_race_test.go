//go:build race

package bandwidth

const seeds = 3 // the detector makes everything slow, and there is one goroutine
