#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# record.sh - makes cases/ anew: what the real sensor says of harmless copies of what the rules watch
#
# Needs root and a built vakt-sensor ($VAKT_BUILD, default build/release). Everything happens in a
# folder of its own under a fixed name, so that a new recording differs from the last only in what
# changed. Connections go to this machine; the one to the "internet" stays in a network namespace,
# what is written to the system's folders in a mount namespace. A negative case differs from a
# positive one in a single condition of the rule.
#
# record/*.sh say what is done, in the words that are functions here: rule NAME, then for each case
# WORD match|no_match ...
set -euo pipefail
export PATH=/usr/sbin:/usr/bin:/sbin:/bin # where a distribution has its programs, nothing of the caller's
cd "$(dirname "$0")/../.."

BUILD=$(realpath "${VAKT_BUILD:-build/release}/src/programs")
BOX=/tmp/vakt-cases
STATE=$(mktemp -d)
RULES=$PWD/content/rules
CONTAINER=$(printf 'c0ffee%.0s' {1..10})cafe # 64 digits, as container engines name them
CGROUP=/sys/fs/cgroup
[ ! -d $CGROUP/pids ] || CGROUP=$CGROUP/pids
CGROUP=$CGROUP/$CONTAINER
SENSOR=
RULE= QUOTED= FILTER=
LIST=()

cleanup() {
	[ -z "$SENSOR" ] || kill "$SENSOR" 2>/dev/null || true
	rmdir "$CGROUP" 2>/dev/null || true
	[ -n "${KEEP:-}" ] || rm -rf "$STATE" "$BOX" /dev/shm/vakt-case*
}
mkdir "$BOX" # refuses to use what someone else put there
trap cleanup EXIT

rule() { RULE=$1; }

# record match|no_match FILTER COMMAND...: runs the command and remembers which row is its.
record() {
	LIST+=("$RULE" "$1" "$2")
	"${@:3}" >/dev/null 2>&1 </dev/null || true
}

# Text as jq writes it; without jq, which would be started a thousand times.
quote() {
	local text=${1//\\/\\\\}
	text=${text//\"/\\\"}
	text=${text//$'\t'/\\t}
	QUOTED="\"${text//$'\n'/\\n}\""
}

# FILTER becomes: the start of a program by its command line, and who starts it.
started() { # PARENT COMMAND...
	quote "${*:2}"
	FILTER=".ActionType == \"ProcessCreated\" and .ProcessCommandLine == $QUOTED and
		.InitiatingProcessFileName == \"$1\" and (.ContainerId // \"\") == \"\""
}

# A command as it is.
run() {
	started bash "${@:2}"
	record "$1" "$FILTER" "${@:2}"
}

copy() { # PROGRAM PLACE
	[ -e "$2" ] || install -D "$1" "$2"
}

# A program that does nothing under the name and with the arguments of one that would do harm.
stand_in() {
	copy /usr/bin/true "$BOX/bin/${2##*/}"
	PATH=$BOX/bin:$PATH run "$@"
}

# child match|no_match PARENT COMMAND...: a stand-in, started by a program of that name
child() {
	copy /usr/bin/true "$BOX/bin/${3##*/}"
	child_of "$1" "$2" "${@:3}"
}

child_of() {
	copy /usr/bin/dash "$BOX/parents/$2"
	started "$2" "${@:3}"
	record "$1" "$FILTER" \
		env PATH="$BOX/bin:$PATH" "$BOX/parents/$2" -c '"$@"; true' "$2" "${@:3}"
}

# child_at match|no_match PARENT PLACE: a program at this place of the box
child_at() {
	copy /usr/bin/true "$BOX/$3"
	child_of "$1" "$2" "$BOX/$3"
}

program_at() {
	copy /usr/bin/true "$BOX/$2"
	run "$1" "$BOX/$2"
}

# file match|no_match PATH ACTION COMMAND...: by the file; rows that follow from it are left out
file() {
	record "$1" ".ActionType == \"$3\" and .FolderPath == \"$2\"" "${@:4}"
}

# written match|no_match PROGRAM PLACE: a program of that name, which is a shell, makes a file
written() {
	local program=/bin/sh
	if [ "$2" != sh ]; then
		program=$BOX/parents/$2
		copy /usr/bin/dash "$program"
	fi
	mkdir -p "$(dirname "$BOX/$3")"
	file "$1" "$BOX/$3" FileCreated "$program" -c "echo x >$BOX/$3"
}

touched() {
	mkdir -p "$(dirname "$BOX/$2")"
	file "$1" "$BOX/$2" FileCreated touch "$BOX/$2"
}

# in_view match|no_match PROGRAM PATH: the same, in a folder of the system that is another one here.
# The shell is loaded when the folder of the libraries goes away and starts nothing any more.
in_view() {
	local program=/bin/sh folder
	folder=$(dirname "$3")
	if [ "$2" != sh ]; then
		program=$BOX/parents/$2
		copy /usr/bin/dash "$program"
	fi
	mkdir -p "$BOX/view$folder"
	file "$1" "$3" FileCreated unshare -m "$program" -c \
		"mkdir -p $folder && mount --bind $BOX/view$folder $folder; echo x >$3"
}

# In a control group and mount namespace of its own, which is what the sensor knows containers by.
in_container() {
	mkdir -p "$CGROUP"
	/usr/bin/unshare -m /bin/sh -c "echo \$\$ >$CGROUP/cgroup.procs && PATH=$BOX/bin:\$PATH && exec \"\$@\"" sh "$@"
}

contained() {
	copy /usr/bin/true "$BOX/bin/${2##*/}"
	quote "${*:2}"
	record "$1" ".ActionType == \"ProcessCreated\" and
		.ProcessCommandLine == $QUOTED and .ContainerId == \"$CONTAINER\"" \
		in_container "${@:2}"
}

contained_file() { # match|no_match MODE
	record "$1" ".ActionType == \"FileModified\" and .FolderPath == \"$BOX/in-container-$2\"" \
		in_container /bin/sh -c "exec 3>$BOX/in-container-$2; /bin/chmod $2 $BOX/in-container-$2; echo x >&3; exec 3>&-"
}

# accepts match|no_match perl|python3: a script that takes one connection
accepts() {
	local filter=".ActionType == \"InboundConnectionAccepted\" and (.InitiatingProcessFileName | startswith(\"$2\"))"
	case $2 in
	perl) record "$1" "$filter" perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die;
		IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $s->sockport) or die;
		$s->accept' ;;
	python3) record "$1" "$filter" python3 -c '
import socket
s = socket.create_server(("127.0.0.1", 0))
c = socket.create_connection(s.getsockname())
s.accept()' ;;
	esac
}

