package config

import (
	"fmt"
	"regexp"
	"strings"
)

// serviceVariable is what Kubernetes puts into every container of a namespace for a Service called parlor or parlor-…
// (PARLOR_SERVICE_HOST, PARLOR_PORT_8080_TCP_ADDR …). They are not ours and must not keep a server from starting.
const serviceVariable = `^PARLOR(_[A-Z0-9]+)*?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`

// readEnv finds the PARLOR_* variables. An empty one counts as not set, as ${VARIABLE:-} in a compose file means it.
func readEnv(env []string, byName map[string]option) (map[string]given, error) {
	byVariable := map[string]option{}
	for _, o := range byName {
		byVariable[o.env()] = o
	}
	foreign := regexp.MustCompile(serviceVariable)
	found := map[string]given{}
	for _, entry := range env {
		variable, text, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(variable, "PARLOR_") {
			continue
		}
		o, known := byVariable[variable]
		switch {
		case known && text != "":
			found[o.name] = givenText(variable, text)
		case known || foreign.MatchString(variable):
		default:
			// The text is not shown: who misspells PARLOR_KEYS has a secret in it.
			return nil, fmt.Errorf("%s is not an option (see parlor serve --help)", variable)
		}
	}
	return found, nil
}
