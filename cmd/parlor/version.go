package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// release is what the Makefile and the Dockerfile say this is: -ldflags "-X main.release=v1.2.3".
var release string //nolint:gochecknoglobals // the linker can set nothing else

// version is the release, or else what the Go tool knows: the module's version after `go install`, a commit after a
// build in a clone.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}

const versionAbout = `Usage: parlor version

Prints the version.

Example:
  parlor version
`

func printVersion(args []string, stdout, stderr io.Writer) int {
	c := newCommand("version", versionAbout, stdout, stderr)
	if code, ok := c.parse(args); !ok {
		return code
	}
	fmt.Fprintf(stdout, "parlor %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return 0
}
