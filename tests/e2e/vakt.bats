#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# vakt.bats - the local command line, beside the real sensor

setup() {
	STATE=$(mktemp -d)
	VAKT=$VAKT_BUILD/src/programs/vakt
	SENSOR=
}

teardown() {
	if [ -n "$SENSOR" ]; then
		kill "$SENSOR" 2>/dev/null || true
		wait "$SENSOR" 2>/dev/null || true
	fi
	rm -rf "$STATE"
}

@test "without the sensor health says so and how to start it" {
	run "$VAKT" health --run-dir "$STATE" --state-dir "$STATE"
	[ "$status" = 0 ]
	[[ "$output" == *"vakt-sensor does not run"* ]]
	run "$VAKT" health --details sensors --run-dir "$STATE" --state-dir "$STATE"
	[ "$status" = 1 ]
	[[ "$output" == *"start it with"* ]]
	[ "$("$VAKT" health --field healthy --run-dir "$STATE" --state-dir "$STATE")" = false ]
}

@test "an unknown command, option, field and format are refused" {
	run "$VAKT" nonsense
	[ "$status" = 2 ]
	[[ "$output" == *'no command "nonsense"'* ]]
	run "$VAKT" health --nonsense
	[ "$status" = 2 ]
	run "$VAKT" health --field nonsense --run-dir "$STATE" --state-dir "$STATE"
	[ "$status" = 1 ]
	run "$VAKT" health --output nonsense
	[ "$status" = 2 ]
}

@test "with the sensor health shows what provides each signal" {
	"$VAKT_BUILD/src/programs/vakt-sensor" --state-dir "$STATE" --run-dir "$STATE" 2>"$STATE/log" 3>&- &
	SENSOR=$!
	for _ in $(seq 100); do
		[ -S "$STATE/sensor.sock" ] && break
		sleep 0.1
	done
	/bin/true
	sleep 0.3
	run "$VAKT" health --details sensors --run-dir "$STATE" --state-dir "$STATE"
	[ "$status" = 0 ]
	[[ "$output" == *process_exec* ]]
	run "$VAKT" health --output json --run-dir "$STATE" --state-dir "$STATE"
	[ "$(jq .sensor.pid <<<"$output")" = "$SENSOR" ]
	[ "$(jq .sensor.rows.DeviceProcessEvents <<<"$output")" -gt 0 ]
	jq -e '.health_issues | index("vakt-sensor does not run") | not' <<<"$output"
	# Callers that never ask must not keep others out.
	python3 -c 'import socket, sys
held = []
for _ in range(20):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    held.append(s)
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"{}\n")
assert b"signals" in s.makefile("rb").read()' "$STATE/sensor.sock"
}

@test "the test alert is real processes and leaves nothing behind" {
	TMPDIR=$STATE run "$VAKT" edr test-alert --share-dir "$VAKT_SOURCE/packaging"
	[ "$status" = 0 ]
	[ -z "$(ls -A "$STATE")" ]
	run "$VAKT" edr test-alert --share-dir "$STATE"
	[ "$status" = 1 ]
	[[ "$output" == *test-alert.sh* ]]
}
