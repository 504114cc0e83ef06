# SPDX-License-Identifier: Apache-2.0
# supervisor.sh - start, stop and ask for services, by systemd where it runs, else by runit
#
# Sourced by up.sh and down.sh. packaging/services.txt is the one list of services. runit's folder
# is our own, with a runsvdir of our own, so that nothing else on the machine is touched.
#
# VAKT_ROOT puts everything below another folder, with the ports and the folder of pins given as
# well: a second Vakt beside the machine's own, always under runit.

ROOT=${VAKT_ROOT:-}
PREFIX=$ROOT/opt/vakt
STATE=$ROOT/var/lib
RUN=$ROOT/run
PINS=${VAKT_PINS:-/sys/fs/bpf/vakt}
DEVICE_PORT=${VAKT_DEVICE_PORT:-8444}
PORTAL_PORT=${VAKT_PORTAL_PORT:-8443}
SERVICES_FILE=packaging/services.txt
RUNIT_DIR=$STATE/vakt-services
LOG_DIR=$ROOT/var/log/vakt

service_names() {
	sed -n 's/^\(vakt-[a-z]*\) .*/\1/p' "$SERVICES_FILE"
}

fill_places() {
	sed "s|@PREFIX@|$PREFIX|g; s|@STATE@|$STATE|g; s|@RUN@|$RUN|g; s|@PINS@|$PINS|g
		s|@DEVICE_PORT@|$DEVICE_PORT|g; s|@PORTAL_PORT@|$PORTAL_PORT|g" "$@"
}

service_user() {
	sed -n "s/^$1 \([^ ]*\) .*/\1/p" "$SERVICES_FILE"
}

service_command() {
	sed -n "s/^$1 [^ ]* //p" "$SERVICES_FILE" | fill_places
}

have_systemd() {
	[ -z "$ROOT" ] && [ -d /run/systemd/system ]
}

# A setting of the service's own file replaces the common one.
unit_settings() {
	local name=packaging/systemd/$1.conf
	grep -v '^#' packaging/systemd/common.conf | while IFS= read -r line; do
		grep -q "^${line%%=*}=" "$name" || printf '%s\n' "$line"
	done
	grep -v '^#' "$name" | fill_places
}

unit_text() {
	cat <<-END
		[Unit]
		Description=Vakt: $1
		After=network.target
		StartLimitIntervalSec=0

		[Service]
		User=$(service_user "$1")
		ExecStartPre=+$PREFIX/share/prepare.sh $RUN $STATE $1
		ExecStart=$(service_command "$1")
		ExecReload=/bin/kill -HUP \$MAINPID
		Restart=always
		RestartSec=1
		$(unit_settings "$1")

		[Install]
		WantedBy=multi-user.target
	END
}

run_text() {
	local user as=
	user=$(service_user "$1")
	[ "$user" = root ] || as="chpst -u $user "
	cat <<-END
		#!/bin/sh
		exec </dev/null 2>&1
		$PREFIX/share/prepare.sh $RUN $STATE $1 || exit
		ulimit -n "\$(ulimit -H -n)"
		exec $as$(service_command "$1")
	END
}

# Writes the definition of a service; answers 0 when it differs from what was there.
service_define() {
	local name=$1 target content
	if have_systemd; then
		target=/etc/systemd/system/$name.service
		content=$(unit_text "$name")
	else
		target=$RUNIT_DIR/$name/run
		content=$(run_text "$name")
		mkdir -p "$RUNIT_DIR/$name/log" "$LOG_DIR/$name"
		printf '#!/bin/sh\nexec svlogd -tt %s\n' "$LOG_DIR/$name" >"$RUNIT_DIR/$name/log/run"
		chmod +x "$RUNIT_DIR/$name/log/run"
	fi
	[ -f "$target" ] && [ "$(cat "$target")" = "$content" ] && return 1
	printf '%s\n' "$content" >"$target.new"
	chmod "$(have_systemd && echo 644 || echo 755)" "$target.new"
	mv "$target.new" "$target"
}

supervisor_start() {
	if have_systemd; then
		systemctl daemon-reload
		return
	fi
	[ -f "$RUNIT_DIR.pid" ] && kill -0 "$(cat "$RUNIT_DIR.pid")" 2>/dev/null && return
	# Its own session: it outlives the shell that called make.
	setsid runsvdir -P "$RUNIT_DIR" >/dev/null 2>&1 </dev/null &
	echo $! >"$RUNIT_DIR.pid"
	# runsvdir looks for services every five seconds; sv needs their control pipes.
	local name
	for name in $(service_names); do
		for _ in $(seq 100); do
			[ -p "$RUNIT_DIR/$name/supervise/control" ] && break
			sleep 0.1
		done
	done
}

service_start() {
	if have_systemd; then
		systemctl enable --now --quiet "$1"
	else
		sv -w 10 start "$RUNIT_DIR/$1" >/dev/null
	fi
}

service_restart() {
	if have_systemd; then
		systemctl restart "$1"
	else
		sv -w 30 restart "$RUNIT_DIR/$1" >/dev/null
	fi
}

service_stop() {
	if have_systemd; then
		systemctl disable --now --quiet "$1"
	else
		sv -w 30 down "$RUNIT_DIR/$1" >/dev/null 2>&1 || true
	fi
}

# 0 or nothing while it does not run.
service_pid() {
	if have_systemd; then
		systemctl show -p MainPID --value "$1"
	else
		cat "$RUNIT_DIR/$1/supervise/pid" 2>/dev/null
	fi
}

# Returns when its runsvdir and all below it have ended.
supervisor_stop() {
	have_systemd && return
	[ -f "$RUNIT_DIR.pid" ] || return 0
	local pid
	pid=$(cat "$RUNIT_DIR.pid")
	# SIGHUP: runsvdir ends its runsv children as well.
	kill -HUP "$pid" 2>/dev/null || true
	for _ in $(seq 100); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	local name
	for name in $(service_names); do
		for _ in $(seq 100); do
			# runsv holds this lock for as long as it lives.
			flock -n "$RUNIT_DIR/$name/supervise/lock" true 2>/dev/null && break
			sleep 0.1
		done
	done
	rm -f "$RUNIT_DIR.pid"
}
