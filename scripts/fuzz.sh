#!/usr/bin/env bash
# Runs each fuzz target of this module for a short while: FUZZTIME=30s scripts/fuzz.sh for longer.
set -euo pipefail
cd "$(dirname "$0")/.."

out=$(mktemp)
trap 'rm -f "$out"' EXIT

# fuzz FOLDER TARGET
fuzz() {
	if go test "./$1" -run '^$' -fuzz "^$2\$" -fuzztime "${FUZZTIME:-2s}" >"$out" 2>&1; then
		cat "$out"
		return
	fi
	cat "$out"
	# go test may take the end of its own fuzztime for a failure (golang/go#75804). It then says just this, and has no
	# input to blame; a finding always writes one.
	if grep -q '^ *context deadline exceeded$' "$out" && ! grep -q -E 'Failing input|panic|_test\.go:' "$out"; then
		echo "$2: its time was over while it was busy; nothing was found"
		return
	fi
	return 1
}

for file in $(git ls-files --cached --others --exclude-standard -- '*_test.go' | xargs grep -l -E '^func Fuzz'); do
	folder=$(dirname "$file")
	case "$folder" in test/interop*) continue ;; esac # a module of its own
	for target in $(grep -o -E '^func Fuzz[A-Za-z0-9_]+' "$file" | cut -d ' ' -f 2); do
		fuzz "$folder" "$target"
	done
done
