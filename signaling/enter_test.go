package signaling

import (
	"fmt"
	"sync"
	"testing"
)

// Two joins of one attempt at the same time: one takes the other's place, and neither sees the other half made. It is the
// race detector that fails it.
func TestOneAttemptTwiceAtOnce(t *testing.T) {
	s := newSite(t, Config{}, false)
	for round := range 8 {
		join := fmt.Sprintf(`{"t":"join","room":"demo %d","name":"Ada","attempt":"0123456789abcdef"}`, round)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, err := s.h.enter([]byte(join), ""); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
}
