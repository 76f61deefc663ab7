package config

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// recorder takes what the flag package finds, to be applied in its turn.
type recorder struct {
	name     string
	isSwitch bool
	texts    []string
}

func (r *recorder) String() string     { return "" }
func (r *recorder) Set(s string) error { r.texts = append(r.texts, s); return nil }
func (r *recorder) IsBoolFlag() bool   { return r.isSwitch }

// readFlags finds what args say. A list may be given in several flags of the same name; of others the last one counts.
func readFlags(args []string, byName map[string]option) (map[string]given, error) {
	set := flag.NewFlagSet("parlor serve", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	recorders := map[string]*recorder{}
	for name, o := range byName {
		isSwitch := o.arg == ""
		recorders[name] = &recorder{name: name, isSwitch: isSwitch}
		set.Var(recorders[name], name, "")
	}
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		if name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); unknown {
			return nil, fmt.Errorf("--%s is not an option (see parlor serve --help)", name)
		}
		return nil, err
	}
	if set.NArg() > 0 {
		return nil, fmt.Errorf("%q is not an option (see parlor serve --help)", set.Arg(0))
	}
	found := map[string]given{}
	for name, r := range recorders {
		if len(r.texts) > 0 {
			found[name] = given{"--" + name, r.apply}
		}
	}
	return found, nil
}

func (r *recorder) apply(v value) error {
	l, isList := v.(list)
	if !isList {
		return v.set(r.texts[len(r.texts)-1])
	}
	var all []string
	for _, s := range r.texts {
		all = append(all, items(s)...)
	}
	return l.setItems(all)
}
