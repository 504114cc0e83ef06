# SPDX-License-Identifier: Apache-2.0
# credential-access.sh - what takes passwords and keys; read by ../record.sh, which says what the words mean
# shellcheck shell=bash disable=SC2016,SC2088

rule shadow_read
run match cat /etc/shadow
run match dd if=/etc/shadow of=/dev/null
run no_match cat /etc/passwd
run no_match stat /etc/shadow

rule network_traffic_captured
stand_in match tcpdump -c 5 -nnni lo
stand_in no_match tcpdump --version

rule password_guessed_against_hashes
stand_in match john --wordlist=x hashes
stand_in no_match johnny x

rule shell_history_read
run match cat /tmp/vakt-cases/home/.bash_history
run match grep pass /tmp/vakt-cases/home/.mysql_history
run no_match cat /tmp/vakt-cases/home/.bash_profile

rule private_keys_searched
run match find /tmp/vakt-cases -name \*.pem
run match grep -r "BEGIN RSA PRIVATE" /tmp/vakt-cases
run no_match find /tmp/vakt-cases -name \*.txt

rule cloud_metadata_asked
stand_in match curl -s http://169.254.169.254/latest/meta-data/iam/
stand_in no_match curl -s http://169.254.1.1/
child no_match cloud-init curl -s http://169.254.169.254/latest/meta-data/

rule service_account_token_read
stand_in match cat /var/run/secrets/kubernetes.io/serviceaccount/token
stand_in no_match cat /var/run/secrets/other/token

rule password_store_read
run match cat /tmp/vakt-cases/home/.local/share/keyrings/login.keyring
stand_in match gpg --export-secret-keys x
run no_match cat /tmp/vakt-cases/home/.local/share/other/login

rule browser_passwords_copied
run match cp /tmp/vakt-cases/home/.mozilla/firefox/x/logins.json /tmp/vakt-cases/y
run no_match cp /tmp/vakt-cases/home/.mozilla/firefox/x/prefs.js /tmp/vakt-cases/y

rule keys_recorded
stand_in match logkeys --start
stand_in match cat /dev/input/event0
stand_in no_match cat /dev/input/list

rule sudo_guessed
stand_in match bash -c 'for p in a b; do echo $p | sudo -S true; done'
stand_in match sucrack list
stand_in no_match bash -c 'for p in a b; do echo $p; done'

rule password_in_files_searched
stand_in match grep -ri password /etc
stand_in no_match grep -ri hostname /etc
