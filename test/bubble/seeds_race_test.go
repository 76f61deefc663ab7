//go:build race

package bubble_test

const seeds = 40 // the detector makes everything slow; all of them are played without it
