package storetest

import (
	"errors"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/parlorhq/parlor/datachannel"
)

func put(room, k, v string) []datachannel.Row {
	return []datachannel.Row{{Room: room, Table: datachannel.TableCells, Key: []byte(k), Value: []byte(v)}}
}

func keys(t *testing.T, s *Store, room string) (all []string) {
	t.Helper()
	if err := s.Read(room, func(r datachannel.Row) error { all = append(all, string(r.Key)); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestFaults(t *testing.T) {
	s := New()
	if err := s.Write(put("r", "b", "1")); err != nil {
		t.Fatal(err)
	}
	for _, fault := range []error{datachannel.ErrFull, syscall.EIO} {
		s.Fail(fault)
		if err := s.Write(put("r", "x", "1")); !errors.Is(err, fault) {
			t.Errorf("got %v, want %v", err, fault)
		}
		if err := s.Forget("r"); !errors.Is(err, fault) {
			t.Errorf("got %v, want %v", err, fault)
		}
	}
	s.Fail(nil)
	if err := s.Write(append(put("r", "a", ""), put("", "s", "1")...)); err != nil {
		t.Fatal(err)
	}
	if got := keys(t, s, "r"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("keys %q", got)
	}
	if done, failed := s.Writes(); done != 2 || failed != 4 {
		t.Errorf("%d done and %d failed, want 2 and 4", done, failed)
	}
	after := s.Clone()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(put("r", "x", "1")); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v after Close", err)
	}
	var rooms []string
	if err := after.Rooms(func(room string, _ int64) error { rooms = append(rooms, room); return nil }); err != nil {
		t.Fatal(err)
	}
	for room, want := range map[string]bool{"r": true, "x": false} {
		if got, err := after.Has(room); got != want || err != nil {
			t.Errorf("room %q is there: %t, %v", room, got, err)
		}
	}
	if !slices.Equal(rooms, []string{"r"}) || len(keys(t, after, "r")) != 2 {
		t.Errorf("the clone has %q", rooms)
	}
}

func TestBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New()
		s.Block()
		result := make(chan error, 1)
		go func() { result <- s.Write(put("r", "a", "1")) }()
		s.Waiting(1)
		if len(keys(t, s, "r")) != 0 {
			t.Error("written while blocked")
		}
		s.Unblock()
		if err := <-result; err != nil || len(keys(t, s, "r")) != 1 {
			t.Errorf("after Unblock: %v", err)
		}
		s.Block()
		go func() { result <- s.Write(put("r", "b", "1")) }()
		synctest.Wait()
		_ = s.Close()
		if err := <-result; !errors.Is(err, ErrClosed) {
			t.Errorf("got %v from a write that waited for Close", err)
		}
	})
}
