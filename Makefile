# make run    build everything and serve on http://localhost:8080
# make test   every test; installs browsers where it may
# make check  formatting, linters, types
# make soak   the long versions of tests: an hour of storms, 100 kills, slow lines at full size
# make bench  what messages, media and joins cost, beside a plain pion loop; one row: go run ./test/bench -rows v60
# make pgo    measure anew what the compiler optimizes for: cmd/parlor/default.pgo, from the bench
# make test-net  people behind networks that block; NET=--write copies what was measured to docs/connectivity.md
# make fmt    formats the Go code
# make build  bin/parlor, one static file with the page inside
# make test-image  build the container image and run it as an operator would

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := -s -w -X main.release=$(VERSION)
FUZZTIME ?= 2s

# What the page is made of. Without git (a tarball) everything under web counts.
page_sources := $(shell find web -type f -not -path '*/node_modules/*' -not -path 'web/dist/*')

.PHONY: run build page test test-go test-fuzz test-web test-interop test-e2e test-net test-image soak bench pgo check fmt clean

run: build
	bin/parlor serve --dev

# The compiler knows better than make what changed.
build: page
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/parlor ./cmd/parlor

page: bin/.page

bin/.page: web/node_modules/.parlor $(page_sources)
	cd web && npm run build
	@mkdir -p bin && touch web/dist/.keep $@

# A node_modules folder is good for the lock file it was made from.
%/node_modules/.parlor: %/package-lock.json
	cd $* && npm ci --no-audit --no-fund
	@touch $@

test: test-go test-fuzz test-web test-interop test-e2e test-net

test-go: page
	scripts/test-deps.sh
	go test -race -timeout 30m ./...
	go test ./test/bubble ./sfu/... # with the detector less is played

test-fuzz: page
	FUZZTIME=$(FUZZTIME) scripts/fuzz.sh

test-web: page
	cd web && npm test

# A module of its own: a client on pion/webrtc v3, so that programs on v3 are known to work with Parlor.
test-interop: build
	cd test/interop && PARLOR_BIN=$(CURDIR)/bin/parlor go test ./...

test-e2e: build test/e2e/node_modules/.parlor
	scripts/test-deps.sh
	cd test/e2e && PARLOR_BIN=$(CURDIR)/bin/parlor npm test

# Client, router and server in network namespaces: as root on Linux; elsewhere it says why not.
test-net: build test/e2e/node_modules/.parlor
	scripts/test-deps.sh
	PARLOR_BIN=$(CURDIR)/bin/parlor node test/netns/matrix.mjs $(NET)

test-image:
	scripts/test-image.sh

# One after the other: they are about time. Each says at the end how much there was of it.
soak: page
	PARLOR_STORM=1h go test -count=1 -v -timeout 0 ./test/bubble -run '^TestStorm$$' | grep -vE '^(=== |    --- PASS)'
	PARLOR_KILL_ROUNDS=100 go test -count=1 -v -timeout 0 ./test/conformance -run '^TestKillNine$$'
	PARLOR_FULL=1 go test -count=1 -v -timeout 0 ./test/conformance -run '^TestCase2[56]'

bench: build
	go run ./test/bench

# Bars do not matter here, only what was executed. Tests build without it, to share what they compile.
pgo: build
	rm -rf bin/profiles && mkdir -p bin/profiles
	go run ./test/bench -rows 10x50,1x10,ws100,lone,v60x3,a60 -profile bin/profiles || true
	go tool pprof -proto bin/profiles/*.pprof > cmd/parlor/default.pgo

check: page
	scripts/tools.sh
	bin/tools/golangci-lint fmt --diff ./...
	bin/tools/golangci-lint run ./...
	cd test/interop && $(CURDIR)/bin/tools/golangci-lint run --config $(CURDIR)/.golangci.yml ./...
	go vet ./...
	cd web && npm run check
	scripts/vuln.sh

fmt:
	scripts/tools.sh
	bin/tools/golangci-lint fmt ./...

clean:
	rm -rf bin web/dist/* web/node_modules test/e2e/node_modules
	touch web/dist/.keep
