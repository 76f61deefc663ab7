package sfu

import (
	"fmt"
	"io"
	"slices"
	"testing"
	"time"
)

// noted is a sink that notes what it is given, and in which order among others.
type noted struct {
	name string
	all  *[]string
}

func (n *noted) write(_ *layer, p *packet, _ *scratch, _ time.Time) {
	*n.all = append(*n.all, fmt.Sprint(n.name, p.sequence))
}
func (n *noted) follow(_, _ *layer) {}

// What is there of a picture goes out together, to one after the other; what is not there is not waited for.
func TestPacketsOfAPictureGoTogether(t *testing.T) {
	for _, tt := range []struct {
		name   string
		come   []int // so many are there, one time after the other
		expect []string
	}{
		{"one", []int{1}, []string{"a1", "b1"}},
		{"three", []int{3}, []string{"a1", "a2", "a3", "b1", "b2", "b3"}},
		{"one, then two", []int{1, 2}, []string{"a1", "b1", "a2", "a3", "b2", "b3"}},
		{"more than a hand", []int{handful + 1}, []string{
			"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8", "a9", "b9",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := testLayer(Video, "video/VP8")
			var got []string
			l.attach(&noted{"a", &got})
			l.attach(&noted{"b", &got})
			sequence, come := uint16(0), slices.Clone(tt.come)
			l.waiting = func() int { return come[0] }
			l.deadline = func(time.Time) error { return nil }
			l.read = func(b []byte) (int, error) {
				for len(come) > 0 && come[0] == 0 {
					come = come[1:]
				}
				if len(come) == 0 {
					return 0, io.EOF
				}
				come[0]--
				sequence++
				return copy(b, vp8Packet(sequence, 3000, 100, sequence == 1)), nil
			}
			l.run()
			if !slices.Equal(got, tt.expect) {
				t.Errorf("got %v, not %v", got, tt.expect)
			}
		})
	}
}
