#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# down.sh - stops every service; data and configuration stay
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/supervisor.sh

for name in $(service_names | tac); do
	service_stop "$name"
	echo "vakt: $name stopped"
done
supervisor_stop
# Without a sensor nobody reads the ring: the kernel's programs go, too.
rm -rf "$PINS"
