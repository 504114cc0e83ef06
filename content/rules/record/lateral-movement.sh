# SPDX-License-Identifier: Apache-2.0
# lateral-movement.sh - what goes on to other machines; read by ../record.sh, which says what the words mean
# shellcheck shell=bash disable=SC2016,SC2088

rule ssh_without_host_check
stand_in match ssh -o StrictHostKeyChecking=no 127.0.0.1
stand_in no_match ssh -o StrictHostKeyChecking=yes 127.0.0.1
child no_match ansible ssh -o StrictHostKeyChecking=no 127.0.0.1

rule password_given_to_ssh
stand_in match sshpass -p x ssh 127.0.0.1
stand_in match hydra -l root -P list ssh://127.0.0.1
stand_in no_match sshpass -V

rule ssh_agent_of_other_used
stand_in match sh -c 'SSH_AUTH_SOCK=/tmp/ssh-abc/agent.1 ssh 127.0.0.1'
stand_in no_match sh -c 'SSH_AUTH_SOCK=/tmp/mine ssh 127.0.0.1'

rule remote_copy_tool_in_container
contained match scp x 127.0.0.1:
stand_in no_match scp x 127.0.0.1:

rule windows_remote_tool
stand_in match python3 wmiexec.py x@127.0.0.1
stand_in match netexec smb 127.0.0.1
stand_in no_match python3 exec.py x@127.0.0.1

rule remote_desktop_server_started
stand_in match x11vnc -forever
stand_in no_match vncpasswd

rule files_copied_to_many_machines
stand_in match bash -c 'for h in a b; do scp x $h:; done'
stand_in no_match bash -c 'for h in a b; do echo $h; done'
