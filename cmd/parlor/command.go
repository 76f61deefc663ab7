package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// command reads the flags of one small command, so that each says the same about help and mistakes.
type command struct {
	*flag.FlagSet
	name, about    string
	words          int // that may stand behind the options
	stdout, stderr io.Writer
}

func newCommand(name, about string, stdout, stderr io.Writer) *command {
	c := &command{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), name: name, about: about, stdout: stdout, stderr: stderr}
	c.SetOutput(io.Discard)
	c.Usage = func() {}
	return c
}

// parse reads args. Unless ok, the command ends with code.
func (c *command) parse(args []string) (code int, ok bool) {
	err := c.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(c.stdout, c.about)
		first := true
		c.VisitAll(func(f *flag.Flag) {
			if first {
				fmt.Fprint(c.stdout, "\nOptions:\n")
				first = false
			}
			what, usage := flag.UnquoteUsage(f)
			if f.DefValue != "" {
				usage += " (" + f.DefValue + ")"
			}
			fmt.Fprintf(c.stdout, "  %-21s %s\n", "--"+f.Name+" "+what, usage)
		})
		return 0, false
	case err != nil:
		return c.wrong(err), false
	case c.NArg() > c.words:
		return c.wrong(fmt.Errorf("%q is not an option", c.Arg(c.words))), false
	}
	return 0, true
}

// wrong says in one line what was asked the wrong way.
func (c *command) wrong(err error) int {
	fmt.Fprintf(c.stderr, "parlor %s: %v (see parlor %s --help)\n", c.name, err, c.name)
	return 2
}

// failed says in one line what did not work.
func (c *command) failed(err error) int {
	fmt.Fprintf(c.stderr, "parlor %s: %v\n", c.name, err)
	return 1
}
