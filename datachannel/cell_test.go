package datachannel

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
)

func TestEncodeCells(t *testing.T) {
	for want, c := range map[string]*Cell{
		`{"k":"shapes/1","v":{"x":1},"o":7}`:                            {Key: "shapes/1", Value: json.RawMessage(`{"x":1}`), Offset: 7},
		`{"k":"own/hand/p_Rk2m","v":true,"o":9,"by":"p_Rk2m"}`:          {Key: "own/hand/p_Rk2m", Value: json.RawMessage(`true`), Offset: 9, By: "p_Rk2m"},
		`{"k":"a\"b","del":true,"o":12}`:                                {Key: `a"b`, Offset: 12},
		`{"k":"ver/1","v":[],"ver":7,"nonce":3,"o":9007199254740991}`:   {Key: "ver/1", Value: json.RawMessage(`[]`), Version: 7, Nonce: 3, Offset: maxNumber},
		`{"k":"ver/1","del":true,"ver":0,"nonce":3,"o":1}`:              {Key: "ver/1", Nonce: 3, Offset: 1},
		`{"k":"ttl/1","v":null,"o":1}`:                                  {Key: "ttl/1", Value: json.RawMessage(`null`), Offset: 1, Expires: 5},
		`{"k":"` + "\u2028" + `","v":"` + "\u2028" + `","ver":1,"o":1}`: {Key: "\u2028", Value: json.RawMessage("\"\u2028\""), Offset: 1, Version: 1},
	} {
		if got := appendCell(nil, c); string(got) != want {
			t.Errorf("%s, want %s", got, want)
		}
		row := marshalCell([]byte("x"), c)
		got, err := unmarshalCell(c.Key, row[1:])
		if err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("%s: %+v, %v", want, got, err)
		}
	}
	two := []*Cell{{Key: "a", Value: json.RawMessage(`1`), Offset: 5, By: "p"}, {Key: "b", Offset: 5}}
	if got := appendOps(nil, two); string(got) != `[{"k":"a","v":1},{"k":"b","del":true}]` {
		t.Errorf("%s", got)
	}
	if got := appendOps(nil, nil); string(got) != `[]` {
		t.Errorf("%s", got)
	}
}

func TestUnmarshalCellIsStrict(t *testing.T) {
	for name, row := range map[string]string{
		"empty":               "",
		"only a format":       "\x01",
		"another format":      "\x02\x01\x011",
		"no offset":           "\x01\x00",
		"offset 0":            "\x01\x01\x001",
		"a long offset":       "\x01\x01\x81\x001",
		"an endless offset":   "\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"an unknown flag":     "\x01\x11\x011",
		"no value":            "\x01\x01\x01",
		"not JSON":            "\x01\x01\x01{",
		"two values":          "\x01\x01\x011 2",
		"not UTF-8":           "\x01\x01\x01\"\xff\"",
		"a tombstone's value": "\x01\x00\x011",
		"an owner cut":        "\x01\x03\x01\x05p1",
		"an empty owner":      "\x01\x03\x01\x001",
		"no version":          "\x01\x05\x01\x00\x001",
		"no time":             "\x01\x09\x01\x001",
	} {
		if c, err := unmarshalCell("k", []byte(row)); !errors.Is(err, errBadCell) || c != nil {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	if c, err := unmarshalCell("", []byte("\x01\x01\x011")); !errors.Is(err, errBadCell) || c != nil {
		t.Errorf("without a key: %+v, %v", c, err)
	}
}

// FuzzUnmarshalCell: what is taken is written the same again, and is JSON on the wire.
func FuzzUnmarshalCell(f *testing.F) {
	f.Add("k", marshalCell(nil, &Cell{Value: json.RawMessage(`{"x":1}`), Offset: 300, By: "p", Version: 7, Nonce: 3, Expires: 1 << 60}))
	f.Add("k", marshalCell(nil, &Cell{Offset: 1}))
	f.Fuzz(func(t *testing.T, key string, row []byte) {
		c, err := unmarshalCell(key, row)
		if err != nil {
			return
		}
		if again := marshalCell(nil, c); !bytes.Equal(again, row) {
			t.Fatalf("%x became %x", row, again)
		}
		if out := appendCell(nil, c); !json.Valid(out) {
			t.Fatalf("not JSON: %s", out)
		}
	})
}
