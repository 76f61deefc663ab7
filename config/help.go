package config

import (
	"fmt"
	"io"
	"strings"
)

// writeHelp prints every option from the one table, so that it cannot say anything else than the server does.
func writeHelp(out io.Writer) {
	fmt.Fprint(out, `Usage: parlor serve [options]

Hosts rooms. Without --dev at least one API key is needed.

Examples:
  parlor serve --dev
  PARLOR_KEYS="demo: $(openssl rand -hex 32)" parlor serve --listen :8080 --external-ip 203.0.113.7
  parlor serve --config parlor.yaml

Every option can be a flag (--log-level debug), a variable (PARLOR_LOG_LEVEL=debug) or a line of the file
(log-level: debug). Flags count more than variables, variables more than the file.
SIZE is bytes, or 64KiB, 1MiB; TIME is 500ms, 12s, 10m.
`)
	var l loader
	l.setDefaults()
	for _, s := range l.sections() {
		fmt.Fprintf(out, "\n%s:\n", s.title)
		for _, o := range s.options {
			head := "--" + o.name
			if o.arg != "" {
				head += " " + o.arg
			}
			fmt.Fprintf(out, "  %-31s %s%s\n", head, o.usage, suffix(o.standing(), " (", ")"))
		}
	}
}

// standing is the value that stands when nobody says anything, empty when the usage says it or there is none.
func (o option) standing() string {
	if s := o.value.String(); s != "false" {
		return s
	}
	return ""
}

func suffix(s, before, after string) string {
	if s == "" {
		return ""
	}
	return before + s + after
}

// writePage prints the same as a page of the documentation.
func writePage(out io.Writer) {
	fmt.Fprint(out, "# Options of `parlor serve`\n\n"+
		"This page is printed from `config/options.go` (`go test ./config -update`).\n\n"+
		"Each option is a flag (`--log-level debug`), a variable (`PARLOR_LOG_LEVEL=debug`) or a line of the YAML file that\n"+
		"`--config` names (`log-level: debug`). Flags count more than variables, variables more than the file. An empty\n"+
		"variable counts as not set. A name that is none of these ends the start, except the variables that Kubernetes makes\n"+
		"for a Service called `parlor`. Sizes are bytes, or `64KiB`, `1MiB`; times are `500ms`, `12s`, `10m`.\n")
	var l loader
	l.setDefaults()
	for _, s := range l.sections() {
		fmt.Fprintf(out, "\n## %s\n\n| option | default | what |\n| --- | --- | --- |\n", s.title)
		for _, o := range s.options {
			name := strings.TrimSpace(o.name + " " + o.arg)
			fmt.Fprintf(out, "| `%s` | %s | %s |\n", name, suffix(o.standing(), "`", "`"), o.usage)
		}
	}
}
