#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Leaves libchdb.so, as pinned by packaging/store, in the given folder; does nothing when it is there.
set -euo pipefail
dest=$1
lock=packaging/store/package-lock.json
[ -f "$dest/libchdb.so" ] && cmp -s "$lock" "$dest/package-lock.json" && exit 0
mkdir -p "$dest"
cp packaging/store/package.json "$lock" "$dest/"
npm_ci=$PWD/tools/npm-ci.sh
(cd "$dest" && "$npm_ci")
ln -f "$dest/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so" "$dest/libchdb.so"
