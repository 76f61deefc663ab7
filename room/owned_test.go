package room

import (
	"errors"
	"testing"
	"time"

	"github.com/parlorhq/parlor/datachannel"
)

// Who moderates takes down what others put up, a raised hand for one, and nothing more: it stays theirs.
func TestAdminsDeleteWhatOthersOwn(t *testing.T) {
	rs, _ := newTestRooms(t, nil)
	join := func(name string, admin bool) *Participant {
		req := request(name)
		req.Grant.Admin = admin
		p, _, err := rs.Join(req)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	ada, ben, host := join("Ada", false), join("Ben", false), join("Host", true)
	const hand = "own/hand/ada"
	post := func(p *Participant, op datachannel.Op) string {
		err := p.Post(datachannel.Message{Ops: []datachannel.Op{op}, From: p.ID}, time.Now())
		if refusal, ok := errors.AsType[datachannel.Refusal](err); ok {
			return refusal.Code
		}
		if err != nil {
			t.Fatal(err)
		}
		return ""
	}
	up, down := datachannel.Op{Key: hand, Value: []byte("true")}, datachannel.Op{Key: hand, Delete: true}
	for _, step := range []struct {
		what string
		by   *Participant
		op   datachannel.Op
		code string
	}{
		{"Ada raises her hand", ada, up, ""},
		{"Ben may not lower it", ben, down, "not_allowed"},
		{"the host may not hold it up", host, up, "not_allowed"},
		{"the host lowers it", host, down, ""},
		{"nobody had it meanwhile", ben, up, ""},
		{"so it is not Ada's any more", ada, down, "not_allowed"},
	} {
		if code := post(step.by, step.op); code != step.code {
			t.Errorf("%s: %q, want %q", step.what, code, step.code)
		}
	}
}
