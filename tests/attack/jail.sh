#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# jail.sh - runs one attack where it reaches nothing; called by run.py in namespaces of its own
#
# usage: jail.sh ID SHELL COMMAND. The root folder is read-only, what an attack may want to write is a
# copy in memory, devices are the harmless ones, no socket of the machine is there, and the rights are
# gone by which root reaches past namespaces.
set -eu
id=$1 shell=$2 command=$3
root=$(mktemp -d)

mount --make-rprivate /
mount --rbind / "$root"
findmnt -Rrno TARGET "$root" | while read -r place; do
	mount -o remount,bind,ro "$place" 2>/dev/null || umount -l "$place"
done
for folder in tmp var/tmp var/log var/spool home run opt mnt srv usr/local dev dev/shm; do
	[ -d "$root/$folder" ] || continue
	mount -t tmpfs -o mode=1777,size=64m none "$root/$folder"
	[ $folder != dev ] || mkdir "$root/dev/shm"
done
mkdir "$root/tmp/etc"
cp -a /etc/. "$root/tmp/etc/" 2>/dev/null || true
mount -t tmpfs -o size=128m none "$root/etc"
cp -a "$root/tmp/etc/." "$root/etc/"
rm -rf "$root/tmp/etc"
mount -t tmpfs -o size=64m none "$root/root"
cp /etc/skel/.[!.]* "$root/root/" 2>/dev/null || true
for device in null zero full random urandom tty; do
	: >"$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir -p "$root/var/log" "$root/var/spool/cron/crontabs" "$root/run/lock"
echo line >"$root/var/log/syslog"
echo line >"$root/var/log/auth.log"
ip link set lo up 2>/dev/null || true
umount -l "$root/proc" "$root/sys" 2>/dev/null || true
mount -t proc none "$root/proc"
for file in sys sysrq-trigger irq bus; do
	[ ! -e "$root/proc/$file" ] || mount --bind -o ro "$root/proc/$file" "$root/proc/$file"
done
[ ! -d "${ATTACK_FILES:-}" ] || { mkdir -p "$root/opt/atomics" && mount --bind -o ro "$ATTACK_FILES" "$root/opt/atomics"; }
cd "$root"
exec chroot "$root" setpriv --bounding-set \
	-sys_admin,-sys_boot,-sys_module,-sys_time,-sys_rawio,-sys_ptrace,-mknod,-syslog,-mac_admin,-mac_override,-audit_control,-bpf,-perfmon,-sys_resource \
	env -i "ATTACK=$id" HOME=/root USER=root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	"$shell" -c "$command"
