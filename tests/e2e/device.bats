#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# device.bats - onboarding, connectivity, settings and health of a device, against the real cloud
#
# One control plane for all; each test has a device folder of its own.

BIN=$VAKT_BUILD/src/programs

cloud() {
	"$BIN/vakt-cloud" --state-dir "$ALL/cloud" --public-host localhost --device-port "$PORT" \
		--portal-port 0 "$@"
}

start_cloud() {
	"$BIN/vakt-cloud" --state-dir "$ALL/cloud" --store "unix:$ALL/store.sock" --public-host localhost \
		--device-port "$PORT" --portal-port 0 2>"$ALL/cloud.log" </dev/null 3>&- &
	echo $! >"$ALL/cloud.pid"
	for _ in $(seq 200); do
		grep -q 'devices are served' "$ALL/cloud.log" && return
		sleep 0.1
	done
	cat "$ALL"/*.log >&2
	return 1
}

stop() {
	local pid
	pid=$(cat "$1")
	kill "$pid" 2>/dev/null || return 0
	for _ in $(seq 100); do
		kill -0 "$pid" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -9 "$pid"
}

free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

setup_file() {
	export ALL PORT
	ALL=$(mktemp -d)
	PORT=$(free_port)
	"$BIN/vakt-store" --library "$VAKT_LIBCHDB" --data-dir "$ALL/store" --socket "$ALL/store.sock" \
		2>"$ALL/store.log" </dev/null 3>&- &
	echo $! >"$ALL/store.pid"
	start_cloud
}

teardown_file() {
	stop "$ALL/cloud.pid"
	stop "$ALL/store.pid"
	rm -rf "$ALL"
}

setup() {
	DIR=$(mktemp -d)
	mkdir "$DIR/run" "$DIR/state" "$DIR/etc"
	cloud create-token >"$DIR/token"
}

teardown() {
	local pid
	for pid in "$DIR"/*.pid; do
		[ -f "$pid" ] && stop "$pid"
	done
	rm -rf "$DIR"
}

vakt() {
	"$BIN/vakt" "$@" --state-dir "$DIR/state" --run-dir "$DIR/run" --config-dir "$DIR/etc"
}

start_uplink() {
	"$BIN/vakt-uplink" --state-dir "$DIR/state" --run-dir "$DIR/run" --config-dir "$DIR/etc" \
		2>>"$DIR/uplink.log" </dev/null 3>&- &
	echo $! >"$DIR/uplink.pid"
}

start_sensor() {
	"$BIN/vakt-sensor" --state-dir "$DIR/state" --run-dir "$DIR/run" --config-dir "$DIR/etc" \
		2>>"$DIR/sensor.log" </dev/null 3>&- &
	echo $! >"$DIR/sensor.pid"
	for _ in $(seq 100); do
		grep -q started "$DIR/sensor.log" && return
		sleep 0.1
	done
	cat "$DIR/sensor.log" >&2
	return 1
}

# Waits until health, as jq sees it, is so.
until_health() {
	for _ in $(seq 100); do
		vakt health --output json >"$DIR/health"
		jq -e "$1" "$DIR/health" >/dev/null && return
		sleep 0.1
	done
	echo "never: $1" >&2
	cat "$DIR/health" "$DIR"/*.log >&2
	return 1
}

state() {
	sqlite3 "$ALL/cloud/state.db" "$1"
}

device_id() {
	jq -r .deviceId "$DIR/state/identity/identity.json"
}

@test "a token file that cannot work is refused with its reason" {
	run vakt onboard
	[ "$status" = 1 ]
	[ "$output" = 'vakt: `vakt onboard` needs --token FILE; the portal or `vakt-cloud create-token` makes one' ]
	run vakt onboard --token "$DIR/nothing"
	[ "$status" = 1 ]
	[ "$output" = "vakt: $DIR/nothing: No such file or directory" ]
	printf '{"server":\n "https://localhost",}' >"$DIR/bad"
	run vakt onboard --token "$DIR/bad"
	[ "$output" = "vakt: $DIR/bad: 2:22: text in double quotes is expected, not '}'" ]
	jq 'del(.caSha256)' "$DIR/token" >"$DIR/bad"
	run vakt onboard --token "$DIR/bad"
	[ "$output" = "vakt: $DIR/bad: this is no token file: \"caSha256\" is missing; the portal or \`vakt-cloud create-token\` makes one" ]
	jq '.server = "http://localhost"' "$DIR/token" >"$DIR/bad"
	run vakt onboard --token "$DIR/bad"
	[ "$output" = "vakt: $DIR/bad: \"server\" must be https://host:port, not \"http://localhost\"" ]
	[ ! -e "$DIR/state/identity" ]
}

@test "a token that is unknown, revoked, expired or used up is refused by the cloud in words" {
	jq '.token = "0123"' "$DIR/token" >"$DIR/bad"
	run vakt onboard --token "$DIR/bad"
	[ "$status" = 1 ]
	[ "$output" = "vakt: the control plane refused (403): the token is not known here" ]
	state 'UPDATE enrolment_token SET expires_ns = 1 WHERE uses = 0'
	run vakt onboard --token "$DIR/token"
	[ "$output" = "vakt: the control plane refused (403): the token has expired; make a new one" ]
	state 'UPDATE enrolment_token SET revoked_ns = 1 WHERE uses = 0'
	run vakt onboard --token "$DIR/token" --output json
	[ "$status" = 1 ]
	[[ "$output" == *"the token was revoked"* ]]
	[ ! -e "$DIR/state/identity" ]
}

@test "another CA than the token's is not trusted" {
	jq '.caSha256 = ("0" * 64)' "$DIR/token" >"$DIR/bad"
	run vakt onboard --token "$DIR/bad"
	[ "$status" = 1 ]
	[[ "$output" == "vakt: https://localhost:$PORT does not prove to be the control plane that the token came from (its CA must be 0000000000000000...): "* ]]
	[ ! -e "$DIR/state/identity" ]
	run vakt onboard --token "$DIR/token" --server "https://localhost:1"
	[ "$status" = 1 ]
	[[ "$output" == *"https://localhost:1: "* ]]
}

@test "onboarding again changes nothing, another tenant's token is refused" {
	run vakt onboard --token "$DIR/token" --output json
	[ "$(jq -r .result <<<"$output")" = onboarded ]
	id=$(device_id)
	run vakt onboard --token "$DIR/token"
	[ "$status" = 0 ]
	[ "$output" = "This device is onboarded already; nothing was changed." ]
	jq '.tenantId = "00000000-0000-4000-8000-000000000000"' "$DIR/token" >"$DIR/other"
	run vakt onboard --token "$DIR/other"
	[ "$status" = 1 ]
	[[ "$output" == *'the token is for tenant 00000000-0000-4000-8000-000000000000; `vakt offboard` first' ]]
	[ "$(device_id)" = "$id" ]
}

@test "offboarding must be confirmed and is known in the cloud" {
	vakt onboard --token "$DIR/token"
	id=$(device_id)
	run vakt offboard </dev/null
	[ "$status" = 1 ]
	[ "$output" = "vakt: offboarding must be confirmed: add --yes" ]
	[ "$(device_id)" = "$id" ]
	run vakt offboard --yes
	[ "$status" = 0 ]
	[ "$output" = "This device is offboarded." ]
	[ ! -e "$DIR/state/identity" ]
	[ "$(state "SELECT onboarding_status, offboarded_ns > 0 FROM device WHERE id = '$id'")" = "CanBeOnboarded|1" ]
	run vakt offboard --yes
	[ "$status" = 1 ]
	[ "$output" = "vakt: this device is not onboarded" ]
}

@test "offboarding without the cloud says so; --local does it here" {
	vakt onboard --token "$DIR/token"
	jq '.server = "https://localhost:1"' "$DIR/state/identity/identity.json" >"$DIR/json"
	cp "$DIR/json" "$DIR/state/identity/identity.json"
	run vakt offboard --yes
	[ "$status" = 1 ]
	[[ "$output" == "vakt: this device is still onboarded (--local removes its identity here only): the control plane could not be told: https://localhost:1: "* ]]
	run vakt offboard --yes --local
	[ "$status" = 0 ]
	[ ! -e "$DIR/state/identity" ]
}

@test "a damaged identity is replaced, the device keeps its id" {
	vakt onboard --token "$DIR/token"
	id=$(device_id)
	echo '{' >"$DIR/state/identity/identity.json"
	cloud create-token >"$DIR/token"
	run vakt onboard --token "$DIR/token"
	[ "$status" = 0 ]
	[ "$output" = "This device has a new identity; the old one is not used any more." ]
	[ "$(device_id)" = "$id" ]
}

@test "a cloned identity is refused, health says so, a new token solves it" {
	vakt onboard --token "$DIR/token"
	id=$(device_id)
	start_uplink
	until_health '.cloud_connected'
	# What another machine with this identity would say.
	curl -s --cacert "$DIR/state/identity/ca.crt" --cert "$DIR/state/identity/device.crt" \
		--key "$DIR/state/identity/device.key" -H 'Content-Type: application/json' \
		--data '{"machineUid":"of another machine"}' "https://localhost:$PORT/device/v1/heartbeat"
	run curl -s --cacert "$DIR/state/identity/ca.crt" --cert "$DIR/state/identity/device.crt" \
		--key "$DIR/state/identity/device.key" --data x "https://localhost:$PORT/device/v1/events"
	[[ "$output" == *ClonedIdentity* ]]
	kill -HUP "$(cat "$DIR/uplink.pid")" # a heartbeat at once
	until_health '.healthy == false and ([.health_issues[] | select(startswith("the control plane refuses this device: another machine uses this device'"'"'s identity"))] | length == 1)'
	run vakt connectivity test
	[ "$status" = 1 ]
	[[ "$output" == *'`vakt onboard --token FILE` with a new token brings it back'* ]]
	cloud create-token >"$DIR/token"
	run vakt onboard --token "$DIR/token"
	[ "$output" = "This device has a new identity; the old one is not used any more." ]
	[ "$(device_id)" = "$id" ]
	until_health '.cloud_connected'
	[ "$(state "SELECT clone_suspected FROM device WHERE id = '$id'")" = 0 ]
}

@test "the connectivity test names the step that fails" {
	run vakt connectivity test
	[ "$status" = 1 ]
	[[ "$output" == *"this device is not onboarded; with --token FILE"* ]]
	run vakt connectivity test --token "$DIR/token" --output json
	[ "$status" = 0 ]
	jq -e '.reachable and (.addresses | length == 2) and .addresses[0].steps == {DNS: "ok", TCP: "ok", TLS: "ok", HTTP: "ok"}' <<<"$output"
	vakt onboard --token "$DIR/token"
	run vakt connectivity test
	[ "$status" = 0 ]
	[ "$(grep -c '^\[OK\]' <<<"$output")" = 3 ]
	cloud create-token >"$DIR/token"
	run vakt connectivity test --token "$DIR/token" --server https://localhost:1 --output json
	[ "$status" = 1 ]
	[ "$(jq -r '.addresses[0].steps.TCP' <<<"$output")" = failed ]
	[ "$(jq -r '.addresses[0].steps.TLS' <<<"$output")" = notTried ]
	[[ "$(jq -r '.addresses[0].advice' <<<"$output")" == "nothing listens there: does vakt-cloud run"* ]]
	run vakt connectivity test --token "$DIR/token" --server https://no-such-host.invalid:1 --output json
	[ "$(jq -r '.addresses[0].steps.DNS' <<<"$output")" = failed ]
	jq '.caSha256 = ("0" * 64)' "$DIR/token" >"$DIR/other"
	run vakt connectivity test --token "$DIR/other" --output json
	[ "$(jq -r '.addresses[0].steps.TLS' <<<"$output")" = failed ]
	[ "$(jq -r '.addresses[0].steps.TCP' <<<"$output")" = ok ]
	run vakt connectivity test --token "$DIR/token" --server "https://127.0.0.2:$PORT" --output json
	[[ "$(jq -r '.addresses[0].advice' <<<"$output")" == *"--public-host"* ]]
}

@test "everything goes through the proxy, and a proxy that refuses is named" {
	vakt onboard --token "$DIR/token"
	python3 "$VAKT_SOURCE/tests/e2e/proxy.py" "$DIR/proxy.port" "$DIR/proxy.refuse" >"$DIR/proxy.log" 3>&- &
	echo $! >"$DIR/proxy.pid"
	for _ in $(seq 50); do
		[ -s "$DIR/proxy.port" ] && break
		sleep 0.1
	done
	start_uplink
	until_health '.cloud_connected'
	[ ! -s "$DIR/proxy.log" ]
	vakt config proxy set --value "http://127.0.0.1:$(cat "$DIR/proxy.port")"
	run vakt connectivity test --output json
	[ "$status" = 0 ]
	jq -e '.addresses[0].steps.proxy == "ok"' <<<"$output"
	for _ in $(seq 50); do
		[ "$(grep -c "CONNECT localhost:$PORT" "$DIR/proxy.log")" -gt 3 ] && break
		sleep 0.1
	done
	[ "$(grep -c "CONNECT localhost:$PORT" "$DIR/proxy.log")" -gt 3 ] # the test's three and the uplink's
	until_health '.cloud_connected'
	touch "$DIR/proxy.refuse"
	run vakt connectivity test --output json
	[ "$status" = 1 ]
	[ "$(jq -r '.addresses[0].steps.proxy' <<<"$output")" = failed ]
	[ "$(jq -r '.addresses[0].steps.TCP' <<<"$output")" = ok ]
	stop "$DIR/proxy.pid"
	run vakt connectivity test
	[[ "$output" == *"is the proxy's address right?"* ]]
	vakt config proxy clear
	until_health '.cloud_connected'
}

@test "the cloud has the health, the tags and the addresses that the device shows" {
	vakt onboard --token "$DIR/token"
	start_sensor
	start_uplink
	vakt edr tag set --name GROUP --value "Web servers"
	vakt edr group-ids --group-id eu-north
	until_health '.healthy and .uplink.configuration.version == .edr_configuration_version'
	for _ in $(seq 50); do
		state "SELECT health FROM device WHERE id = '$(device_id)'" >"$DIR/cloud-health"
		jq -e '.edr_group_ids == "eu-north"' "$DIR/cloud-health" >/dev/null && break
		sleep 0.1
	done
	jq -e '.healthy and .licensed and .cloud_connected and .edr_device_tags == [{"key":"GROUP","value":"Web servers"}]' "$DIR/cloud-health"
	jq -e '.supplementary_events_subsystem == "ebpf" and (.sensor.rows.DeviceProcessEvents >= 0)' "$DIR/cloud-health"
	[ "$(jq -S 'keys' "$DIR/cloud-health")" = "$(jq -S 'keys' "$DIR/health")" ]
	address=$(ip -4 route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')
	[ "$(state "SELECT last_ip_address FROM device WHERE id = '$(device_id)'")" = "$address" ]
	[ "$(state "SELECT machine_tags FROM device WHERE id = '$(device_id)'")" = '["Web servers"]' ]
	[ "$(vakt health --check --field healthy)" = true ]
	# A user without rights sees the same.
	chmod 755 "$DIR"
	cp "$BIN/vakt" "$DIR/vakt"
	setpriv --reuid nobody --regid nogroup --clear-groups "$DIR/vakt" health --output json \
		--state-dir "$DIR/state" --run-dir "$DIR/run" --config-dir "$DIR/etc" >"$DIR/by-nobody"
	[ "$(jq -c '[.healthy,.licensed,.org_id,.edr_machine_id,.certificate_expiration]' "$DIR/by-nobody")" = \
		"$(jq -c '[.healthy,.licensed,.org_id,.edr_machine_id,.certificate_expiration]' "$DIR/health")" ]
	run vakt health --details edr
	[[ "$output" == *eu-north* ]]
	stop "$DIR/sensor.pid"
	run vakt health --check
	[ "$status" = 3 ]
	[[ "$output" == *'vakt-sensor does not run; `systemctl start vakt-sensor` or'* ]]
	[ "$(vakt health --field supplementary_events_subsystem)" = '"unavailable"' ]
}
