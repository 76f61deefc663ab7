//go:build !race

package bubble_test

// raced says whether the race detector watches. It makes everything slow: with it less is played, and without it all.
const raced = false
