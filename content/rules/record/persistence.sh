# SPDX-License-Identifier: Apache-2.0
# persistence.sh - what stays; read by ../record.sh, which says what the words mean
# shellcheck shell=bash disable=SC2016,SC2088

rule autostart_file_written
file match "$BOX/etc/cron.d/job" FileCreated sh -c "echo '* * * * * root true' >$BOX/etc/cron.d/job"
file match "$BOX/etc/systemd/system/x.service" FileModified cp /etc/hostname "$BOX/etc/systemd/system/x.service"
file no_match "$BOX/etc/job" FileCreated sh -c "echo '* * * * * root true' >$BOX/etc/job"
file no_match "$BOX/etc/cron.d/touched" FileCreated touch "$BOX/etc/cron.d/touched"

rule ssh_key_added
file match "$BOX/home/.ssh/authorized_keys" FileModified sh -c "echo fake >>$BOX/home/.ssh/authorized_keys"
file no_match "$BOX/home/.ssh/known_hosts" FileModified sh -c "echo fake >>$BOX/home/.ssh/known_hosts"

rule web_server_shell
cp /usr/bin/dash "$BOX/nginx"
cp /usr/bin/dash "$BOX/runner"
record match '.ActionType == "ProcessCreated" and .ProcessCommandLine == "sh -c id -u"' \
	"$BOX/nginx" -c 'sh -c "id -u"; true'
record no_match '.ActionType == "ProcessCreated" and .ProcessCommandLine == "sh -c id -g"' \
	"$BOX/runner" -c 'sh -c "id -g"; true'
record no_match '.ActionType == "ProcessCreated" and .ProcessCommandLine == "id -G"' \
	"$BOX/nginx" -c 'id -G; true'

rule account_created
stand_in match useradd -m -s /bin/bash someone
stand_in match useradd -M -N -r -s /bin/bash -c x someone
stand_in no_match userinfo someone
child no_match dpkg useradd -m -s /bin/bash someone
stand_in no_match useradd -r -s /usr/sbin/nologin someone

rule account_with_root_rights
stand_in match useradd -o -u 0 -g users someone
stand_in match useradd -g 0 -M -d /root -s /bin/bash someone
stand_in no_match useradd -g 100 -M -d /home/x -s /bin/bash someone

rule account_joined_administrators
stand_in match usermod -aG sudo someone
stand_in match gpasswd -a someone docker
stand_in no_match usermod -aG audio someone
child no_match dpkg usermod -aG docker someone

rule service_account_given_shell
stand_in match chsh --shell /bin/bash nobody
stand_in match usermod -s /bin/bash daemon
stand_in no_match usermod -s /usr/sbin/nologin daemon
stand_in no_match chsh --list-shells

rule account_unlocked
stand_in match usermod --unlock someone
stand_in match passwd -u someone
stand_in no_match usermod --lock someone

rule password_given_on_command_line
stand_in match usermod --password x someone
stand_in match sh -c 'echo a:b | chpasswd'
stand_in no_match usermod --comment x someone

rule shell_start_file_written
written match sh home/.bashrc
written match sh etc/profile
written no_match sh home/.vimrc
touched no_match home/.zshrc

rule init_script_written
written match sh usr/local/etc/rc.d/x
written match sh etc/init.d/x
written no_match sh etc/init/x

rule kernel_module_at_boot
written match sh etc/modules-load.d/x.conf
written no_match sh etc/sysctl.d/x.conf

rule kernel_module_loaded_from_file
stand_in match insmod /tmp/x.ko
stand_in no_match insmod /lib/modules/6.1.0/x.ko

rule device_rule_written
written match sh etc/udev/rules.d/99-x.rules
written no_match sh etc/udev/rules.d/99-x.txt

rule package_manager_hook_written
written match sh etc/apt/apt.conf.d/99x
written no_match sh etc/apt/preferences.d/99x

rule desktop_autostart_written
written match sh home/.config/autostart/x.desktop
written no_match sh home/.config/other/x.desktop

rule authentication_module_changed
written match sh etc/pam.d/sshd
written match sh lib/x86_64-linux-gnu/security/pam_x.so
written no_match sh etc/pam.conf.d/x

rule web_script_written_by_web_server
written match nginx var/www/html/x.php
written no_match nginx var/www/html/x.css

rule port_knocking_listener
stand_in match knockd -d
stand_in no_match knock 127.0.0.1 1 2 3

rule program_with_hidden_name_at_start
child_at match systemd .hiding/prog
child_at no_match systemd showing/prog
