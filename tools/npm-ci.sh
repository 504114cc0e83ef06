#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Brings what the lock file of the current folder names.
#
# A registry that falls silent in the middle holds npm for ever. So a try ends after seven minutes, and
# the next goes on from what the cache has.
set -u
for try in 1 2 3; do
	timeout -k 10 400 npm ci --no-audit --no-fund --loglevel error --prefer-offline --fetch-timeout 60000
	status=$?
	[ $status -eq 124 ] || [ $status -eq 137 ] || exit $status
	echo "npm: no end after seven minutes, try $try of 3" >&2
done
echo "npm: the registry does not answer; see \`npm ping\` and the proxy in \`npm config get proxy\`" >&2
exit 1
