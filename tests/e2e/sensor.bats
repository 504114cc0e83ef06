#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# sensor.bats - the real sensor on this kernel: what is done here stands in its spool

load sensor

setup() {
	STATE=$(mktemp -d)
	start_sensor
}

teardown() {
	stop_sensor
	ip link delete "vakt-$$" 2>/dev/null || true
	ip netns delete "vakt-$$" 2>/dev/null || true
	rm -rf "$STATE" "/sys/fs/bpf/vakt-test-$$"
}

# Ends the sensor in good order and prints its rows that match a jq expression.
rows() {
	stop_sensor
	"$VAKT_BUILD/src/programs/vakt-frames" "$STATE"/spool/*.seg | jq -c "select($1)"
}

field() {
	jq -r ".$1" "$STATE/row"
}

@test "a start has both processes, user, folder, hashes and its end" {
	cd /usr/lib
	/bin/true "vakt test" åäö
	stop_sensor
	rows '.ProcessCommandLine == "/bin/true vakt test åäö" and .ActionType == "ProcessCreated"' >"$STATE/row"
	[ "$(field Table)" = DeviceProcessEvents ]
	[ "$(field FolderPath)" = /usr/bin/true ]
	[ "$(field FileName)" = "true" ]
	[ "$(field AccountName)" = "$(id -un)" ]
	[ "$(field ProcessCurrentDirectory)" = /usr/lib ]
	[ "$(field SHA256)" = "$(sha256sum /bin/true | cut -d' ' -f1)" ]
	[ "$(field MD5)" = "$(md5sum /bin/true | cut -d' ' -f1)" ]
	[ "$(field FileSize)" = "$(stat -c %s /usr/bin/true)" ]
	[ "$(field ProcessPackage)" = "$(dpkg-query -W -f '${Package}=${Version}' coreutils)" ]
	[ "$(field InitiatingProcessFileName)" = bash ]
	[ "$(field InitiatingProcessId)" = "$BASHPID" ]
	id=$(field ProcessUniqueId)
	rows ".ProcessUniqueId == \"$id\" and .ActionType == \"ProcessTerminated\"" >"$STATE/row"
	[ "$(field ExitCode)" = 0 ]
}

@test "a process keeps its identity over a restart of the sensor, and the gap is told" {
	sleep 30 3>&- &
	pid=$!
	sleep 0.3
	stop_sensor
	first=$(rows ".ProcessId == $pid and .ActionType == \"ProcessCreated\"" | jq -r .ProcessUniqueId)
	sleep 1
	start_sensor
	kill "$pid"
	wait "$pid" || true
	sleep 0.3
	stop_sensor
	rows ".ProcessId == $pid and .ActionType == \"ProcessTerminated\"" >"$STATE/row"
	[ "$(field ProcessUniqueId)" = "$first" ]
	[ "$(field ExitSignal)" = 15 ]
	[ "$(field FileName)" = sleep ]
	rows '.Table == "SensorGaps"' >"$STATE/row"
	[ "$(field ActionType)" = SensorStopped ]
	[[ "$(field EndTime)" > "$(field Timestamp)" ]]
}

@test "a command line of two mebibytes is there to its last byte" {
	long=$(head -c 130000 /dev/zero | tr '\0' x)
	args=()
	for _ in $(seq 15); do args+=("$long"); done
	# It lives long enough to be read from /proc: the kernel's record holds 16 KiB.
	sh -c 'sleep 0.3; : done' sh "${args[@]}" tail-of-the-line
	stop_sensor
	rows '.ActionType == "ProcessCreated" and (.ProcessCommandLine // "" | startswith("sh -c sleep 0.3"))' >"$STATE/row"
	[ "$(jq -r '.ProcessCommandLine | length' "$STATE/row")" -gt 1950000 ]
	jq -e '.ProcessCommandLine | endswith(" tail-of-the-line")' "$STATE/row"
	jq -e '.CommandLineTruncated == null' "$STATE/row"
}

@test "a name that is not UTF-8 loses nothing" {
	name=$STATE/$'bad-\xff-name'
	cp /bin/true "$name"
	"$name"
	stop_sensor
	rows '.ActionType == "ProcessCreated" and (.FileName // "" | startswith("bad-"))' >"$STATE/row"
	[ "$(field FileName)" = 'bad-\xff-name' ]
	[ "$(field ProcessPackage)" = null ] # a copy of a package's file is none
}

@test "a program without a name on any disk is named as in /proc" {
	cp /bin/true "$STATE/gone"
	/usr/bin/python3 -c 'import os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
os.unlink(sys.argv[1])
os.execve(fd, ["run-after-deletion"], {})' "$STATE/gone"
	/usr/bin/python3 -c 'import os
fd = os.memfd_create("made-in-memory")
os.write(fd, open("/bin/true", "rb").read())
os.execve(fd, ["run-from-memory"], {})'
	stop_sensor
	rows '.ProcessCommandLine == "run-after-deletion" and .ActionType == "ProcessCreated"' >"$STATE/row"
	[ "$(field FolderPath)" = "$STATE/gone (deleted)" ]
	rows '.ProcessCommandLine == "run-from-memory" and .ActionType == "ProcessCreated"' >"$STATE/row"
	[ "$(field FolderPath)" = "/memfd:made-in-memory (deleted)" ]
}

@test "a connection, a refused one and a listener tell who and where" {
	python3 -c 'import socket, sys
s = socket.create_server(("127.0.0.1", 0))
open(sys.argv[1], "w").write("%d\n" % s.getsockname()[1])
s.accept()' "$STATE/port" 3>&- &
	server=$!
	for _ in $(seq 50); do
		[ -s "$STATE/port" ] && break
		sleep 0.1
	done
	port=$(cat "$STATE/port")
	(exec 4<>"/dev/tcp/127.0.0.1/$port")
	wait "$server"
	(exec 4<>"/dev/tcp/127.0.0.1/1") 2>/dev/null || true
	sleep 0.3
	stop_sensor
	rows ".ActionType == \"ConnectionSuccess\" and .RemotePort == $port" >"$STATE/row"
	[ "$(field RemoteIP)" = 127.0.0.1 ]
	[ "$(field RemoteIPType)" = Loopback ]
	[ "$(field InitiatingProcessFileName)" = bash ]
	[ "$(field Initiated)" = true ]
	rows '.ActionType == "ConnectionFailed" and .RemotePort == 1 and .InitiatingProcessFileName == "bash"' >"$STATE/row"
	[ "$(field ConnectError)" = 111 ]
	rows ".ActionType == \"ListeningConnectionCreated\" and .LocalPort == $port" >"$STATE/row"
	[[ "$(field InitiatingProcessFileName)" == python3* ]]
	# Within the machine: the end is told only where that is asked for.
	[ "$(rows ".ActionType == \"ConnectionClosed\" and .RemotePort == $port" | wc -l)" = 0 ]
}

@test "the end of a connection with another machine tells bytes, duration and who made it" {
	ip netns add "vakt-$$"
	ip link add "vakt-$$" type veth peer name vakt-peer netns "vakt-$$"
	ip address add 203.0.113.1/30 dev "vakt-$$"
	ip link set "vakt-$$" up
	ip -n "vakt-$$" address add 203.0.113.2/30 dev vakt-peer
	ip -n "vakt-$$" link set vakt-peer up
	ip netns exec "vakt-$$" python3 -c 'import socket, time
s = socket.create_server(("203.0.113.2", 4567))
c = s.accept()[0]
c.sendall(b"y" * 1000)
assert len(c.recv(100)) == 3
time.sleep(0.3)' 3>&- &
	server=$!
	/usr/bin/python3 -c 'import socket, time
for i in range(50):
    try:
        c = socket.create_connection(("203.0.113.2", 4567)); break
    except OSError:
        time.sleep(0.1)
c.sendall(b"xyz")
while c.recv(4096):
    pass'
	wait "$server"
	python3 -c 'import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind(("203.0.113.1", 4568))'
	ip netns delete "vakt-$$"
	sleep 0.3
	stop_sensor
	rows '.ActionType == "ConnectionClosed" and .RemotePort == 4567' >"$STATE/row"
	[ "$(field RemoteIP)" = 203.0.113.2 ]
	[ "$(field LocalIP)" = 203.0.113.1 ]
	[ "$(field Protocol)" = Tcp ]
	[ "$(field Initiated)" = true ]
	[ "$(field BytesSent) $(field BytesReceived)" = "3 1000" ]
	[ "$(field DurationMs)" -ge 300 ]
	[ "$(field DurationMs)" -lt 10000 ]
	[[ "$(field InitiatingProcessFileName)" == python3* ]]
	port=$(field LocalPort)
	rows ".ActionType == \"ConnectionClosed\" and .LocalPort == 4567" >"$STATE/row"
	[ "$(field RemoteIP):$(field RemotePort)" = "203.0.113.1:$port" ]
	[ "$(field Initiated)" = false ]
	[ "$(field BytesSent) $(field BytesReceived)" = "1000 3" ]
	rows '.ActionType == "ListeningConnectionCreated" and .LocalPort == 4568' >"$STATE/row"
	[ "$(field LocalIP) $(field Protocol)" = "203.0.113.1 Udp" ]
	[[ "$(field InitiatingProcessFileName)" == python3* ]]
}

@test "what is excluded is left out, counted, and said to be" {
	stop_sensor
	mkdir "$STATE/etc" "$STATE/quiet" "$STATE/open"
	cp /bin/sh "$STATE/agent"
	cat >"$STATE/etc/managed.json" <<-END
		{"exclusionSettings":{"exclusions":[
		{"\$type":"excludedPath","isDirectory":true,"path":"$STATE/quiet","scopes":["global"]},
		{"\$type":"excludedFileName","name":"$STATE/agent","inherit":true,"scopes":["epp","global"]},
		{"\$type":"excludedFileExtension","extension":".pdf","scopes":["epp"]}]}}
	END
	start_sensor --config-dir "$STATE/etc"
	echo x >"$STATE/quiet/file"
	mv "$STATE/quiet/file" "$STATE/open/moved"
	echo x >"$STATE/open/x.pdf"
	# The kernel is told of it while it sleeps.
	"$STATE/agent" -c "sleep 0.5; for i in 1 2 3 4 5; do echo x >$STATE/open/by-agent; done; touch $STATE/open/by-child"
	sleep 0.3
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b"{}\n"); print(s.makefile().read())' \
		"$STATE/sensor.sock" >"$STATE/health"
	jq -e ".exclusions[0].exclusion == \"path $STATE/quiet/*\" and .exclusions[0].left_out >= 2" "$STATE/health"
	jq -e '.exclusions[1].left_out >= 6 and (.exclusions | length) == 2' "$STATE/health"
	echo '{}' >"$STATE/etc/managed.json"
	sleep 2.5
	echo x >"$STATE/quiet/again"
	sleep 0.3
	stop_sensor
	[ "$(rows '.Table == "DeviceFileEvents" and (.FileName // "" | startswith("by-"))' | wc -l)" = 0 ]
	[ "$(rows '.Table == "DeviceFileEvents" and .FileName == "file"' | wc -l)" = 0 ]
	[ "$(rows '.ActionType == "FileRenamed" and .FileName == "moved"' | wc -l)" = 1 ]
	[ "$(rows '.ActionType == "FileCreated" and .FileName == "x.pdf"' | wc -l)" = 1 ]
	[ "$(rows '.ActionType == "FileCreated" and .FileName == "again"' | wc -l)" = 1 ]
	[ "$(rows '.ActionType == "ProcessCreated" and .FileName == "agent"' | wc -l)" = 1 ]
	rows '.ActionType == "ExclusionsInForce"' >"$STATE/row"
	[ "$(jq -r .Reason "$STATE/row" | head -1)" = "left out: path $STATE/quiet/*; process $STATE/agent and what it starts" ]
	[ "$(jq -r .Reason "$STATE/row" | tail -1)" = "nothing is left out any more" ]
}

@test "a file made, written, renamed and deleted tells by whom; a script is hashed" {
	dir=$(mktemp -d)
	printf '#!/bin/sh\ntrue\n' >"$dir/made"
	sum=$(sha256sum "$dir/made" | cut -d' ' -f1)
	sleep 0.3
	mv "$dir/made" "$dir/moved"
	rm "$dir/moved"
	rmdir "$dir"
	sleep 0.3
	stop_sensor
	rows ".ActionType == \"FileCreated\" and .FolderPath == \"$dir/made\"" >"$STATE/row"
	[ "$(field FileName)" = made ]
	[ "$(field InitiatingProcessFileName)" = bash ]
	rows ".ActionType == \"FileModified\" and .FolderPath == \"$dir/made\"" >"$STATE/row"
	[ "$(field SHA256)" = "$sum" ]
	[ "$(field FileSize)" = 15 ]
	rows ".ActionType == \"FileRenamed\" and .FolderPath == \"$dir/moved\"" >"$STATE/row"
	[ "$(field PreviousFileName)" = made ]
	[ "$(field PreviousFolderPath)" = "$dir" ]
	rows ".ActionType == \"FileDeleted\" and .FolderPath == \"$dir/moved\"" >"$STATE/row"
	[ "$(field InitiatingProcessFileName)" = rm ]
	[ "$(rows ".Table == \"DeviceFileEvents\" and (.FolderPath // \"\" | startswith(\"$STATE/spool\"))" | wc -l)" = 0 ]
}

@test "what a process does to another tells both, by name, user and identity" {
	/usr/bin/python3 - "$STATE/pids" 3>&- <<-'END'
		import ctypes, os, signal, sys, time
		libc = ctypes.CDLL(None, use_errno=True)
		child = os.fork()
		if child == 0:
		    os.setuid(65534)
		    os.execv("/bin/sleep", ["sleep", "20"])
		time.sleep(0.5)
		assert libc.ptrace(0x4206, child, 0, 0) == 0  # PTRACE_SEIZE
		os.close(os.open(f"/proc/{child}/mem", os.O_RDWR))
		os.close(os.memfd_create("vakt test", 0))
		assert libc.unshare(0x20000) == 0 and libc.mount(b"none", b"/", None, 0x44000, None) == 0
		assert libc.mount(b"vakt test", b"/mnt", b"tmpfs", 2, None) == 0 and libc.umount2(b"/mnt", 2) == 0
		os.kill(child, signal.SIGTERM)
		os.kill(child, signal.SIGKILL)
		os.waitpid(child, 0x40000000)
		open(sys.argv[1], "w").write(f"{os.getpid()} {child}\n")
	END
	read -r actor target <"$STATE/pids"
	sleep 0.5
	stop_sensor
	about=".Table == \"DeviceEvents\" and .InitiatingProcessId == $actor"
	rows "$about and .ActionType == \"PTraceDetected\"" >"$STATE/row"
	[ "$(field TraceRequest)" = PTRACE_SEIZE ]
	[ "$(field ProcessId)" = "$target" ]
	[ "$(field FolderPath)" = /usr/bin/sleep ]
	[ "$(field ProcessCommandLine)" = "sleep 20" ]
	[ "$(field SHA256)" = "$(sha256sum /bin/sleep | cut -d' ' -f1)" ]
	[ "$(field AccountName)" = "$(id -un 65534)" ]
	[ "$(field InitiatingProcessAccountName)" = "$(id -un)" ]
	[[ "$(field InitiatingProcessFileName)" == python3* ]]
	id=$(field TargetProcessUniqueId)
	[ "$id" = "$(rows ".ActionType == \"ProcessCreated\" and .ProcessId == $target" | jq -r .ProcessUniqueId)" ]
	rows "$about and .ActionType == \"WriteProcessMemoryApiCall\"" >"$STATE/row"
	[ "$(field AccessWay)" = MemFile ]
	[ "$(field TargetProcessUniqueId)" = "$id" ]
	rows "$about and .ActionType == \"MemoryFileCreated\"" >"$STATE/row"
	[ "$(field FileName)" = "memfd:vakt test" ]
	rows "$about and .ActionType == \"NamespaceCreated\"" >"$STATE/row"
	[ "$(field NamespaceCall) $(field Namespaces)" = "unshare mount" ]
	rows "$about and .ActionType == \"FileSystemMounted\" and .FolderPath == \"/mnt\"" >"$STATE/row"
	[ "$(field MountSource) $(field MountFileSystem) $(field MountFlags)" = "vakt test tmpfs nosuid" ]
	rows "$about and .ActionType == \"FileSystemUnmounted\"" >"$STATE/row"
	[ "$(field FolderPath) $(field MountFlags)" = "/mnt lazy" ]
	rows "$about and .ActionType == \"ProcessSignaled\"" | head -1 >"$STATE/row"
	[ "$(field Signal)" = SIGTERM ]
	[ "$(field TargetProcessUniqueId)" = "$id" ]
}

@test "a name that is asked for tells question, answer and process" {
	# A network of its own: port 53 is free there.
	unshare --net sh -c 'ip link set lo up && exec /usr/bin/python3 -c "
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((\"127.0.0.1\", 53))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
name = b\"\\x05vakt-\\x04test\\x00\\x00\\x01\\x00\\x01\"
client.sendto(b\"\\x00\\x07\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\" + name, (\"127.0.0.1\", 53))
data, peer = server.recvfrom(512)
server.sendto(b\"\\x00\\x07\\x81\\x80\\x00\\x01\\x00\\x01\\x00\\x00\\x00\\x00\" + name +
              b\"\\xc0\\x0c\\x00\\x01\\x00\\x01\\x00\\x00\\x00\\x3c\\x00\\x04\\xc0\\x00\\x02\\x01\", peer)
client.recv(512)"'
	sleep 0.3
	stop_sensor
	about='.Table == "DeviceEvents" and .DnsQueryString == "vakt-.test"'
	rows "$about and .ActionType == \"DnsQueryRequest\"" >"$STATE/row"
	[ "$(field DnsQueryType)" = A ]
	[ "$(field DnsResponseCode)" = null ]
	rows "$about and .ActionType == \"DnsQueryResponse\"" >"$STATE/row"
	[ "$(field DnsResponseCode)" = NOERROR ]
	[ "$(field DnsQueryResult)" = "A 192.0.2.1" ]
	[ "$(field RemoteIP):$(field RemotePort)" = 127.0.0.1:53 ]
	[ "$(field Protocol)" = Udp ]
	[[ "$(field InitiatingProcessFileName)" == python3* ]]
}

@test "a service, a scheduled task and a group are told as such, once" {
	unit=/run/systemd/system/vakt-test-$$
	mkdir -p /run/systemd/system # nothing reads it before it is told to
	echo "[Service]" >"$unit.service"
	echo "[Timer]" >"$unit.timer"
	rm "$unit.service" "$unit.timer"
	rmdir -p --ignore-fail-on-non-empty /run/systemd/system
	groupadd "vakt-test-$$"
	groupdel "vakt-test-$$"
	sleep 0.5
	stop_sensor
	rows ".ActionType == \"ServiceInstalled\" and .FolderPath == \"$unit.service\"" >"$STATE/row"
	[ "$(field InitiatingProcessFileName)" = bash ]
	[ "$(rows ".Table == \"DeviceEvents\" and (.FolderPath // \"\" | startswith(\"$unit\"))" | wc -l)" = 2 ]
	rows ".ActionType == \"SecurityGroupCreated\" and .GroupName == \"vakt-test-$$\"" >"$STATE/row"
	[ "$(field InitiatingProcessFileName)" = groupadd ]
	rows ".ActionType == \"SecurityGroupDeleted\" and .GroupName == \"vakt-test-$$\"" >"$STATE/row"
	[ "$(field InitiatingProcessFileName)" = groupdel ]
}

log_on() { # arguments of login; then prompts, and what is typed at each
	local arguments=$1
	shift
	python3 "$BATS_TEST_DIRNAME/typing.py" "login -h 127.0.0.1 $arguments" "$@" 3>&-
}

@test "log-ons are told, and those that were refused" {
	[ -e /var/log/btmp ] || install -m 660 -g utmp /dev/null /var/log/btmp
	[ -e /var/log/wtmp ] || install -m 664 -g utmp /dev/null /var/log/wtmp
	log_on "-f root" "# =exit"
	log_on "" "login: =root" "assword: =wrong" "login: "
	sleep 0.5
	stop_sensor
	rows '.ActionType == "LogonSuccess" and .AccountName == "root"' >"$STATE/row"
	[ "$(field RemoteIP)" = 127.0.0.1 ]
	[ "$(field LogonType)" = RemoteInteractive ]
	[ "$(field AccountSid)" = 0 ]
	[ "$(field IsLocalAdmin)" = true ]
	[[ "$(field Terminal)" == pts/* ]]
	[ "$(field InitiatingProcessFileName)" = login ]
	[ "$(field LogonProcessId)" -gt 1 ]
	rows '.ActionType == "LogonFailed"' >"$STATE/row"
	[ "$(field AccountName)" = root ]
	[ "$(field RemoteIP)" = 127.0.0.1 ]
}

@test "a change of mode tells what was and what is" {
	touch "$STATE/changed"
	chmod 4755 "$STATE/changed"
	sleep 0.3
	stop_sensor
	rows ".ActionType == \"FilePermissionsModified\" and .FolderPath == \"$STATE/changed\"" >"$STATE/row"
	[ "$(field FileMode)" = $((04755)) ]
	[ "$(field InitiatingProcessFileName)" = chmod ]
}

@test "what happens while a killed sensor is away is told by the next" {
	pins=/sys/fs/bpf/vakt-test-$$
	stop_sensor
	for round in 1 2; do
		: >"$STATE/log"
		"$VAKT_BUILD/src/programs/vakt-sensor" --state-dir "$STATE" --run-dir "$STATE" \
			--pin-dir "$pins" 2>"$STATE/log" 3>&- &
		SENSOR=$!
		for _ in $(seq 100); do
			grep -q started "$STATE/log" && break
			sleep 0.1
		done
		[ "$round" = 2 ] && break
		sleep 0.6 # what it had taken is in the spool by then
		kill -9 "$SENSOR"
		wait "$SENSOR" || true
		/bin/true while-away
	done
	sleep 0.5
	stop_sensor
	rm -rf "$pins"
	rows '.ProcessCommandLine == "/bin/true while-away" and .ActionType == "ProcessCreated"' >"$STATE/row"
	[ "$(field FileName)" = "true" ]
	# The one before the first round was not pinned: that gap is told, no other.
	[ "$(rows '.ActionType == "SensorStopped"' | wc -l)" = 1 ]
}

@test "a second sensor on the same state is refused with a reason" {
	run "$VAKT_BUILD/src/programs/vakt-sensor" --state-dir "$STATE"
	[ "$status" = 1 ]
	[[ "$output" == *"another vakt-sensor runs"* ]]
}

@test "an unknown option is refused" {
	run "$VAKT_BUILD/src/programs/vakt-sensor" --nonsense
	[ "$status" = 2 ]
	[[ "$output" == *"usage: vakt-sensor"* ]]
}
