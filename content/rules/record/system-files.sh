# SPDX-License-Identifier: Apache-2.0
# system-files.sh - what writes where only the system does; read by ../record.sh, which says what the words mean
# shellcheck shell=bash disable=SC2016,SC2088

rule file_written_to_etc_by_unknown
in_view match foreign /etc/vakt-case
in_view no_match foreign /etc/default/vakt-case

rule file_written_to_system_folder_by_unknown
in_view match foreign /usr/lib/vakt-case
in_view no_match foreign /usr/local/lib/vakt-case

rule file_written_to_root_by_unknown
in_view match foreign /root/vakt-case
in_view no_match foreign /root/vakt-cases/x

rule package_database_written_by_other
written match sh var/lib/rpm/x
written no_match sh var/lib/other/x
written no_match rpm var/lib/rpm/z

rule program_written_in_container
contained_file match 755
contained_file no_match 644

rule system_program_replaced
in_view match sh /usr/bin/netstat
in_view no_match sh /usr/bin/vakt-case
