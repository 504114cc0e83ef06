#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test-alert.sh - behaves as someone who looks for secrets, in a folder of its own
#
# Every file is made here and plainly fake; nothing outside of the folder is read or changed. Each
# step is a process of its own, as an intruder's would be.
set -eu

dir=$(mktemp -d "${TMPDIR:-/tmp}/vakt-test-alert.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

mkdir -p "$dir/etc" "$dir/home/.ssh" "$dir/home/.aws"
fake="FAKE, made by vakt edr test-alert"
echo "root:x:0:0:$fake:/root:/bin/sh" >"$dir/etc/passwd"
echo "root:!$fake:19000:0:99999:7:::" >"$dir/etc/shadow"
echo "$fake: not a key" >"$dir/home/.ssh/id_rsa"
echo "# $fake" >"$dir/home/.aws/credentials"
echo "$fake: not a password database" >"$dir/home/passwords.kdbx"
echo "PASSWORD=fake" >"$dir/home/.env"

ls -la "$dir/etc" "$dir/home" >/dev/null
find "$dir" -name id_rsa -o -name "*.kdbx" -o -name credentials -o -name .env >/dev/null
grep -r -i password "$dir" >/dev/null
cat "$dir/etc/passwd" >/dev/null
cat "$dir/etc/shadow" >/dev/null
cat "$dir/home/.ssh/id_rsa" "$dir/home/.aws/credentials" >/dev/null
