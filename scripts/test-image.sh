#!/usr/bin/env bash
# Builds the Dockerfile, unmodified, and runs the image as an operator would: read-only, no capabilities, not root.
#
# With Docker (PARLOR_TEST_ENGINE=docker) it uses the real base images. Without, it needs root on Debian and stands in
# for them: debootstrap, this machine's own Go and Node, buildah in chroot and podman with runc. That proves the steps
# of the Dockerfile and how the binary behaves in a container, not the base images themselves.
#
# The stand-ins stay in ${XDG_CACHE_HOME:-~/.cache}/parlor-image (about 2.5 GB; remove the folder to make them anew).
set -euo pipefail
cd "$(dirname "$0")/.."

engine=${PARLOR_TEST_ENGINE:-standin}
image=localhost/parlor:test
name=parlor-image-test-$$
port=${PARLOR_TEST_PORT:-18080}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/parlor-image
version=$(git describe --tags --always --dirty 2>/dev/null || echo test)
# A key for this run only.
secret=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')

say() { printf '\033[1m== %s\033[0m\n' "$*"; }
die() { printf 'test-image: %s\n' "$*" >&2; exit 1; }

# --- the engine ------------------------------------------------------------------------------------------------------

storage=(--root "$cache/storage" --runroot "$cache/run" --storage-driver overlay)

podman_() { podman "${storage[@]}" --runtime "$(command -v runc)" --cgroup-manager cgroupfs "$@"; }

# container runs podman or docker.
container() {
	if [ "$engine" = docker ]; then docker "$@"; else podman_ "$@"; fi
}

