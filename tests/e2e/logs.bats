#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# logs.bats - a real sensor follows log files that are written, rotated and cut while it is killed

load sensor

setup() {
	STATE=$(mktemp -d)
	LOGS=$STATE/logs
	mkdir "$STATE/etc" "$LOGS"
	touch "$LOGS/auth.log"
	cat >"$STATE/etc/managed.json" <<-END
		{"vakt": {"logs": {"journal": "disabled", "files": [
			{"path": "$LOGS/auth.log", "kind": "auth"},
			{"path": "$LOGS/audit.log", "kind": "auditd"},
			{"path": "$LOGS/access.log", "kind": "webserver"}]}}}
	END
	start_sensor --config-dir "$STATE/etc"
}

teardown() {
	stop_sensor
	rm -rf "$STATE"
}

# Rows of DeviceLogEvents in the spool.
rows() {
	"$VAKT_BUILD/src/programs/vakt-frames" "$STATE"/spool/*.seg | jq -c 'select(.Table == "DeviceLogEvents")'
}

# Writes numbered lines, one in 2 ms.
write_lines() {
	local i
	for i in $(seq "$1" "$2"); do
		echo "Nov 29 15:42:33 host app[$$]: line $i" >>"$LOGS/auth.log"
		sleep 0.002
	done
}

@test "each line comes once, over rotation of both sorts and kills" {
	write_lines 1 3000 3>&- &
	writer=$!
	for round in 1 2 3 4 5; do
		sleep 1.3
		stop_sensor -KILL
		case $round in
		2) mv "$LOGS/auth.log" "$LOGS/auth.log.1" ;;
		4) kill -STOP "$writer"
		   cp "$LOGS/auth.log" "$LOGS/auth.log.2" && : >"$LOGS/auth.log"
		   kill -CONT "$writer" ;;
		esac
		start_sensor --config-dir "$STATE/etc"
	done
	wait "$writer"
	echo "Nov 29 15:42:33 host app: last" >>"$LOGS/auth.log"
	for _ in $(seq 100); do
		rows | grep -q '"Message":"last"' && break
		sleep 0.2
	done
	stop_sensor
	rows | jq -r 'select(.Identifier == "app") | .Message' | sort | uniq -c | awk '$1 != 1' >"$STATE/twice"
	[ ! -s "$STATE/twice" ] || { cat "$STATE/twice"; false; }
	[ "$(rows | jq -r .Message | grep -c '^line ')" = 3000 ]
	[ "$("$VAKT_BUILD/src/programs/vakt-frames" "$STATE"/spool/*.seg | jq -c 'select(.LostKind == "log")' | wc -l)" = 0 ]
}

@test "lines are taken apart, and know their process" {
	echo "Nov 29 15:42:33 host sshd[$BASHPID]: Failed password for eve" >>"$LOGS/auth.log"
	cat >>"$LOGS/audit.log" <<-'END'
		type=SYSCALL msg=audit(1764430953.243:7): arch=c000003e syscall=59 pid=999999 uid=0 comm="chmod" exe="/usr/bin/chmod" key="k"
		type=EXECVE msg=audit(1764430953.243:7): argc=2 a0="chmod" a1=373737
		type=EOE msg=audit(1764430953.243:7):
	END
	echo '10.0.0.1 - - [29/Nov/2026:15:42:33 +0000] "GET /x HTTP/1.1" 200 5' >>"$LOGS/access.log"
	for _ in $(seq 100); do
		rows >"$STATE/rows"
		[ "$(wc -l <"$STATE/rows")" -ge 4 ] && break
		sleep 0.2
	done
	stop_sensor
	rows >"$STATE/rows"
	jq -es 'any(.[]; .ActionType == "SshLogLine" and .Identifier == "sshd" and .Message == "Failed password for eve"
		and .InitiatingProcessFileName == "bash" and .LogProcessId == '$BASHPID')' "$STATE/rows"
	jq -es 'any(.[]; .AuditType == "EXECVE" and .ActionType == "AuditRecord" and .AuditSerial == 7 and .LogProcessId == 999999
		and .LogFields == {argc: "2", a0: "chmod", a1: "777", pid: "999999", uid: "0",
			comm: "chmod", exe: "/usr/bin/chmod", key: "k"}
		and .Timestamp == "2025-11-29T15:42:33.243000000Z")' "$STATE/rows"
	jq -es 'any(.[]; .AuditType == "SYSCALL" and .LogFields.SYSCALL == "execve")' "$STATE/rows"
	jq -es 'any(.[]; .ActionType == "WebAccessLogLine" and .LogFields."cs-uri-stem" == "/x")' "$STATE/rows"
	[ "$(wc -l <"$STATE/rows")" = 4 ]
}

@test "a log that grew while nobody watched is read from where it was left" {
	sleep 0.6
	stop_sensor
	echo "Nov 29 15:42:33 host su: while away" >>"$LOGS/auth.log"
	start_sensor --config-dir "$STATE/etc"
	for _ in $(seq 100); do
		rows | grep -q "while away" && break
		sleep 0.2
	done
	stop_sensor
	rows | jq -es 'any(.[]; .Message == "while away" and .ActionType == "AuthLogLine")'
}
