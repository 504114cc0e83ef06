# SPDX-License-Identifier: Apache-2.0
# discovery.sh - what looks around; read by ../record.sh, which says what the words mean
# shellcheck shell=bash disable=SC2016,SC2088

rule sensitive_file_enumeration
run match find "$BOX" -name id_rsa -o -name "*.kdbx"
run match grep -r -i password "$BOX"
run match cat "$BOX/home/.aws/credentials"
run no_match find "$BOX" -name "*.conf"
run no_match grep -i password "$BOX/home/.ssh/id_rsa"
run no_match grep -r -i hostname "$BOX"
run no_match ls "$BOX/home/.aws/credentials"

rule account_list_read
run match cat /etc/passwd
run match grep x:0: /etc/passwd
run no_match stat /etc/passwd
run no_match cat /etc/hostname
child no_match dpkg grep nobody /etc/passwd

rule sudo_rights_read
run match cat /etc/sudoers
run match grep NOPASSWD /etc/sudoers.d/x
run no_match cat /etc/sudo.conf

rule sudo_rights_listed
stand_in match sudo -l
stand_in no_match sudo -v

rule users_enumerated
run match id
run match groups
run match getent passwd
run no_match id -u
run no_match getent passwd root
child no_match dpkg id

rule processes_listed
run match ps
run match ps aux
run no_match ps -p 1
child no_match zabbix_agentd ps aux

rule security_software_searched
run match pgrep -l falcon-sensor
stand_in match grep -E falcond\|nessusd\|auditbeat\|osqueryd
stand_in no_match grep -E nginx\|mysqld\|redis\|osqueryd
run no_match pgrep -l nginx

rule network_configuration_shown
run match ip addr
stand_in match ifconfig
run match cat /etc/hosts
stand_in no_match ip link set lo up
run no_match cat /etc/hostname

rule connections_listed
run match cat /proc/net/tcp
stand_in match ss -tulpn
stand_in no_match ss -V
stand_in no_match lsof -p 1

rule system_language_shown
run match locale
run match printenv LANG
stand_in match cat /etc/default/locale
run no_match locale -a
run no_match printenv HOME

rule system_information_shown
run match uname -srm
run match uname -a
run match cat /proc/version
run no_match uname -m
run no_match cat /proc/uptime

rule shells_looked_up
run match cat /etc/shells
run match printenv SHELL
run no_match cat /etc/services
run no_match printenv PATH

rule drivers_enumerated
stand_in match lsmod
run match find /lib/modules/none/kernel/drivers -name \*.ko\*
run no_match find /lib/modules-load.d -name \*.conf
stand_in no_match modprobe -n x

rule services_enumerated
stand_in match systemctl list-units --type=service
stand_in match service --status-all
stand_in no_match systemctl status ssh

rule hardware_enumerated
stand_in match lsusb
stand_in match lsblk -a
stand_in no_match lsblk /dev/sda
child no_match systemd-udevd lsblk

rule virtual_machine_detected
stand_in match systemd-detect-virt
run match grep -i hypervisor /proc/cpuinfo
run match cat /sys/class/dmi/id/sys_vendor
run no_match grep -i processor /proc/cpuinfo
child no_match systemd systemd-detect-virt

rule time_settings_shown
stand_in match timedatectl
run match cat /etc/timezone
stand_in no_match timedatectl set-ntp true

rule shares_enumerated
stand_in match showmount -e 127.0.0.1
stand_in match smbclient -N -L //127.0.0.1
stand_in no_match smbclient //127.0.0.1/share

rule password_policy_read
run match cat /etc/login.defs
stand_in match chage -l root
stand_in no_match chage -d 0 someone
run no_match cat /etc/deluser.conf

rule logs_read_for_log_ons
run match tail /var/log/auth.log
stand_in match journalctl -u ssh
run no_match tail /var/log/none.log
stand_in no_match journalctl -u nginx

rule own_address_asked_outside
stand_in match curl -s https://ifconfig.me
stand_in no_match curl -s https://deb.debian.org

rule connectivity_checked
stand_in match ping -c 1 8.8.8.8
stand_in no_match ping -c 1 192.0.2.1

rule network_scanner
stand_in match nmap -Pn -sV -p 0-65535 127.0.0.1
stand_in match masscan 10.0.0.0/8 -p 22
stand_in no_match nmap --version
stand_in no_match nmapp -Pn 127.0.0.1

rule ports_scanned_by_shell
stand_in match bash -c 'for p in 1 2 3; do echo >/dev/tcp/127.0.0.1/$p; done'
stand_in match nc -zv 127.0.0.1 1-1024
stand_in no_match bash -c 'for p in 1 2 3; do echo $p; done'
stand_in no_match nc -zv 127.0.0.1 80

rule directory_service_queried
stand_in match ldapsearch -x -H ldap://127.0.0.1 -b CN=Users,DC=example,DC=test -s sub dn
stand_in match ldapdomaindump -u x 127.0.0.1
stand_in no_match ldapsearch -x -H ldap://127.0.0.1 -b '' -s base supportedFeatures

rule containers_enumerated
stand_in match kubectl get secrets -A
stand_in match docker ps -a
stand_in no_match docker version

rule cloud_account_enumerated
stand_in match aws sts get-caller-identity
stand_in match gcloud projects list
stand_in no_match aws --version

rule setuid_files_searched
run match find /tmp/vakt-cases -perm -4000
run match find /tmp/vakt-cases -perm -u=s -type f
stand_in match getcap -r /
run no_match find /tmp/vakt-cases -perm 644
child no_match lynis find /tmp/vakt-cases -perm -4000

rule privilege_escalation_check
stand_in match bash ./linpeas.sh -a
stand_in match pspy64
stand_in no_match bash ./line.sh -a

rule browser_data_searched
run match find /tmp/vakt-cases -name places.sqlite
run match cat /tmp/vakt-cases/home/.config/google-chrome/Default/Bookmarks
run no_match find /tmp/vakt-cases -name main.sqlite

rule files_listed_recursively
stand_in match find / -writable
stand_in match ls -laR /
stand_in no_match ls -la /
