//go:build !race

package bandwidth

const seeds = 24