install_engine() {
	local missing=()
	for tool in buildah podman runc debootstrap; do
		command -v "$tool" >/dev/null || missing+=("$tool")
	done
	[ ${#missing[@]} -eq 0 ] && return
	[ "$(id -u)" = 0 ] || die "install ${missing[*]} and run as root, or use PARLOR_TEST_ENGINE=docker"
	apt-get update -q
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" uidmap
}

# import_base NAME:TAG FOLDER CHANGE... turns a folder into the base image of that name.
import_base() {
	local ref=$1 folder=$2
	shift 2
	local changes=()
	for change in "$@"; do changes+=(--change "$change"); done
	tar -C "$folder" -c . | podman_ import "${changes[@]}" - "$ref" >/dev/null
}

# base_of finds the image a stage of the Dockerfile begins with, so that its name is written in one place.
base_of() {
	awk -v want="$1" 'toupper($1) == "FROM" { for (i = 2; i <= NF; i++) if (index($i, want)) { print $i; exit } }' Dockerfile
}

standins() {
	local go node static path certs=/etc/ssl/certs/ca-certificates.crt
	go=$(base_of golang:) node=$(base_of node:) static=$(base_of distroless/)
	path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	mkdir -p "$cache"
	echo 'unqualified-search-registries=["docker.io"]' >"$cache/registries.conf"
	export CONTAINERS_REGISTRIES_CONF=$cache/registries.conf BUILDAH_ISOLATION=chroot

	if ! podman_ image exists "docker.io/library/$go" || [ "$(cat "$cache/go" 2>/dev/null)" != "$(go version)" ]; then
		say "stand-in for $go"
		[ -e "$cache/go.d/etc/os-release" ] || debootstrap --variant=minbase --include=ca-certificates,git,gcc,libc6-dev,make bookworm "$cache/go.d" >/dev/null
		# Behind a proxy that ends TLS the container must trust what this machine trusts.
		cp "$certs" "$cache/go.d$certs"
		rm -rf "$cache/go.d/usr/local/go"
		cp -a "$(go env GOROOT)" "$cache/go.d/usr/local/go"
		mkdir -p "$cache/go.d/go"
		import_base "docker.io/library/$go" "$cache/go.d" \
			"ENV PATH=/go/bin:/usr/local/go/bin:$path" 'ENV GOPATH=/go' 'ENV GOTOOLCHAIN=local' 'WORKDIR /go'
		go version >"$cache/go"
	fi
	if ! podman_ image exists "docker.io/library/$node" || [ "$(cat "$cache/node" 2>/dev/null)" != "$(node --version)" ]; then
		say "stand-in for $node"
		[ -e "$cache/node.d/etc/os-release" ] || debootstrap --variant=minbase --include=ca-certificates bookworm "$cache/node.d" >/dev/null
		cp "$certs" "$cache/node.d$certs"
		cp -L "$(command -v node)" "$cache/node.d/usr/local/bin/node"
		rm -rf "$cache/node.d/usr/local/lib/node_modules"
		mkdir -p "$cache/node.d/usr/local/lib/node_modules"
		cp -a "$(npm root -g)/npm" "$cache/node.d/usr/local/lib/node_modules/npm"
		ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$cache/node.d/usr/local/bin/npm"
		ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$cache/node.d/usr/local/bin/npx"
		import_base "docker.io/library/$node" "$cache/node.d" "ENV PATH=$path" "ENV NODE_EXTRA_CA_CERTS=$certs"
		node --version >"$cache/node"
	fi
	if ! podman_ image exists "$static"; then
		say "stand-in for $static"
		rm -rf "$cache/static.d"
		mkdir -p "$cache/static.d"/{etc/ssl/certs,tmp,home/nonroot}
		cp "$certs" "$cache/static.d$certs"
		printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >"$cache/static.d/etc/passwd"
		printf 'root:x:0:\nnonroot:x:65532:\n' >"$cache/static.d/etc/group"
		chmod 1777 "$cache/static.d/tmp"
		import_base "$static" "$cache/static.d" 'USER 65532' "ENV PATH=$path"
	fi
}

build() {
	say "build"
	if [ "$engine" = docker ]; then
		docker build --build-arg VERSION="$version" -t "$image" .
	else
		# Without --platform TARGETOS and TARGETARCH stay empty; without --format docker HEALTHCHECK is lost.
		buildah "${storage[@]}" bud --layers --pull-never --isolation chroot --network host \
			--platform "linux/$(go env GOARCH)" --format docker --build-arg VERSION="$version" -t "$image" -f Dockerfile .
	fi
}

# as_operator are the options under which an operator would run it.
as_operator=(--network host --read-only --cap-drop=all --security-opt no-new-privileges
	--ulimit nofile=4096:4096 --ulimit nproc=4096:4096)

# once runs one command of the image to its end.
once() { container run --rm --no-healthcheck "${as_operator[@]}" "$@"; }

# run starts the image detached. Podman has systemd repeat health checks; where there is none, it says so each time.
run() {
	container run -d --name "$name" "${as_operator[@]}" "$@" 2> >(grep -v 'systemd connection' >&2) >/dev/null
}

remove() { container rm -f "$name" >/dev/null 2>&1 || true; }

pid_of() { container inspect --format '{{.State.Pid}}' "$name"; }

# expect WHAT GOT WANT
expect() {
	[ "$2" = "$3" ] || die "$1: $2, want $3"
	printf 'ok  %s: %s\n' "$1" "$2"
}

# healthy runs the image's HEALTHCHECK, or asks Docker what came of it.
healthy() {
	if [ "$engine" = docker ]; then
		[ "$(docker inspect --format '{{.State.Health.Status}}' "$name")" = healthy ]
	else
		podman_ healthcheck run "$name" >/dev/null 2>&1
	fi
}

wait_healthy() {
	for _ in $(seq 200); do
		if healthy; then return; fi
		[ "$(container inspect --format '{{.State.Running}}' "$name")" = true ] || break
		sleep 0.1
	done
	container logs "$name" >&2 || true
	die "it never became healthy"
}

# --- the test --------------------------------------------------------------------------------------------------------

if [ "$engine" = standin ]; then
	install_engine
	standins
	[ "${1:-}" != standins ] || exit 0
fi
trap remove EXIT
build

say "what the image says of itself"
expect "user" "$(container image inspect --format '{{.Config.User}}' "$image")" "$(awk 'toupper($1) == "USER" { print $2 }' Dockerfile)"
expect "entry point" "$(container image inspect --format '{{json .Config.Entrypoint}}' "$image")" '["/parlor"]'
health=$(container image inspect --format '{{json .Config.Healthcheck.Test}}' "$image" 2>/dev/null ||
	container image inspect --format '{{json .HealthCheck.Test}}' "$image")
expect "health check" "$health" '["CMD","/parlor","health"]'
printf 'ok  version: %s\n' "$(once "$image" version)"

say "without a key it refuses to start, and says why"
if out=$(once -e PARLOR_LISTEN="127.0.0.1:$port" "$image" 2>&1); then
	die "it started: $out"
fi
grep -q keys <<<"$out" || die "the reason does not name the option: $out"
printf 'ok  %s\n' "$out"

say "as an operator runs it"
run -e PARLOR_LISTEN=":$port" -e PARLOR_ADMIN=off -e PARLOR_KEYS="test: $secret" "$image"
wait_healthy
echo "ok  HEALTHCHECK"
pid=$(pid_of)
expect "uid" "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" 65532
expect "capabilities" "$(awk '/^CapEff:/ { print $2 }' "/proc/$pid/status")" 0000000000000000
expect "no new privileges" "$(awk '/^NoNewPrivs:/ { print $2 }' "/proc/$pid/status")" 1
expect "root file system" "$(awk '$5 == "/" { split($6, o, ","); print o[1] }' "/proc/$pid/mountinfo" | tail -n 1)" ro
if container exec "$name" /bin/sh -c true >/dev/null 2>&1; then die "there is a shell in it"; fi
echo "ok  no shell"
expect "/healthz" "$(curl -s -o /dev/null -w '%{http_code}' -m 3 "http://127.0.0.1:$port/healthz")" 200
expect "/ is the page" "$(curl -s -m 3 "http://127.0.0.1:$port/" | grep -c -i '<!doctype html>')" 1
expect "UDP on the same number" "$(awk -v want="$(printf ':%04X$' "$port")" '$2 ~ want { n = 1 } END { print n + 0 }' "/proc/$pid/net/udp" "/proc/$pid/net/udp6")" 1
container exec -e PARLOR_KEYS="test: $secret" "$name" /parlor token --room demo --identity ada | grep -q '^ey.*\..*\.' || die "no token"
echo "ok  mints a token"
expect "health of a server that is not there" "$(container exec "$name" /parlor health --url http://127.0.0.1:1/healthz >/dev/null 2>&1 && echo 0 || echo refused)" refused

say "SIGTERM"
started=$(date +%s)
container kill --signal TERM "$name" >/dev/null
expect "exit code" "$(container wait "$name")" 0
printf 'ok  after %s s\n' "$(($(date +%s) - started))"

if [ "$engine" = docker ]; then
	printf 'image: %s bytes\n' "$(docker image inspect --format '{{.Size}}' "$image")"
else
	printf 'image: %s MB with a stand-in of 0.2 MB for %s\n' \
		"$(podman_ image inspect --format '{{.Size}}' "$image" | awk '{ printf "%.1f", $1 / 1e6 }')" "$(base_of distroless/)"
fi
