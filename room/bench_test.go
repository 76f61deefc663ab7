package room

import (
	"fmt"
	"testing"
)

// BenchmarkView is one page that turns, in rooms in which everybody publishes a microphone and a camera.
func BenchmarkView(b *testing.B) {
	for _, n := range []int{100, 500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := newCrowd(b, n, 10, 25)
			pages := [2]View{}
			for i := range 25 {
				pages[0].Tiles = append(pages[0].Tiles, Tile{Track: fmt.Sprint("c", i)})
				pages[1].Tiles = append(pages[1].Tiles, Tile{Track: fmt.Sprint("c", 25+i)})
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := c.people[n-1].SetView(pages[i%2]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkListen is one look at who speaks: nobody, one after the other for a second each, and the same where everybody
// shows a page of 25.
func BenchmarkListen(b *testing.B) {
	for _, n := range []int{100, 500} {
		c := newCrowd(b, n, 10, 25)
		b.Run(fmt.Sprintf("%d silent", n), func(b *testing.B) {
			c.speak()
			b.ReportAllocs()
			for b.Loop() {
				c.hear(1)
			}
		})
		inTurn := func(b *testing.B) {
			b.ReportAllocs()
			c.shows()
			looks := 0
			for i := 0; b.Loop(); i++ {
				if i%10 == 0 {
					c.speak(i / 10 * 37 % n)
				}
				c.hear(1)
				looks++
			}
			told := 0
			for i, s := range c.screens {
				told += s.shows
				c.told[i].all = nil
			}
			b.ReportMetric(float64(told)/float64(looks), "shows/op")
		}
		b.Run(fmt.Sprintf("%d in turn", n), inTurn)
		for i, p := range c.people {
			v := View{}
			for j := range 25 {
				v.Tiles = append(v.Tiles, Tile{Track: fmt.Sprint("c", i/25*25+j)})
			}
			if err := p.SetView(v); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(fmt.Sprintf("%d in turn by page", n), inTurn)
	}
}
