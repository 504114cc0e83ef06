#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# up.sh - builds, installs, starts everything on this machine and onboards it as a device
#
# Safe to repeat: what is unchanged is left running. A program that changed is replaced by rename
# and its service restarted; the others go on.
set -euo pipefail
umask 022 # the services are users of their own
cd "$(dirname "$0")/.."
. tools/supervisor.sh

# Programs that are built already, e.g. by a test.
BUILD=${VAKT_BUILD:-build/release}
changed=()

[ "$(id -u)" = 0 ] || { echo "make up must run as root: the sensor reads the kernel" >&2; exit 1; }

say() {
	echo "vakt: $*"
}

# Installs a file by rename when its content differs; answers 0 when it did.
install_file() {
	cmp -s "$1" "$2" && return 1
	mkdir -p "$(dirname "$2")"
	# libchdb is half a gigabyte and never changed in place: a link where it can be.
	{ [[ $1 == *.so ]] && cp -l "$1" "$2.new" 2>/dev/null; } || cp "$1" "$2.new"
	chmod "$3" "$2.new"
	mv "$2.new" "$2"
}

# vakt-cloud reads the files anew for each request: nothing is restarted.
install_portal() {
	local dest="$PREFIX/share/portal"
	[ -d build/portal ] || return 0
	diff -rq build/portal "$dest" >/dev/null 2>&1 && return 0
	mkdir -p "$PREFIX/share"
	rm -rf "$dest.new"
	cp -r build/portal "$dest.new"
	rm -rf "$dest"
	mv "$dest.new" "$dest"
}

install_programs() {
	local name
	for name in vakt vakt-store vakt-cloud vakt-sensor vakt-uplink vakt-rules vaktctl; do
		install_file "$BUILD/src/programs/$name" "$PREFIX/bin/$name" 755 && changed+=("$name")
	done
	install_file build/chdb/libchdb.so "$PREFIX/lib/libchdb.so" 644 && changed+=(vakt-store)
	for name in test-alert prepare; do
		install_file "packaging/$name.sh" "$PREFIX/share/$name.sh" 755 || true
	done
	install_portal
	mkdir -p "$ROOT/usr/local/bin"
	for name in vakt vakt-rules vaktctl; do
		ln -sf "$PREFIX/bin/$name" "$ROOT/usr/local/bin/$name"
	done
}

# The control plane notices by itself when a rule comes, changes or goes.
install_rules() {
	local file dir=$PREFIX/share/rules
	for file in content/rules/*/*.yml; do
		install_file "$file" "$dir/${file#content/rules/}" 644 || true
	done
	for file in "$dir"/*/*.yml; do
		[ -f "content/rules/${file#"$dir"/}" ] || rm -f "$file"
	done
}

make_users() {
	local user
	for user in $(service_names | while read -r name; do service_user "$name"; done | sort -u); do
		getent passwd "$user" >/dev/null ||
			useradd --system --user-group --no-create-home --home-dir /nonexistent \
				--shell /usr/sbin/nologin "$user"
	done
}

start_services() {
	local name
	# The kernel's programs and ring outlive a restart of the sensor here.
	mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
	mkdir -p "$RUN" "$STATE"
	"$PREFIX/share/prepare.sh" "$RUN" "$STATE"
	local -A ran
	for name in $(service_names); do
		ran[$name]=$(service_pid "$name" || true)
		service_define "$name" && changed+=("$name")
	done
	# runit starts what it finds: only what ran before needs a restart to become the new program.
	supervisor_start
	for name in $(service_names); do
		if [[ " ${changed[*]-} " == *" $name "* ]] && [ "${ran[$name]:-0}" != 0 ]; then
			service_restart "$name"
			say "$name restarted"
		else
			service_start "$name"
		fi
	done
}

# Any answer will do: without a certificate it is 401.
wait_for_cloud() {
	for _ in $(seq 300); do
		curl -ks -o /dev/null "https://127.0.0.1:$DEVICE_PORT/" && return
		sleep 0.2
	done
	echo "vakt: vakt-cloud does not answer on port $DEVICE_PORT; see $LOG_DIR/vakt-cloud/current" >&2
	exit 1
}

# What happens before the sensor has attached is not seen: up is up when it has.
wait_for_sensor() {
	for _ in $(seq 150); do
		"$PREFIX/bin/vakt" health --field sensor --run-dir "$RUN/vakt" >/dev/null 2>&1 && return
		sleep 0.2
	done
	echo "vakt: vakt-sensor does not answer; see $LOG_DIR/vakt-sensor/current" >&2
	exit 1
}

onboard_this_machine() {
	[ -f "$STATE/vakt/identity/device.crt" ] && return
	local token
	token=$(mktemp)
	"$PREFIX/bin/vakt-cloud" --state-dir "$STATE/vakt-cloud" --device-port "$DEVICE_PORT" \
		create-token --uses 1 --hours 1 >"$token"
	"$PREFIX/bin/vakt" onboard --token "$token" --state-dir "$STATE/vakt"
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
	echo "  portal: https://$(hostname):$PORTAL_PORT/"
	if [ -f "$STATE/vakt-cloud/first-password" ]; then
		echo "  first log-in: admin, $(cat "$STATE/vakt-cloud/first-password")"
	else
		echo "  password lost: $PREFIX/bin/vakt-cloud reset-password admin"
	fi
	echo "  devices enrol at https://$(hostname):$DEVICE_PORT/; for another one: $PREFIX/bin/vakt-cloud create-token"
}

if [ -z "${VAKT_BUILD:-}" ]; then
	mkdir -p build
	say "building"
	make --no-print-directory build >build/make-up.log 2>&1 ||
		{ tail -n 30 build/make-up.log >&2; exit 1; }
	tools/fetch-libchdb.sh build/chdb
fi
make_users
install_programs
install_rules
start_services
wait_for_cloud
wait_for_sensor
onboard_this_machine
report
