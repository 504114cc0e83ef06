# SPDX-License-Identifier: Apache-2.0
# supervisor.sh - start, stop and ask for services, by systemd where it runs, else by runit
#
# Sourced by up.sh and down.sh. packaging/services.txt is the one list of services. runit's folder
# is our own, with a runsvdir of our own, so that nothing else on the machine is touched.

SERVICES_FILE=packaging/services.txt
RUNIT_DIR=/var/lib/vakt-services
LOG_DIR=/var/log/vakt

service_names() {
	sed -n 's/^\(vakt-[a-z]*\) .*/\1/p' "$SERVICES_FILE"
}

service_command() {
	sed -n "s/^$1 //p" "$SERVICES_FILE"
}

have_systemd() {
	[ -d /run/systemd/system ]
}

# Writes the definition of a service; answers 0 when it differs from what was there.
service_define() {
	local name=$1 target content
	if have_systemd; then
		target=/etc/systemd/system/$name.service
		content="[Unit]
Description=Vakt: $name
After=network.target

[Service]
ExecStart=$(service_command "$name")
ExecReload=/bin/kill -HUP \$MAINPID
Restart=always
RestartSec=1
RuntimeDirectory=${name/vakt-[!s]*/vakt}
RuntimeDirectoryPreserve=yes

[Install]
WantedBy=multi-user.target"
	else
		target=$RUNIT_DIR/$name/run
		content="#!/bin/sh
mkdir -p /run/vakt /run/vakt-store
exec </dev/null 2>&1
exec $(service_command "$name")"
		mkdir -p "$RUNIT_DIR/$name/log" "$LOG_DIR/$name"
		printf '#!/bin/sh\nexec svlogd -tt %s\n' "$LOG_DIR/$name" >"$RUNIT_DIR/$name/log/run"
		chmod +x "$RUNIT_DIR/$name/log/run"
	fi
	[ -f "$target" ] && [ "$(cat "$target")" = "$content" ] && return 1
	printf '%s\n' "$content" >"$target.new"
	chmod 755 "$target.new"
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

service_pid() {
	if have_systemd; then
		systemctl show -p MainPID --value "$1"
	else
		cat "$RUNIT_DIR/$1/supervise/pid" 2>/dev/null
	fi
}

supervisor_stop() {
	have_systemd && return
	[ -f "$RUNIT_DIR.pid" ] || return 0
	# SIGHUP: runsvdir ends its runsv children as well.
	kill -HUP "$(cat "$RUNIT_DIR.pid")" 2>/dev/null || true
	rm -f "$RUNIT_DIR.pid"
}
