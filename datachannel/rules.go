package datachannel

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Rule says which of the changes of a key win.
type Rule uint8

// The rules of docs/protocol.md, State.
const (
	LastWriter    Rule = iota // the last in the log's order wins
	HigherVersion             // the higher version wins, of equals the lower nonce, of those the first
	CompareAndSet             // a change names the one it follows
	Owned                     // belongs to who set it first, and goes when it leaves
	Expiring                  // goes a while after it was last set
)

// ParseRule is the rule that a word of docs/protocol.md stands for.
func ParseRule(word string) (Rule, error) {
	switch word {
	case "lww":
		return LastWriter, nil
	case "version":
		return HigherVersion, nil
	case "cas":
		return CompareAndSet, nil
	case "owner":
		return Owned, nil
	case "ttl":
		return Expiring, nil
	}
	return 0, fmt.Errorf("%w: no rule is called %.32q: lww, version, cas, owner or ttl", ErrBadMessage, word)
}

// What a time to live may be.
const (
	shortestTTL = 100 * time.Millisecond
	longestTTL  = 24 * time.Hour
	defaultTTL  = 30 * time.Second
)

// maxOps is how many changes are done or refused together.
const maxOps = 100

// Codes of docs/protocol.md for what the state does not take.
const (
	codeConflict   = "conflict"
	codeNotAllowed = "not_allowed"
	codeStateFull  = "state_full"
)

// StateConfig says what a State takes. A zero field has its default.
type StateConfig struct {
	// Rules are those of keys by prefix, beside ver/, cas/, own/, ttl/ and wb/, which they may replace. The longest prefix
	// counts; a key that has none is LastWriter.
	Rules map[string]Rule

	MaxKeys       int // 100,000
	MaxBytes      int // 64 MiB, of keys and values
	KeyBytes      int // 256
	ValueBytes    int // 256 KiB
	MaxTombstones int // 5,000

	// Stored says that the cells are in a Store too, so that State.Forgotten is asked for.
	Stored bool
}

// WithDefaults fills in what is zero.
func (c StateConfig) WithDefaults() StateConfig {
	orDefault(&c.MaxKeys, 100_000)
	orDefault(&c.MaxBytes, 64<<20)
	orDefault(&c.KeyBytes, 256)
	orDefault(&c.ValueBytes, 256<<10)
	orDefault(&c.MaxTombstones, 5_000)
	return c
}

// check refuses a change that no state takes.
func (c *StateConfig) check(op *Op) error {
	switch {
	case op.Key == "":
		return Refusal{codeBadMessage, "a key is empty"}
	case op.Delete == (op.Value != nil):
		return Refusal{codeBadMessage, fmt.Sprintf("%.64q is neither set nor deleted", op.Key)}
	case len(op.Key) > c.KeyBytes:
		return Refusal{codeTooLarge, fmt.Sprintf("a key has %d bytes, %d are allowed", len(op.Key), c.KeyBytes)}
	case len(op.Value) > c.ValueBytes:
		return Refusal{codeTooLarge, fmt.Sprintf("a value has %d bytes, %d are allowed", len(op.Value), c.ValueBytes)}
	case op.TTL != 0 && (op.TTL < shortestTTL || op.TTL > longestTTL):
		return Refusal{codeBadMessage, fmt.Sprintf("ttl is not from %d to %d", shortestTTL.Milliseconds(), longestTTL.Milliseconds())}
	}
	return nil
}

// ruleTable finds the rule of a key.
type ruleTable []prefixRule // longest prefix first

type prefixRule struct {
	prefix string
	rule   Rule
}

func newRuleTable(extra map[string]Rule) ruleTable {
	all := map[string]Rule{
		"ver/": HigherVersion, "cas/": CompareAndSet, "own/": Owned, "ttl/": Expiring,
		"wb/": HigherVersion, // whiteboards: docs/board.md
	}
	maps.Copy(all, extra)
	table := make(ruleTable, 0, len(all))
	for prefix, rule := range all {
		table = append(table, prefixRule{prefix, rule})
	}
	slices.SortFunc(table, func(a, b prefixRule) int {
		return cmp.Or(cmp.Compare(len(b.prefix), len(a.prefix)), strings.Compare(a.prefix, b.prefix))
	})
	return table
}

func (t ruleTable) of(key string) Rule {
	for _, r := range t {
		if strings.HasPrefix(key, r.prefix) {
			return r.rule
		}
	}
	return LastWriter
}

// decide is what op by from makes of a key whose newest cell is former (nil: it never had one): a new cell, or nothing
// if there is nothing to do. The server itself (from is empty) may delete whatever it wants.
func (t ruleTable) decide(former *Cell, from string, op *Op, offset uint64, now time.Time) (*Cell, error) {
	rule, there, server := t.of(op.Key), former.living(), from == ""
	last := uint64(0)
	if there {
		last = former.Offset
	}
	switch {
	case op.If != nil && *op.If != last:
		return nil, Refusal{codeConflict, fmt.Sprintf("%.64q was last changed at %d, not at %d", op.Key, last, *op.If)}
	case op.Base != 0 && !there && !op.Delete: // two may delete the same thing
		return nil, Refusal{codeConflict, fmt.Sprintf("%.64q was deleted", op.Key)}
	case rule == CompareAndSet && op.If == nil && !server:
		return nil, Refusal{codeConflict, fmt.Sprintf("%.64q needs an if", op.Key)}
	case rule == Owned && there && former.By != "" && former.By != from && !server && (!op.Delete || !op.Moderates):
		return nil, Refusal{codeNotAllowed, fmt.Sprintf("%.64q is another's", op.Key)}
	}

	c := &Cell{Key: op.Key, Offset: offset}
	switch {
	case rule == HigherVersion && op.Version != nil:
		c.Version, c.Nonce = *op.Version, op.Nonce
		if former != nil && !c.beats(former) {
			return nil, nil
		}
		// A deletion is kept even of a key that is not there: else a lower version would win because it came later.
	case rule == HigherVersion && !(server && op.Delete):
		return nil, Refusal{codeBadMessage, fmt.Sprintf("%.64q needs a ver", op.Key)}
	case op.Delete && !there:
		return nil, nil
	case rule == HigherVersion:
		c.Version, c.Nonce = former.Version, former.Nonce
	}
	if op.Delete {
		return c, nil
	}

	c.Value = slices.Clone(op.Value)
	if rule == Owned {
		c.By = from
		if there && former.By != "" {
			c.By = former.By
		}
	}
	ttl := op.TTL
	if ttl == 0 && rule == Expiring {
		ttl = defaultTTL
	}
	if ttl > 0 {
		c.Expires = now.Add(ttl).UnixNano()
	}
	return c, nil
}
