// Command parlor hosts rooms for browsers. It is the only place that knows every package: it wires them, and turns
// arguments, signals and exit codes into calls. Nothing is decided here that a package could decide.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
)

const usage = `Parlor hosts rooms: video, voice and messages for browsers, in one binary.

Usage: parlor COMMAND [options]

Commands:
  serve     host rooms
  token     print a token that lets somebody into a room
  bench     load a server and measure it
  doctor    say which ways to a server work, and what mends those that do not
  health    ask a running server whether it is well (for containers)
  version   print the version

Example:
  parlor serve --dev

parlor COMMAND --help tells more of each.
`

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with its surroundings as arguments. It returns the exit code: 0 well, 1 failed, 2 asked the wrong way.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	name, args := args[0], args[1:]
	switch name {
	case "serve":
		return serve(ctx, args, stdout, stderr)
	case "token":
		return token(args, os.Environ(), stdout, stderr)
	case "bench":
		return runBench(ctx, args, stdout, stderr)
	case "doctor":
		return runDoctor(ctx, args, os.Environ(), stdout, stderr)
	case "health":
		return health(ctx, args, os.Environ(), stdout, stderr)
	case "version":
		return printVersion(args, stdout, stderr)
	case "help", "--help", "-help", "-h":
		fmt.Fprint(stdout, usage)
		return 0
	}
	fmt.Fprintf(stderr, "parlor: there is no command %q (see parlor --help)\n", name)
	return 2
}
