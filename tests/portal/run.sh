#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs the portal's tests; npm brings what the lock file names, never a browser.
set -euo pipefail
cd "$(dirname "$0")"
if ! cmp -s package-lock.json node_modules/.vakt-lock; then
	PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 ../../tools/npm-ci.sh >&2
	cp package-lock.json node_modules/.vakt-lock
fi
exec node main.mjs "$@"
