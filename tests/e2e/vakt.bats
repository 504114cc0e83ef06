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

@test "an unknown command, option, field and format are refused, with what was meant" {
	run "$VAKT" nonsense
	[ "$status" = 2 ]
	[ "$output" = 'vakt: there is no command "nonsense"; `vakt help` lists what there is' ]
	run "$VAKT" helath
	[ "$output" = 'vakt: there is no command "helath"; did you mean "health"?' ]
	run "$VAKT" config lst
	[ "$output" = 'vakt: there is no command "config lst"; did you mean "config list"?' ]
	run "$VAKT" config
	[ "$status" = 2 ]
	[[ "$output" == *'vakt config set KEY VALUE'* ]]
	run "$VAKT" config get
	[ "$status" = 2 ]
	[ "$output" = 'vakt: `vakt config get` needs KEY' ]
	run "$VAKT" version now
	[ "$status" = 2 ]
	[ "$output" = 'vakt: `vakt version` takes no words' ]
	run "$VAKT" health --check=yes
	[ "$output" = 'vakt: --check=yes takes no value' ]
	run "$VAKT" health --feild healthy
	[ "$status" = 2 ]
	[ "$output" = 'vakt: there is no option --feild; did you mean --field?' ]
	run "$VAKT" health --field
	[ "$status" = 2 ]
	[ "$output" = 'vakt: --field needs a value' ]
	run "$VAKT" version --token x
	[ "$status" = 2 ]
	[ "$output" = 'vakt: `vakt version` does not take --token' ]
	run "$VAKT" health --field helthy --run-dir "$STATE" --state-dir "$STATE"
	[ "$status" = 1 ]
	[ "$output" = 'vakt: there is no field "helthy"; did you mean "healthy"?' ]
	run "$VAKT" health --details sensor --run-dir "$STATE" --state-dir "$STATE"
	[ "$status" = 1 ]
	[ "$output" = 'vakt: there are no details "sensor"; did you mean "sensors"?' ]
	run "$VAKT" health --output yaml
	[ "$status" = 2 ]
	[ "$output" = 'vakt: --output knows json, not "yaml"' ]
	run "$VAKT" help health
	[ "$status" = 0 ]
	[[ "$output" == *edr_machine_id* ]]
}

vakt() {
	"$VAKT" "$@" --run-dir "$STATE" --state-dir "$STATE" --config-dir "$STATE/etc"
}

@test "settings are checked before they are written, and the rest of the file stays" {
	run vakt config get vakt.spool.maxBytes
	[ "$output" = 1073741824 ]
	run vakt config set vakt.spool.maxBytes 268435456
	[ "$status" = 0 ]
	[ "$output" = "vakt.spool.maxBytes is set." ]
	run vakt config set vakt.ring.bytes 1048576
	[ "$output" = "vakt.ring.bytes is set. It takes effect when vakt-sensor is started again." ]
	run vakt config set cloudService.cloudBlockLevel high
	[ "$output" = "cloudService.cloudBlockLevel is set. It has no effect yet." ]
	cp "$STATE/etc/managed.json" "$STATE/before"
	run vakt config set vakt.spool.maxBytes 1G
	[ "$status" = 1 ]
	[ "$output" = 'vakt: vakt.spool.maxBytes must be a whole number from 16777216 to 1099511627776, not "1G"' ]
	run vakt config set vakt.spool.maxbites 1
	[ "$status" = 1 ]
	[ "$output" = 'vakt: there is no key "vakt.spool.maxbites"; did you mean "vakt.spool.maxBytes"?' ]
	run vakt log level set --level loud --output json
	[ "$status" = 1 ]
	[[ "$output" == *'vakt.logLevel must be one of error, warning, notice, info, debug, not \"loud\"'* ]]
	cmp "$STATE/before" "$STATE/etc/managed.json"
	[ "$(jq -c . "$STATE/etc/managed.json")" = '{"vakt":{"spool":{"maxBytes":268435456},"ring":{"bytes":1048576}},"cloudService":{"cloudBlockLevel":"high"}}' ]
	run vakt config list
	[[ "$output" == *"vakt.ring.bytes                      1048576 ($STATE/etc/managed.json)"* ]]
	[[ "$output" == *"cloudService.cloudBlockLevel         \"high\" ($STATE/etc/managed.json, no effect yet)"* ]]
	[ "$(vakt config get vakt.ring.bytes --output json | jq -c '[.value,.default,.restart]')" = '[1048576,16777216,true]' ]
	vakt config unset vakt.spool.maxBytes
	vakt config unset vakt.ring.bytes
	[ "$(jq -c . "$STATE/etc/managed.json")" = '{"cloudService":{"cloudBlockLevel":"high"}}' ]
	echo '{"vakt":}' >"$STATE/etc/managed.json"
	run vakt config set vakt.logLevel debug
	[ "$status" = 1 ]
	[ "$output" = "vakt: mend the file first: $STATE/etc/managed.json:1:9: a value is expected, not '}'" ]
}

