package mailbox

import (
	"sync"
	"testing"
	"testing/synctest"
)

func TestOrderIsKept(t *testing.T) {
	b := New[int](3)
	for i := range 3 {
		if !b.Put(i) {
			t.Fatalf("put %d was refused", i)
		}
	}
	if b.Put(3) {
		t.Error("a full box took more")
	}
	if b.Len() != 3 {
		t.Errorf("len = %d, want 3", b.Len())
	}
	got := b.Take()
	for i, v := range got {
		if v != i {
			t.Errorf("item %d = %d", i, v)
		}
	}
	if len(got) != 3 || len(b.Take()) != 0 {
		t.Errorf("took %d, want 3 and then none", len(got))
	}
	if !b.Put(4) {
		t.Error("an emptied box refused")
	}
}

func TestClosedBoxRefuses(t *testing.T) {
	b := New[string](2)
	b.Put("kept")
	b.Close()
	if b.Put("late") {
		t.Error("a closed box took something")
	}
	if got := b.Take(); len(got) != 1 || got[0] != "kept" {
		t.Errorf("took %v, want what was there before the close", got)
	}
}

// Whatever the interleaving, the taker is woken until it has everything.
func TestNothingIsSleptThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const writers, each = 8, 500
		b := New[int](writers * each)
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for i := range each {
					b.Put(i)
				}
			})
		}
		for n := 0; n < writers*each; {
			<-b.C()
			n += len(b.Take())
		}
		wg.Wait()
	})
}
