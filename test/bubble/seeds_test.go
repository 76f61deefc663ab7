//go:build !race

package bubble_test

const seeds = 200
