// SPDX-License-Identifier: Apache-2.0
/*
 * main.mjs - starts the real programs and a browser, runs the cases, ends what was started
 *
 * Arguments are words that the names of the wanted cases contain. VAKT_SHOTS=DIR keeps pictures.
 */
import process from "node:process";

import { Browser } from "./browser.mjs";
import { Stack } from "./stack.mjs";
import { runAll } from "./tap.mjs";

import { cases as account } from "./account.mjs";
import { cases as alerts } from "./alerts.mjs";
import { cases as detections } from "./detections.mjs";
import { cases as devices } from "./devices.mjs";
import { cases as display } from "./display.mjs";
import { cases as entities } from "./entities.mjs";
import { cases as timeline } from "./timeline.mjs";
import { cases as settings } from "./settings.mjs";
import { cases as hunting } from "./hunting.mjs";
import { cases as tuning } from "./tuning.mjs";

const stack = new Stack();
const shared = { stack, name: "admin", password: "a long enough password" };
let failed = 1;

async function end(code) {
	await shared.browser?.down().catch(() => undefined);
	await stack.down().catch(() => undefined);
	process.exit(code);
}

for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => void end(1));
try {
	await stack.up();
	shared.browser = new Browser(stack.base);
	await shared.browser.up();
	// In this order: the first case changes the first password, which the others need.
	for (const cases of [account, alerts, devices, entities, timeline, settings, tuning, detections, hunting, display]) cases(shared);
	failed = await runAll(process.argv.slice(2), async (name) => {
		const { page } = shared.browser;
		await shared.browser.shot(`failed ${name}`);
		const said = await page.locator("main").innerText({ timeout: 1000 }).catch(() => "");
		const logs = [...stack.children.keys()].map((n) => `${n}: ${stack.log(n).trim().split("\n").at(-1)}`);
		const problems = shared.browser.takeProblems();
		return [`at ${page.url()}`, ...problems, said.slice(0, 1500), ...logs].join("\n");
	});
} catch (error) {
	process.stdout.write(`1..1\nnot ok 1 - ${String(error.message).split("\n")[0]}\n# ${error.stack}\n`);
}
await end(failed ? 1 : 0);
