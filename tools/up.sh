#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# up.sh - builds, installs, starts everything on this machine and onboards it as a device
#
# Safe to repeat: what is unchanged is left running. A program that changed is replaced by rename
# and its service restarted; the others go on.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/supervisor.sh

PREFIX=/opt/vakt
BUILD=build/release
PORT=${VAKT_PORT:-8443}
changed=()

[ "$(id -u)" = 0 ] || { echo "make up must run as root: the sensor reads the kernel" >&2; exit 1; }

say() {
	echo "vakt: $*"
}

# Installs a file by rename when its content differs; answers 0 when it did.
install_file() {
	cmp -s "$1" "$2" && return 1
	mkdir -p "$(dirname "$2")"
	cp "$1" "$2.new"
	chmod "$3" "$2.new"
	mv "$2.new" "$2"
}

build_portal() {
	local stamp=portal/dist/.stamp sum
	sum=$(cd portal && find . -path ./node_modules -prune -o -path ./dist -prune -o -type f -print0 |
		sort -z | xargs -0 sha256sum | sha256sum)
	[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ] && return
	say "building the portal"
	(cd portal && npm ci --no-audit --no-fund --silent && npm run --silent build >/dev/null)
	echo "$sum" >"$stamp"
}

install_programs() {
	local name
	for name in vakt vakt-rules vakt-store vakt-cloud vakt-sensor vakt-uplink; do
		install_file "$BUILD/src/programs/$name" "$PREFIX/bin/$name" 755 && changed+=("$name")
	done
	install_file build/chdb/libchdb.so "$PREFIX/lib/libchdb.so" 644 && changed+=(vakt-store)
	install_file packaging/test-alert.sh "$PREFIX/share/test-alert.sh" 755 || true
	if ! diff -rq content/rules "$PREFIX/share/rules" >/dev/null 2>&1; then
		mkdir -p "$PREFIX/share"
		rm -rf "$PREFIX/share/rules.new"
		cp -r content/rules "$PREFIX/share/rules.new"
		rm -rf "$PREFIX/share/rules"
		mv "$PREFIX/share/rules.new" "$PREFIX/share/rules"
		changed+=(vakt-cloud)
	fi
	if ! diff -rq portal/dist "$PREFIX/share/portal" >/dev/null 2>&1; then
		rm -rf "$PREFIX/share/portal.new"
		cp -r portal/dist "$PREFIX/share/portal.new"
		rm -rf "$PREFIX/share/portal"
		mv "$PREFIX/share/portal.new" "$PREFIX/share/portal"
	fi
	ln -sf "$PREFIX/bin/vakt" /usr/local/bin/vakt
}

start_services() {
	local name
	mkdir -p /run/vakt /run/vakt-store /var/lib/vakt /var/lib/vakt-cloud /var/lib/vakt-store
	for name in $(service_names); do
		service_define "$name" && changed+=("$name")
	done
	supervisor_start
	for name in $(service_names); do
		if [[ " ${changed[*]-} " == *" $name "* ]] && [ -n "$(service_pid "$name")" ]; then
			service_restart "$name"
			say "$name restarted"
		else
			service_start "$name"
		fi
	done
}

wait_for_portal() {
	for _ in $(seq 300); do
		curl -ksf "https://127.0.0.1:$PORT/healthz" >/dev/null && return
		sleep 0.2
	done
	echo "vakt: the portal does not answer on port $PORT; see $LOG_DIR/vakt-cloud/current" >&2
	exit 1
}

onboard_this_machine() {
	[ -f /var/lib/vakt/identity/device.crt ] && return
	local token
	token=$(mktemp)
	"$PREFIX/bin/vakt-cloud" --state-dir /var/lib/vakt-cloud create-token --uses 1 --hours 1 >"$token"
	"$PREFIX/bin/vakt" onboard --token "$token"
	rm -f "$token"
}

report() {
	local name
	if [ ${#changed[@]} -eq 0 ]; then
		say "nothing changed; running:"
	else
		say "running:"
	fi
	for name in $(service_names); do
		printf '  %-12s pid %s\n' "$name" "$(service_pid "$name")"
	done
	echo "  portal       https://$(hostname):$PORT/ (on this machine https://localhost:$PORT/)"
	if [ -f /var/lib/vakt-cloud/initial-password ]; then
		echo "  user         admin"
		echo "  password     $(cat /var/lib/vakt-cloud/initial-password)"
	fi
}

mkdir -p build
say "building"
make --no-print-directory build >build/make-up.log 2>&1 || { tail -n 30 build/make-up.log >&2; exit 1; }
build_portal
tools/fetch-libchdb.sh build/chdb
install_programs
start_services
wait_for_portal
onboard_this_machine
report