@test "twenty changes at a time are all there" {
	for i in $(seq 10); do
		vakt config set vakt.heartbeatSeconds "$((10 + i))" &
		vakt edr group-ids --group-id "group-$i" &
	done
	wait
	jq -e '(.vakt.heartbeatSeconds > 10) and (.edr.groupIds | startswith("group-"))' "$STATE/etc/managed.json"
}

@test "a running sensor follows its settings, and a faulty file is told, refused and survived" {
	mkdir "$STATE/etc"
	cat >"$STATE/etc/mdatp_managed.json" <<-END
		{"antivirusEngine":{"enforcementLevel":"real_time","scanArchive":true},
		 "vakt":{"hash":{"maxFileBytes":0}}}
	END
	"$VAKT_BUILD/src/programs/vakt-sensor" --state-dir "$STATE" --run-dir "$STATE" \
		--config-dir "$STATE/etc" 2>"$STATE/log" 3>&- &
	SENSOR=$!
	for _ in $(seq 100); do
		grep -q started "$STATE/log" && break
		sleep 0.1
	done
	version=$(vakt health --output json | jq -r .sensor.configuration.version)
	/bin/true unhashed
	run vakt health --details configuration
	[[ "$output" == *"mdatp_managed.json:1:52: unknown key \"antivirusEngine.scanArchive\"; did you mean \"antivirusEngine.scanArchives\"?"* ]]
	[[ "$output" == *"antivirusEngine.enforcementLevel ($STATE/etc/mdatp_managed.json)"* ]]
	[ "$(vakt health --field configuration_without_effect)" = 1 ]
	[ "$(vakt health --field configuration_remarks)" = 1 ]
	vakt config set vakt.hash.maxFileBytes 1000000
	vakt config set vakt.ring.bytes 1048576
	for _ in $(seq 50); do
		[ "$(vakt health --output json | jq -r .sensor.configuration.version)" != "$version" ] && break
		sleep 0.1
	done
	sleep 1
	/bin/true hashed
	run vakt health --field health_issues
	[[ "$output" == *"vakt.ring.bytes takes effect when vakt-sensor is started again"* ]]
	version=$(vakt health --output json | jq -r .sensor.configuration.version)
	echo '{"vakt":{"hash":{"maxFileBytes":-1}}}' >"$STATE/etc/managed.json"
	kill -HUP "$SENSOR"
	for _ in $(seq 50); do
		grep -q "stays in force" "$STATE/log" && break
		sleep 0.1
	done
	run vakt health --output json
	jq -e --arg f "$STATE/etc/managed.json:1:33: vakt.hash.maxFileBytes must be a whole number from 0 to 1073741824, not -1" \
		'.healthy == false and (.health_issues | index($f))' <<<"$output"
	[ "$(jq -r .sensor.configuration.version <<<"$output")" = "$version" ]
	/bin/true still-hashed
	sleep 0.5
	kill "$SENSOR"
	wait "$SENSOR" || true
	SENSOR=
	rows=$("$VAKT_BUILD/src/programs/vakt-frames" "$STATE"/spool/*.seg |
		jq -r 'select(.ActionType == "ProcessCreated") | select(.FolderPath == "/usr/bin/true") | "\(.ProcessCommandLine) \(.SHA256 // "-" | length)"')
	[ "$rows" = "$(printf '/bin/true unhashed 1\n/bin/true hashed 64\n/bin/true still-hashed 64')" ]
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
	jq -e '[.health_issues[] | select(contains("vakt-sensor does not run"))] == []' <<<"$output"
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
