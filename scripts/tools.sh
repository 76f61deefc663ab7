#!/usr/bin/env bash
# Installs the pinned tools of `make check` into bin/tools. What is there in its version is left alone.
#   scripts/tools.sh            the linter, which must be there
#   scripts/tools.sh govulncheck   prints its path, or nothing where it cannot be had
set -euo pipefail
cd "$(dirname "$0")/.."

golangci=v2.14.0 # gofumpt and goimports are inside
govulncheck=v1.8.0

tools=$PWD/bin/tools
mkdir -p "$tools"

# install NAME VERSION PACKAGE
install() {
	local stamp=$tools/$1.version want
	want="$2 $(go env GOVERSION)"
	if [ -x "$tools/$1" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then return; fi
	echo "installing $1 $2 (once; it takes a minute or two)" >&2
	GOBIN=$tools GOFLAGS=-mod=mod go install "$3@$2"
	echo "$want" >"$stamp"
}

if [ "${1:-}" = govulncheck ]; then
	if install govulncheck "$govulncheck" golang.org/x/vuln/cmd/govulncheck >"$tools/govulncheck.log" 2>&1; then
		echo "$tools/govulncheck"
	fi
	exit 0
fi
install golangci-lint "$golangci" github.com/golangci/golangci-lint/v2/cmd/golangci-lint
