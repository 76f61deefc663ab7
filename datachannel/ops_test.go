package datachannel

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var stateDefaults = StateConfig{}.WithDefaults()

func TestDecodeOps(t *testing.T) {
	for raw, want := range map[string][]Op{
		`[{"k":"shapes/1","v":{"x":1},"base":9000}]`:                                {set("shapes/1", `{"x":1}`).based(9000)},
		`[{"k":"shapes/2","del":true,"base":8990}]`:                                 {del("shapes/2").based(8990)},
		`[{"k":"ver/1","v":[],"ver":7,"nonce":3}]`:                                  {set("ver/1", `[]`).version(7, 3)},
		`[{"k":"cas/lock","v":"p_Zt4q","if":0}]`:                                    {set("cas/lock", `"p_Zt4q"`).when(0)},
		`[{"k":"ttl/typing/p_Zt4q","v":true,"ttl":3000}]`:                           {set("ttl/typing/p_Zt4q", `true`).lives(3 * time.Second)},
		`[{"k":"x","v":null},{"del":true,"k":"y"}]`:                                 {set("x", `null`), del("y")},
		" [ { \"\\u006b\" : \"a\\nb\" ,\t\"v\" : [ 1 , 2 ] } ] ":                    {set("a\nb", `[ 1 , 2 ]`)},
		`[{"k":"x","v":1,"other":{"k":"y","v":2},"ttl":86400000}]`:                  {set("x", `1`).lives(24 * time.Hour)},
		`[{"k":"x","v":1,"ver":9007199254740991,"if":0,"base":0 }]`:                 {set("x", `1`).version(maxNumber, 0).when(0)},
		`[{"k":"x","v":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}]`: {set("x", strings.Repeat("[", 32)+strings.Repeat("]", 32))},
	} {
		got, refusal, err := decodeOps([]byte(raw), &defaults, &stateDefaults)
		if err != nil || refusal != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, %v", raw, got, refusal, err)
		}
	}
	many := strings.Repeat(`{"k":"x","v":1},`, 99) + `{"k":"x","v":1}`
	if got, refusal, err := decodeOps([]byte("["+many+"]"), &defaults, &stateDefaults); len(got) != 100 || refusal != nil || err != nil {
		t.Errorf("100: %d, %v, %v", len(got), refusal, err)
	}
	if _, _, err := decodeOps([]byte("["+many+`,{"k":"x","v":1}]`), &defaults, &stateDefaults); !errors.Is(err, ErrBadMessage) {
		t.Errorf("101: %v", err)
	}
}

func TestDecodeOpsBad(t *testing.T) {
	for name, raw := range map[string]string{
		"nothing":               ``,
		"an object":             `{"k":"x","v":1}`,
		"no op":                 `[]`,
		"not objects":           `[1]`,
		"an empty object":       `[{}]`,
		"no key":                `[{"v":1}]`,
		"a number for a key":    `[{"k":1,"v":1}]`,
		"neither v nor del":     `[{"k":"x"}]`,
		"v and del":             `[{"k":"x","v":1,"del":true}]`,
		"v null and del":        `[{"k":"x","v":null,"del":true}]`,
		"del is false":          `[{"k":"x","del":false}]`,
		"del is 1":              `[{"k":"x","del":1}]`,
		"a key twice":           `[{"k":"x","v":1,"k":"y"}]`,
		"v twice":               `[{"k":"x","v":1,"v":2}]`,
		"base negative":         `[{"k":"x","v":1,"base":-1}]`,
		"base a fraction":       `[{"k":"x","v":1,"base":1.0}]`,
		"if null":               `[{"k":"x","v":1,"if":null}]`,
		"ver no exact number":   `[{"k":"x","v":1,"ver":9007199254740992}]`,
		"nonce a string":        `[{"k":"x","v":1,"nonce":"1"}]`,
		"ttl an object":         `[{"k":"x","v":1,"ttl":{}}]`,
		"a comma too many":      `[{"k":"x","v":1},]`,
		"a comma in the object": `[{"k":"x","v":1,}]`,
		"cut":                   `[{"k":"x","v":1}`,
		"something after":       `[{"k":"x","v":1}]1`,
		"not JSON":              `[{"k":"x","v":undefined}]`,
		"bad behind a refusal":  `[{"k":"","v":1},{"k":"x"}]`,
	} {
		if got, refusal, err := decodeOps([]byte(raw), &defaults, &stateDefaults); !errors.Is(err, ErrBadMessage) || got != nil || refusal != nil {
			t.Errorf("%s: %+v, %v, %v", name, got, refusal, err)
		}
	}
}

