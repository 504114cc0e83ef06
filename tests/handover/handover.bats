#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# handover.bats - one build of the kernel part takes over from another while files are made

setup() {
	DIR=$(mktemp -d)
	mkdir "$DIR/bpf" "$DIR/files"
	mount -t bpf bpf "$DIR/bpf"
	READER= MAKER=
}

teardown() {
	[ -z "$READER" ] || kill -9 "$READER" 2>/dev/null || true
	[ -z "$MAKER" ] || kill -9 "$MAKER" 2>/dev/null || true
	umount -l "$DIR/bpf" # with the mount its pins go, and with them the programs
	rm -rf "$DIR"
}

# start PROGRAM NAME [RING]: its events go to $DIR/NAME
start() {
	"$VAKT_BUILD/tests/handover/$1" "$DIR/bpf/vakt" "$DIR/files/" lsm "${3:-0}" >"$DIR/$2" 2>"$DIR/$2.log" 3>&- &
	READER=$!
	for _ in $(seq 300); do
		grep -q ready "$DIR/$2.log" && return
		sleep 0.1
	done
	cat "$DIR/$2.log" >&2
	return 1
}

stop() {
	kill "$READER"
	wait "$READER" || true
	READER=
}

make_files() {
	"$VAKT_BUILD/tests/handover/handover-reader" make "$DIR/files/" "$1" 3>&- &
	MAKER=$!
}

# Each of N files was told once as made, once as written, once as deleted.
each_once() {
	for letter in c w d; do
		cat "$DIR"/events-* | grep "^$letter" | sort >"$DIR/told"
		seq 0 $(($1 - 1)) | sed "s/^/$letter/" | sort >"$DIR/made"
		# Deleted or closed: a file that has no name any more is written under the old.
		diff <(sed 's/ (deleted)$//' "$DIR/told") "$DIR/made" | head -5
		diff -q <(sed 's/ (deleted)$//' "$DIR/told") "$DIR/made"
	done
	! grep lost "$DIR"/events-*.log
}

@test "what happens while one build hands over to another is told once" {
	start handover-reader events-1
	make_files 12000
	sleep 0.5
	stop
	sleep 0.3 # nobody reads
	start handover-reader-other events-2
	grep -q resumed "$DIR/events-2.log"
	sleep 0.5
	stop # before it has removed what the first left
	start handover-reader events-3
	sleep 2.5
	wait "$MAKER"
	MAKER=
	sleep 0.2
	stop
	each_once 12000
	[ -s "$DIR/events-1" ]
	[ -s "$DIR/events-2" ]
	[ -s "$DIR/events-3" ]
	[ "$(ls "$DIR/bpf/vakt" | wc -l)" = 1 ]
}

@test "a ring of another size is read to its end" {
	start handover-reader events-1 1048576
	stop
	make_files 500
	wait "$MAKER"
	MAKER=
	start handover-reader events-2 2097152
	sleep 0.2
	stop
	each_once 500
}

@test "records of another layout are counted, and go" {
	start handover-reader events-1 1048576
	stop
	mv "$DIR/bpf/vakt/"* "$DIR/bpf/vakt/0123456789ab-0123456789abcdef"
	make_files 500
	wait "$MAKER"
	MAKER=
	start handover-reader-other events-2 1048576
	sleep 2.5
	stop
	lost=$(sed -n 's/^lost file_create //p' "$DIR/events-2.log")
	[ "$lost" -ge 500 ]
	[ ! -e "$DIR/bpf/vakt/0123456789ab-0123456789abcdef" ]
	[ "$(wc -l <"$DIR/events-2")" = 0 ]
}
