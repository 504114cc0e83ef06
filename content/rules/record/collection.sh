# SPDX-License-Identifier: Apache-2.0
# collection.sh - what gathers; read by ../record.sh, which says what the words mean
# shellcheck shell=bash disable=SC2016,SC2088

rule clipboard_read
stand_in match xclip -o
stand_in no_match xcalc

rule screen_captured
stand_in match scrot /tmp/x.png
stand_in match import -window root x.png
stand_in no_match import x

rule microphone_recorded
stand_in match arecord -d 10 x.wav
stand_in no_match arecord -l

rule archive_with_password
stand_in match zip -P secret x.zip /tmp/x
stand_in match sh -c 'tar c /tmp/none | openssl enc -aes-256-cbc -k x'
stand_in no_match zip x.zip /tmp/x

rule home_or_system_folder_archived
stand_in match tar czf /tmp/x.tgz /etc /home
stand_in no_match tar czf /tmp/x.tgz /tmp/y
stand_in no_match tar czf /backup/x.tgz /etc /home

rule database_dumped_to_temporary_folder
stand_in match sh -c 'mysqldump --all-databases >/tmp/vakt-cases/x.sql'
stand_in match mongodump --out /dev/shm/x
stand_in no_match mongodump --out /backup/x

rule file_split
stand_in match split -b 5000000 x
stand_in no_match split -l 1000 x

rule mail_collected
stand_in match cat /var/mail/root
stand_in no_match cat /var/mailname

rule files_collected_by_type
run match find /tmp/vakt-cases/none -name \*.pdf -exec cp {} /tmp/vakt-cases/y \;
run no_match find /tmp/vakt-cases/none -name \*.pdf

rule sqlite_database_read
stand_in match sqlite3 x.db .dump
stand_in match bash sqlite_dump.sh x
stand_in no_match sqlite3 x.db 'select 1'
