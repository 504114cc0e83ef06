# SPDX-License-Identifier: Apache-2.0
# sensor.bash - a sensor of the test's own, its state and log in $STATE

# Its further options are the arguments.
start_sensor() {
	: >"$STATE/log"
	"$VAKT_BUILD/src/programs/vakt-sensor" --state-dir "$STATE" --run-dir "$STATE" "$@" 2>"$STATE/log" 3>&- &
	SENSOR=$!
	for _ in $(seq 100); do
		grep -q started "$STATE/log" && return
		sleep 0.1
	done
	cat "$STATE/log" >&2
	return 1
}

# By -TERM, or the signal given.
stop_sensor() {
	[ -n "$SENSOR" ] || return 0
	kill "${1:--TERM}" "$SENSOR" 2>/dev/null || true
	wait "$SENSOR" 2>/dev/null || true
	SENSOR=
}
