#!/usr/bin/env bash
# Runs each fuzz target of this module for a short while: FUZZTIME=30s scripts/fuzz.sh for longer.
set -euo pipefail
cd "$(dirname "$0")/.."

git grep -h -o -E '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go' >/dev/null || exit 0
for file in $(git ls-files --cached --others --exclude-standard -- '*_test.go' | xargs grep -l -E '^func Fuzz'); do
	folder=$(dirname "$file")
	case "$folder" in test/interop*) continue ;; esac # a module of its own
	for target in $(grep -o -E '^func Fuzz[A-Za-z0-9_]+' "$file" | cut -d ' ' -f 2); do
		go test "./$folder" -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-2s}"
	done
done
