#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# chain.bats - kernel event to row in the store, through every program, over real TLS

BIN=$VAKT_BUILD/src/programs

start() {
	local name=$1
	shift
	"$BIN/$name" "$@" 2>>"$DIR/$name.log" </dev/null 3>&- &
	PIDS[$name]=$!
}

start_store() {
	start vakt-store --library "$VAKT_LIBCHDB" --data-dir "$DIR/store" --socket "$DIR/store.sock"
}

start_cloud() {
	start vakt-cloud --state-dir "$DIR/cloud" --store "unix:$DIR/store.sock" --public-host localhost \
		--device-port 9744 --portal-port 0
}

start_uplink() {
	start vakt-uplink --state-dir "$DIR/device" --run-dir "$DIR/run"
}

kill_hard() {
	kill -9 "${PIDS[$1]}" || { tail -n 5 "$DIR/$1.log" >&2; return 1; }
	wait "${PIDS[$1]}" 2>/dev/null || true
}

setup() {
	DIR=$(mktemp -d)
	declare -gA PIDS
	mkdir "$DIR/run" "$DIR/device"
	start_store
	start_cloud
	for _ in $(seq 200); do
		grep -q 'devices are served' "$DIR/vakt-cloud.log" && break
		sleep 0.1
	done
	"$BIN/vakt-cloud" --state-dir "$DIR/cloud" --public-host localhost --device-port 9744 create-token >"$DIR/token"
	"$BIN/vakt" onboard --token "$DIR/token" --state-dir "$DIR/device"
	start vakt-sensor --state-dir "$DIR/device" --run-dir "$DIR/run"
	start_uplink
	for _ in $(seq 100); do
		grep -q started "$DIR/vakt-sensor.log" && return
		sleep 0.1
	done
	cat "$DIR"/*.log >&2
	return 1
}

teardown() {
	local name
	for name in "${!PIDS[@]}"; do
		kill "${PIDS[$name]}" 2>/dev/null || true
	done
	for name in "${!PIDS[@]}"; do
		wait "${PIDS[$name]}" 2>/dev/null || true
	done
	rm -rf "$DIR"
}

ask() {
	curl -s --unix-socket "$DIR/store.sock" 'http://store/?readonly=1' --data "$1"
}

# Waits until a question has the answer.
until_answer() {
	local answer
	for _ in $(seq "${3:-150}"); do
		answer=$(ask "$1") || true # the store may be starting
		[ "$answer" = "$2" ] && return
		sleep 0.2
	done
	echo "'$1' answers '$answer' instead of '$2'" >&2
	tail -n 5 "$DIR"/*.log >&2
	return 1
}

@test "a process start reaches the store with its device" {
	/bin/true chain-marker-one
	until_answer "SELECT count() FROM vakt.DeviceProcessEvents WHERE ProcessCommandLine = '/bin/true chain-marker-one' AND ActionType = 'ProcessCreated'" 1
	row=$(ask "SELECT DeviceName, AccountName, FolderPath, length(SHA256), length(DeviceId), ReportId > 0 FROM vakt.DeviceProcessEvents WHERE ProcessCommandLine = '/bin/true chain-marker-one' AND ActionType = 'ProcessCreated'")
	[ "$row" = "$(printf '%s\t%s\t/usr/bin/true\t64\t40\t1' "$(hostname)" "$(id -un)")" ]
}

@test "no row is lost or doubled when cloud, store and uplink are killed" {
	for round in 1 2 3 4; do
		for i in $(seq 25); do /bin/true "chain-kill-$round-$i"; done
		kill_hard vakt-uplink
		for i in $(seq 26 50); do /bin/true "chain-kill-$round-$i"; done
		start_uplink
		sleep 0.$round
		kill_hard vakt-cloud
		start_cloud
		sleep 0.$round
		kill_hard vakt-store
		start_store
	done
	until_answer "SELECT count(), uniqExact(ProcessCommandLine) FROM vakt.DeviceProcessEvents WHERE ProcessCommandLine LIKE '/bin/true chain-kill-%' AND ActionType = 'ProcessCreated'" "$(printf '200\t200')" 300
	[ "$(ask 'SELECT count() = uniqExact(BootId, Cpu, Sequence) FROM vakt.DeviceProcessEvents')" = 1 ]
}

@test "an offboarded device sends no more and may come back under its id" {
	/bin/true chain-before
	until_answer "SELECT count() FROM vakt.DeviceProcessEvents WHERE ProcessCommandLine = '/bin/true chain-before' AND ActionType = 'ProcessCreated'" 1
	"$BIN/vakt" offboard --yes --state-dir "$DIR/device"
	/bin/true chain-while-off
	sleep 2
	[ "$(ask "SELECT count() FROM vakt.DeviceProcessEvents WHERE ProcessCommandLine = '/bin/true chain-while-off'")" = 0 ]
	run "$BIN/vakt" onboard --token "$DIR/token" --state-dir "$DIR/device"
	[ "$status" = 1 ]
	[[ "$output" == *"used 1 times"* ]]
	"$BIN/vakt-cloud" --state-dir "$DIR/cloud" --public-host localhost --device-port 9744 create-token >"$DIR/token"
	"$BIN/vakt" onboard --token "$DIR/token" --state-dir "$DIR/device"
	/bin/true chain-after
	until_answer "SELECT count() FROM vakt.DeviceProcessEvents WHERE ProcessCommandLine = '/bin/true chain-after' AND ActionType = 'ProcessCreated'" 1
	[ "$(ask 'SELECT uniqExact(DeviceId) FROM vakt.DeviceProcessEvents')" = 1 ]
}

@test "a malformed frame is refused with its reason" {
	identity=$DIR/device/identity
	run curl -s --cacert "$identity/ca.crt" --cert "$identity/device.crt" --key "$identity/device.key" \
		--data-binary 'no frame' https://localhost:9744/device/v1/events
	[[ "$output" == *MalformedBatch* ]]
	[[ "$output" == *"shorter than its header"* || "$output" == *"no magic number"* ]]
}

@test "without a certificate nothing is taken" {
	run curl -s -o /dev/null -w '%{http_code}' --cacert "$DIR/device/identity/ca.crt" --data x \
		https://localhost:9744/device/v1/events
	[ "$output" = 401 ]
}
