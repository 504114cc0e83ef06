# SPDX-License-Identifier: Apache-2.0
# impact.sh - what destroys; read by ../record.sh, which says what the words mean
# shellcheck shell=bash disable=SC2016,SC2088

rule coin_miner
stand_in match prog -o stratum+tcp://192.0.2.1:3333 -u user -p pass
stand_in match xmrig
stand_in no_match prog -o http://192.0.2.1:3333 -u user

rule disk_overwritten
stand_in match dd if=/dev/zero of=/dev/sdzz bs=1M
stand_in match wipefs -a /dev/sdzz
stand_in no_match dd if=/dev/zero of=/tmp/vakt-cases/none bs=1M count=0

rule file_overwritten_with_nothing
stand_in match dd of=/var/log/myapp if=/dev/zero count=1
stand_in no_match dd of=/srv/swapfile if=/dev/zero count=1
stand_in no_match dd of=/tmp/vakt-cases/none if=/dev/zero count=0

rule everything_deleted
stand_in match rm -rf --no-preserve-root /
stand_in match rm -rf /var/lib/\*
stand_in no_match rm -rf /var/lib/none

rule backups_deleted
stand_in match zfs destroy -r pool/x@daily
stand_in match rm -rf /srv/backups
stand_in match find /srv/backups -type f -delete
stand_in no_match find /srv/backups -type f -mtime +30 -delete
stand_in no_match rm -rf /srv/upbacks
child no_match rsnapshot rm -rf /srv/backups

rule files_encrypted
stand_in match bash -c 'for f in none; do openssl enc -aes-256-cbc -k x -in $f -out $f.locked; rm -f $f; done'
stand_in no_match bash -c 'for f in none; do openssl dgst $f; rm -f $f; done'

rule ransom_note_written
written match sh home/HOW_TO_DECRYPT.txt
written match sh home/README_FOR_DECRYPT.txt
written no_match sh home/README.txt

rule service_of_data_stopped
stand_in match systemctl mask mariadb.service
stand_in match pkill -9 mysqld
stand_in no_match systemctl restart mariadb.service
child no_match dpkg systemctl disable mariadb.service

rule machine_stopped
stand_in match reboot -f
stand_in match systemctl poweroff
stand_in no_match systemctl status reboot.target
child no_match acpid poweroff

rule kernel_told_to_restart
stand_in match sh -c 'echo b> /proc/sysrq-trigger'
stand_in no_match sh -c 'echo b >/tmp/none'

rule fork_bomb
stand_in match bash -c ':(){ :|:& };:'
stand_in no_match bash -c ':(){ true; };:'

rule flood_tool
stand_in match hping3 --flood -S 192.0.2.1
stand_in no_match hping3 -c 1 -S 192.0.2.1

rule account_locked_out
stand_in match userdel -r someone
stand_in match passwd -l someone
stand_in no_match passwd -S someone
child no_match dpkg userdel someone

rule password_of_other_changed
stand_in match passwd someone
stand_in no_match passwd
child no_match dpkg passwd someone

rule web_page_replaced
stand_in match sh -c 'echo x >/var/www/none/index.html'
stand_in no_match sh -c 'echo x >/var/www/none/other.css'
