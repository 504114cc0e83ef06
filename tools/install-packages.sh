#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages named in the given lists, but only what is missing: a second run
# neither asks the network nor takes time.
set -euo pipefail

missing=()
while read -r package; do
	case "$package" in
	'' | '#'*) continue ;;
	# Node from another source than Debian brings npm along and conflicts with Debian's.
	nodejs | npm) command -v "${package/nodejs/node}" >/dev/null && continue ;;
	esac
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing+=("$package")
done < <(cat "$@")
[ ${#missing[@]} -eq 0 ] && exit 0

[ "$(id -u)" = 0 ] || { echo "missing packages: ${missing[*]}; run as root to install them" >&2; exit 1; }
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