# datagram match|no_match ADDRESS: sent by a shell, in a network of its own
datagram() {
	record "$1" ".ActionType == \"ConnectionRequest\" and .RemoteIP == \"$2\" and .InitiatingProcessFileName == \"bash\"" \
		unshare -n sh -c "ip link set lo up; ip address add $2/32 dev lo; exec bash -c ': >/dev/udp/$2/9'"
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
	local part

	mkdir -p "$BOX"/{etc/cron.d,etc/systemd/system,home/.ssh,home/.aws}
	echo fake >"$BOX/home/.ssh/id_rsa"
	echo fake >"$BOX/home/.aws/credentials"
	for part in "$RULES"/record/*.sh; do
		. "$part"
	done
}

# One program for jq: each case takes the first row of its filter, in the columns that rules look at.
case_program() {
	local i

	echo 'def columns: {Table, ActionType, FileName, FolderPath, FileMode, ProcessCommandLine,
		ProcessCurrentDirectory, AccountName, PreviousFolderPath, PreviousFileName, RemoteIP,
		RemotePort, LocalIP, Protocol, Initiated, InitiatingProcessFileName,
		InitiatingProcessFolderPath, InitiatingProcessCommandLine,
		InitiatingProcessAccountName, InitiatingProcessParentFileName, ContainerId}
		| with_entries(select(.value != null));
	def found($rule; $kind; $filter; rows): (first(rows) // null) as $row
		| if $row then {rule: $rule, expect: $kind, event: ($row | columns)}
		else "nothing was recorded for \($rule): \($filter)" | stderr | empty end;
	[inputs] as $events | '
	for ((i = 0; i < ${#LIST[@]}; i += 3)); do
		[ $i = 0 ] || echo ,
		quote "${LIST[i + 2]}"
		printf 'found("%s"; "%s"; %s; $events[] | select(%s))\n' "${LIST[i]}" "${LIST[i + 1]}" \
			"$QUOTED" "${LIST[i + 2]}"
	done
}

# cases/RULE.jsonl: {"expect":"match","rule":...,"event":{...}} a line, in the order of recording.
write_cases() {
	local rule

	case_program >"$STATE/cases.jq"
	jq -nc -f "$STATE/cases.jq" "$STATE/events" >"$STATE/cases"
	[ "$(wc -l <"$STATE/cases")" = $((${#LIST[@]} / 3)) ]
	mkdir -p "$RULES/cases"
	for rule in "$RULES"/linux/*.yml; do rm -f "$RULES/cases/$(basename "$rule" .yml).jsonl"; done
	jq -r '"\(.rule)\t\(. | @json)"' "$STATE/cases" | while IFS=$'\t' read -r rule line; do
		printf '%s\n' "$line" >>"$RULES/cases/$rule.jsonl"
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
wc -l "$RULES"/cases/*.jsonl | tail -n 1
