# SPDX-License-Identifier: Apache-2.0
# defense-evasion.sh - what hides or switches protection off; read by ../record.sh, which says what the words mean
# shellcheck shell=bash disable=SC2016,SC2088

rule ld_preload_written
file match "$BOX/etc/ld.so.preload" FileCreated sh -c "echo /x.so >$BOX/etc/ld.so.preload"
echo /x.so >"$BOX/etc/x"
file match "$BOX/etc/ld.so.preload" FileRenamed mv "$BOX/etc/x" "$BOX/etc/ld.so.preload"
file no_match "$BOX/etc/ld.so.preload" FileDeleted rm "$BOX/etc/ld.so.preload"
file no_match "$BOX/etc/ld.so.conf" FileCreated sh -c "echo /x >$BOX/etc/ld.so.conf"

rule shell_history_cleared
echo id >"$BOX/home/.bash_history"
run no_match cp "$BOX/home/.bash_history" "$BOX/home/saved"
run match rm -f "$BOX/home/.bash_history"
run match sh -c 'unset HISTFILE; true'
run no_match rm -f "$BOX/home/.bash_profile"
run no_match sh -c 'unset HISTTIMEFORMAT; true'

rule security_service_stopped
stand_in match systemctl stop falcon-sensor.service
stand_in match service cbdaemon stop
stand_in no_match systemctl stop nginx
stand_in no_match systemctl status falcon-sensor.service
child no_match dpkg systemctl stop falcon-sensor.service

rule logging_service_stopped
stand_in match systemctl stop rsyslog
stand_in match service auditd stop
stand_in no_match systemctl restart rsyslog
child no_match dpkg systemctl stop rsyslog

rule audit_rules_removed
stand_in match auditctl -D
stand_in match auditctl -e 0
stand_in no_match auditctl -s
child no_match augenrules auditctl -D

rule logging_configuration_changed
written match sh etc/rsyslog.conf
written match sh etc/audit/auditd.conf
written no_match sh etc/other.conf

rule logging_configuration_edited
stand_in match sed -i s/Storage=auto/Storage=none/ /etc/systemd/journald.conf
stand_in no_match sed -i s/a/b/ /etc/none.conf
stand_in no_match sed s/a/b/ /etc/systemd/journald.conf

rule access_control_switched_off
stand_in match setenforce 0
stand_in match aa-complain /usr/bin/x
stand_in no_match setenforce 1
child no_match dpkg aa-complain /usr/bin/x

rule protection_of_other_vendor_disabled
stand_in match mdatp config real-time-protection --value disabled
stand_in no_match mdatp health

rule kernel_protection_lowered
stand_in match sysctl -w kernel.randomize_va_space=0
stand_in match sh -c 'free; echo 3 >/proc/sys/vm/drop_caches; free'
stand_in no_match sysctl -w kernel.randomize_va_space=2
stand_in no_match sysctl kernel.randomize_va_space

rule swap_switched_off
stand_in match swapoff -a
stand_in no_match swapon -a
child no_match systemd swapoff -a

rule firewall_switched_off
stand_in match ufw disable
stand_in match iptables -F
stand_in no_match ufw status
stand_in no_match iptables -L
child no_match dockerd iptables -F INPUT

rule firewall_rule_changed
stand_in match ufw prepend deny from 192.0.2.1
stand_in match iptables -D OUTPUT -p tcp --dport 21 -j DROP
stand_in no_match ufw status numbered
child no_match dockerd iptables -A FORWARD -j ACCEPT

rule firewall_file_written
written match sh etc/ufw/user.rules
written match sh etc/default/ufw
written no_match sh etc/default/other

rule log_file_cleared
stand_in match rm -f /var/log/auth.log
stand_in match dd of=/var/log/syslog if=/dev/zero count=1
stand_in match sh -c 'cat /dev/null >/var/log/wtmp'
stand_in no_match rm -f /var/log/myapp.txt
stand_in no_match dd if=/var/log/syslog of=/tmp/copy
child no_match logrotate rm -f /var/log/syslog.7.gz

rule file_destroyed
stand_in match shred -u /tmp/x
stand_in no_match shred --help

rule timestamp_forged
stand_in match touch -r /bin/ls /tmp/x
stand_in match touch -t 200001010000 /etc/x
stand_in no_match touch /etc/x
child no_match make touch -r /bin/ls /tmp/x

rule binary_padded
stand_in match dd if=/dev/zero bs=1 count=1
stand_in match truncate -s +1 /tmp/x
stand_in no_match dd if=/dev/zero bs=1M count=1
stand_in no_match truncate -s 0 /tmp/x

rule program_in_folder_of_dots
program_at match .../prog
program_at no_match ..prog/prog

rule program_with_hidden_name
program_at match .hidden
program_at no_match shown

rule document_name_of_program
stand_in match bash /tmp/report.pdf.sh
stand_in match chmod +x invoice.docx.py
stand_in no_match bash /tmp/report.sh

rule media_file_run
stand_in match sh /tmp/image.png
stand_in no_match sh /tmp/image.sh

rule process_hidden_by_mount
stand_in match mount -B /proc/10 /proc/4321
stand_in match mount -t tmpfs none /proc/4321
stand_in no_match mount -B /srv/a /srv/b

rule library_preloaded_on_command_line
stand_in match sh -c 'LD_PRELOAD=/tmp/x.so ls'
stand_in no_match sh -c 'LD_PRELOAD=/usr/lib/x.so ls'

rule compiled_on_the_spot
stand_in match gcc -o /tmp/x /tmp/x.c
stand_in no_match gcc -o x x.c
child no_match make gcc -o /tmp/x /tmp/x.c

rule program_packed
stand_in match upx -9 /tmp/x
stand_in no_match upx -V

rule decoded_to_file
stand_in match sh -c 'echo dHJ1ZQ== | base64 -d >/tmp/x'
stand_in match openssl enc -aes-256-cbc -d -in x -out y -k secret
stand_in no_match sh -c 'echo dHJ1ZQ== | base64 -d >x'

rule file_made_unchangeable
stand_in match chattr +i /tmp/x
stand_in match chattr -ia /etc/x
stand_in no_match chattr +c /tmp/x

rule rights_opened_for_all
stand_in match chmod -R 777 /etc/x
stand_in no_match chmod 755 /etc/x

rule history_kept_out
stand_in match bash -c 'export HISTCONTROL=ignorespace; true'
stand_in match sh -c 'set +o history'
stand_in no_match bash -c 'export HISTTIMEFORMAT=%F; true'

rule root_certificate_installed
stand_in match update-ca-certificates
stand_in match cp x.crt /usr/local/share/ca-certificates/
stand_in no_match update-mime-database x
child no_match dpkg update-ca-certificates

rule debugger_attached_to_other
stand_in match gdb --batch -p 1 -ex bt
stand_in match gcore 1
stand_in no_match gdb ./x

rule memory_of_process_read
stand_in match dd if=/proc/4321/mem of=/tmp/x bs=1 skip=1 count=1
stand_in match bash mimipenguin.sh
stand_in no_match dd if=/proc/4321/stat of=/tmp/x

rule execution_delayed_by_ping
stand_in match ping -c 250 127.0.0.1
stand_in no_match ping -c 4 127.0.0.1
