// SPDX-License-Identifier: Apache-2.0
/* tap.mjs - one case after the other, reported as TAP; a case that fails stops no other */
import process from "node:process";

const cases = [];

export function test(name, run) {
	cases.push({ name, run });
}

/** Asks until the answer is true or the time is over; the last answer is told. */
export async function until(what, ask, seconds = 30) {
	const end = Date.now() + seconds * 1000;
	let last;
	do {
		try {
			last = await ask();
			if (last) return last;
		} catch (error) {
			last = error;
		}
		await new Promise((resolve) => setTimeout(resolve, 200));
	} while (Date.now() < end);
	throw new Error(`${what}: not within ${seconds} s, last ${String(last)}`);
}

/** Runs the cases whose names contain the words; returns how many failed. */
export async function runAll(words, onFailure) {
	const chosen = cases.filter((c) => words.every((word) => c.name.includes(word)));
	let failed = 0;
	process.stdout.write(`TAP version 13\n1..${chosen.length}\n`);
	for (const [i, { name, run }] of chosen.entries()) {
		const begin = Date.now();
		try {
			const note = await run();
			process.stdout.write(`ok ${i + 1} - ${name}\n`);
			if (note) process.stdout.write(`# ${note}\n`);
		} catch (error) {
			failed++;
			process.stdout.write(`not ok ${i + 1} - ${name}\n`);
			const text = `${error?.stack ?? error}\n${await onFailure(name)}`;
			process.stdout.write(text.split("\n").map((line) => `# ${line}\n`).join(""));
		}
		process.stdout.write(`# ${Date.now() - begin} ms\n`);
	}
	return failed;
}
