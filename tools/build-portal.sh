#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Leaves the built portal in the given folder; does nothing when neither it nor the schema changed.
# npm brings what the lock file names, and only when that changed.
set -euo pipefail
dest=$(realpath -m "$1")
cd "$(dirname "$0")/.."

sum=$(find portal schema tools/build-portal.sh -name node_modules -prune -o -path portal/generated -prune -o -type f -print0 |
	sort -z | xargs -0 sha256sum | sha256sum)
[ -f "$dest/index.html" ] && [ "$sum" = "$(cat "$dest.sum" 2>/dev/null)" ] && exit 0

made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
python3 schema/generate.py --out "$made"
cd portal
mkdir -p generated "$(dirname "$dest")"
cp "$made/schema.gen.ts" generated/
if ! cmp -s package-lock.json node_modules/.vakt-lock; then
	../tools/npm-ci.sh
	cp package-lock.json node_modules/.vakt-lock
fi
node_modules/.bin/tsc --noEmit
node_modules/.bin/vite build --logLevel warn --emptyOutDir --outDir "$made/portal"
# What is in the bundle is told with its licence; a package without a file of it names it.
for package in react react-dom scheduler @fluentui/react-components @griffel/react \
	@fontsource-variable/inter @fontsource-variable/jetbrains-mono monaco-editor @kusto/monaco-kusto \
	@kusto/language-service @kusto/language-service-next xregexp lodash-es vscode-languageserver-types \
	echarts zrender tslib; do
	printf '%s\n\n' "$package"
	find "node_modules/$package" -maxdepth 1 \( -iname 'license*' -o -iname 'notice*' -o -iname 'thirdparty*' \) \
		-type f -exec cat {} + | grep . || grep '"license"' "node_modules/$package/package.json"
	printf '\n\n'
done >"$made/portal/licenses.txt"
# Compressed once; vakt-cloud gives it to those who take gzip.
find "$made/portal" -type f -size +1k -regex '.*\.\(js\|css\|html\|svg\|txt\)' -exec gzip -9nk {} +
rm -rf "$dest"
mv "$made/portal" "$dest"
chmod 755 "$dest"
echo "$sum" >"$dest.sum"
