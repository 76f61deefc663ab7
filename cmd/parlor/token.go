package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/parlorhq/parlor/auth"
	"github.com/parlorhq/parlor/config"
)

const tokenAbout = `Usage: parlor token --room ROOM --identity IDENTITY [options]

Prints a token that lets IDENTITY into ROOM. Key and secret are those of the server; without --key and --secret they
are taken from PARLOR_KEYS or the file of PARLOR_CONFIG, where they are not seen by other users of the machine.

Examples:
  parlor token --key demo --secret "$SECRET" --room maths --identity ada --name Ada
  PARLOR_KEYS="demo: $SECRET" parlor token --room maths --identity ben --grant subscribe --ttl 1h
  parlor token --key demo --secret "$SECRET" --room maths --identity cy --send-types chat --write-state own/hand/
`

// token prints a token.
func token(args, env []string, stdout, stderr io.Writer) int {
	c := newCommand("token", tokenAbout, stdout, stderr)
	key := c.String("key", "", "`NAME` of the API key")
	secret := c.String("secret", "", "`SECRET` of the API key")
	room := c.String("room", "", "the `ROOM` it opens")
	identity := c.String("identity", "", "the `IDENTITY` it is for, the same each time that person comes")
	name := c.String("name", "", "`NAME` that others see")
	metadata := c.String("metadata", "", "any `TEXT` that others see with it")
	ttl := c.Duration("ttl", 10*time.Minute, "the `TIME` it is good for; who is in the room then stays")
	grant := c.String("grant", "publish,subscribe,data", "a `LIST` of publish, subscribe, data, admin")
	var only lists
	c.Func("send-types", "the only `TYPE,…` of messages that may be sent; with no type none at all (default: all)", only.types.set)
	c.Func("write-state", "the only `PREFIX,…` of keys of the state that may be written; with no prefix none at all (default: all)", only.prefixes.set)
	var knock *bool
	c.BoolFunc("must-knock", "wait in the lobby until somebody lets them in, whatever the room says; =false: never wait", func(text string) error {
		must, err := strconv.ParseBool(text)
		knock = &must
		return err
	})
	if code, ok := c.parse(args); !ok {
		return code
	}
	claims := auth.Claims{
		Knock: knock,
		Room:  *room, Identity: *identity, Name: *name, Metadata: *metadata, SendTypes: only.types, WriteState: only.prefixes,
	}
	if err := addGrants(&claims, *grant); err != nil {
		return c.wrong(err)
	}
	if *secret == "" {
		if err := findKey(key, secret, env); err != nil {
			return c.wrong(err)
		}
	}
	switch {
	case *key == "":
		return c.wrong(errors.New("--key is missing"))
	case *room == "":
		return c.wrong(errors.New("--room is missing"))
	case *identity == "":
		return c.wrong(errors.New("--identity is missing"))
	case *ttl < time.Second:
		return c.wrong(errors.New("--ttl is less than a second"))
	}
	text, err := auth.Mint(*key, *secret, claims, *ttl, time.Now())
	if err != nil {
		return c.wrong(err)
	}
	fmt.Fprintln(stdout, text)
	return 0
}

// lists are what data is limited to.
type lists struct{ types, prefixes list }

// list is a flag that is nil unless it was given, and then has what stands between commas.
type list []string

func (l *list) set(text string) error {
	*l = list{}
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			*l = append(*l, word)
		}
	}
	return nil
}

func addGrants(c *auth.Claims, list string) error {
	for grant := range strings.SplitSeq(list, ",") {
		switch strings.TrimSpace(grant) {
		case "publish":
			c.Publish = true
		case "subscribe":
			c.Subscribe = true
		case "data":
			c.Data = true
		case "admin":
			c.Admin = true
		case "":
		default:
			return fmt.Errorf("--grant: %q is none of publish, subscribe, data, admin", grant)
		}
	}
	return nil
}

// findKey takes the secret from where the server of this environment has it. One key needs no name.
func findKey(key, secret *string, env []string) error {
	cfg, err := config.Peek(env)
	if err != nil {
		return err
	}
	if *key == "" {
		if len(cfg.Keys) > 1 {
			return errors.New("--key is missing: there are several keys")
		}
		for name := range cfg.Keys {
			*key = name
		}
	}
	*secret = cfg.Keys[*key]
	if *secret == "" {
		return errors.New("--secret is missing")
	}
	return nil
}
