#!/usr/bin/env bash
# Makes sure that what the tests need is on this machine. On Debian, as root, it installs what is missing; elsewhere it
# says in one line what to install. CHROMIUM_BIN, FIREFOX_BIN, WEBKIT_BIN, WEBKIT_DRIVER_BIN and XVFB_BIN name what is somewhere else.
set -euo pipefail

packages=()
# need PACKAGE FILE_OR_COMMAND
need() {
	[ -e "$2" ] || command -v "$2" >/dev/null 2>&1 || packages+=("$1")
}
need gcc gcc # the race detector is linked by it
need chromium "${CHROMIUM_BIN:-/usr/bin/chromium}"
need firefox-esr "${FIREFOX_BIN:-/usr/bin/firefox-esr}"
need webkit2gtk-driver "${WEBKIT_DRIVER_BIN:-/usr/bin/WebKitWebDriver}"
need xvfb "${XVFB_BIN:-/usr/bin/Xvfb}"
need coturn turnutils_uclient # clients of TURN that we did not write
# What operators put in front of us, with the configurations of docs/deploy.md.
need nginx-light /usr/sbin/nginx
need libnginx-mod-stream /usr/lib/nginx/modules/ngx_stream_module.so
need haproxy /usr/sbin/haproxy
need caddy caddy
# A network of one's own, in which a test drops packets; without root or Linux that test is skipped.
if [ "$(uname)" = Linux ] && [ "$(id -u)" = 0 ]; then
	need iproute2 ip
	need nftables nft
fi
[ ${#packages[@]} -gt 0 ] || exit 0
# The race detector also needs the C library's headers, which a compiler alone does not bring along.
[[ " ${packages[*]} " != *" gcc "* ]] || packages+=(libc6-dev)

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "installing for the tests: ${packages[*]}"
	apt-get update -q
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}"
else
	echo "The tests need: ${packages[*]}. Install them (Debian: sudo apt-get install ${packages[*]}), or name browsers in CHROMIUM_BIN, FIREFOX_BIN and the like." >&2
	exit 1
fi
