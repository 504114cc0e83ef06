// SPDX-License-Identifier: Apache-2.0
/* texts.mjs - the portal's English texts, read from their only place */
import fs from "node:fs";

const source = fs.readFileSync(new URL("../../portal/src/text/en.ts", import.meta.url), "utf8");

export const en = Object.fromEntries(
	[...source.matchAll(/^\t("[^"]+"): ("(?:[^"\\]|\\.)*"),$/gm)].map((m) => [JSON.parse(m[1]), JSON.parse(m[2])]));
