package room

import (
	"errors"
	"testing"
	"time"

	"github.com/parlorhq/parlor/datachannel"
)

func TestDataLimitedToTypesAndKeys(t *testing.T) {
	rs, _ := newTestRooms(t, nil)
	req := request("Ada")
	req.Grant.SendTypes, req.Grant.WriteState = []string{"chat"}, []string{"hand/"}
	ada, snap, err := rs.Join(req)
	if err != nil {
		t.Fatal(err)
	}
	message := func(kind string) datachannel.Message { return datachannel.Message{Type: kind, Data: []byte(`1`)} }
	change := func(keys ...string) (m datachannel.Message) {
		for _, k := range keys {
			m.Ops = append(m.Ops, datachannel.Op{Key: k, Value: []byte(`1`)})
		}
		return m
	}
	for _, tt := range []struct {
		what string
		m    datachannel.Message
		ok   bool
	}{
		{"a type that is named", message("chat"), true},
		{"another type", message("chats"), false},
		{"a key below", change("hand/ada"), true},
		{"a key beside", change("hands/ada"), false},
		{"one key of two beside", change("hand/ada", "board/1"), false},
	} {
		err := ada.Post(tt.m, time.Now())
		refusal, refused := errors.AsType[datachannel.Refusal](err)
		if tt.ok && err != nil || !tt.ok && (!refused || refusal.Code != "not_allowed") {
			t.Errorf("%s: %v", tt.what, err)
		}
	}
	if head := snap.Log.Head(); head != 3 {
		t.Errorf("%d entries, want Ada, a message and a change", head)
	}
	ada.PostLossy(datachannel.Lossy{From: ada.ID, Type: "cursor", Data: []byte(`1`)})
	ada.PostLossy(datachannel.Lossy{From: ada.ID, Type: "chat", Data: []byte(`1`)})
	if n := rs.cfg.Metrics.DroppedCount("lossy_not_allowed"); n != 1 {
		t.Errorf("%v dropped of two lossy messages", n)
	}
}
