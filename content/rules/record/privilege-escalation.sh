# SPDX-License-Identifier: Apache-2.0
# privilege-escalation.sh - what becomes root; read by ../record.sh, which says what the words mean
# shellcheck shell=bash disable=SC2016,SC2088

rule setuid_bit_set
stand_in match chmod u+s /tmp/x
stand_in match chmod 4755 /tmp/x
stand_in no_match chmod u+x /tmp/x
child no_match dpkg chmod u+s /tmp/x

rule capability_given
stand_in match setcap cap_setuid+ep /tmp/x
stand_in no_match setcap cap_net_bind_service+ep /tmp/x
child no_match dpkg setcap cap_setuid+ep /tmp/x

rule sudo_rules_written
written match sh etc/sudoers.d/x
written no_match sh etc/sudo.d/x
touched no_match etc/sudoers.d/y

rule sudo_rule_on_command_line
stand_in match sh -c 'echo "x ALL=(ALL) NOPASSWD: ALL" >>/tmp/vakt-cases/sudoers'
stand_in no_match sh -c 'echo "x ALL=(ALL) ALL" >>/tmp/vakt-cases/sudoers'

rule sudo_exploit
stand_in match sudo -u#-1 id
stand_in match sudo -R /tmp/x id
stand_in no_match sudo -u#1 id

rule pkexec_without_arguments
stand_in match pkexec
stand_in no_match pkexec --version

rule namespaces_left
stand_in match nsenter -t 1 -m -u -i -n sh
stand_in match chroot /host sh
stand_in no_match nsenter -t 4321 -n ip addr

rule namespaces_made
stand_in match unshare -Urm sh
stand_in match unshare
stand_in no_match unshare --mount true

rule container_escape_command
stand_in match sh -c 'echo /x >/tmp/vakt-cases/release_agent'
contained match mount /dev/sda1 /mnt
stand_in no_match mount /dev/sda1 /mnt
stand_in no_match sh -c 'echo /x >/tmp/vakt-cases/agent'

rule exploit_by_name
stand_in match /tmp/vakt-cases/bin/dirtycow x
stand_in match pwnkit
stand_in no_match dirtylaundry x

rule polkit_rules_written
written match sh etc/polkit-1/rules.d/1.rules
written no_match sh etc/polkit-1/rules.d/1.txt
