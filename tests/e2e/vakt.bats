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

@test "the test alert is real processes and leaves nothing behind" {
	TMPDIR=$STATE run "$VAKT" edr test-alert --share-dir "$VAKT_SOURCE/packaging"
	[ "$status" = 0 ]
	[ -z "$(ls -A "$STATE")" ]
	run "$VAKT" edr test-alert --share-dir "$STATE"
	[ "$status" = 1 ]
	[[ "$output" == *test-alert.sh* ]]
}