func TestDecodeOpsRefused(t *testing.T) {
	for name, c := range map[string]struct{ raw, code string }{
		"an empty key":   {`[{"k":"","v":1}]`, codeBadMessage},
		"a long key":     {`[{"k":"` + strings.Repeat("é", 129) + `","v":1}]`, codeTooLarge},
		"a large value":  {`[{"k":"x","v":"` + strings.Repeat("x", 256<<10-1) + `"}]`, codeTooLarge},
		"a deep value":   {`[{"k":"x","v":` + strings.Repeat("[", 33) + strings.Repeat("]", 33) + `}]`, codeBadMessage},
		"no time":        {`[{"k":"x","v":1,"ttl":0}]`, codeBadMessage},
		"a short time":   {`[{"k":"x","v":1,"ttl":99}]`, codeBadMessage},
		"a long time":    {`[{"k":"x","v":1,"ttl":86400001}]`, codeBadMessage},
		"a very long":    {`[{"k":"x","v":1,"ttl":9007199254740991}]`, codeBadMessage},
		"the first of 2": {`[{"k":"x","v":1},{"k":"","v":1},{"k":"x","v":"` + strings.Repeat("x", 256<<10) + `"}]`, codeBadMessage},
	} {
		got, refusal, err := decodeOps([]byte(c.raw), &defaults, &stateDefaults)
		if err != nil || got != nil || refusal == nil || refusal.Code != c.code {
			t.Errorf("%s: %+v, %v, %v", name, got, refusal, err)
		}
	}
}

// FuzzDecodeOps: whatever is taken is what encoding/json reads too, and can be merged.
func FuzzDecodeOps(f *testing.F) {
	f.Add([]byte(`[{"k":"shapes/1","v":{"x":1},"base":9000},{"k":"shapes/2","del":true,"base":8990},{"k":"ver/1","v":[],"ver":7,"nonce":3},{"k":"cas/lock","v":"p_Zt4q","if":0},{"k":"ttl/typing/p_Zt4q","v":true,"ttl":3000}]`))
	f.Add([]byte(`[{"k":"\ud800","v":1,"ttl":0}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !utf8.Valid(raw) {
			return // Decode does not let it through
		}
		ops, refusal, err := decodeOps(raw, &defaults, &stateDefaults)
		if err != nil {
			if ops != nil || refusal != nil || !errors.Is(err, ErrBadMessage) {
				t.Fatalf("%v, %v, %v", ops, refusal, err)
			}
			return
		}
		var want []struct {
			K                         string
			V                         json.RawMessage
			Del                       bool
			Base, If, Ver, Nonce, TTL *uint64
		}
		if err := json.Unmarshal(raw, &want); err != nil {
			if strings.ContainsAny(string(raw), "KVDBIFNT") { // it does not tell names in capitals from ours
				return
			}
			t.Fatalf("taken, but: %v", err)
		}
		if refusal != nil {
			if ops != nil || refusal.Code != codeBadMessage && refusal.Code != codeTooLarge {
				t.Fatalf("%v, %v", ops, refusal)
			}
			return
		}
		if len(ops) != len(want) || len(ops) == 0 || len(ops) > maxOps {
			t.Fatalf("%d ops, want %d", len(ops), len(want))
		}
		s := NewState(StateConfig{Rules: map[string]Rule{"": LastWriter}})
		before := bytes.Clone(raw)
		cells, err := s.Merge("p", ops, 1, start)
		if err != nil {
			if _, ok := errors.AsType[Refusal](err); !ok {
				t.Fatal(err)
			}
			return
		}
		if !bytes.Equal(before, raw) {
			t.Fatal("it wrote into the frame")
		}
		if out := appendOps(nil, cells); !json.Valid(out) {
			t.Fatalf("not JSON: %s", out)
		}
	})
}
