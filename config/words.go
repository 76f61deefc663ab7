package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// words are texts of which each is one thing: the types of messages.
type words struct{ to *[]string }

func (v words) set(s string) error { return v.setItems(items(s)) }

func (v words) setItems(texts []string) error {
	var out []string
	for _, s := range texts {
		switch {
		case s == "" || len(s) > 128:
			return fmt.Errorf("%q has not between 1 and 128 bytes", s)
		case slices.Contains(out, s):
			return fmt.Errorf("%q is there twice", s)
		}
		out = append(out, s)
	}
	*v.to = out
	return nil
}

func (v words) String() string { return strings.Join(*v.to, ",") }

// rules are prefixes of keys, with a rule each.
type rules struct{ to *map[string]string }

func (v rules) set(s string) error { return v.setItems(items(s)) }

func (v rules) setItems(texts []string) error {
	var prefixes, names []string
	for _, s := range texts {
		i := strings.LastIndexByte(s, '=')
		if i < 0 {
			return fmt.Errorf("%q is not PREFIX=RULE", s)
		}
		prefixes, names = append(prefixes, s[:i]), append(names, s[i+1:])
	}
	return v.setPairs(prefixes, names)
}

func (v rules) setPairs(prefixes, names []string) error {
	out := make(map[string]string, len(prefixes))
	for i, prefix := range prefixes {
		if _, twice := out[prefix]; twice {
			return fmt.Errorf("prefix %q is there twice", prefix)
		}
		switch names[i] {
		case "lww", "version", "cas", "owner", "ttl":
		default:
			return fmt.Errorf("%q is none of lww, version, cas, owner, ttl", names[i])
		}
		out[prefix] = names[i]
	}
	*v.to = out
	return nil
}

func (v rules) String() string {
	var out []string
	for _, prefix := range slices.Sorted(maps.Keys(*v.to)) {
		out = append(out, prefix+"="+(*v.to)[prefix])
	}
	return strings.Join(out, ",")
}
